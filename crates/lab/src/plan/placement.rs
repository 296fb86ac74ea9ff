//! Puts every pod on a node and gives addresses to those that have none.

use super::{
    NodePlan, Options,
    addresses::{Addresses, node_candidates, pod_candidates},
    count,
    outside::is_usable,
};
use sekisho_core::{
    object::{Cluster, Node, Pod},
    set::Cidr,
};
use std::{
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
    sync::Arc,
};

/// The cluster with nodes, and with every running pod on one and with addresses.
/// Where `before` is given, what was placed there stays there.
pub(super) fn place(
    cluster: &Cluster,
    before: Option<&Cluster>,
    options: &Options,
    notes: &mut Vec<String>,
) -> Cluster {
    let mut placed = cluster.clone();
    if let Some(before) = before {
        keep_places(&mut placed, before);
    }
    let absent = drop_finished(&mut placed);
    if absent > 0 {
        notes.push(format!("{} finished and not there (S24)", count(absent, "pod")));
    }
    drop_unusable(&mut placed, notes);
    let mut addresses = Addresses::new(taken(&placed));
    add_nodes(&mut placed, options);
    address_nodes(&mut placed, &mut addresses, notes);
    assign_nodes(&mut placed);
    address_pods(&mut placed, &mut addresses);
    placed
}

/// The nodes of a placed cluster.
pub(super) fn nodes(cluster: &Cluster) -> Vec<NodePlan> {
    let node = |node: &Node| {
        let on_host =
            cluster.pods.values().filter(|pod| pod.host_network && pod.node.as_ref() == Some(&node.name));
        let mut listeners = super::Listeners::new();
        for pod in on_host {
            for port in &*pod.ports {
                // The first to bind has the port, as on a real node.
                listeners.entry((port.protocol, port.number)).or_insert_with(|| pod.key.to_string().into());
            }
        }
        NodePlan { name: Arc::clone(&node.name), addresses: node.addresses.clone(), listeners }
    };
    cluster.nodes.values().map(node).collect()
}

/// Gives what no manifest places the place that it had.
fn keep_places(cluster: &mut Cluster, before: &Cluster) {
    for pod in cluster.pods.values_mut().map(Arc::make_mut) {
        let Some(old) = before.pods.get(&pod.uid).filter(|old| old.host_network == pod.host_network) else {
            continue;
        };
        if pod.node.is_none() {
            pod.node.clone_from(&old.node);
        }
        if pod.addresses.is_empty() && pod.node == old.node {
            pod.addresses.clone_from(&old.addresses);
        }
    }
    let places: BTreeSet<Arc<str>> = cluster.pods.values().filter_map(|pod| pod.node.clone()).collect();
    for (name, old) in &before.nodes {
        if places.contains(name) || cluster.nodes.contains_key(name) {
            let node = cluster
                .nodes
                .entry(Arc::clone(name))
                .or_insert_with(|| Node { name: Arc::clone(name), ..Node::default() });
            if node.addresses.is_empty() {
                node.addresses.clone_from(&old.addresses);
            }
        }
    }
    for (key, service) in &mut cluster.services {
        if let Some(old) = before.services.get(key).filter(|_| service.cluster_addresses.is_empty()) {
            service.cluster_addresses.clone_from(&old.cluster_addresses);
        }
    }
}

fn drop_finished(cluster: &mut Cluster) -> usize {
    let before = cluster.pods.len();
    cluster.pods.retain(|_, pod| !pod.finished);
    before - cluster.pods.len()
}

/// Takes away addresses that no host can bear; a pod that had only such is given others.
fn drop_unusable(cluster: &mut Cluster, notes: &mut Vec<String>) {
    for pod in cluster.pods.values_mut().map(Arc::make_mut) {
        let (usable, not): (BTreeSet<IpAddr>, BTreeSet<IpAddr>) =
            pod.addresses.iter().partition(|address| is_usable(**address));
        for address in not {
            notes.push(format!("`{}` cannot bear {address}", pod.key));
        }
        pod.addresses = usable;
    }
}

fn taken(cluster: &Cluster) -> BTreeSet<IpAddr> {
    let pods = cluster.pods.values().flat_map(|pod| pod.addresses.iter().chain(&pod.host_addresses));
    let nodes = cluster.nodes.values().flat_map(|node| &node.addresses);
    let services = cluster.services.values();
    let services =
        services.flat_map(|service| service.cluster_addresses.iter().chain(&service.external_addresses));
    pods.chain(nodes).chain(services).copied().collect()
}

/// The nodes that pods name, and as many more as the user wants.
fn add_nodes(cluster: &mut Cluster, options: &Options) {
    let named: BTreeSet<Arc<str>> = cluster.pods.values().filter_map(|pod| pod.node.clone()).collect();
    for name in named {
        cluster.nodes.entry(Arc::clone(&name)).or_insert_with(|| Node { name, ..Node::default() });
    }
    let mut number = 0;
    while cluster.nodes.len() < options.nodes.clamp(1, 250) {
        number += 1;
        let name: Arc<str> = format!("node-{number}").into();
        cluster.nodes.entry(Arc::clone(&name)).or_insert_with(|| Node { name, ..Node::default() });
    }
}

/// A node bears what its manifest and its pods' status say, or else addresses of our choice.
fn address_nodes(cluster: &mut Cluster, addresses: &mut Addresses, notes: &mut Vec<String>) {
    let mut told: BTreeMap<Arc<str>, BTreeSet<IpAddr>> = BTreeMap::new();
    for pod in cluster.pods.values() {
        if let Some(node) = &pod.node {
            told.entry(Arc::clone(node)).or_default().extend(&pod.host_addresses);
        }
    }
    let mut owned: BTreeMap<IpAddr, Arc<str>> = BTreeMap::new();
    for node in cluster.nodes.values_mut() {
        node.addresses.extend(told.remove(&node.name).unwrap_or_default());
        node.addresses.retain(|address| is_usable(*address));
        node.addresses.retain(|address| match owned.get(address) {
            Some(owner) => {
                notes.push(format!(
                    "nodes `{owner}` and `{}` both claim {address}: the first has it",
                    node.name
                ));
                false
            }
            None => owned.insert(*address, Arc::clone(&node.name)).is_none(),
        });
        if node.addresses.is_empty() {
            let pair = [true, false].into_iter().filter_map(|v4| addresses.take(node_candidates(v4)));
            node.addresses = pair.collect();
            owned.extend(node.addresses.iter().map(|address| (*address, Arc::clone(&node.name))));
        }
    }
    // INVARIANT: what a pod believes of its node is what its node bears (S20).
    for pod in cluster.pods.values_mut().map(Arc::make_mut) {
        pod.host_addresses.clear();
    }
}

/// Pods without a node go where their address belongs, or else to the node with the fewest pods.
fn assign_nodes(cluster: &mut Cluster) {
    let mut load: BTreeMap<Arc<str>, usize> =
        cluster.nodes.keys().map(|name| (Arc::clone(name), 0)).collect();
    let mut homes: BTreeMap<IpAddr, Arc<str>> = BTreeMap::new();
    for pod in cluster.pods.values() {
        if let Some(node) = &pod.node {
            *load.entry(Arc::clone(node)).or_default() += 1;
            homes.extend(pod.addresses.iter().map(|address| (*address, Arc::clone(node))));
        }
    }
    let ranges: Vec<(Cidr, Arc<str>)> = cluster
        .nodes
        .values()
        .flat_map(|node| node.pod_cidrs.iter().map(|range| (*range, Arc::clone(&node.name))))
        .collect();
    let mut waiting: Vec<&mut Pod> =
        cluster.pods.values_mut().map(Arc::make_mut).filter(|pod| pod.node.is_none()).collect();
    waiting.sort_by(|a, b| (&a.key, &a.uid).cmp(&(&b.key, &b.uid)));
    for pod in waiting {
        let home = pod.addresses.iter().find_map(|address| {
            let range = ranges.iter().find(|(range, _)| range.contains(*address)).map(|(_, node)| node);
            homes.get(address).or(range).cloned()
        });
        let least = || load.iter().min_by_key(|(_, pods)| **pods).map(|(name, _)| Arc::clone(name));
        let Some(node) = home.or_else(least) else { continue };
        *load.entry(Arc::clone(&node)).or_default() += 1;
        homes.extend(pod.addresses.iter().map(|address| (*address, Arc::clone(&node))));
        pod.node = Some(node);
    }
}

fn address_pods(cluster: &mut Cluster, addresses: &mut Addresses) {
    let numbers: BTreeMap<Arc<str>, u8> = cluster.nodes.keys().cloned().zip(1..=u8::MAX).collect();
    let mut waiting: Vec<&mut Pod> = cluster
        .pods
        .values_mut()
        .map(Arc::make_mut)
        .filter(|pod| pod.addresses.is_empty() && !pod.host_network)
        .collect();
    waiting.sort_by(|a, b| (&a.key, &a.uid).cmp(&(&b.key, &b.uid)));
    for pod in waiting {
        let Some(name) = &pod.node else { continue };
        let number = numbers.get(name).copied().unwrap_or(u8::MAX);
        let ranges = cluster.nodes.get(name).map(|node| node.pod_cidrs.clone()).unwrap_or_default();
        let pair = [true, false].into_iter();
        pod.addresses = pair.filter_map(|v4| addresses.take(pod_candidates(number, &ranges, v4))).collect();
    }
}
