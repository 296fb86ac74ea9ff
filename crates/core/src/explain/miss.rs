//! How near a policy that did not allow a packet came to allowing it.

use super::{
    Who,
    obstacle::{Obstacle, failing},
    peer, port,
};
use crate::{
    eval::{Flow, destinations, rule_matches},
    object::{Direction, IpBlock, NetworkPolicy, ObjectKey, Origin, Peer, PeerKind, Pod, Rule},
    verdict::RulePath,
};

/// A policy, or one entry of it, that nearly allowed the packet, and what kept it from doing so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Miss {
    /// The policy.
    pub policy: ObjectKey,
    /// The direction.
    pub direction: Direction,
    /// Who stands opposite the subject.
    pub peer: Who,
    /// The entries; `None` where the policy lists no rule or does not select the pod.
    pub path: Option<RulePath>,
    /// Where the most telling part was written.
    pub origin: Origin,
    /// The form of the entry of `from` or `to`.
    pub form: PeerForm,
    /// The ports of the rule as written; empty where it lists none.
    pub ports: Vec<String>,
    /// Every condition that failed; at least one.
    pub obstacles: Vec<Obstacle>,
    /// How far from allowing: the smaller, the nearer. It has no unit.
    pub distance: u32,
}

/// Which of the forms of S6 an entry of `from` or `to` has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PeerForm {
    /// The rule lists no peers (S5).
    Everyone,
    /// `podSelector` alone.
    Pods,
    /// `namespaceSelector` alone.
    Namespaces,
    /// Both in one entry.
    PodsInNamespaces,
    /// `ipBlock`.
    Block(IpBlock),
}

impl PeerForm {
    fn of(peer: Option<&Peer>) -> Self {
        match peer.map(|peer| &peer.kind) {
            None => Self::Everyone,
            Some(PeerKind::Pods(_)) => Self::Pods,
            Some(PeerKind::Namespaces(_)) => Self::Namespaces,
            Some(PeerKind::PodsInNamespaces { .. }) => Self::PodsInNamespaces,
            Some(PeerKind::Block(block)) => Self::Block(block.clone()),
        }
    }
}

/// The nearest miss of a policy that selects `pod` and of whose rules none matches.
pub(super) fn nearest(flow: &Flow<'_>, direction: Direction, policy: &NetworkPolicy, pod: &Pod) -> Miss {
    let rules = policy.rules(direction).iter().enumerate();
    let misses = rules.flat_map(|(at, rule)| of_rule(flow, direction, policy, pod, at, rule));
    misses.min_by_key(|miss| miss.distance).unwrap_or_else(|| Miss {
        policy: policy.key.clone(),
        direction,
        peer: Who::of(flow.peer(direction)),
        path: None,
        origin: policy.origin.clone(),
        form: PeerForm::Everyone,
        ports: Vec::new(),
        obstacles: vec![Obstacle::NoRules],
        distance: Obstacle::NoRules.distance(),
    })
}

/// The misses of a rule: one for each entry of `from` or `to`.
fn of_rule(
    flow: &Flow<'_>,
    direction: Direction,
    policy: &NetworkPolicy,
    pod: &Pod,
    at: usize,
    rule: &Rule,
) -> Vec<Miss> {
    let peers: Vec<_> = if rule.peers.is_empty() {
        vec![(None, None)] // S5
    } else {
        rule.peers.iter().enumerate().map(|(at, peer)| (Some(at), Some(peer))).collect()
    };
    let miss = |(peer_at, peer): (Option<usize>, Option<&Peer>)| {
        let mut obstacles =
            peer.map(|peer| peer::obstacles(flow, direction, policy, peer)).unwrap_or_default();
        let peer_fails = !obstacles.is_empty();
        // Where the peer fails there is nobody to look a name up on but the party itself (S14).
        let looked_up = destinations(flow, policy, direction, peer).unwrap_or_else(|| match direction {
            Direction::Ingress => vec![pod],
            Direction::Egress => flow.peer(direction).pods().to_vec(),
        });
        let port = port::obstacle(&rule.ports, flow.traffic(), &looked_up);
        let port_at = port.as_ref().map(|(at, _)| *at);
        obstacles.extend(port.map(|(_, obstacle)| obstacle));
        let entry = peer.filter(|_| peer_fails).map(|peer| &peer.origin);
        let port_origin = port_at.and_then(|at| rule.ports.get(at)).map(|port| &port.origin);
        let path = RulePath { policy: policy.key.clone(), direction, rule: at, peer: peer_at, port: port_at };
        Miss {
            policy: policy.key.clone(),
            direction,
            peer: Who::of(flow.peer(direction)),
            path: Some(path),
            origin: entry.or(port_origin).unwrap_or(&rule.origin).clone(),
            form: PeerForm::of(peer),
            ports: rule.ports.iter().map(port::written).collect(),
            distance: obstacles.iter().map(Obstacle::distance).sum(),
            obstacles,
        }
    };
    peers.into_iter().map(miss).collect()
}

/// The miss of a policy that does not select `pod` and would allow the packet if it did.
pub(super) fn not_selecting(
    flow: &Flow<'_>,
    direction: Direction,
    policy: &NetworkPolicy,
    pod: &Pod,
) -> Option<Miss> {
    let mut rules = policy.rules(direction).iter().enumerate();
    let (rule, path) = rules
        .find_map(|(at, rule)| rule_matches(flow, policy, direction, at, rule).map(|path| (rule, path)))?;
    let unmet = failing(&policy.subjects, &pod.labels);
    let obstacles: Vec<_> = unmet
        .map(|(wanted, has)| Obstacle::NotSelected {
            pod: pod.workload.key.clone(),
            wanted: wanted.clone(),
            has,
        })
        .collect();
    let peer = path.peer.and_then(|at| rule.peers.get(at));
    (!obstacles.is_empty()).then(|| Miss {
        policy: policy.key.clone(),
        direction,
        peer: Who::of(flow.peer(direction)),
        path: Some(path),
        origin: policy.origin.clone(),
        form: PeerForm::of(peer),
        ports: rule.ports.iter().map(port::written).collect(),
        distance: obstacles.iter().map(Obstacle::distance).sum(),
        obstacles,
    })
}
