//! Which pods of a workload need a question of their own.

use crate::object::{Cluster, ClusterPeerKind, IpBlock, LabelSelector, Labels, PeerKind, Pod};
use std::{
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
    sync::Arc,
};

/// Splits `pods` into groups that no policy of `cluster` can tell apart: the labels that selectors
/// ask for, the named ports and the address blocks they are in are the same, and so is how they
/// stand to `other`, the address at the other end where that is one (S20). Groups are in the order
/// of their first pods.
#[must_use]
pub fn representatives<'a>(
    cluster: &Cluster,
    pods: impl IntoIterator<Item = &'a Pod>,
    other: Option<IpAddr>,
) -> Vec<Vec<&'a Pod>> {
    let seen = Seen::by(cluster);
    let mut groups: BTreeMap<_, usize> = BTreeMap::new();
    let mut ordered: Vec<Vec<&Pod>> = Vec::new();
    for pod in pods {
        let node = pod.node.as_ref().and_then(|name| cluster.nodes.get(name));
        let on_own_node = other.is_some_and(|address| {
            pod.host_addresses.contains(&address)
                || node.is_some_and(|node| node.addresses.contains(&address))
        });
        let key =
            (seen.labels(&pod.labels), seen.addresses(pod), pod.port_names(), pod.is_policed(), on_own_node);
        let at = *groups.entry(key).or_insert_with(|| {
            ordered.push(Vec::new());
            ordered.len() - 1
        });
        if let Some(group) = ordered.get_mut(at) {
            group.push(pod);
        }
    }
    ordered
}

/// What the policies of a cluster look at.
struct Seen<'a> {
    keys: BTreeSet<&'a Arc<str>>,
    blocks: BTreeSet<IpBlock>,
    /// Addresses that more than one pod bears: nobody stands for them (S26).
    shared: BTreeSet<IpAddr>,
}

impl<'a> Seen<'a> {
    fn by(cluster: &'a Cluster) -> Self {
        let (mut keys, mut blocks) = (BTreeSet::new(), BTreeSet::new());
        let mut selector =
            |selector: &'a LabelSelector| keys.extend(selector.requirements().map(|r| r.key()));
        for policy in cluster.policies.values() {
            selector(&policy.subjects);
            for peer in policy.ingress.iter().chain(&policy.egress).flat_map(|rule| &rule.peers) {
                match &peer.kind {
                    PeerKind::Pods(pods) | PeerKind::PodsInNamespaces { pods, .. } => selector(pods),
                    PeerKind::Namespaces(_) => {}
                    PeerKind::Block(block) => drop(blocks.insert(block.clone())),
                }
            }
        }
        for policy in cluster.cluster_policies.values() {
            selector(&policy.subjects.pods);
            for peer in policy.ingress.iter().chain(&policy.egress).flat_map(|rule| &rule.peers) {
                match &peer.kind {
                    ClusterPeerKind::Pods(pods) => selector(&pods.pods),
                    ClusterPeerKind::Networks(networks) => {
                        blocks.extend(networks.iter().filter_map(|network| IpBlock::new(*network, []).ok()));
                    }
                    // Addresses of nodes are looked at one by one, as those of no pod are.
                    ClusterPeerKind::Nodes(_)
                    | ClusterPeerKind::DomainNames(_)
                    | ClusterPeerKind::Unknown => {}
                }
            }
        }
        let (mut all, mut shared) = (BTreeSet::new(), BTreeSet::new());
        for pod in cluster.pods.values().filter(|pod| pod.is_policed()) {
            shared.extend(pod.addresses.iter().filter(|address| !all.insert(**address)));
        }
        Self { keys, blocks, shared }
    }

    fn labels<'p>(&self, labels: &'p Labels) -> Vec<(&'p Arc<str>, &'p Arc<str>)> {
        labels.iter().filter(|(key, _)| self.keys.contains(key)).collect()
    }

    /// For each address of the pod: its family, the blocks it is in, and itself where it is shared.
    fn addresses(&self, pod: &Pod) -> Vec<(bool, Vec<&IpBlock>, Option<IpAddr>)> {
        let of = |address: &IpAddr| {
            let blocks = self.blocks.iter().filter(|block| block.contains(*address)).collect();
            // S20: a pod of the host network is its node's address to the pods of that node.
            let itself = !pod.is_policed() || self.shared.contains(address);
            (address.is_ipv4(), blocks, itself.then_some(*address))
        };
        pod.addresses.iter().map(of).collect()
    }
}
