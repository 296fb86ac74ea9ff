//! Services, resolved to the pods behind them as kube-proxy does.

use super::{
    Host, NodePlan, Place, Site,
    addresses::{Addresses, service_candidates},
};
use sekisho_core::{
    object::{Cluster, ObjectKey, Pod, Service, ServicePort, TargetPort},
    set::Protocol,
};
use std::{collections::BTreeSet, net::IpAddr};

/// A Service with pods behind it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServicePlan {
    /// Namespace and name.
    pub key: ObjectKey,
    /// The cluster addresses, given or assigned, and the external ones.
    pub addresses: BTreeSet<IpAddr>,
    /// Which of them are external: they reach the cluster through its first node.
    pub external: BTreeSet<IpAddr>,
    /// The ports.
    pub ports: Vec<ServicePortPlan>,
}

/// A port of a Service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServicePortPlan {
    /// The protocol.
    pub protocol: Protocol,
    /// The port on the Service's addresses.
    pub port: u16,
    /// The port on every node.
    pub node_port: Option<u16>,
    /// The pods behind it, of both families.
    pub backends: Vec<Backend>,
}

/// A pod behind a Service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Backend {
    /// Its namespace and address.
    pub place: Place,
    /// The node it is on.
    pub node: usize,
    /// Its port.
    pub port: u16,
}

/// The Services of a placed cluster that lead to pods of the lab.
pub(super) fn services(
    cluster: &mut Cluster,
    nodes: &[NodePlan],
    sites: &[Site],
    notes: &mut Vec<String>,
) -> Vec<ServicePlan> {
    let mut assigned = Vec::new();
    let pods = cluster.pods.values().flat_map(|pod| pod.addresses.iter());
    let own = cluster.services.values().flat_map(|service| service.cluster_addresses.iter());
    let mut addresses = Addresses::new(pods.chain(own).copied().collect());
    let mut plans = Vec::new();
    for service in cluster.services.values() {
        if service.headless || service.selector.is_none() || &*service.kind == "ExternalName" {
            continue;
        }
        let ports: Vec<_> =
            service.ports.iter().map(|port| port_plan(cluster, nodes, sites, service, port)).collect();
        if ports.iter().all(|port| port.backends.is_empty()) {
            notes.push(format!("Service `{}` is not probed: no pod stands behind it", service.key));
            continue;
        }
        let mut bears = service.cluster_addresses.clone();
        if bears.is_empty() {
            bears.extend([true, false].into_iter().filter_map(|v4| addresses.take(service_candidates(v4))));
            assigned.push((service.key.clone(), bears.clone()));
        }
        bears.extend(&service.external_addresses);
        plans.push(ServicePlan {
            key: service.key.clone(),
            addresses: bears,
            external: service.external_addresses.clone(),
            ports,
        });
    }
    for (key, addresses) in assigned {
        if let Some(service) = cluster.services.get_mut(&key) {
            service.cluster_addresses = addresses;
        }
    }
    plans
}

fn port_plan(
    cluster: &Cluster,
    nodes: &[NodePlan],
    sites: &[Site],
    service: &Service,
    port: &ServicePort,
) -> ServicePortPlan {
    let selected = cluster.pods.values().filter(|pod| {
        pod.key.namespace == service.key.namespace
            && service.selector.as_ref().is_some_and(|selector| selector.matches(&pod.labels))
    });
    let mut backends: Vec<Backend> = selected.flat_map(|pod| backends(nodes, sites, pod, port)).collect();
    backends.sort_by_key(|backend| (backend.place, backend.port));
    backends.dedup();
    ServicePortPlan { protocol: port.protocol, port: port.port, node_port: port.node_port, backends }
}

fn backends(nodes: &[NodePlan], sites: &[Site], pod: &Pod, port: &ServicePort) -> Vec<Backend> {
    let numbers: Vec<u16> = match &port.target {
        TargetPort::Number(number) => vec![*number],
        TargetPort::Name(name) => pod.named_ports(port.protocol, name).take(1).collect(),
    };
    let (host, node, addresses) = if pod.host_network {
        let Some(at) = nodes.iter().position(|node| pod.node.as_ref() == Some(&node.name)) else {
            return Vec::new();
        };
        (Host::Node(at), at, nodes.get(at).map(|node| &node.addresses))
    } else {
        let Some(at) = sites.iter().position(|site| site.pods.contains(&pod.uid)) else {
            return Vec::new();
        };
        let site = sites.get(at);
        (Host::Site(at), site.map_or(0, |site| site.node), site.map(|site| &site.addresses))
    };
    let own = |address: &&IpAddr| pod.host_network || pod.addresses.contains(*address);
    let addresses = addresses.into_iter().flatten().filter(own);
    addresses
        .flat_map(|address| {
            let place = Place { host, address: *address };
            numbers.iter().map(move |port| Backend { place, node, port: *port })
        })
        .collect()
}
