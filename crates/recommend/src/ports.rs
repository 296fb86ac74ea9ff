//! Ports as a rule names them.

use crate::whom::DNS;
use sekisho_core::{
    object::{Origin, Pod, PolicyPort, PortMatch},
    set::{IntervalSet, PortRange, Protocol},
};
use std::{collections::BTreeSet, sync::Arc};

/// Ports that were seen.
pub(crate) type Ports = BTreeSet<(Protocol, u16)>;
/// The same as they are written.
pub(crate) type Terms = BTreeSet<(Protocol, PortMatch)>;

/// `ports` as they are written about `destinations`: by name where each of these pods has the port by the same name
/// and no other by that name (S14), else by number; a range only where each of its ports was seen.
pub(crate) fn terms(ports: &Ports, destinations: &[Arc<Pod>]) -> Terms {
    let mut terms = Terms::new();
    let mut numbers: Vec<(Protocol, u16)> = Vec::new();
    for (protocol, port) in ports {
        match name(destinations, *protocol, *port) {
            Some(name) => drop(terms.insert((*protocol, PortMatch::Named(name)))),
            None => numbers.push((*protocol, *port)),
        }
    }
    for protocol in Protocol::ALL {
        let of = numbers.iter().filter(|(known, _)| *known == protocol);
        let ranges: IntervalSet<u16> = of.map(|(_, port)| *port..=*port).collect();
        for range in ranges.ranges() {
            let range = PortRange::new(*range.start(), *range.end());
            terms.extend(range.map(|range| (protocol, PortMatch::Range(range))));
        }
    }
    terms
}

fn name(pods: &[Arc<Pod>], protocol: Protocol, port: u16) -> Option<Arc<str>> {
    let first = pods.first()?;
    let names = first.ports.iter().filter(|one| one.protocol == protocol && one.number == port);
    let is_alone = |pod: &Arc<Pod>, name: &str| pod.named_ports(protocol, name).eq([port]);
    names.filter_map(|one| one.name.clone()).find(|name| pods.iter().all(|pod| is_alone(pod, name)))
}

/// The entries of a rule. Of DNS UDP stands first, as everybody writes it.
pub(crate) fn entries(terms: &Terms) -> Vec<PolicyPort> {
    let entry = |(protocol, port): &(Protocol, PortMatch)| PolicyPort {
        protocol: *protocol,
        port: port.clone(),
        origin: Origin::default(),
    };
    let is_dns = |one: &&(Protocol, PortMatch)| {
        one.0 == Protocol::Udp
            && matches!(one.1, PortMatch::Range(range) if Some(range) == PortRange::single(DNS))
    };
    let (dns, others): (Vec<_>, Vec<_>) = terms.iter().partition(is_dns);
    dns.into_iter().chain(others).map(entry).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use sekisho_core::object::{ContainerPort, ObjectKey};

    fn pod(ports: &[(&str, u16)]) -> Arc<Pod> {
        let mut pod = Pod::new(ObjectKey::new("shop", "web"));
        let port = |(name, number): &(&str, u16)| ContainerPort {
            name: Some((*name).into()),
            protocol: Protocol::Tcp,
            number: *number,
        };
        pod.ports = Arc::new(ports.iter().map(port).collect());
        pod.into()
    }

    fn told(ports: &[u16], pods: &[Arc<Pod>]) -> String {
        let ports = ports.iter().map(|port| (Protocol::Tcp, *port)).collect();
        let entries = entries(&terms(&ports, pods));
        entries.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
    }

    #[test]
    fn a_port_has_a_name_where_every_pod_has_it_by_this_name_alone() {
        let http = pod(&[("http", 80)]);
        assert_eq!(told(&[80, 81], &[Arc::clone(&http)]), "TCP 81, TCP http");
        assert_eq!(told(&[80], &[Arc::clone(&http), pod(&[("http", 81)])]), "TCP 80");
        assert_eq!(told(&[80], &[http, pod(&[("http", 80), ("http", 81)])]), "TCP 80");
        assert_eq!(told(&[80], &[]), "TCP 80");
    }

    #[test]
    fn a_range_has_only_ports_that_were_seen() {
        assert_eq!(told(&[8000, 8001, 8002, 8004], &[]), "TCP 8000-8002, TCP 8004");
    }
}
