//! The policies that are there: which of them are the subjects' own, and what stays of them.

use crate::roster::{Group, Roster};
use sekisho_core::{
    eval,
    object::{Cluster, Direction, NetworkPolicy, ObjectKey, Origin},
};
use std::{collections::BTreeSet, sync::Arc};

/// The directions in which the policy isolates (S3).
#[must_use]
pub(crate) fn types(policy: &NetworkPolicy) -> BTreeSet<Direction> {
    Direction::ALL.into_iter().filter(|direction| policy.isolates(*direction)).collect()
}

/// Whether both mean the same, wherever they are written.
pub(crate) fn is_same(one: &NetworkPolicy, other: &NetworkPolicy) -> bool {
    let rules = |policy: &NetworkPolicy, direction: Direction| {
        let of = policy.rules(direction).iter().map(|rule| {
            let peers: BTreeSet<_> = rule.peers.iter().map(|peer| peer.kind.clone()).collect();
            let ports: BTreeSet<_> =
                rule.ports.iter().map(|port| (port.protocol, port.port.clone())).collect();
            (peers, ports)
        });
        of.collect::<BTreeSet<_>>()
    };
    types(one) == types(other)
        && one.subjects == other.subjects
        && one.is_audited() == other.is_audited()
        && types(one).into_iter().all(|direction| rules(one, direction) == rules(other, direction))
}

/// Whether a rule of the policy lets everything pass in `direction`.
pub(crate) fn opens_all(policy: &NetworkPolicy, direction: Direction) -> bool {
    let is_open = |rule: &sekisho_core::object::Rule| rule.peers.is_empty() && rule.ports.is_empty();
    policy.isolates(direction) && policy.rules(direction).iter().any(is_open)
}

/// The policy without its rules of `directions`, and no longer isolating in them.
pub(crate) fn without(policy: &NetworkPolicy, directions: &BTreeSet<Direction>) -> NetworkPolicy {
    let mut left = policy.clone();
    left.types = types(policy).difference(directions).copied().collect();
    for direction in directions {
        rules_mut(&mut left, *direction).clear();
    }
    left
}

pub(crate) fn rules_mut(
    policy: &mut NetworkPolicy,
    direction: Direction,
) -> &mut Vec<sekisho_core::object::Rule> {
    match direction {
        Direction::Ingress => &mut policy.ingress,
        Direction::Egress => &mut policy.egress,
    }
}

/// A policy that isolates in no direction yet.
pub(crate) fn blank(key: ObjectKey, subjects: sekisho_core::object::LabelSelector) -> NetworkPolicy {
    NetworkPolicy {
        key,
        subjects,
        types: BTreeSet::new(),
        ingress: Vec::new(),
        egress: Vec::new(),
        labels: sekisho_core::object::Labels::new(),
        annotations: sekisho_core::object::Labels::new(),
        origin: Origin::default(),
    }
}

/// Whether the policy is the namespace's baseline: of this name, and about every pod.
pub(crate) fn is_baseline(policy: &NetworkPolicy, name: &str) -> bool {
    policy.subjects.is_everything() && *policy.key.name == *name
}

/// Whether the policy is about the pods of `group`, and no others of its namespace.
pub(crate) fn is_about(policy: &NetworkPolicy, group: &Group, roster: &Roster) -> bool {
    let of_namespace = roster.groups().iter().filter(|other| other.namespace == policy.key.namespace);
    let mut all = of_namespace.flat_map(|other| other.pods.iter().map(move |pod| (other, pod)));
    group.namespace == policy.key.namespace
        && all.all(|(other, pod)| policy.subjects.matches(&pod.labels) == (other.name == group.name))
}

/// The name `wanted`, or one next to it where another policy, which is not one's own, is called so.
pub(crate) fn free_name(
    cluster: &Cluster,
    namespace: &Arc<str>,
    wanted: &str,
    is_own: impl Fn(&NetworkPolicy) -> bool,
) -> ObjectKey {
    let seen = [wanted.to_owned(), format!("{wanted}-seen")].into_iter();
    let numbered = (2..).map(|number: u32| format!("{wanted}-seen-{number}"));
    let keys = seen.chain(numbered).map(|name| ObjectKey::new(Arc::clone(namespace), name));
    let is_free = |key: &ObjectKey| cluster.policies.get(key).is_none_or(&is_own);
    // INVARIANT: there are more numbers than policies.
    keys.into_iter().find(is_free).unwrap_or_else(|| ObjectKey::new(Arc::clone(namespace), wanted))
}

/// The policies that isolate some pod of `group` in `direction`.
pub(crate) fn isolating<'c>(
    cluster: &'c Cluster,
    group: &Group,
    direction: Direction,
) -> Vec<&'c NetworkPolicy> {
    let selects = |policy: &NetworkPolicy| group.pods.iter().any(|pod| eval::selects(policy, pod));
    let of = cluster.policies.values().filter(|policy| policy.key.namespace == group.namespace);
    of.filter(|policy| policy.isolates(direction) && selects(policy)).collect()
}
