//! Cluster-wide policies: which of their rules a packet meets first.

use super::{Flow, Party, matching};
use crate::{
    object::{
        Cluster, ClusterPeer, ClusterPeerKind, ClusterPods, ClusterPolicy, ClusterRule, Direction, Effective,
        Pod, RuleAction, Tier,
    },
    verdict::{Because, TierRule},
};

/// A rule of a tier that a packet meets, and what the rule does with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TierMatch {
    /// The rule.
    pub rule: TierRule,
    /// What it does; `Deny` for one that is not understood (S41).
    pub action: RuleAction,
}

/// What a tier decides about a packet; `None` where it leaves that to the next, because a rule passes
/// or none matches (S39).
pub(super) fn decide(flow: &Flow<'_>, tier: Tier, direction: Direction, pod: &Pod) -> Option<Because> {
    // S38: the first matching rule of the first policy that has one.
    let mut policies =
        in_order(flow.cluster(), tier).into_iter().filter(|p| cluster_selects(flow.cluster(), p, pod));
    let first = policies.find_map(|policy| tier_matches(flow, policy, direction))?;
    match first.action {
        RuleAction::Accept => Some(Because::TierAccept(first.rule)),
        RuleAction::Deny => Some(Because::TierDeny(first.rule)),
        RuleAction::Pass => None,
    }
}

/// The policies of a tier in the order in which they are read (S38).
pub(crate) fn in_order(cluster: &Cluster, tier: Tier) -> Vec<&ClusterPolicy> {
    let mut policies: Vec<_> =
        cluster.cluster_policies.values().filter(|policy| policy.tier == tier).collect();
    policies.sort_by_key(|policy| policy.rank());
    policies
}

/// Whether `pod` is a subject of a cluster-wide policy (S22, S24).
#[must_use]
pub fn cluster_selects(cluster: &Cluster, policy: &ClusterPolicy, pod: &Pod) -> bool {
    pod.is_policed() && are_pods(cluster, &policy.subjects, pod)
}

/// The first rule of `policy` that the packet of `flow` meets, in the order written (S39).
#[must_use]
pub fn tier_matches(flow: &Flow<'_>, policy: &ClusterPolicy, direction: Direction) -> Option<TierMatch> {
    let mut rules = policy.rules(direction).iter().enumerate();
    rules.find_map(|(at, rule)| {
        let (peer, action) = match rule.effective() {
            Effective::Nothing => return None,
            Effective::DenyAll => (None, RuleAction::Deny),
            Effective::AsWritten => (Some(matching_peer(flow, policy, direction, rule)?), rule.action),
        };
        let (tier, policy) = (policy.tier, policy.name.clone());
        Some(TierMatch { rule: TierRule { tier, policy, direction, rule: at, peer }, action })
    })
}

/// The first peer of `rule` that matches together with some port.
fn matching_peer(
    flow: &Flow<'_>,
    policy: &ClusterPolicy,
    direction: Direction,
    rule: &ClusterRule,
) -> Option<usize> {
    rule.peers.iter().position(|peer| {
        cluster_peer_matches(flow.cluster(), peer, flow.peer(direction))
            && (rule.ports.is_empty() || {
                let destinations = destinations(flow, policy, direction, peer);
                rule.ports.iter().any(|port| matching::port_matches(port, flow.traffic(), &destinations))
            })
    })
}

/// The pods on which a named port is looked up (S14): in ingress the policy's subjects, in egress the
/// pods that match the peer.
fn destinations<'a>(
    flow: &Flow<'a>,
    policy: &ClusterPolicy,
    direction: Direction,
    peer: &ClusterPeer,
) -> Vec<&'a Pod> {
    let is_meant = |pod: &&&Pod| match (direction, &peer.kind) {
        (Direction::Ingress, _) => cluster_selects(flow.cluster(), policy, pod),
        (Direction::Egress, ClusterPeerKind::Pods(pods)) => are_pods(flow.cluster(), pods, pod),
        (Direction::Egress, _) => true,
    };
    let party = match direction {
        Direction::Ingress => flow.subject(direction),
        Direction::Egress => flow.peer(direction),
    };
    party.pods().iter().filter(is_meant).copied().collect()
}

/// Whether an entry of `from` or `to` of a cluster-wide policy names `party` (S42).
#[must_use]
pub fn cluster_peer_matches(cluster: &Cluster, peer: &ClusterPeer, party: &Party<'_>) -> bool {
    match &peer.kind {
        ClusterPeerKind::Pods(pods) => party.pods().iter().any(|pod| are_pods(cluster, pods, pod)),
        // As S17: where the address is not known, only a whole family is sure to hold it.
        ClusterPeerKind::Networks(networks) => networks.iter().any(|network| match party.address() {
            Some(address) => network.contains(address),
            None => network.is_whole_family(),
        }),
        ClusterPeerKind::Nodes(selector) => party.address().is_some_and(|address| {
            let mut nodes = cluster.nodes.values().filter(|node| selector.matches(&node.labels));
            nodes.any(|node| node.addresses.contains(&address))
        }),
        // S42: no address is known to belong to a name. S41 is about the rule as a whole.
        ClusterPeerKind::DomainNames(_) | ClusterPeerKind::Unknown => false,
    }
}

fn are_pods(cluster: &Cluster, pods: &ClusterPods, pod: &Pod) -> bool {
    pods.namespaces.matches(matching::namespace_of(cluster, pod).labels()) && pods.pods.matches(&pod.labels)
}
