//! What arrived where: the witness of every verdict.

use sekisho_core::packet::Traffic;
use std::{
    collections::HashSet,
    net::IpAddr,
    sync::{Mutex, MutexGuard, PoisonError},
};

/// A first packet, by its addresses and what it carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Flow {
    pub(crate) from: IpAddr,
    pub(crate) to: IpAddr,
    pub(crate) traffic: Traffic,
}

/// What was seen since the log was last cleared.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    arrived: HashSet<Flow>,
    answered: HashSet<Flow>,
    refused: HashSet<Flow>,
}

impl Seen {
    pub(crate) fn arrival(&mut self, flow: Flow) {
        self.arrived.insert(flow);
    }

    pub(crate) fn answer(&mut self, flow: Flow) {
        self.answered.insert(flow);
    }

    pub(crate) fn refusal(&mut self, flow: Flow) {
        self.refused.insert(flow);
    }

    /// Whether the packet reached the host that bears its destination.
    pub(crate) fn has_arrived(&self, flow: &Flow) -> bool {
        self.arrived.contains(flow)
    }

    /// Whether an answer to it came back. (For kinds that no socket reports: SCTP and echo.)
    pub(crate) fn is_answered(&self, flow: &Flow) -> bool {
        self.answered.contains(flow)
    }

    /// Whether a refusal of it came back.
    pub(crate) fn is_refused(&self, flow: &Flow) -> bool {
        self.refused.contains(flow)
    }
}

/// The log, shared between who watches and who asks.
#[derive(Debug, Default)]
pub(crate) struct Log(Mutex<Seen>);

impl Log {
    /// Nobody else reads or writes until the guard is dropped.
    pub(crate) fn lock(&self) -> MutexGuard<'_, Seen> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn clear(&self) {
        *self.lock() = Seen::default();
    }
}
