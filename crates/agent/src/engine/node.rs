//! The node's rules: what the index says, as a program, in the kernel.

use super::{attach::Attach, denials::Denials, staged::Staged, touched};
use crate::{
    args::Startup,
    bridge::Bridges,
    metrics::Metrics,
    state::{State, Steps},
};
use sekisho_core::{
    index::{Delta, Index},
    object::ObjectKey,
    packet::Packet,
    set::{AddressSet, Cidr},
};
use sekisho_nft::{Drift, Kernel, NetlinkError, Program, conntrack::Conntrack, text, tree::Table};
use std::{
    collections::BTreeSet,
    net::IpAddr,
    sync::Arc,
    time::{Duration, Instant},
};

/// One node: what it should enforce, and what does.
#[derive(Debug)]
pub(crate) struct Node {
    name: Arc<str>,
    startup: Startup,
    /// Ranges of pods' addresses that were given, besides those that the node object tells.
    ranges: BTreeSet<Cidr>,
    kernel: Kernel,
    conntrack: Conntrack,
    bridges: Bridges,
    attach: Attach,
    staged: Staged,
    denials: Denials,
    /// Released addresses whose connections are not forgotten yet (S27).
    owed: BTreeSet<IpAddr>,
    /// Until everything was told once there is none.
    enforced: Option<Enforced>,
    /// Whether the kernel has what it should.
    is_true: bool,
    /// What the guard stands on in the kernel.
    guarded: AddressSet,
    metrics: Arc<Metrics>,
}

/// What is enforced.
#[derive(Debug)]
pub(super) struct Enforced {
    pub(super) index: Index,
    pub(super) program: Program,
}

impl Node {
    /// A node whose kernel is reached from the network namespace of the thread that calls.
    pub(crate) fn open(
        name: &str,
        startup: Startup,
        ranges: BTreeSet<Cidr>,
        attach: Duration,
        metrics: Arc<Metrics>,
    ) -> Result<Self, NetlinkError> {
        Ok(Self {
            name: name.into(),
            startup,
            ranges,
            kernel: Kernel::open()?,
            conntrack: Conntrack::open()?,
            bridges: Bridges::open()?,
            attach: Attach::new(attach),
            staged: Staged::open()?,
            denials: Denials::new(),
            owed: BTreeSet::new(),
            enforced: None,
            is_true: false,
            guarded: AddressSet::empty(),
            metrics,
        })
    }

    /// The ports of the sockets by which the kernel is changed.
    pub(crate) fn ports(&self) -> [u32; 2] {
        [self.kernel.port(), self.staged.port()]
    }

    /// The node's name.
    pub(crate) fn name(&self) -> &Arc<str> {
        &self.name
    }

    /// Whether policies are enforced.
    pub(crate) fn is_begun(&self) -> bool {
        self.enforced.is_some()
    }

    /// Whether the kernel has all that was told.
    pub(crate) fn is_true(&self) -> bool {
        self.is_true
    }

    /// Over which bridges something may go past the rules, and what to do about it.
    pub(crate) fn unseen(&self) -> &BTreeSet<String> {
        self.bridges.unseen()
    }

    /// Looks at the bridges of this node.
    pub(crate) fn look_at_bridges(&mut self) -> Result<(), NetlinkError> {
        self.bridges.look()
    }

    /// Whether connections that are older than enforcement may still show themselves (S32).
    pub(crate) fn is_attaching(&self) -> bool {
        self.attach.wakes_at().is_some()
    }

    /// The index of what is enforced.
    pub(crate) fn index(&self) -> Option<&Index> {
        self.enforced.as_ref().map(|enforced| &enforced.index)
    }

    /// The pods on this node that bear one of `addresses`, as far as policies see them.
    pub(crate) fn bearers(&self, addresses: &BTreeSet<IpAddr>) -> BTreeSet<ObjectKey> {
        let Some(index) = self.index() else { return BTreeSet::new() };
        let bearers = addresses.iter().flat_map(|address| index.pods_at(*address));
        let here = bearers.filter_map(|id| index.pod(id)).filter(|pod| pod.node.as_ref() == Some(&self.name));
        here.map(|pod| pod.key.clone()).collect()
    }

    /// The program of what is enforced.
    pub(crate) fn program(&self) -> Option<&Program> {
        self.enforced.as_ref().map(|enforced| &enforced.program)
    }

    /// What is programmed, for people.
    pub(crate) fn text(&self) -> String {
        let tables = [(Table::Enforced, self.program()), (Table::Tried, self.staged.program())].into_iter();
        let texts = tables.filter_map(|(table, program)| Some(text::table(table, program?.ruleset())));
        texts.collect::<Vec<_>>().join("\n")
    }

    /// How many elements the sets in the kernel have.
    pub(crate) fn elements(&self) -> usize {
        let sets = self.program().into_iter().flat_map(|program| program.ruleset().sets.values());
        sets.map(|set| set.elements.len()).sum()
    }

    /// The ranges of the addresses of this node's pods, as far as they are known.
    pub(crate) fn guarded(&self) -> &AddressSet {
        &self.guarded
    }

    /// Before anything is known but where this node's pods get their addresses: nothing passes to and
    /// from them that does not belong to a connection (S23). Where an agent was before, its rules stand.
    pub(crate) fn prepare(&mut self, state: &State) -> Result<(), NetlinkError> {
        let ranges = self.ranges(state);
        if ranges.is_empty() || ranges == self.guarded {
            return Ok(());
        }
        if self.attach.was_there(&mut self.kernel)? {
            return Ok(());
        }
        let mut program = Program::attaching(&Index::new(), &self.name);
        program.guard(&ranges);
        self.own()?;
        self.kernel.restore(program.ruleset())?;
        self.guarded = ranges;
        Ok(())
    }

    /// Enforces what is known: from what the kernel has to what it should have in one transaction.
    pub(crate) fn begin(&mut self, state: &State) -> Result<(), NetlinkError> {
        let was_there = self.attach.was_there(&mut self.kernel)?;
        let index = Index::of(state.all(false));
        let mut program = match was_there {
            true => Program::new(&index, &self.name),
            false => Program::attaching(&index, &self.name),
        };
        self.guarded = self.ranges(state);
        program.guard(&self.guarded);
        self.own()?;
        self.kernel.restore(program.ruleset())?;
        if !was_there {
            self.attach.begin();
        }
        self.enforced = Some(Enforced { index, program });
        self.forget_strangers()?;
        self.sweep(None)?;
        self.staged.begin(state, &self.name)?;
        self.is_true = true;
        Ok(())
    }

    /// Where the kernel can, nobody else changes the table; where not, what somebody changes is mended.
    fn own(&mut self) -> Result<(), NetlinkError> {
        let owned = self.kernel.own()?;
        tracing::debug!(owned, "the table");
        Ok(())
    }

    /// Follows what changed: the rules in one transaction, and then the connections that it concerns
    /// (S27, S31).
    pub(crate) fn follow(&mut self, state: &State, steps: Steps) -> Result<(), NetlinkError> {
        let ranges = self.ranges(state);
        let is_attaching = self.is_attaching();
        let Some(enforced) = &mut self.enforced else { return Ok(()) };
        let was_true = std::mem::replace(&mut self.is_true, false);
        self.owed.extend(touched::released(&enforced.index, &steps.enforced));
        let inputs = steps.enforced.into_iter();
        let deltas: Vec<Delta> = inputs.map(|input| enforced.index.apply(input)).collect();
        let (telling, remains) = enforced.program.follow(&enforced.index, &deltas).in_two();
        self.kernel.apply(&telling)?;
        let was_guarded = was_true && !is_attaching && ranges == self.guarded;
        if ranges != self.guarded {
            self.kernel.apply(&enforced.program.guard(&ranges))?;
            self.guarded = ranges;
        }
        let mut touched = touched::by(&enforced.index, &self.name, &deltas);
        // To look through all connections takes the kernel some milliseconds for each of them: it is not asked for
        // those that have none.
        touched.retain(|address| !self.owed.contains(address));
        if was_guarded {
            let fresh = touched::fresh(&self.name, &deltas, &self.guarded);
            touched.retain(|address| !fresh.contains(address));
        }
        self.forget_owed()?;
        if !touched.is_empty() {
            self.sweep(Some(&touched))?;
        }
        self.staged.follow(state, &self.name, steps.staged)?;
        // Nobody waits for what no packet meets any more.
        self.kernel.apply(&remains)?;
        self.is_true = true;
        Ok(())
    }

    /// Brings the kernel to what it should have, whatever it has; tells how that differed.
    pub(crate) fn restore(&mut self) -> Result<Vec<Drift>, NetlinkError> {
        let Some(enforced) = &mut self.enforced else { return Ok(Vec::new()) };
        let was_true = std::mem::replace(&mut self.is_true, false);
        let drift = self.kernel.restore(enforced.program.ruleset())?;
        if !was_true || !drift.is_empty() {
            // What passed meanwhile was not asked.
            self.forget_owed()?;
            self.sweep(None)?;
        }
        self.staged.restore()?;
        self.is_true = true;
        Ok(drift)
    }

    /// Looks through all connections: cut ones that have ended need not be looked for in every packet.
    pub(crate) fn review(&mut self) -> Result<(), NetlinkError> {
        self.sweep(None)
    }

    /// When there is something to do though nothing happens.
    pub(crate) fn wakes_at(&self) -> Option<Instant> {
        let counters = self.is_begun().then(|| self.denials.wakes_at());
        self.attach.wakes_at().into_iter().chain(counters).min()
    }

    /// Does what is due at [`Self::wakes_at`].
    pub(crate) fn wake(&mut self) -> Result<(), NetlinkError> {
        let now = Instant::now();
        if now >= self.denials.wakes_at() {
            self.denials.awake();
            self.count()?;
        }
        if self.attach.wakes_at().is_some_and(|at| now >= at) {
            self.attach()?;
        }
        Ok(())
    }

    /// Reads what was denied, and would have been.
    fn count(&mut self) -> Result<(), NetlinkError> {
        if let Some(Enforced { program, .. }) = &self.enforced {
            self.denials.read(Table::Enforced, &mut self.kernel, program, &self.metrics)?;
        }
        self.staged.count(&mut self.denials, &self.metrics)
    }

    /// Open connections have shown themselves: the forbidden among them are cut (S32).
    fn attach(&mut self) -> Result<(), NetlinkError> {
        self.sweep(None)?;
        if self.attach.is_over()
            && let Some(enforced) = &mut self.enforced
        {
            self.kernel.apply(&enforced.program.settle())?;
        }
        Ok(())
    }

    /// The connections of addresses that were released die with their owner (S27).
    fn forget_owed(&mut self) -> Result<(), NetlinkError> {
        self.conntrack.forget_all(&self.owed)?;
        self.owed.clear();
        Ok(())
    }

    /// Connections of addresses of this node's pods that no pod bears: their owner went while no agent was
    /// there to see it (S27).
    fn forget_strangers(&mut self) -> Result<(), NetlinkError> {
        let Some(Enforced { index, .. }) = &self.enforced else { return Ok(()) };
        let mut known: BTreeSet<IpAddr> = index.endpoints(&self.name).map(|(address, _)| address).collect();
        known.extend(own_addresses());
        let is_stranger = |address: &IpAddr| self.guarded.contains(*address) && !known.contains(address);
        let connections = self.conntrack.connections()?;
        let ends =
            connections.iter().flat_map(|connection| [connection.original.source, connection.reply.source]);
        self.owed.extend(ends.filter(is_stranger));
        self.forget_owed()
    }

    /// Where pods on this node get their addresses, as it was given or as the node object tells. None
    /// where strangers may pass.
    fn ranges(&self, state: &State) -> AddressSet {
        if self.startup == Startup::Open {
            return AddressSet::empty();
        }
        let told = state.node(&self.name).map(|node| node.pod_cidrs.clone()).unwrap_or_default();
        let ranges = if self.ranges.is_empty() { &told } else { &self.ranges };
        ranges.iter().copied().collect()
    }

    /// Cuts what is forbidden among the connections of this node's pods: of those with an end among `at`,
    /// or of all.
    fn sweep(&mut self, at: Option<&BTreeSet<IpAddr>>) -> Result<(), NetlinkError> {
        let Some(Enforced { index, program }) = &mut self.enforced else { return Ok(()) };
        let (kernel, conntrack) = (&mut self.kernel, &mut self.conntrack);
        let local: BTreeSet<IpAddr> = index.endpoints(program.node()).map(|(address, _)| address).collect();
        let is_local = |packet: &Packet| {
            let ends = [&packet.from, &packet.to].into_iter();
            ends.filter_map(|end| end.address()).any(|end| local.contains(&end))
        };
        let allowed = |packet: &Packet| index.decide(packet).is_allow();
        let swept = match at {
            None => conntrack.sweep(program, kernel, is_local, allowed)?,
            Some(at) => conntrack.sweep_at(at, program, kernel, is_local, allowed)?,
        };
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
