//! When a policy selects, and when a rule matches.

use super::{Flow, Party};
use crate::{
    object::{
        Cluster, Direction, IpBlock, LabelSelector, Namespace, NetworkPolicy, Peer, PeerKind, Pod,
        PolicyPort, PortMatch, Rule,
    },
    packet::Traffic,
    verdict::RulePath,
};
use std::borrow::Cow;

/// Whether `pod` is a subject of `policy` (S1, S22, S24).
#[must_use]
pub fn selects(policy: &NetworkPolicy, pod: &Pod) -> bool {
    pod.is_policed() && pod.key.namespace == policy.key.namespace && policy.subjects.matches(&pod.labels)
}

/// Whether `rule` of `policy` allows the packet of `flow`: some peer and some port match together.
/// Tells which entries did.
#[must_use]
pub fn rule_matches(
    flow: &Flow<'_>,
    policy: &NetworkPolicy,
    direction: Direction,
    at: usize,
    rule: &Rule,
) -> Option<RulePath> {
    let peers = entries(&rule.peers);
    peers.iter().find_map(|(peer_at, peer)| {
        let destinations = destinations(flow, policy, direction, *peer)?;
        let ports = entries(&rule.ports);
        let (port_at, _) = ports.iter().find(|(_, port)| match port {
            Some(port) => port_matches(port, flow.traffic(), &destinations),
            None => true, // S5: every port of every protocol.
        })?;
        Some(RulePath { policy: policy.key.clone(), direction, rule: at, peer: *peer_at, port: *port_at })
    })
}

/// The entries of a list with their indexes; the empty list is one entry that matches all (S5).
fn entries<T>(list: &[T]) -> Vec<(Option<usize>, Option<&T>)> {
    if list.is_empty() {
        return vec![(None, None)];
    }
    list.iter().enumerate().map(|(at, entry)| (Some(at), Some(entry))).collect()
}

/// The pods on which a named port is looked up when `peer` matches (S14), or `None` when it does not.
///
/// In ingress these are the policy's subjects. In egress they are the pods that match the peer, each
/// by itself: port and peer must belong to one pod.
pub(crate) fn destinations<'a>(
    flow: &Flow<'a>,
    policy: &NetworkPolicy,
    direction: Direction,
    peer: Option<&Peer>,
) -> Option<Vec<&'a Pod>> {
    let party = flow.peer(direction);
    if let Some(peer) = peer
        && !peer_matches(flow.cluster(), policy, peer, party)
    {
        return None;
    }
    let pods = match direction {
        Direction::Ingress => {
            let subjects = flow.subject(direction).pods().iter();
            subjects.filter(|pod| selects(policy, pod)).copied().collect()
        }
        Direction::Egress => {
            let is_meant = |pod: &&&Pod| {
                peer.is_none_or(|peer| match &peer.kind {
                    PeerKind::Block(_) => true,
                    kind => pod_matches(flow.cluster(), policy, kind, pod),
                })
            };
            party.pods().iter().filter(is_meant).copied().collect()
        }
    };
    Some(pods)
}

/// Whether an entry of `from` or `to` names `party` (S6, S17).
#[must_use]
pub fn peer_matches(cluster: &Cluster, policy: &NetworkPolicy, peer: &Peer, party: &Party<'_>) -> bool {
    match &peer.kind {
        PeerKind::Block(block) => block_matches(block, party),
        kind => party.pods().iter().any(|pod| pod_matches(cluster, policy, kind, pod)),
    }
}

/// S17: a block matches whatever has the address. Where the address is not known, only a whole
/// family is sure to hold it.
fn block_matches(block: &IpBlock, party: &Party<'_>) -> bool {
    match party.address() {
        Some(address) => block.contains(address),
        None => block.is_whole_family(),
    }
}

/// Whether a peer that names pods names `pod` (S6).
pub(crate) fn pod_matches(cluster: &Cluster, policy: &NetworkPolicy, kind: &PeerKind, pod: &Pod) -> bool {
    match kind {
        PeerKind::Pods(pods) => pod.key.namespace == policy.key.namespace && pods.matches(&pod.labels),
        PeerKind::Namespaces(namespaces) => namespace_matches(cluster, namespaces, pod),
        PeerKind::PodsInNamespaces { namespaces, pods } => {
            namespace_matches(cluster, namespaces, pod) && pods.matches(&pod.labels)
        }
        PeerKind::Block(_) => false,
    }
}

fn namespace_matches(cluster: &Cluster, selector: &LabelSelector, pod: &Pod) -> bool {
    selector.matches(namespace_of(cluster, pod).labels())
}

/// The namespace of a pod (S9).
pub(crate) fn namespace_of<'a>(cluster: &'a Cluster, pod: &Pod) -> Cow<'a, Namespace> {
    cluster.namespace(&pod.key.namespace)
}

/// Whether an entry of `ports` names `traffic` (S12-S15), where `destinations` are the pods on which
/// a named port is looked up (S14).
#[must_use]
pub fn port_matches(port: &PolicyPort, traffic: Traffic, destinations: &[&Pod]) -> bool {
    let Traffic::Port(protocol, number) = traffic else {
        return false; // S33: other protocols pass only where a rule lists no ports.
    };
    protocol == port.protocol
        && match &port.port {
            PortMatch::All => true,
            PortMatch::Range(range) => range.contains(number),
            PortMatch::Named(name) => {
                destinations.iter().any(|pod| pod.named_ports(protocol, name).any(|named| named == number))
            }
        }
}
