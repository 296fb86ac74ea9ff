//! What keeps the entries of `ports` from naming the traffic.

use super::obstacle::{Obstacle, PortTrouble};
use crate::{
    eval::port_matches,
    object::{Pod, PolicyPort, PortMatch},
    packet::Traffic,
    set::Protocol,
};
use std::{collections::BTreeSet, sync::Arc};

/// Why no entry of `ports` holds, and which is the nearest; `None` when the evaluator says that one
/// does, or the list is empty (S5).
pub(super) fn obstacle(
    ports: &[PolicyPort],
    traffic: Traffic,
    destinations: &[&Pod],
) -> Option<(usize, Obstacle)> {
    if ports.iter().any(|port| port_matches(port, traffic, destinations)) {
        return None;
    }
    let troubles = ports.iter().enumerate().map(|(at, port)| (at, trouble(port, traffic, destinations)));
    let (at, trouble) = troubles.min_by_key(|(at, trouble)| rank(trouble, ports.get(*at)))?;
    let allowed: BTreeSet<String> = ports.iter().map(written).collect();
    Some((at, Obstacle::Port { traffic, allowed: allowed.into_iter().collect(), trouble }))
}

/// An entry of `ports` as a person says it: `TCP 8080`, and a name in back quotes.
pub(super) fn written(port: &PolicyPort) -> String {
    match &port.port {
        PortMatch::Named(name) => format!("{} `{name}`", port.protocol),
        PortMatch::All | PortMatch::Range(_) => port.to_string(),
    }
}

/// The more an entry has in common with the packet, the lower.
fn rank(trouble: &PortTrouble, port: Option<&PolicyPort>) -> u8 {
    match trouble {
        // All ports of another protocol have nothing in common with the packet.
        PortTrouble::Protocol if port.is_some_and(|port| port.port == PortMatch::All) => 5,
        PortTrouble::NameOfOtherProtocol { .. } => 0,
        PortTrouble::Protocol => 1,
        PortTrouble::NameUnknown { .. } => 2,
        PortTrouble::NameOfOtherNumber { .. } => 3,
        PortTrouble::Number => 4,
        PortTrouble::NoPorts => 6,
    }
}

fn trouble(port: &PolicyPort, traffic: Traffic, destinations: &[&Pod]) -> PortTrouble {
    let Traffic::Port(protocol, number) = traffic else { return PortTrouble::NoPorts };
    match &port.port {
        PortMatch::Named(name) => named(port.protocol, name, protocol, number, destinations),
        // The entry would hold if only its protocol were the packet's.
        _ if port_matches(port, Traffic::Port(port.protocol, number), destinations) => PortTrouble::Protocol,
        _ => PortTrouble::Number,
    }
}

/// S14: the name is looked up on the destination, for its protocol.
fn named(
    wanted: Protocol,
    name: &Arc<str>,
    protocol: Protocol,
    number: u16,
    destinations: &[&Pod],
) -> PortTrouble {
    let name = Arc::clone(name);
    for pod in destinations {
        let number_there = pod.named_ports(wanted, &name).next();
        if let Some(defined) = number_there {
            let pod = pod.workload.key.clone();
            return if protocol != wanted && pod_has(destinations, wanted, &name, number) {
                PortTrouble::Protocol
            } else {
                PortTrouble::NameOfOtherNumber { name, pod, protocol: wanted, number: defined }
            };
        }
        let others = Protocol::ALL.into_iter();
        let mut others = others.filter(|other| pod.named_ports(*other, &name).any(|named| named == number));
        if let Some(defined) = others.next() {
            return PortTrouble::NameOfOtherProtocol { name, pod: pod.workload.key.clone(), defined };
        }
    }
    let defined: BTreeSet<Arc<str>> = destinations
        .iter()
        .flat_map(|pod| pod.ports.iter())
        .filter(|port| port.protocol == wanted)
        .filter_map(|port| port.name.clone())
        .collect();
    let pod = destinations.first().map(|pod| pod.workload.key.clone());
    PortTrouble::NameUnknown { name, pod, defined: defined.into_iter().collect() }
}

/// Whether the name stands for the packet's number, so that only the protocol is another.
fn pod_has(pods: &[&Pod], protocol: Protocol, name: &str, number: u16) -> bool {
    pods.iter().any(|pod| pod.named_ports(protocol, name).any(|named| named == number))
}
