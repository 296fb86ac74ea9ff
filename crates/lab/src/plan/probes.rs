//! Which connections are tried.

use super::{Arrival, Host, Options, Place, Plan, Probe, count, sampling};
use sekisho_core::{
    object::Cluster,
    packet::{Packet, Traffic},
    set::Protocol,
};
use std::{
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
};

/// The probes of a plan that has everything else.
pub(super) fn probes(plan: &mut Plan, options: &Options) -> Vec<Probe> {
    let mut probes = among(plan, options, &everybody(plan));
    if probes.len() > options.max_probes {
        let chosen = sampling::representatives(plan);
        let left_out = plan.sites.len() + plan.nodes.len() + 1 - chosen.len();
        if left_out > 0 {
            plan.notes.push(format!("{} not probed: others on their node are alike", count(left_out, "pod")));
            probes = among(plan, options, &chosen);
        }
    }
    sampling::thin(probes, options.max_probes, &mut plan.notes)
}

fn everybody(plan: &Plan) -> BTreeSet<Host> {
    let sites = (0..plan.sites.len()).map(Host::Site);
    sites.chain((0..plan.nodes.len()).map(Host::Node)).chain([Host::Outside]).collect()
}

fn among(plan: &Plan, options: &Options, hosts: &BTreeSet<Host>) -> Vec<Probe> {
    let places: Vec<Place> = hosts.iter().flat_map(|host| places(plan, *host)).collect();
    let closed = closed_port(&plan.cluster);
    let mut traffic: BTreeMap<Host, BTreeSet<Traffic>> = BTreeMap::new();
    for host in hosts {
        let mut kinds = options.traffic.clone();
        kinds.extend(plan.listeners(*host).keys().map(|(protocol, port)| Traffic::Port(*protocol, *port)));
        kinds.insert(Traffic::Port(Protocol::Tcp, closed));
        traffic.insert(*host, kinds);
    }
    let mut probes = Vec::new();
    for from in &places {
        for to in places.iter().filter(|to| is_asked(*from, **to)) {
            for kind in traffic.get(&to.host).into_iter().flatten().filter(|kind| fits(**kind, to.address)) {
                probes.extend(direct(*from, *to, *kind));
            }
            probes.extend(direct(*from, *to, echo(to.address)));
        }
        probes.extend(services(plan, *from));
    }
    probes
}

fn places(plan: &Plan, host: Host) -> Vec<Place> {
    let addresses: Vec<IpAddr> = match host {
        Host::Site(at) => plan.sites.get(at).map(|site| site.addresses.iter().copied().collect()),
        Host::Node(at) => plan.nodes.get(at).map(|node| node.addresses.iter().copied().collect()),
        Host::Outside => Some(plan.outside.iter().map(|outside| outside.address).collect()),
    }
    .unwrap_or_default();
    addresses.into_iter().map(|address| Place { host, address }).collect()
}

/// Whether a connection between the two says anything: one end is a pod, and if both are in one
/// namespace, both are one address (S21). Others of its own addresses a host reaches without its node.
fn is_asked(from: Place, to: Place) -> bool {
    let is_pod = |place: Place| matches!(place.host, Host::Site(_));
    from.address.is_ipv4() == to.address.is_ipv4()
        && (is_pod(from) || is_pod(to))
        && (from.host != to.host || from.address == to.address)
}

/// Whether traffic of this kind exists in the family of `address`.
fn fits(traffic: Traffic, address: IpAddr) -> bool {
    match traffic {
        Traffic::Port(..) => true,
        Traffic::Icmpv6(_) => address.is_ipv6(),
        Traffic::Other(number) => number != 1 || address.is_ipv4(),
    }
}

/// An echo request (S33).
fn echo(to: IpAddr) -> Traffic {
    if to.is_ipv4() { Traffic::Other(1) } else { Traffic::Icmpv6(128) }
}

fn direct(from: Place, to: Place, traffic: Traffic) -> Option<Probe> {
    let packet = Packet::between(from.address, to.address, traffic)?;
    Some(Probe { from, to: to.address, traffic, service: None, arrivals: vec![Arrival { at: to, packet }] })
}

/// A port that nobody listens on and no policy, node port or Service writes by number.
fn closed_port(cluster: &Cluster) -> u16 {
    let containers = cluster.pods.values().flat_map(|pod| pod.ports.iter()).map(|port| port.number);
    let services = cluster.services.values().flat_map(|service| &service.ports);
    let services = services.flat_map(|port| [Some(port.port), port.node_port]).flatten();
    let taken: BTreeSet<u16> = containers.chain(services).chain([443]).collect();
    (1..9999).rev().find(|port| !taken.contains(port)).unwrap_or(9)
}

/// Probes through Services: their own addresses from pods and nodes, external addresses and node
/// ports from outside.
fn services(plan: &Plan, from: Place) -> Vec<Probe> {
    let mut probes = Vec::new();
    for (at, service) in plan.services.iter().enumerate() {
        for port in service.ports.iter().filter(|port| port.protocol != Protocol::Sctp) {
            for address in &service.addresses {
                let external = service.external.contains(address);
                if external == (from.host == Host::Outside) {
                    let entry = external.then_some(0);
                    probes.extend(through(plan, from, *address, port.port, at, port, entry));
                }
            }
            let node = plan.nodes.first();
            if let (Some(node), Some(number), Host::Outside) = (node, port.node_port, from.host) {
                for address in &node.addresses {
                    probes.extend(through(plan, from, *address, number, at, port, Some(0)));
                }
            }
        }
    }
    probes
}

/// The probe from `from` to a Service's `address`. What enters the cluster at node `entry` goes on
/// with that node's address when the pod is on another (kube-proxy masquerades it).
fn through(
    plan: &Plan,
    from: Place,
    address: IpAddr,
    port: u16,
    service: usize,
    target: &super::ServicePortPlan,
    entry: Option<usize>,
) -> Option<Probe> {
    if address.is_ipv4() != from.address.is_ipv4() {
        return None;
    }
    let backends =
        target.backends.iter().filter(|backend| backend.place.address.is_ipv4() == address.is_ipv4());
    let arrival = |backend: &super::Backend| {
        let source = match entry.filter(|entry| *entry != backend.node) {
            Some(entry) => *plan
                .nodes
                .get(entry)?
                .addresses
                .iter()
                .find(|address| address.is_ipv4() == from.address.is_ipv4())?,
            None => from.address,
        };
        let traffic = Traffic::Port(target.protocol, backend.port);
        let packet = Packet::between(source, backend.place.address, traffic)?;
        Some(Arrival { at: backend.place, packet })
    };
    // A backend that is a node is reached by nodes without a pod in between: nothing to ask.
    let arrivals: Vec<Arrival> = backends.filter_map(arrival).collect();
    let a_pod = matches!(from.host, Host::Site(_))
        || arrivals.iter().any(|arrival| matches!(arrival.at.host, Host::Site(_)));
    (a_pod && !arrivals.is_empty()).then_some(Probe {
        from,
        to: address,
        traffic: Traffic::Port(target.protocol, port),
        service: Some(service),
        arrivals,
    })
}
