//! Why a part adds nothing.

use super::{
    part::{At, Part, Removed, pieces},
    proof::{Group, Proof},
    space::Allowed,
};
use crate::{
    index::PolicyRules,
    object::{Cluster, Direction, NetworkPolicy, ObjectKey, Origin, Rule},
};
use std::{collections::BTreeSet, fmt};

/// A rule that stays, or a policy.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The policy.
    pub policy: ObjectKey,
    /// The direction and index of the rule; `None` for the policy.
    pub rule: Option<(Direction, usize)>,
    /// Where it was written.
    pub origin: Origin,
}

impl Place {
    pub(super) fn policy(policy: &NetworkPolicy) -> Self {
        Self { policy: policy.key.clone(), rule: None, origin: policy.origin.clone() }
    }

    pub(super) fn rule(policy: &NetworkPolicy, direction: Direction, at: usize, rule: &Rule) -> Self {
        Self { policy: policy.key.clone(), rule: Some((direction, at)), origin: rule.origin.clone() }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.policy.fmt(f)?;
        self.rule.map_or(Ok(()), |(direction, at)| write!(f, " spec.{direction}[{at}]"))
    }
}

/// Why a part adds nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Why {
    /// The policy selects no pod that is there.
    SelectsNoPod,
    /// No peer and port that it names is there.
    MatchesNothing,
    /// It allows everything to pods that nothing else isolates, and so would its absence (S2).
    AllowsEverything,
    /// What it allows, and that its pods are isolated, these say as well.
    Said(BTreeSet<Place>),
    /// It is of a direction in which its policy does not isolate, and so without effect (S2).
    NoEffect,
}

/// Why `part` adds nothing, and whether that holds for any pods. `always` has the rules that contain it,
/// where it is contained.
pub(super) fn tell(
    cluster: &Cluster,
    proof: &Proof<'_>,
    removed: &Removed,
    part: &Part,
    always: Option<BTreeSet<Place>>,
) -> (Why, bool) {
    let Some(policy) = cluster.policies.get(&part.policy) else { return (Why::NoEffect, true) };
    let pieces = pieces(policy, part);
    if pieces.is_empty() && part.at != At::Policy {
        return (Why::NoEffect, true);
    }
    if let Some(places) = always {
        return (Why::Said(places), true);
    }
    if proof.groups_of(&part.policy).next().is_none() {
        return (Why::SelectsNoPod, false);
    }
    let alone = Alone::new(policy, &pieces);
    let said = said(cluster, proof, removed, &alone);
    let why = match said {
        _ if !pieces.is_empty() && !alone.allows_something(proof) => Why::MatchesNothing,
        said if said.is_empty() => Why::AllowsEverything,
        said => Why::Said(said),
    };
    (why, false)
}

/// A policy of nothing but some pieces.
struct Alone {
    key: ObjectKey,
    rules: PolicyRules,
}

impl Alone {
    fn new(policy: &NetworkPolicy, pieces: &[(Direction, Rule)]) -> Self {
        let of = |wanted| {
            let rules = pieces.iter().filter(move |(direction, _)| *direction == wanted);
            rules.map(|(_, rule)| rule.clone()).collect()
        };
        let types = Direction::ALL.into_iter().filter(|direction| policy.isolates(*direction)).collect();
        let (ingress, egress) = (of(Direction::Ingress), of(Direction::Egress));
        let rules = PolicyRules::compile(&NetworkPolicy { types, ingress, egress, ..policy.clone() });
        Self { key: policy.key.clone(), rules }
    }

    fn allowed(&self, proof: &Proof<'_>, group: &Group, direction: Direction) -> Vec<Allowed> {
        let rules = self.rules.rules(direction).unwrap_or_default();
        let allowed = rules.iter().flat_map(|rule| proof.allowed(rule, direction, group));
        allowed.filter(|allowed| !allowed.is_empty()).collect()
    }

    fn allows_something(&self, proof: &Proof<'_>) -> bool {
        proof.groups_of(&self.key).any(|group| {
            Direction::ALL.into_iter().any(|direction| !self.allowed(proof, group, direction).is_empty())
        })
    }
}

/// The rules that are left and allow some of what `alone` does; where it allows nothing, the policies
/// that isolate its pods.
fn said(cluster: &Cluster, proof: &Proof<'_>, removed: &Removed, alone: &Alone) -> BTreeSet<Place> {
    let mut places = BTreeSet::new();
    for group in proof.groups_of(&alone.key) {
        for direction in Direction::ALL {
            if alone.rules.rules(direction).is_none() {
                continue;
            }
            let allowed = alone.allowed(proof, group, direction);
            for (key, rules) in proof.isolating(group, direction) {
                let Some(policy) = cluster.policies.get(key) else { continue };
                if allowed.is_empty() {
                    places.insert(Place::policy(policy));
                    continue;
                }
                let left = removed.rules(policy, direction);
                for rule in rules {
                    let meets = |one: &Allowed| allowed.iter().any(|other| one.meets(other));
                    if proof.allowed(rule, direction, group).iter().any(meets)
                        && let Some((at, rule)) = left.get(rule.rule)
                    {
                        places.insert(Place::rule(policy, direction, *at, rule));
                    }
                }
            }
        }
    }
    places
}
