//! What keeps an entry of `from` or `to` from naming a party.

use super::obstacle::{Obstacle, failing};
use crate::{
    eval::{Flow, Party, namespace_of, peer_matches, pod_matches},
    object::{Direction, IpBlock, LabelSelector, NetworkPolicy, Peer, PeerKind, Pod},
};
use std::sync::Arc;

/// The conditions of `peer` that fail; none when the evaluator says that it matches.
pub(super) fn obstacles(
    flow: &Flow<'_>,
    direction: Direction,
    policy: &NetworkPolicy,
    peer: &Peer,
) -> Vec<Obstacle> {
    let party = flow.peer(direction);
    if peer_matches(flow.cluster(), policy, peer, party) {
        return Vec::new();
    }
    let nearest = match &peer.kind {
        PeerKind::Block(block) => Some(vec![outside(block, party)]),
        kind => party
            .pods()
            .iter()
            .filter(|pod| !pod_matches(flow.cluster(), policy, kind, pod))
            .map(|pod| of_pod(flow, policy, kind, pod))
            .min_by_key(|obstacles| obstacles.iter().map(Obstacle::distance).sum::<u32>()),
    };
    nearest.unwrap_or_else(|| vec![Obstacle::NotAPod { address: party.address() }])
}

fn outside(block: &IpBlock, party: &Party<'_>) -> Obstacle {
    let cidr = block.cidr();
    match (party.address(), party.pods().first()) {
        (Some(address), _) => match block.except().find(|except| except.contains(address)) {
            Some(except) => Obstacle::Excepted { address, cidr, except },
            None => Obstacle::OutsideBlock { address, cidr },
        },
        (None, Some(pod)) => Obstacle::AddressUnknown { pod: pod.workload.key.clone(), cidr },
        (None, None) => Obstacle::NotAPod { address: None },
    }
}

fn of_pod(flow: &Flow<'_>, policy: &NetworkPolicy, kind: &PeerKind, pod: &Pod) -> Vec<Obstacle> {
    let labels = |selector| pod_labels(selector, pod);
    match kind {
        PeerKind::Pods(pods) => {
            let mut obstacles: Vec<_> = labels(pods).collect();
            if pod.key.namespace != policy.key.namespace {
                let labels_match = obstacles.is_empty() && !pods.is_everything();
                obstacles.insert(
                    0,
                    Obstacle::OtherNamespace {
                        pod: pod.workload.key.clone(),
                        policy_namespace: Arc::clone(&policy.key.namespace),
                        labels_match,
                    },
                );
            }
            obstacles
        }
        PeerKind::Namespaces(namespaces) => of_namespace(flow, namespaces, pod, false),
        PeerKind::PodsInNamespaces { namespaces, pods } => {
            let of_pod: Vec<_> = labels(pods).collect();
            let mut obstacles = of_namespace(flow, namespaces, pod, of_pod.is_empty());
            obstacles.extend(of_pod);
            obstacles
        }
        PeerKind::Block(_) => Vec::new(),
    }
}

fn pod_labels<'a>(selector: &'a LabelSelector, pod: &'a Pod) -> impl Iterator<Item = Obstacle> + 'a {
    failing(selector, &pod.labels).map(|(wanted, has)| Obstacle::PodLabel {
        pod: pod.workload.key.clone(),
        wanted: wanted.clone(),
        has,
    })
}

fn of_namespace(flow: &Flow<'_>, selector: &LabelSelector, pod: &Pod, pod_matches: bool) -> Vec<Obstacle> {
    let namespace = namespace_of(flow.cluster(), pod);
    let unmet = failing(selector, namespace.labels());
    unmet
        .map(|(wanted, has)| Obstacle::NamespaceLabel {
            namespace: Arc::clone(namespace.name()),
            wanted: wanted.clone(),
            has,
            pod_matches,
        })
        .collect()
}
