//! Why a connection differs: the policies that say otherwise than before.

use super::{
    joint::When,
    rows::Row,
    witness::{Cast, Witness, Witnessed, ask, pairs},
};
use crate::{
    explain::Side,
    object::{ClusterPolicyName, Direction, ObjectKey, Origin},
    verdict::{Because, RulePath, TierRule},
};
use std::{collections::BTreeSet, fmt};

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
    /// A cluster-wide rule of the new state accepts it, before any other is read (S39).
    Accepts(TierRule),
    /// A cluster-wide rule of the old state denied it (S39).
    NoLongerDenies(TierRule),
    /// A cluster-wide rule of the new state denies it (S39).
    Denies(TierRule),
    /// A cluster-wide rule of the old state accepted it (S39).
    NoLongerAccepts(TierRule),
}

impl Reason {
    /// The state that the policy, and its place in a text, are of.
    #[must_use]
    pub fn when(&self) -> When {
        match self {
            Self::Allows(_) | Self::Isolates | Self::Accepts(_) | Self::Denies(_) => When::New,
            Self::NoLongerIsolates
            | Self::NoLongerAllows(_)
            | Self::NoLongerDenies(_)
            | Self::NoLongerAccepts(_) => When::Old,
        }
    }

    /// Whether it opens something.
    #[must_use]
    pub fn opens(&self) -> bool {
        matches!(self, Self::Allows(_) | Self::NoLongerIsolates | Self::Accepts(_) | Self::NoLongerDenies(_))
    }

    /// The path of the entry that decides, where it is one: `spec.ingress[1].from[0]`.
    #[must_use]
    pub fn path(&self) -> Option<String> {
        match self {
            Self::Allows(path) | Self::NoLongerAllows(path) => Some(path.peer_path()),
            Self::Accepts(rule)
            | Self::NoLongerDenies(rule)
            | Self::Denies(rule)
            | Self::NoLongerAccepts(rule) => Some(rule.peer_path()),
            Self::Isolates | Self::NoLongerIsolates => None,
        }
    }
}

/// The policy of a cause.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PolicyName {
    /// One of a namespace.
    Namespaced(ObjectKey),
    /// One of the whole cluster.
    ClusterWide(ClusterPolicyName),
}

impl fmt::Display for PolicyName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Namespaced(key) => key.fmt(f),
            Self::ClusterWide(name) => name.fmt(f),
        }
    }
}

/// A policy that makes a difference.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Cause {
    /// Whose side: the destination's for ingress, the source's for egress.
    pub direction: Direction,
    /// The policy.
    pub policy: PolicyName,
    /// What it does.
    pub reason: Reason,
    /// Where it says so.
    pub origin: Origin,
}

/// The policies that make a row, and the first packet that shows it.
pub(super) fn causes(cast: &dyn Cast, row: &Row) -> (Vec<Cause>, Option<Witness>) {
    let [before, after] = &row.ports;
    let (mut causes, mut first) = (BTreeSet::new(), None);
    for ports in [after.difference(before), before.difference(after)] {
        if ports.is_empty() {
            continue;
        }
        for pair in pairs(row) {
            let Some(asked) = ask(cast, pair, row.family, &ports) else { continue };
            for direction in Direction::ALL {
                of_side(&asked, direction, &mut causes);
            }
            first.get_or_insert(asked.witness);
        }
    }
    (causes.into_iter().collect(), first)
}

fn of_side(asked: &Witnessed, direction: Direction, causes: &mut BTreeSet<Cause>) {
    let (old, new) = (asked.old.side(direction), asked.new.side(direction));
    let is_allowed = |side: &Side| side.verdict.decision.is_allow();
    let found = match (is_allowed(old), is_allowed(new)) {
        (false, true) => of_passing(new, old, Reason::Allows, Reason::NoLongerIsolates, TIERS_OPEN),
        (true, false) => of_passing(old, new, Reason::NoLongerAllows, Reason::Isolates, TIERS_CLOSE),
        _ => return,
    };
    let cause = |(policy, reason, origin)| Cause { direction, policy, reason, origin };
    causes.extend(found.into_iter().map(cause));
}

/// What a rule of a tier is the reason of: where it accepts, and where it denies.
type OfTier = [fn(TierRule) -> Reason; 2];
const TIERS_OPEN: OfTier = [Reason::Accepts, Reason::NoLongerDenies];
const TIERS_CLOSE: OfTier = [Reason::NoLongerAccepts, Reason::Denies];

type Found = (PolicyName, Reason, Origin);

/// Why `passing` lets pass what `stopping` does not. A cluster-wide rule comes before all others, so where
/// one denies, what else would allow is no cause.
fn of_passing(
    passing: &Side,
    stopping: &Side,
    allows: fn(RulePath) -> Reason,
    isolates: Reason,
    [accepts, denies]: OfTier,
) -> Vec<Found> {
    let mut found = Vec::new();
    if let Because::TierDeny(rule) = &stopping.verdict.because {
        found.push(of_tier(stopping, rule, denies));
    }
    match &passing.verdict.because {
        Because::TierAccept(rule) => found.push(of_tier(passing, rule, accepts)),
        Because::Rule(_) if found.is_empty() => {
            let named = |(key, path, at)| (PolicyName::Namespaced(key), allows(path), at);
            found.extend(allowing(passing).map(named));
        }
        _ if found.is_empty() => {
            let named = |(key, at)| (PolicyName::Namespaced(key), isolates.clone(), at);
            found.extend(isolating(stopping).map(named));
        }
        _ => {}
    }
    found
}

fn of_tier(side: &Side, rule: &TierRule, reason: fn(TierRule) -> Reason) -> Found {
    let tiers = side.subjects.iter().flat_map(|subject| &subject.tiers);
    let matched = tiers.filter_map(|answer| answer.matched.as_ref()).find(|matched| matched.rule == *rule);
    let origin = matched.map(|matched| matched.origin.clone()).unwrap_or_default();
    (PolicyName::ClusterWide(rule.policy.clone()), reason(rule.clone()), origin)
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
