//! Why a connection differs: the policies that say otherwise than before.

use super::{
    State,
    joint::{Joint, When},
    rows::Row,
    witness::{Lookups, Witness, Witnessed, ask, pairs},
};
use crate::{
    explain::Side,
    object::{Direction, ObjectKey, Origin},
    verdict::RulePath,
};
use std::collections::BTreeSet;

/// What a policy has to do with a difference.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    /// A rule of the new state allows it, where none did.
    Allows(RulePath),
    /// It isolated the subject, and no policy does any more (S2).
    NoLongerIsolates,
    /// It isolates the subject, and no policy did (S2).
    Isolates,
    /// A rule of the old state allowed it, and none does any more.
    NoLongerAllows(RulePath),
}

impl Reason {
    /// The state that the policy, and its place in a text, are of.
    #[must_use]
    pub fn when(&self) -> When {
        match self {
            Self::Allows(_) | Self::Isolates => When::New,
            Self::NoLongerIsolates | Self::NoLongerAllows(_) => When::Old,
        }
    }

    /// Whether it opens something.
    #[must_use]
    pub fn opens(&self) -> bool {
        matches!(self, Self::Allows(_) | Self::NoLongerIsolates)
    }
}

/// A policy that makes a difference.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Cause {
    /// Whose side: the destination's for ingress, the source's for egress.
    pub direction: Direction,
    /// The policy.
    pub policy: ObjectKey,
    /// What it does.
    pub reason: Reason,
    /// Where it says so.
    pub origin: Origin,
}

/// Asks for causes.
pub(super) struct Causes<'j> {
    joint: &'j Joint,
    states: &'j [State<'j>; 2],
    lookups: Lookups<'j>,
}

impl<'j> Causes<'j> {
    pub(super) fn new(joint: &'j Joint, states: &'j [State<'j>; 2]) -> Self {
        Self { joint, states, lookups: Lookups::new(states) }
    }

    /// The policies that make a row, and the first packet that shows it.
    pub(super) fn of(&self, row: &Row) -> (Vec<Cause>, Option<Witness>) {
        let [before, after] = &row.ports;
        let (mut causes, mut first) = (BTreeSet::new(), None);
        for ports in [after.difference(before), before.difference(after)] {
            if ports.is_empty() {
                continue;
            }
            for pair in pairs(row) {
                let asked = ask(self.joint, self.states, &self.lookups, pair, row.family, &ports);
                let Some(asked) = asked else { continue };
                for direction in Direction::ALL {
                    of_side(&asked, direction, &mut causes);
                }
                first.get_or_insert(asked.witness);
            }
        }
        (causes.into_iter().collect(), first)
    }
}

fn of_side(asked: &Witnessed, direction: Direction, causes: &mut BTreeSet<Cause>) {
    let (old, new) = (asked.old.side(direction), asked.new.side(direction));
    let is_allowed = |side: &Side| side.verdict.decision.is_allow();
    let cause = |(policy, reason, origin)| Cause { direction, policy, reason, origin };
    match (is_allowed(old), is_allowed(new)) {
        (false, true) if new.is_isolated() => {
            causes.extend(allowing(new).map(|(key, path, at)| cause((key, Reason::Allows(path), at))));
        }
        (false, true) => {
            causes.extend(isolating(old).map(|(key, at)| cause((key, Reason::NoLongerIsolates, at))));
        }
        (true, false) if old.is_isolated() => {
            causes
                .extend(allowing(old).map(|(key, path, at)| cause((key, Reason::NoLongerAllows(path), at))));
        }
        (true, false) => {
            causes.extend(isolating(new).map(|(key, at)| cause((key, Reason::Isolates, at))));
        }
        _ => {}
    }
}

fn isolating(side: &Side) -> impl Iterator<Item = (ObjectKey, Origin)> + '_ {
    let policies = side.subjects.iter().flat_map(|subject| &subject.policies);
    policies.filter(|policy| policy.selects).map(|policy| (policy.policy.clone(), policy.origin.clone()))
}

fn allowing(side: &Side) -> impl Iterator<Item = (ObjectKey, RulePath, Origin)> + '_ {
    let policies = side.subjects.iter().flat_map(|subject| &subject.policies);
    policies.flat_map(|policy| {
        let matched = policy.matched.iter();
        matched.map(|matched| (policy.policy.clone(), matched.path.clone(), matched.origin.clone()))
    })
}
