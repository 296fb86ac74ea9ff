//! The policies of a cluster as a judge.

use super::{Judge, bounds};
use crate::record::Nearest;
use sekisho_core::{
    eval,
    explain::explain,
    index::{Index, PodId, PolicyKey},
    object::{Cluster, Direction},
    packet::{End, Packet},
    verdict::Verdict,
};
use std::{collections::HashMap, net::IpAddr, sync::Arc};

/// The policies of a cluster: the core is asked.
#[derive(Debug)]
pub struct Policies<'a> {
    cluster: &'a Cluster,
    index: &'a Index,
    nodes: HashMap<IpAddr, Vec<&'a Arc<str>>>,
    /// Every address of a pod or a node, and its class: pods that no policy tells apart have one.
    inside: HashMap<IpAddr, Option<usize>>,
    /// Where blocks begin and where they are over, ascending: between two of these no policy tells addresses apart.
    addresses: Vec<IpAddr>,
    /// The same of ports, those of pods included.
    ports: Vec<u16>,
}

impl<'a> Policies<'a> {
    /// Of `cluster`, whose index is `index`.
    #[must_use]
    pub fn of(cluster: &'a Cluster, index: &'a Index) -> Self {
        let addresses = bounds::of_addresses(cluster);
        let mut nodes: HashMap<IpAddr, Vec<&Arc<str>>> = HashMap::new();
        for node in cluster.nodes.values() {
            node.addresses.iter().for_each(|address| nodes.entry(*address).or_default().push(&node.name));
        }
        Self {
            cluster,
            index,
            nodes,
            inside: inside(cluster, &addresses),
            addresses,
            ports: bounds::of_ports(cluster),
        }
    }

    /// The part of the cluster that a verdict depends on, and the rule that almost allowed what it denies: of the
    /// policies those that select one of the pods.
    fn around(&self, packet: &Packet) -> Cluster {
        let mut part = Cluster::default();
        for end in [&packet.from, &packet.to] {
            match end {
                End::Address(address) => {
                    self.index.pods_at(*address).for_each(|pod| self.add(&mut part, pod));
                    let nodes = self.nodes.get(address).into_iter().flatten();
                    nodes.for_each(|name| self.add_node(&mut part, name));
                }
                End::Pod(uid) => self.index.pod_id(uid).into_iter().for_each(|pod| self.add(&mut part, pod)),
            }
        }
        part
    }

    /// A pod, with its node (S20), its namespace, and the policies that select it.
    fn add(&self, part: &mut Cluster, id: PodId) {
        let Some(pod) = self.index.pod(id) else { return };
        part.pods.insert(pod.uid.clone(), Arc::clone(pod));
        pod.node.iter().for_each(|name| self.add_node(part, name));
        if let Some((name, namespace)) = self.cluster.namespaces.get_key_value(&pod.key.namespace) {
            part.namespaces.insert(Arc::clone(name), namespace.clone());
        }
        for key in self.index.policies_selecting(id) {
            match key {
                PolicyKey::Namespaced(key) => {
                    let policy = self.cluster.policies.get(&key).cloned();
                    part.policies.extend(policy.map(|policy| (key, policy)));
                }
                PolicyKey::Admin(rank) | PolicyKey::Baseline(rank) => {
                    let policy = self.cluster.cluster_policies.get(&rank.policy).cloned();
                    part.cluster_policies.extend(policy.map(|policy| (rank.policy, policy)));
                }
            }
        }
    }

    fn add_node(&self, part: &mut Cluster, name: &Arc<str>) {
        if let Some(node) = self.cluster.nodes.get(name) {
            part.nodes.insert(Arc::clone(name), node.clone());
        }
    }
}

/// The classes of addresses of pods and nodes. Policies tell pods apart by their namespace and labels, by the names of
/// their ports, and by the blocks that hold their addresses; who explains also by their workload.
fn inside(cluster: &Cluster, bounds: &[IpAddr]) -> HashMap<IpAddr, Option<usize>> {
    let mut classes = HashMap::new();
    let mut inside: HashMap<IpAddr, Option<usize>> = HashMap::new();
    for pod in cluster.pods.values().filter(|pod| pod.is_policed()) {
        for address in &pod.addresses {
            let block = bounds.partition_point(|bound| bound <= address);
            let next = bounds.len() + 1 + classes.len();
            let kind = (&pod.key.namespace, &pod.labels, &pod.ports, &pod.workload, block);
            let class = *classes.entry(kind).or_insert(next);
            // S26: whoever shares an address is judged by each of its pods.
            inside.entry(*address).and_modify(|class| *class = None).or_insert(Some(class));
        }
    }
    let others = cluster.pods.values().flat_map(|pod| pod.host_addresses.iter());
    let unseen = cluster.pods.values().filter(|pod| !pod.is_policed()).flat_map(|pod| &pod.addresses);
    let nodes = cluster.nodes.values().flat_map(|node| &node.addresses);
    for address in others.chain(unseen).chain(nodes) {
        inside.insert(*address, None);
    }
    inside
}

/// Of a packet that `cluster` denies at the side of `direction` the rule there that almost allowed it.
pub(super) fn nearest(cluster: &Cluster, packet: &Packet, direction: Direction) -> Option<Nearest> {
    let explanation = explain(cluster, packet);
    let side = explanation.side(direction);
    let miss = side.deciding().filter(|_| !side.verdict.decision.is_allow())?.nearest()?;
    Some(Nearest { policy: miss.policy.clone(), path: miss.path.clone(), lacks: miss.to_string().into() })
}

impl Judge for Policies<'_> {
    fn judge(&self, packet: &Packet) -> Option<Verdict> {
        Some(eval::decide(&self.around(packet), packet))
    }

    fn nearest(&self, packet: &Packet, direction: Direction) -> Option<Nearest> {
        nearest(&self.around(packet), packet, direction)
    }

    fn address_class(&self, address: IpAddr) -> Option<usize> {
        let outside = || Some(self.addresses.partition_point(|bound| *bound <= address));
        self.inside.get(&address).copied().unwrap_or_else(outside)
    }

    fn port_class(&self, port: u16) -> usize {
        self.ports.partition_point(|bound| *bound <= port)
    }
}
