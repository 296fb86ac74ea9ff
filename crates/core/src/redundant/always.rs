//! What holds for any pods that may ever be: selectors, blocks and ports that contain others.

use super::{
    part::{At, Part, Removed, pieces},
    why::Place,
};
use crate::{
    object::{
        Cluster, Direction, LabelSelector, Labels, NAME_LABEL, NetworkPolicy, Peer, PeerKind, PolicyPort,
        PortMatch, Requirement, Rule,
    },
    set::PortSet,
};
use std::{collections::BTreeSet, sync::Arc};

/// The rules that are left and contain what `part` says, whatever pods there are; `None` where some of
/// it is in none. `removed` has the part.
pub(super) fn containers(cluster: &Cluster, removed: &Removed, part: &Part) -> Option<BTreeSet<Place>> {
    let policy = cluster.policies.get(&part.policy)?;
    let left = as_wide(cluster, removed, policy);
    if !isolate(&left, policy) {
        return None;
    }
    let mut places = BTreeSet::new();
    for (direction, piece) in pieces(policy, part) {
        let rules = isolating_rules(cluster, removed, &left, direction);
        places.extend(contained(&policy.key.namespace, &rules, &piece)?);
    }
    if places.is_empty() && part.at == At::Policy {
        places.extend(left.iter().map(Place::policy));
    }
    Some(places)
}

/// Whether pods to come would be allowed more without `policy`: it does not allow everything, and of those
/// that are left none isolates every pod that it ever selects (S2).
pub(super) fn guards(cluster: &Cluster, removed: &Removed, policy: &NetworkPolicy) -> bool {
    let is_open = |rule: &Rule| rule.peers.is_empty() && rule.ports.is_empty();
    let is_closed = |direction| policy.isolates(direction) && !policy.rules(direction).iter().any(is_open);
    Direction::ALL.into_iter().any(is_closed) && !isolate(&as_wide(cluster, removed, policy), policy)
}

/// What is left of the policies that select every pod that `policy` does.
fn as_wide(cluster: &Cluster, removed: &Removed, policy: &NetworkPolicy) -> Vec<NetworkPolicy> {
    let others = cluster.policies.values().filter(|other| other.key.namespace == policy.key.namespace);
    let wider = others.filter(|other| implies(&policy.subjects, &other.subjects));
    wider.filter_map(|other| removed.strip(other)).collect()
}

fn isolate(left: &[NetworkPolicy], policy: &NetworkPolicy) -> bool {
    let isolated = |direction| left.iter().any(|other| other.isolates(direction));
    Direction::ALL.into_iter().all(|direction| !policy.isolates(direction) || isolated(direction))
}

/// The rules that are left of some policies, in a direction in which they isolate.
fn isolating_rules(
    cluster: &Cluster,
    removed: &Removed,
    left: &[NetworkPolicy],
    direction: Direction,
) -> Vec<(Place, Rule)> {
    let isolating = left.iter().filter(|policy| policy.isolates(direction));
    let written = isolating.filter_map(|policy| cluster.policies.get(&policy.key));
    let rules = written.flat_map(|policy| {
        let rules = removed.rules(policy, direction).into_iter();
        rules.map(move |(at, rule)| (Place::rule(policy, direction, at, &rule), rule))
    });
    rules.collect()
}

/// The rules that together allow all that `piece` does; `None` where they do not. All are of policies of
/// `namespace`.
///
/// It is asked peer by peer, with the ports of every rule that has a wider one: so what is contained in
/// a part that is contained itself stays so when that part is gone.
fn contained(namespace: &Arc<str>, rules: &[(Place, Rule)], piece: &Rule) -> Option<BTreeSet<Place>> {
    let mut places = BTreeSet::new();
    let peers = piece.peers.iter().map(Some);
    for peer in peers.chain(piece.peers.is_empty().then_some(None)) {
        let wider = |rule: &Rule| {
            rule.peers.is_empty()
                || peer.is_some_and(|one| rule.peers.iter().any(|other| peer_implies(namespace, one, other)))
        };
        let wider: Vec<&(Place, Rule)> = rules.iter().filter(|(_, rule)| wider(rule)).collect();
        if let Some((place, _)) = wider.iter().find(|(_, rule)| ports_are_in(&piece.ports, &rule.ports)) {
            places.insert(place.clone());
            continue;
        }
        let ports: Vec<PolicyPort> = wider.iter().flat_map(|(_, rule)| rule.ports.clone()).collect();
        if ports.is_empty() || !ports_are_in(&piece.ports, &ports) {
            return None;
        }
        places.extend(wider.iter().map(|(place, _)| place.clone()));
    }
    Some(places)
}

/// Whether `ports` of a rule are among `others` of another; no list of ports stands for all (S5).
fn ports_are_in(ports: &[PolicyPort], others: &[PolicyPort]) -> bool {
    others.is_empty() || (!ports.is_empty() && ports.iter().all(|port| port_is_in(port, others)))
}

fn peer_implies(namespace: &Arc<str>, one: &Peer, other: &Peer) -> bool {
    let everything = LabelSelector::everything();
    // Which namespaces, where it is not the policy's own, and which of their pods.
    let parts = |kind: &PeerKind| match kind {
        PeerKind::Pods(pods) => Some((None, pods.clone())),
        PeerKind::Namespaces(namespaces) => Some((Some(namespaces.clone()), everything.clone())),
        PeerKind::PodsInNamespaces { namespaces, pods } => Some((Some(namespaces.clone()), pods.clone())),
        PeerKind::Block(_) => None,
    };
    if let (PeerKind::Block(one), PeerKind::Block(other)) = (&one.kind, &other.kind) {
        let whole = !one.is_whole_family() || other.is_whole_family();
        return whole && one.addresses().difference(&other.addresses()).is_empty();
    }
    let (Some((one_in, one)), Some((other_in, other))) = (parts(&one.kind), parts(&other.kind)) else {
        return false;
    };
    let namespaces = match (one_in, other_in) {
        (None, None) => true,
        (Some(one), Some(other)) => implies(&one, &other),
        (None, Some(other)) => names(namespace, &other),
        (Some(_), None) => false,
    };
    namespaces && implies(&one, &other)
}

/// Whether `selector` matches the namespace of this name whatever else it is labelled (S9).
fn names(namespace: &Arc<str>, selector: &LabelSelector) -> bool {
    let labels: Labels = [(NAME_LABEL, Arc::clone(namespace))].into_iter().collect();
    let known =
        |requirement: &Requirement| **requirement.key() == *NAME_LABEL && requirement.matches(&labels);
    selector.requirements().all(known)
}

fn port_is_in(port: &PolicyPort, ports: &[PolicyPort]) -> bool {
    let number = |port: &PolicyPort| match &port.port {
        PortMatch::All => PortSet::every(port.protocol),
        PortMatch::Range(range) => PortSet::range(port.protocol, *range),
        PortMatch::Named(_) => PortSet::empty(),
    };
    let numbers = ports.iter().map(number).fold(PortSet::empty(), |all, ports| all.union(&ports));
    if let PortMatch::Named(_) = port.port {
        let same = |other: &PolicyPort| (other.protocol, &other.port) == (port.protocol, &port.port);
        return ports.iter().any(same) || numbers.of(port.protocol).is_full();
    }
    number(port).difference(&numbers).is_empty()
}

/// Whether every set of labels that `one` matches is matched by `other`. What holds only because the
/// values of several requirements together leave no other is not seen.
fn implies(one: &LabelSelector, other: &LabelSelector) -> bool {
    other.requirements().all(|wanted| one.requirements().any(|given| requirement_implies(given, wanted)))
}

fn requirement_implies(given: &Requirement, wanted: &Requirement) -> bool {
    use Requirement::{DoesNotExist, Exists, In, NotIn};
    given.key() == wanted.key()
        && match (given, wanted) {
            (In(_, given), In(_, wanted)) => given.is_subset(wanted),
            (In(_, given), NotIn(_, wanted)) => given.is_disjoint(wanted),
            (NotIn(_, given), NotIn(_, wanted)) => wanted.is_subset(given),
            (In(..) | Exists(_), Exists(_)) | (DoesNotExist(_), NotIn(..) | DoesNotExist(_)) => true,
            (In(..), DoesNotExist(_))
            | (NotIn(..), In(..) | Exists(_) | DoesNotExist(_))
            | (Exists(_), In(..) | NotIn(..) | DoesNotExist(_))
            | (DoesNotExist(_), In(..) | Exists(_)) => false,
        }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::policy;
    use proptest::prelude::*;

    fn selector(requirements: &[Requirement]) -> LabelSelector {
        requirements.iter().cloned().collect()
    }

    fn values(values: &[&str]) -> BTreeSet<Arc<str>> {
        values.iter().map(|value| Arc::from(*value)).collect()
    }

    #[test]
    fn selectors_imply_wider_ones() {
        let app = || Arc::<str>::from("app");
        let a = selector(&[Requirement::In(app(), values(&["a"]))]);
        let ab = selector(&[Requirement::In(app(), values(&["a", "b"]))]);
        let not_b = selector(&[Requirement::NotIn(app(), values(&["b"]))]);
        let none = selector(&[Requirement::DoesNotExist(app())]);
        let some = selector(&[Requirement::Exists(app())]);
        for (one, other) in
            [(&a, &ab), (&a, &not_b), (&a, &some), (&none, &not_b), (&a, &LabelSelector::everything())]
        {
            assert!(implies(one, other), "{one} {other}");
            assert!(!implies(other, one), "{other} {one}");
        }
        assert!(!implies(&none, &some) && !implies(&ab, &not_b));
    }

    proptest! {
        /// Whatever labels there are: what the narrower selector matches, the wider one does.
        #[test]
        fn implication_holds_for_all_labels(one in policy(), other in policy(), pod in crate::testing::pod()) {
            if implies(&one.subjects, &other.subjects) && one.subjects.matches(&pod.labels) {
                prop_assert!(other.subjects.matches(&pod.labels), "{} {}", one.subjects, other.subjects);
            }
        }
    }
}
