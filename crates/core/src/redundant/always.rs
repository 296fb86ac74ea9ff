//! What holds for any pods that may ever be: selectors, blocks and ports that contain others.

use super::{
    part::{At, Part, Removed, pieces},
    why::Place,
};
use crate::{
    object::{
        Cluster, Direction, LabelSelector, Labels, NAME_LABEL, NetworkPolicy, ObjectKey, Peer, PeerKind,
        PolicyPort, PortMatch, Requirement, Rule, within,
    },
    set::PortSet,
};
use std::{
    borrow::Cow,
    cell::RefCell,
    collections::{BTreeSet, HashMap},
    rc::Rc,
    sync::Arc,
};

/// The policies that select every pod that another does, whatever pods there are: of its namespace, and itself
/// among them. Looked up once for each, for it has many parts.
#[derive(Default)]
pub(super) struct Wider<'c>(RefCell<HashMap<ObjectKey, Rc<[&'c NetworkPolicy]>>>);

impl<'c> Wider<'c> {
    fn than(&self, cluster: &'c Cluster, policy: &NetworkPolicy) -> Rc<[&'c NetworkPolicy]> {
        if let Some(known) = self.0.borrow().get(&policy.key) {
            return Rc::clone(known);
        }
        let others = within(&cluster.policies, &policy.key.namespace).map(|(_, other)| other);
        let wider = others.filter(|other| policy.subjects.implies(&other.subjects)).collect();
        Rc::clone(self.0.borrow_mut().entry(policy.key.clone()).or_insert(wider))
    }
}

/// The rules that are left and contain what `part` says, whatever pods there are; `None` where some of
/// it is in none. `removed` has the part.
pub(super) fn containers<'c>(
    cluster: &'c Cluster,
    wider: &Wider<'c>,
    removed: &Removed,
    part: &Part,
) -> Option<BTreeSet<Place>> {
    let policy = cluster.policies.get(&part.policy)?;
    let left = as_wide(cluster, wider, removed, policy);
    if !isolate(&left, removed, policy) {
        return None;
    }
    let mut places = BTreeSet::new();
    for (direction, piece) in pieces(policy, part) {
        let rules = isolating_rules(&left, removed, direction);
        places.extend(contained(&policy.key.namespace, &rules, &piece)?);
    }
    if places.is_empty() && part.at == At::Policy {
        places.extend(left.iter().map(|policy| Place::policy(policy)));
    }
    Some(places)
}

/// Whether pods to come would be allowed more without `policy`: it does not allow everything, and of those
/// that are left none isolates every pod that it ever selects (S2).
pub(super) fn guards<'c>(
    cluster: &'c Cluster,
    wider: &Wider<'c>,
    removed: &Removed,
    policy: &NetworkPolicy,
) -> bool {
    let is_open = |rule: &Rule| rule.peers.is_empty() && rule.ports.is_empty();
    let is_closed = |direction| policy.isolates(direction) && !policy.rules(direction).iter().any(is_open);
    Direction::ALL.into_iter().any(is_closed)
        && !isolate(&as_wide(cluster, wider, removed, policy), removed, policy)
}

/// Those of the policies that select every pod that `policy` does of which something is left.
fn as_wide<'c>(
    cluster: &'c Cluster,
    wider: &Wider<'c>,
    removed: &Removed,
    policy: &NetworkPolicy,
) -> Vec<&'c NetworkPolicy> {
    let wider = wider.than(cluster, policy);
    wider.iter().copied().filter(|other| !removed.is_gone(other)).collect()
}

fn isolate(left: &[&NetworkPolicy], removed: &Removed, policy: &NetworkPolicy) -> bool {
    let isolated = |direction| left.iter().any(|other| removed.isolates(other, direction));
    Direction::ALL.into_iter().all(|direction| !policy.isolates(direction) || isolated(direction))
}

/// A rule that is left.
struct Left<'c> {
    policy: &'c NetworkPolicy,
    direction: Direction,
    at: usize,
    rule: Cow<'c, Rule>,
}

impl Left<'_> {
    fn place(&self) -> Place {
        Place::rule(self.policy, self.direction, self.at, &self.rule)
    }
}

/// The rules that are left of some policies, in a direction in which they isolate.
fn isolating_rules<'c>(left: &[&'c NetworkPolicy], removed: &Removed, direction: Direction) -> Vec<Left<'c>> {
    let isolating = left.iter().copied().filter(|policy| removed.isolates(policy, direction));
    let rules = isolating.flat_map(|policy| {
        let left = removed.rules(policy, direction).into_iter();
        left.map(move |(at, rule)| Left { policy, direction, at, rule })
    });
    rules.collect()
}

/// The rules that together allow all that `piece` does; `None` where they do not. All are of policies of
/// `namespace`.
///
/// It is asked peer by peer, with the ports of every rule that has a wider one: so what is contained in
/// a part that is contained itself stays so when that part is gone.
fn contained(namespace: &Arc<str>, rules: &[Left<'_>], piece: &Rule) -> Option<BTreeSet<Place>> {
    let mut places = BTreeSet::new();
    let peers = piece.peers.iter().map(Some);
    for peer in peers.chain(piece.peers.is_empty().then_some(None)) {
        let wider = |rule: &Rule| {
            rule.peers.is_empty()
                || peer.is_some_and(|one| rule.peers.iter().any(|other| peer_implies(namespace, one, other)))
        };
        let wider: Vec<&Left<'_>> = rules.iter().filter(|left| wider(&left.rule)).collect();
        if let Some(left) = wider.iter().find(|left| ports_are_in(&piece.ports, &left.rule.ports)) {
            places.insert(left.place());
            continue;
        }
        let ports: Vec<PolicyPort> = wider.iter().flat_map(|left| left.rule.ports.clone()).collect();
        if ports.is_empty() || !ports_are_in(&piece.ports, &ports) {
            return None;
        }
        places.extend(wider.iter().map(|left| left.place()));
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
