//! What holds for any pods that may ever be: selectors, blocks and ports that contain others.

use super::{
    part::{At, Part, Removed, pieces},
    why::Place,
};
use crate::{
    object::{
        Cluster, Direction, LabelSelector, Labels, NAME_LABEL, NetworkPolicy, Peer, PeerKind, PolicyPort,
        PortMatch, Requirement, Rule, within,
    },
    set::PortSet,
};
use std::{borrow::Cow, collections::BTreeSet, sync::Arc};

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
        places.extend(left.iter().map(|policy| Place::policy(policy)));
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
fn as_wide<'c>(
    cluster: &'c Cluster,
    removed: &Removed,
    policy: &NetworkPolicy,
) -> Vec<Cow<'c, NetworkPolicy>> {
    let others = within(&cluster.policies, &policy.key.namespace).map(|(_, other)| other);
    let wider = others.filter(|other| policy.subjects.implies(&other.subjects));
    // Most are as they were: there is no need of copies.
    let left = |other| {
        if removed.touches(other) { removed.strip(other).map(Cow::Owned) } else { Some(Cow::Borrowed(other)) }
    };
    wider.filter_map(left).collect()
}

fn isolate(left: &[Cow<'_, NetworkPolicy>], policy: &NetworkPolicy) -> bool {
    let isolated = |direction| left.iter().any(|other| other.isolates(direction));
    Direction::ALL.into_iter().all(|direction| !policy.isolates(direction) || isolated(direction))
}

/// The rules that are left of some policies, in a direction in which they isolate.
fn isolating_rules<'c>(
    cluster: &'c Cluster,
    removed: &Removed,
    left: &[Cow<'_, NetworkPolicy>],
    direction: Direction,
) -> Vec<(Place, Cow<'c, Rule>)> {
    let isolating = left.iter().filter(|policy| policy.isolates(direction));
    let written = isolating.filter_map(|policy| cluster.policies.get(&policy.key));
    let mut rules = Vec::new();
    for policy in written {
        let place = |at, rule: &Rule| Place::rule(policy, direction, at, rule);
        if removed.touches(policy) {
            let left = removed.rules(policy, direction).into_iter();
            rules.extend(left.map(|(at, rule)| (place(at, &rule), Cow::Owned(rule))));
        } else {
            let all = policy.rules(direction).iter().enumerate();
            rules.extend(all.map(|(at, rule)| (place(at, rule), Cow::Borrowed(rule))));
        }
    }
    rules
}

/// The rules that together allow all that `piece` does; `None` where they do not. All are of policies of
/// `namespace`.
///
/// It is asked peer by peer, with the ports of every rule that has a wider one: so what is contained in
/// a part that is contained itself stays so when that part is gone.
fn contained(
    namespace: &Arc<str>,
    rules: &[(Place, Cow<'_, Rule>)],
    piece: &Rule,
) -> Option<BTreeSet<Place>> {
    let mut places = BTreeSet::new();
    let peers = piece.peers.iter().map(Some);
    for peer in peers.chain(piece.peers.is_empty().then_some(None)) {
        let wider = |rule: &Rule| {
            rule.peers.is_empty()
                || peer.is_some_and(|one| rule.peers.iter().any(|other| peer_implies(namespace, one, other)))
        };
        let wider: Vec<&(Place, Cow<'_, Rule>)> = rules.iter().filter(|(_, rule)| wider(rule)).collect();
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
    if let (PeerKind::Block(one), PeerKind::Block(other)) = (&one.kind, &other.kind) {
        let whole = !one.is_whole_family() || other.is_whole_family();
        return whole && one.addresses().difference(&other.addresses()).is_empty();
    }
    let everything = LabelSelector::everything();
    let (Some((one_in, one)), Some((other_in, other))) =
        (parts(&one.kind, &everything), parts(&other.kind, &everything))
    else {
        return false;
    };
    let namespaces = match (one_in, other_in) {
        (None, None) => true,
        (Some(one), Some(other)) => one.implies(other),
        (None, Some(other)) => names(namespace, other),
        (Some(_), None) => false,
    };
    namespaces && one.implies(other)
}

/// Which namespaces a peer names, where it is not the policy's own, and which of their pods.
fn parts<'p>(
    kind: &'p PeerKind,
    everything: &'p LabelSelector,
) -> Option<(Option<&'p LabelSelector>, &'p LabelSelector)> {
    match kind {
        PeerKind::Pods(pods) => Some((None, pods)),
        PeerKind::Namespaces(namespaces) => Some((Some(namespaces), everything)),
        PeerKind::PodsInNamespaces { namespaces, pods } => Some((Some(namespaces), pods)),
        PeerKind::Block(_) => None,
    }
}

/// Whether `selector` matches the namespace of this name whatever else it is labelled (S9).
fn names(namespace: &Arc<str>, selector: &LabelSelector) -> bool {
    let labels: Labels = [(NAME_LABEL, Arc::clone(namespace))].into_iter().collect();
    let known =
        |requirement: &Requirement| **requirement.key() == *NAME_LABEL && requirement.matches(&labels);
    selector.requirements().all(known)
}

fn port_is_in(port: &PolicyPort, ports: &[PolicyPort]) -> bool {
    let numbers = ports.iter().fold(PortSet::empty(), |all, port| all.union(&port.numbers()));
    if let PortMatch::Named(_) = port.port {
        let same = |other: &PolicyPort| (other.protocol, &other.port) == (port.protocol, &port.port);
        return ports.iter().any(same) || numbers.of(port.protocol).is_full();
    }
    port.numbers().difference(&numbers).is_empty()
}
