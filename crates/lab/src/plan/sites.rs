//! Which pods share a network namespace.

use super::{Listeners, NodePlan, Site};
use sekisho_core::object::{Cluster, Pod};
use std::{
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
    sync::Arc,
};

/// The namespaces of the pods of a placed cluster, by name.
pub(super) fn sites(cluster: &Cluster, nodes: &[NodePlan], notes: &mut Vec<String>) -> Vec<Site> {
    let contested = contested(cluster, nodes, notes);
    let mut sites: Vec<Site> = Vec::new();
    let mut pods: Vec<&Arc<Pod>> = cluster.pods.values().filter(|pod| pod.is_policed()).collect();
    pods.sort_by(|a, b| (&a.key, &a.uid).cmp(&(&b.key, &b.uid)));
    for pod in pods {
        let Some(node) = nodes.iter().position(|node| Some(&node.name) == pod.node.as_ref()) else {
            continue;
        };
        let addresses: BTreeSet<IpAddr> = pod.addresses.difference(&contested).copied().collect();
        if addresses.is_empty() {
            continue;
        }
        let mut site = Site {
            name: pod.key.to_string().into(),
            pods: vec![pod.uid.clone()],
            node,
            addresses,
            listeners: listeners(pod),
        };
        // S26: whoever shares an address with it, directly or through others, is in the same place.
        let (sharing, apart): (Vec<Site>, Vec<Site>) =
            sites.into_iter().partition(|other| !other.addresses.is_disjoint(&site.addresses));
        sites = apart;
        for other in sharing {
            site = merge(other, site);
        }
        sites.push(site);
    }
    sites.sort_by(|a, b| a.name.cmp(&b.name));
    sites
}

fn listeners(pod: &Pod) -> Listeners {
    pod.ports.iter().map(|port| ((port.protocol, port.number), Arc::from(pod.key.to_string()))).collect()
}

fn merge(first: Site, second: Site) -> Site {
    let mut listeners = second.listeners;
    listeners.extend(first.listeners);
    Site {
        name: format!("{} + {}", first.name, second.name).into(),
        pods: first.pods.into_iter().chain(second.pods).collect(),
        node: first.node,
        addresses: first.addresses.into_iter().chain(second.addresses).collect(),
        listeners,
    }
}

/// Addresses that several nodes would have to bear: no packet could find its way.
fn contested(cluster: &Cluster, nodes: &[NodePlan], notes: &mut Vec<String>) -> BTreeSet<IpAddr> {
    let mut homes: BTreeMap<IpAddr, BTreeSet<String>> = BTreeMap::new();
    for node in nodes {
        for address in &node.addresses {
            homes.entry(*address).or_default().insert(format!("node {} itself", node.name));
        }
    }
    for pod in cluster.pods.values().filter(|pod| pod.is_policed()) {
        for address in &pod.addresses {
            homes.entry(*address).or_default().extend(pod.node.as_ref().map(|node| format!("node {node}")));
        }
    }
    homes.retain(|_, places| places.len() > 1);
    for (address, places) in &homes {
        let places: Vec<&str> = places.iter().map(String::as_str).collect();
        notes.push(format!("{address} is not probed: it is at {}", places.join(" and at ")));
    }
    homes.into_keys().collect()
}
