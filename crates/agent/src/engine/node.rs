//! The node's rules: what the index says, as a program, in the kernel.

mod answers;

use super::{attach::Attach, connections::Connections, denials::Denials, staged::Staged, touched};
use crate::{
    args::Startup,
    bridge::Bridges,
    metrics::Metrics,
    state::{State, Steps},
};
use sekisho_core::{
    index::{Delta, Index, Input},
    set::{AddressSet, Cidr},
};
use sekisho_nft::{
    Drift, Kernel, NetlinkError, Program,
    conntrack::{Found, Scope},
    tree::Table,
};
use std::{
    collections::BTreeSet,
    sync::{Arc, mpsc::Sender},
    time::{Duration, Instant},
};

/// One node: what it should enforce, and what does.
#[derive(Debug)]
pub(crate) struct Node {
    name: Arc<str>,
    startup: Startup,
    /// Ranges of pods' addresses that were given, besides those that the node object tells.
    ranges: BTreeSet<Cidr>,
    /// Whether answers to the DNS questions of pods here are handed over.
    is_naming: bool,
    kernel: Kernel,
    connections: Connections,
    bridges: Bridges,
    attach: Attach,
    staged: Staged,
    denials: Denials,
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
    /// A node whose kernel is reached from the network namespace of the thread that calls, and whose connections
    /// are looked for by whom `looks` reaches.
    pub(crate) fn open(
        name: &str,
        startup: Startup,
        ranges: BTreeSet<Cidr>,
        attach: Duration,
        looks: Sender<Scope>,
        metrics: Arc<Metrics>,
    ) -> Result<Self, NetlinkError> {
        Ok(Self {
            name: name.into(),
            startup,
            ranges,
            is_naming: false,
            kernel: Kernel::open()?,
            connections: Connections::open(looks, Arc::clone(&metrics))?,
            bridges: Bridges::open()?,
            attach: Attach::new(attach),
            staged: Staged::open()?,
            denials: Denials::new(),
            enforced: None,
            is_true: false,
            guarded: AddressSet::empty(),
            metrics,
        })
    }

    /// Whether the rules hand over the answers to the DNS questions of pods here.
    #[must_use]
    pub(crate) fn naming(self, is_naming: bool) -> Self {
        Self { is_naming, ..self }
    }

    /// Looks at the bridges of this node.
    pub(crate) fn look_at_bridges(&mut self) -> Result<(), NetlinkError> {
        self.bridges.look()
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
        if self.is_naming {
            program = program.naming(&index);
        }
        self.guarded = self.ranges(state);
        program.guard(&self.guarded);
        self.own()?;
        self.kernel.restore(program.ruleset())?;
        if !was_there {
            self.attach.begin();
        }
        let enforced = self.enforced.insert(Enforced { index, program });
        self.connections.begin(&self.guarded, enforced, &mut self.kernel)?;
        self.staged.begin(state, &self.name)?;
        self.is_true = true;
        // What was denied before this agent began is none that it could have heard of.
        if let Err(error) = self.count() {
            tracing::debug!(%error, "what was denied before cannot be counted");
        }
        Ok(())
    }

    /// Where the kernel can, nobody else changes the table; where not, what somebody changes is mended. No packet
    /// gets past it in a frame that it is not shown, from before it is there.
    fn own(&mut self) -> Result<(), NetlinkError> {
        self.bridges.keep_frames();
        let owned = self.kernel.own()?;
        tracing::debug!(owned, "the table");
        Ok(())
    }

    /// Follows what changed: the rules in one transaction. Then the connections that it concerns are looked for
    /// (S27, S31), which nothing waits for, but a pod that is to have the address of another.
    pub(crate) fn follow(&mut self, state: &State, steps: Steps) -> Result<(), NetlinkError> {
        let (mut inputs, mut done) = (steps.enforced, Ok(()));
        let was_true = std::mem::replace(&mut self.is_true, false);
        loop {
            let Some(Enforced { index, .. }) = &self.enforced else { return Ok(()) };
            // What the kernel refused is mended as a whole: the index must know all of it.
            let now = match done {
                Ok(()) => touched::before_heirs(index, &inputs, |address| self.connections.owes(address)),
                Err(_) => inputs.len(),
            };
            let later = inputs.split_off(now);
            done = done.and(self.tell(state, inputs, was_true));
            if later.is_empty() {
                break;
            }
            done = done.and(self.connections.forget());
            inputs = later;
        }
        done?;
        self.staged.follow(state, &self.name, steps.staged)?;
        self.is_true = true;
        Ok(())
    }

    /// Tells the kernel what `inputs` change.
    fn tell(&mut self, state: &State, inputs: Vec<Input>, was_true: bool) -> Result<(), NetlinkError> {
        let ranges = self.ranges(state);
        let was_guarded = was_true && !self.is_attaching() && ranges == self.guarded;
        let Some(enforced) = &mut self.enforced else { return Ok(()) };
        self.connections.owe(touched::released(&enforced.index, &inputs));
        let deltas: Vec<Delta> = inputs.into_iter().map(|input| enforced.index.apply(input)).collect();
        let (telling, remains) = enforced.program.follow(&enforced.index, &deltas).in_two();
        self.kernel.apply(&telling)?;
        if ranges != self.guarded {
            self.kernel.apply(&enforced.program.guard(&ranges))?;
            self.guarded = ranges;
        }
        let mut touched = touched::by(&enforced.index, &self.name, &deltas);
        if was_guarded {
            // They have no connections.
            let fresh = touched::fresh(&self.name, &deltas, &self.guarded);
            touched.retain(|address| !fresh.contains(address));
        }
        self.connections.changed(touched, enforced)?;
        // Nobody waits for what no packet meets any more.
        self.kernel.apply(&remains)
    }

    /// Takes the connections that were found.
    pub(crate) fn looked(&mut self, found: Result<Found, NetlinkError>) -> Result<(), NetlinkError> {
        let Some(enforced) = &mut self.enforced else { return Ok(()) };
        self.connections.looked(found, enforced, &mut self.kernel)
    }

    /// Has connections looked for, where something is due.
    pub(crate) fn look_on(&mut self) {
        self.connections.ask();
    }

    /// Brings the kernel to what it should have, whatever it has; tells how that differed.
    pub(crate) fn restore(&mut self) -> Result<Vec<Drift>, NetlinkError> {
        let Some(enforced) = &mut self.enforced else { return Ok(Vec::new()) };
        let was_true = std::mem::replace(&mut self.is_true, false);
        let mut drift = self.bridges.keep_frames();
        drift.extend(self.kernel.restore(enforced.program.ruleset())?);
        if !was_true || !drift.is_empty() {
            // What passed meanwhile was not asked.
            self.connections.look_through(false);
        }
        self.staged.restore()?;
        self.is_true = true;
        Ok(drift)
    }

    /// Looks through all connections: cut ones that have ended need not be looked for in every packet.
    pub(crate) fn review(&mut self) {
        self.connections.look_through(false);
    }

    /// When there is something to do though nothing happens.
    pub(crate) fn wakes_at(&self) -> Option<Instant> {
        let counters = self.is_begun().then(|| self.denials.wakes_at());
        self.attach.wakes_at().into_iter().chain(counters).min()
    }

    /// Does what is due at [`Self::wakes_at`], and tells how many packets more were denied, or would have been, where that
    /// was read.
    pub(crate) fn wake(&mut self) -> Result<Option<u64>, NetlinkError> {
        let now = Instant::now();
        let mut denied = None;
        if now >= self.denials.wakes_at() {
            self.denials.awake();
            denied = Some(self.count()?);
        }
        if self.attach.wakes_at().is_some_and(|at| now >= at) {
            // Open connections have shown themselves: the forbidden among them are cut (S32).
            let is_over = self.attach.is_over();
            self.connections.look_through(is_over);
        }
        Ok(denied)
    }

    /// Reads what was denied, and would have been, and tells how many packets more.
    fn count(&mut self) -> Result<u64, NetlinkError> {
        let mut denied: u64 = 0;
        if let Some(Enforced { program, .. }) = &self.enforced {
            denied = self.denials.read(Table::Enforced, &mut self.kernel, program, &self.metrics)?;
            if let Some(kernel) = self.bridges.frames() {
                self.denials.read(Table::Frames, kernel, program, &self.metrics)?;
            }
        }
        Ok(denied.saturating_add(self.staged.count(&mut self.denials, &self.metrics)?))
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
}
