//! The tiers of cluster-wide policies over everybody at once (S38): what each rule finds undecided.

use super::{
    ports::{EVERYTHING, PortTable},
    row::Row,
};
use crate::object::RuleAction;
use roaring::RoaringBitmap;

/// A way through the tiers: what no rule has met, and what became of the rest.
///
/// INVARIANT: a peer's port is in at most one of `open`, `accepted` and `passed`, and in none when it
/// is denied.
pub(crate) struct Walk {
    open: Row,
    accepted: Row,
    passed: Row,
}

impl Walk {
    /// A way on which nobody among `everyone` has met a rule yet.
    pub(crate) fn of(everyone: RoaringBitmap) -> Self {
        let mut open = Row::default();
        open.put(everyone, EVERYTHING);
        Self { open, accepted: Row::default(), passed: Row::default() }
    }

    /// A rule decides about what it matches and no rule before it met (S39).
    pub(crate) fn meet(&mut self, matched: &Row, action: RuleAction, table: &mut PortTable) {
        let met = self.open.both(matched, table);
        self.open = self.open.without(matched, table);
        match action {
            RuleAction::Accept => self.accepted.append(&met, table),
            RuleAction::Deny => {}
            RuleAction::Pass => self.passed.append(&met, table),
        }
    }

    /// The next tier is asked about what this one left open or passed on.
    pub(crate) fn leave_tier(&mut self, table: &mut PortTable) {
        let passed = std::mem::take(&mut self.passed);
        self.open.append(&passed, table);
    }

    /// What was accepted, and what else is in `allowed`.
    pub(crate) fn among(mut self, allowed: &Row, table: &mut PortTable) -> Row {
        let rest = self.open.both(allowed, table);
        self.accepted.append(&rest, table);
        self.accepted
    }

    /// What was accepted and what nobody decided, which passes (S40).
    pub(crate) fn rest(mut self, table: &mut PortTable) -> Row {
        self.accepted.append(&self.open, table);
        self.accepted
    }
}
