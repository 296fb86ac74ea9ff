//! Pods that policies isolate in one state only.

use super::{
    State,
    joint::{Joint, Unit, When},
};
use crate::{
    index::{PolicyKey, RoaringBitmap},
    object::{Direction, ObjectKey, Origin},
    reach::{Class, Party},
};
use std::collections::{BTreeMap, BTreeSet};

/// Pods that some policy isolates in a direction in one state, and none in the other (S2).
#[derive(Clone, Debug, PartialEq)]
pub struct Protection {
    /// Whether policies isolate them now, and did not before.
    pub is_gained: bool,
    /// The direction.
    pub direction: Direction,
    /// The pods.
    pub of: Party,
    /// The policies that isolate them, in the state where some do, and where they are written; sorted.
    pub policies: Vec<(ObjectKey, Origin)>,
}

/// What is lost before what is gained, ingress before egress.
pub(super) fn protection(joint: &Joint, states: &[State<'_>; 2]) -> Vec<Protection> {
    let mut found = Vec::new();
    for is_gained in [false, true] {
        let when = if is_gained { When::New } else { When::Old };
        for direction in Direction::ALL {
            let differing: Vec<(u32, &Unit)> = (0..)
                .zip(&joint.units)
                .filter(|(_, unit)| {
                    let [old, new] = When::ALL.map(|when| is_isolated(unit, when, states, direction));
                    old != new && new == is_gained
                })
                .collect();
            found.extend(by_policies(&differing, when.of(states), when, direction).into_iter().map(
                |(policies, units)| Protection { is_gained, direction, of: joint.party(&units), policies },
            ));
        }
    }
    found
}

fn is_isolated(unit: &Unit, when: When, states: &[State<'_>; 2], direction: Direction) -> bool {
    let reach = when.of(states).reach;
    let isolates = |class: &Class| match direction {
        Direction::Ingress => class.isolated_ingress,
        Direction::Egress => class.isolated_egress,
    };
    unit.faces.iter().any(|face| reach.class(*when.of(face)).is_some_and(isolates))
}

type Policies = Vec<(ObjectKey, Origin)>;

/// Units by the policies that isolate them.
fn by_policies(
    units: &[(u32, &Unit)],
    state: &State<'_>,
    when: When,
    direction: Direction,
) -> BTreeMap<Policies, RoaringBitmap> {
    let mut found: BTreeMap<Policies, RoaringBitmap> = BTreeMap::new();
    for (at, unit) in units {
        let pods = when.of(&unit.pods);
        let selecting: BTreeSet<PolicyKey> =
            pods.min().map(|pod| state.index.policies_selecting(pod)).unwrap_or_default();
        // Cluster-wide policies do not isolate (S40).
        let policies = selecting.into_iter().filter_map(|key| match key {
            PolicyKey::Namespaced(key) => state.cluster.policies.get(&key),
            PolicyKey::Admin(_) | PolicyKey::Baseline(_) => None,
        });
        let isolating = policies.filter(|policy| policy.isolates(direction));
        let policies = isolating.map(|policy| (policy.key.clone(), policy.origin.clone())).collect();
        found.entry(policies).or_default().insert(*at);
    }
    found
}
