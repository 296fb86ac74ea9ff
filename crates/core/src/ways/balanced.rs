//! Services that are ways in themselves: load balancers, node ports, external addresses, and ports that
//! are made known to load balancers outside.

use super::{
    Finder,
    way::{Clients, DeadEnd, Hop, Missing, Source, WayIn},
};
use crate::{
    object::{BalancerTargets, Provider, Service, ServicePort},
    set::{AddressSet, Protocol},
};

/// From where Google Cloud's load balancers and health checks come: in its documentation, "Firewall
/// rules" of Cloud Load Balancing. First two bytes, length.
const GOOGLE: [&str; 2] = ["35.191.0.0/16", "130.211.0.0/22"];

/// The ranges from which Google Cloud's global load balancers and all its health checks come.
pub(super) fn google() -> AddressSet {
    GOOGLE.iter().filter_map(|block| block.parse().ok()).collect()
}

/// The ways that begin at a Service.
pub(super) fn ways(finder: &mut Finder<'_>, out: &mut Vec<WayIn>) {
    for service in finder.cluster.services.values() {
        for port in &service.ports {
            let Some((clients, source)) = enters(finder, service, port) else { continue };
            let hop = Hop {
                kind: "Service".into(),
                name: service.key.to_string().into(),
                detail: format!(":{}", port.port).into(),
                origin: service.origin.clone(),
            };
            finder.finish(out, clients, vec![hop], source, (service, port));
        }
    }
}

/// Who may begin at this port of a Service and who comes to its pods then; `None` where it is no way in.
fn enters(finder: &Finder<'_>, service: &Service, port: &ServicePort) -> Option<(Clients, Source)> {
    match &*service.kind {
        "LoadBalancer" => {
            let clients = clients(service);
            let source = balanced(finder, service, port, &clients);
            Some((clients, source))
        }
        "ExternalName" => None,
        _ if service.balancer.exposed_ports.contains(&port.port) => {
            Some((Clients::Internet, Source::Balancer { ranges: google(), missing: None }))
        }
        "NodePort" => Some((Clients::NodeNetwork, node(service, &Clients::NodeNetwork))),
        _ if !service.external_addresses.is_empty() => {
            Some((Clients::NodeNetwork, node(service, &Clients::NodeNetwork)))
        }
        _ => None,
    }
}

/// Who may begin at the load balancer of a Service.
pub(super) fn clients(service: &Service) -> Clients {
    let ranges: AddressSet = service.source_ranges.iter().copied().collect();
    match (ranges.is_empty(), service.balancer.internal) {
        (false, _) if ranges != AddressSet::full() && !is_whole(&ranges) => Clients::Ranges(ranges),
        (_, true) => Clients::InnerNetwork,
        _ => Clients::Internet,
    }
}

/// Whether ranges are all of a family: `0.0.0.0/0` narrows nothing.
fn is_whole(ranges: &AddressSet) -> bool {
    ranges.v4.is_full() || ranges.v6.is_full()
}

fn balanced(finder: &Finder<'_>, service: &Service, port: &ServicePort, clients: &Clients) -> Source {
    let provider = service.balancer.provider;
    let of_balancer = || finder.balancer(provider);
    match (service.balancer.targets, provider) {
        // AWS's network load balancers keep the client's address of UDP, and not of TCP, to `ip` targets.
        (Some(BalancerTargets::Pods), Some(Provider::Amazon)) => match port.protocol {
            Protocol::Udp => Source::Clients(clients.addresses()),
            _ => of_balancer(),
        },
        // A classic load balancer is a proxy: even where the node keeps the address, it is the proxy's.
        (None, Some(Provider::Amazon)) if service.external_local => of_balancer(),
        _ => node(service, clients),
    }
}

/// Who comes to a pod by way of a node: the client, where the node keeps its address.
fn node(service: &Service, clients: &Clients) -> Source {
    if service.external_local { Source::Clients(clients.addresses()) } else { Source::Nodes }
}

impl Finder<'_> {
    /// A load balancer outside, of addresses that only the user can tell.
    pub(super) fn balancer(&self, provider: Option<Provider>) -> Source {
        let ranges = self.told.balancers.clone();
        let missing = ranges.is_empty().then_some(Missing::BalancerAddresses(provider));
        Source::Balancer { ranges, missing }
    }

    /// A way that leads nowhere.
    pub(super) fn dead(&self, clients: Clients, hops: Vec<Hop>, end: DeadEnd) -> WayIn {
        let origin = hops.last().map(|hop| hop.origin.clone()).unwrap_or_default();
        WayIn { clients, hops, source: None, inner: super::way::Inner::Nowhere(end, origin) }
    }
}
