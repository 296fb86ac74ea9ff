//! The node's rules: what the index says, as a program, in the kernel.

use super::{attach::Attach, touched};
use crate::{
    args::Startup,
    metrics::Metrics,
    state::{State, Steps},
};
use sekisho_core::{
    index::{Delta, Index},
    object::ObjectKey,
    packet::Packet,
    set::{AddressSet, Cidr},
};
use sekisho_nft::{Drift, Kernel, NetlinkError, Program, conntrack::Conntrack};
use std::{collections::BTreeSet, net::IpAddr, sync::Arc, time::{Duration, Instant}};
use thiserror::Error;

/// Why the kernel does not have what it should.
#[derive(Debug, Error)]
pub(crate) enum EnforceError {
    /// It refuses.
    #[error(transparent)]
    Kernel(#[from] NetlinkError),
}

/// One node: what it should enforce, and what does.
#[derive(Debug)]
pub(crate) struct Node {
    name: Arc<str>,
    startup: Startup,
    /// Ranges of pods' addresses that were given, besides those that the node object tells.
    ranges: BTreeSet<Cidr>,
    kernel: Kernel,
    conntrack: Conntrack,
    attach: Attach,
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
    ) -> Result<Self, EnforceError> {
        Ok(Self {
            name: name.into(),
            startup,
            ranges,
            kernel: Kernel::open()?,
            conntrack: Conntrack::open()?,
            attach: Attach::new(attach),
            enforced: None,
            is_true: false,
            guarded: AddressSet::empty(),
            metrics,
        })
    }

    /// The port of the socket by which the kernel is changed.
    pub(crate) fn port(&self) -> u32 {
        self.kernel.port()
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
        self.program().map(|program| sekisho_nft::text::ruleset(program.ruleset())).unwrap_or_default()
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
    pub(crate) fn prepare(&mut self, state: &State) -> Result<(), EnforceError> {
        let ranges = self.ranges(state);
        if ranges.is_empty() || ranges == self.guarded {
            return Ok(());
        }
        if self.attach.was_there(&mut self.kernel)? {
            return Ok(());
        }
        let mut program = Program::attaching(&Index::new(), &self.name);
        program.guard(&ranges);
        self.kernel.restore(program.ruleset())?;
        self.guarded = ranges;
        Ok(())
    }

    /// Enforces what is known: from what the kernel has to what it should have in one transaction.
    pub(crate) fn begin(&mut self, state: &State) -> Result<(), EnforceError> {
        let was_there = self.attach.was_there(&mut self.kernel)?;
        let index = Index::of(state.all(false));
        let mut program = match was_there {
            true => Program::new(&index, &self.name),
            false => Program::attaching(&index, &self.name),
        };
        self.guarded = self.ranges(state);
        program.guard(&self.guarded);
        self.kernel.restore(program.ruleset())?;
        if !was_there {
            self.attach.begin();
        }
        self.enforced = Some(Enforced { index, program });
        self.sweep(None)?;
        self.is_true = true;
        Ok(())
    }

    /// Follows what changed: the rules in one transaction, and then the connections that it concerns
    /// (S27, S31).
    pub(crate) fn follow(&mut self, state: &State, steps: Steps) -> Result<(), EnforceError> {
        let ranges = self.ranges(state);
        let Some(enforced) = &mut self.enforced else { return Ok(()) };
        self.is_true = false;
        let released = touched::released(&enforced.index, &steps.enforced);
        let changes = steps.enforced.into_iter();
        let deltas: Vec<Delta> = changes.map(|change| enforced.index.apply(change)).collect();
        let transaction = enforced.program.follow(&enforced.index, &deltas);
        self.kernel.apply(&transaction)?;
        if ranges != self.guarded {
            self.kernel.apply(&enforced.program.guard(&ranges))?;
            self.guarded = ranges;
        }
        let touched = touched::by(&enforced.index, &self.name, &deltas);
        self.conntrack.forget_all(&released)?;
        if !touched.is_empty() {
            self.sweep(Some(&touched))?;
        }
        self.is_true = true;
        Ok(())
    }

    /// Brings the kernel to what it should have, whatever it has; tells how that differed.
    pub(crate) fn restore(&mut self) -> Result<Vec<Drift>, EnforceError> {
        let Some(enforced) = &mut self.enforced else { return Ok(Vec::new()) };
        let was_true = std::mem::replace(&mut self.is_true, false);
        let drift = self.kernel.restore(enforced.program.ruleset())?;
        if !was_true || !drift.is_empty() {
            // What passed meanwhile was not asked.
            self.sweep(None)?;
        }
        self.is_true = true;
        Ok(drift)
    }

    /// When there is something to do though nothing happens.
    pub(crate) fn wakes_at(&self) -> Option<Instant> {
        self.attach.wakes_at()
    }

    /// Does what is due at [`Self::wakes_at`]: open connections show themselves, and the forbidden among
    /// them are cut (S32).
    pub(crate) fn wake(&mut self) -> Result<(), EnforceError> {
        self.sweep(None)?;
        if self.attach.is_over()
            && let Some(enforced) = &mut self.enforced
        {
            self.kernel.apply(&enforced.program.settle())?;
        }
        Ok(())
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
            tracing::info!(cut = swept.cut, "connections were cut that are no longer allowed");
        }
        Ok(())
    }
}
