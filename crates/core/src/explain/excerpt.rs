//! The part of a cluster that an explanation depends on.
//!
//! The evaluator walks every object, which is what makes it obvious. In a large cluster it need not be
//! given every object: what it says of a packet depends on the pods at both ends, their namespaces and
//! nodes, and the policies and Services there.

use super::{Explanation, explain};
use crate::{
    index::Index,
    object::{Cluster, Namespace, NetworkPolicy, Node, Pod, Service, within},
    packet::{End, Packet},
};
use std::{
    collections::{BTreeSet, HashMap},
    net::IpAddr,
    sync::Arc,
};

/// Where things are in a cluster, so that the part around a packet is found without walking the whole.
///
/// INVARIANT: made of the same state as the index that it is used with.
#[derive(Debug)]
pub struct Excerpts<'a> {
    cluster: &'a Cluster,
    index: &'a Index,
    /// Pods that policies do not see, by address (S22, S24).
    unseen: HashMap<IpAddr, Vec<&'a Arc<Pod>>>,
    nodes: HashMap<IpAddr, Vec<&'a Node>>,
    services: HashMap<IpAddr, Vec<&'a Service>>,
    /// Policies that select nobody: each may have been meant for a pod of another namespace.
    strays: Vec<&'a NetworkPolicy>,
}

impl<'a> Excerpts<'a> {
    /// Of `cluster`, whose index is `index`.
    #[must_use]
    pub fn of(cluster: &'a Cluster, index: &'a Index) -> Self {
        let unseen = cluster.pods.values().filter(|pod| !pod.is_policed());
        let services = cluster.services.values();
        let addresses =
            |service: &'a Service| service.cluster_addresses.iter().chain(&service.external_addresses);
        Self {
            cluster,
            index,
            unseen: by_address(unseen, |pod| pod.addresses.iter()),
            nodes: by_address(cluster.nodes.values(), |node| node.addresses.iter()),
            services: by_address(services, addresses),
            strays: cluster.policies.values().filter(|policy| selected(index, policy).is_none()).collect(),
        }
    }

    /// What becomes of `packet`, and why: the same as [`explain`] says of the whole cluster.
    #[must_use]
    pub fn explain(&self, packet: &Packet) -> Explanation {
        explain(&self.around(packet), packet)
    }

    /// The part of the cluster that an explanation of `packet` depends on.
    #[must_use]
    pub fn around(&self, packet: &Packet) -> Cluster {
        let mut part = Cluster::default();
        for end in [&packet.from, &packet.to] {
            for pod in self.pods_at(end) {
                part.pods.insert(pod.uid.clone(), Arc::clone(pod));
            }
            for address in end.address().iter() {
                let nodes = self.nodes.get(address).into_iter().flatten();
                part.nodes.extend(nodes.map(|node| (Arc::clone(&node.name), (*node).clone())));
                let services = self.services.get(address).into_iter().flatten();
                part.services.extend(services.map(|service| (service.key.clone(), (*service).clone())));
            }
        }
        self.add_nodes(&mut part);
        let names: BTreeSet<Arc<str>> =
            part.pods.values().map(|pod| Arc::clone(&pod.key.namespace)).collect();
        for name in names {
            self.add_namespace(&name, &mut part);
        }
        // There are few, and any may select any pod.
        part.cluster_policies.clone_from(&self.cluster.cluster_policies);
        for stray in &self.strays {
            part.policies.insert(stray.key.clone(), (*stray).clone());
        }
        part
    }

    fn pods_at(&self, end: &End) -> Vec<&'a Arc<Pod>> {
        match end {
            End::Address(address) => {
                let seen = self.index.pods_at(*address).filter_map(|id| self.index.pod(id));
                seen.chain(self.unseen.get(address).into_iter().flatten().copied()).collect()
            }
            End::Pod(uid) => self.cluster.pods.get(uid).into_iter().collect(),
        }
    }

    /// The nodes that the pods run on (S20).
    fn add_nodes(&self, part: &mut Cluster) {
        let names: Vec<Arc<str>> = part.pods.values().filter_map(|pod| pod.node.clone()).collect();
        for name in names {
            if let Some(node) = self.cluster.nodes.get(&name) {
                part.nodes.insert(name, node.clone());
            }
        }
    }

    /// A namespace with its policies and Services; and for each policy a pod that it selects, so that
    /// nobody takes it for one that selects none.
    fn add_namespace(&self, name: &Arc<str>, part: &mut Cluster) {
        let namespace: Option<&Namespace> = self.cluster.namespaces.get(name);
        part.namespaces.extend(namespace.map(|namespace| (Arc::clone(name), namespace.clone())));
        for (key, service) in within(&self.cluster.services, name) {
            part.services.insert(key.clone(), service.clone());
        }
        for (key, policy) in within(&self.cluster.policies, name) {
            part.policies.insert(key.clone(), policy.clone());
            if let Some(pod) = selected(self.index, policy) {
                part.pods.insert(pod.uid.clone(), Arc::clone(pod));
            }
        }
    }
}

fn by_address<'a, T, I: Iterator<Item = &'a IpAddr>>(
    things: impl Iterator<Item = &'a T>,
    addresses: impl Fn(&'a T) -> I,
) -> HashMap<IpAddr, Vec<&'a T>> {
    let mut map: HashMap<IpAddr, Vec<&'a T>> = HashMap::new();
    for thing in things {
        for address in addresses(thing) {
            map.entry(*address).or_default().push(thing);
        }
    }
    map
}

/// Some pod that a policy selects.
fn selected<'a>(index: &'a Index, policy: &NetworkPolicy) -> Option<&'a Arc<Pod>> {
    let rules = index.policy(&policy.key.clone().into())?;
    let pod = index.selected_pods(&rules.subjects)?.min()?;
    index.pod(pod)
}
