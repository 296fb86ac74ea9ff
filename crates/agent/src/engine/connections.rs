//! The open connections that a change concerns.
//!
//! To find them takes the kernel some milliseconds, for it goes through all that it tracks. So another thread looks
//! ([`crate::monitor::look`]), for everything that has come together meanwhile, while the engine goes on with what
//! it is told; and what is found is judged by what the engine knows then.

use super::node::Enforced;
use crate::metrics::Metrics;
use sekisho_core::{packet::Packet, set::AddressSet};
use sekisho_nft::{
    Kernel, NetlinkError,
    conntrack::{Connection, Conntrack, Found, Scope},
};
use std::{
    collections::BTreeSet,
    net::IpAddr,
    sync::{Arc, mpsc::Sender},
};

/// The connections of this node.
#[derive(Debug)]
pub(super) struct Connections {
    conntrack: Conntrack,
    /// Who looks.
    asked: Sender<Scope>,
    due: Due,
    /// What is looked for right now.
    out: Option<Due>,
    metrics: Arc<Metrics>,
}

/// Why connections are looked for.
#[derive(Debug, Default)]
struct Due {
    /// All may be concerned.
    all: bool,
    /// Addresses of which some connections may be allowed that were not, or the other way round (S31).
    touched: BTreeSet<IpAddr>,
    /// Released addresses whose connections are not forgotten yet (S27).
    owed: BTreeSet<IpAddr>,
    /// Whether connections that are older than enforcement have had the time to show themselves (S32).
    settles: bool,
}

impl Due {
    fn scope(&self) -> Scope {
        match self.all {
            true => Scope::All,
            false => Scope::Of(self.touched.union(&self.owed).copied().collect()),
        }
    }

    fn add(&mut self, other: Self) {
        self.all |= other.all;
        self.settles |= other.settles;
        self.touched.extend(other.touched);
        self.owed.extend(other.owed);
    }
}

impl Connections {
    /// Those of the network namespace of the thread that calls; `asked` looks where it is.
    pub(super) fn open(asked: Sender<Scope>, metrics: Arc<Metrics>) -> Result<Self, NetlinkError> {
        Ok(Self { conntrack: Conntrack::open()?, asked, due: Due::default(), out: None, metrics })
    }

    /// The connections of these addresses are to be forgotten: they were released (S27).
    pub(super) fn owe(&mut self, released: BTreeSet<IpAddr>) {
        self.due.owed.extend(released);
    }

    /// All connections are to be looked through; when it `settles`, for the last time of those in which they show
    /// themselves.
    pub(super) fn look_through(&mut self, settles: bool) {
        self.due.all = true;
        self.due.settles |= settles;
    }

    /// Whether connections that are older than enforcement have shown themselves and are not judged yet.
    pub(super) fn is_settling(&self) -> bool {
        self.due.settles || self.out.as_ref().is_some_and(|out| out.settles)
    }

    /// Has connections looked for, unless they are already or nothing is due. What becomes due meanwhile is looked
    /// for afterwards: the rules must stand before the look begins that what they forbid is found by.
    pub(super) fn ask(&mut self) {
        if self.out.is_some() {
            return;
        }
        let scope = self.due.scope();
        if scope.is_empty() {
            return;
        }
        // Where nobody looks any more, the agent is about to end.
        if self.asked.send(scope).is_ok() {
            self.out = Some(std::mem::take(&mut self.due));
        }
    }

    /// Judges all that there are before anything else is done, and forgets those of addresses among `guarded` that
    /// no pod bears: their owner went while no agent was there to see it (S27).
    pub(super) fn begin(
        &mut self,
        guarded: &AddressSet,
        enforced: &mut Enforced,
        kernel: &mut Kernel,
    ) -> Result<(), NetlinkError> {
        let endpoints = enforced.index.endpoints(enforced.program.node());
        let mut known: BTreeSet<IpAddr> = endpoints.map(|(address, _)| address).collect();
        known.extend(own_addresses());
        let Found { scope, connections } = self.conntrack.look(Scope::All)?;
        let is_stranger = |address: IpAddr| guarded.contains(address) && !known.contains(&address);
        let (strange, connections): (Vec<_>, Vec<_>) = connections.into_iter().partition(|connection| {
            is_stranger(connection.original.source) || is_stranger(connection.reply.source)
        });
        self.conntrack.forget_these(&strange)?;
        self.judge(Found { scope, connections }, enforced, kernel)
    }

    /// Does what waits for no look when rules have changed, and has those of `touched` addresses looked for.
    pub(super) fn changed(
        &mut self,
        mut touched: BTreeSet<IpAddr>,
        enforced: &Enforced,
    ) -> Result<(), NetlinkError> {
        touched.retain(|address| !self.due.owed.contains(address));
        let allowed = |packet: &Packet| enforced.index.decide(packet).is_allow();
        let back = self.conntrack.give_back(&touched, allowed)?;
        if back > 0 {
            tracing::debug!(back, "connections may go on that were cut");
        }
        self.due.touched.extend(touched);
        Ok(())
    }

    /// Whether connections of an address that was released are not forgotten yet.
    pub(super) fn owes(&self, address: &IpAddr) -> bool {
        [Some(&self.due), self.out.as_ref()].into_iter().flatten().any(|due| due.owed.contains(address))
    }

    /// Forgets what is owed, and waits for it: another pod is to have such an address (S27).
    pub(super) fn forget(&mut self) -> Result<(), NetlinkError> {
        let owed = [Some(&mut self.due), self.out.as_mut()].into_iter().flatten().map(|due| &mut due.owed);
        let mut all = BTreeSet::new();
        owed.for_each(|owed| all.append(owed));
        let done = self.conntrack.forget_all(&all);
        if done.is_err() {
            self.due.owed = all;
        }
        done.map(drop)
    }

    /// Takes what was found: forgets what is owed, and cuts what is no longer allowed.
    pub(super) fn looked(
        &mut self,
        found: Result<Found, NetlinkError>,
        enforced: &mut Enforced,
        kernel: &mut Kernel,
    ) -> Result<(), NetlinkError> {
        let Some(out) = self.out.take() else { return Ok(()) };
        let done = found.and_then(|found| self.settle(&out, found, enforced, kernel));
        if done.is_err() {
            self.due.add(out);
        }
        done
    }

    fn settle(
        &mut self,
        out: &Due,
        Found { scope, connections }: Found,
        enforced: &mut Enforced,
        kernel: &mut Kernel,
    ) -> Result<(), NetlinkError> {
        let is_owed = |connection: &Connection| connection.is_end(&out.owed);
        let (owed, connections): (Vec<_>, Vec<_>) = connections.into_iter().partition(is_owed);
        self.conntrack.forget_these(&owed)?;
        self.judge(Found { scope, connections }, enforced, kernel)?;
        match out.settles {
            true => kernel.apply(&enforced.program.settle()),
            false => Ok(()),
        }
    }

    /// Cuts what is forbidden among those that are of this node's pods.
    fn judge(
        &mut self,
        found: Found,
        Enforced { index, program }: &mut Enforced,
        kernel: &mut Kernel,
    ) -> Result<(), NetlinkError> {
        let local: BTreeSet<IpAddr> = index.endpoints(program.node()).map(|(address, _)| address).collect();
        let is_local = |packet: &Packet| {
            let ends = [&packet.from, &packet.to].into_iter();
            ends.filter_map(|end| end.address()).any(|end| local.contains(&end))
        };
        let allowed = |packet: &Packet| index.decide(packet).is_allow();
        let swept = self.conntrack.judge(found, program, kernel, is_local, allowed)?;
        if swept.cut > 0 {
            self.metrics.cut(swept.cut);
            tracing::debug!(cut = swept.cut, "connections were cut that are no longer allowed");
        }
        Ok(())
    }
}

/// The addresses of the node itself, in the network namespace of the thread that calls. That of a bridge
/// lies among those of its pods.
fn own_addresses() -> BTreeSet<IpAddr> {
    let interfaces = nix::ifaddrs::getifaddrs().into_iter().flatten();
    let address = |interface: nix::ifaddrs::InterfaceAddress| {
        let address = interface.address?;
        let v4 = address.as_sockaddr_in().map(|v4| IpAddr::V4(v4.ip()));
        v4.or_else(|| address.as_sockaddr_in6().map(|v6| IpAddr::V6(v6.ip())))
    };
    interfaces.filter_map(address).collect()
}
