//! Between which addresses and ports no policy tells a difference.

use sekisho_core::{
    object::{Cluster, ClusterPeerKind, Direction, PeerKind, PolicyPort, PortMatch},
    set::Cidr,
};
use std::{
    collections::BTreeSet,
    net::{IpAddr, Ipv6Addr},
};

/// Where the blocks of policies begin, and where they are over, ascending.
pub(super) fn of_addresses(cluster: &Cluster) -> Vec<IpAddr> {
    // Between the families is a bound in any case.
    let mut bounds: BTreeSet<IpAddr> = [IpAddr::V6(Ipv6Addr::UNSPECIFIED)].into();
    let mut add = |block: Cidr| {
        bounds.insert(block.first());
        bounds.extend(after(block.last()));
    };
    let policies = cluster.policies.values();
    let rules =
        policies.flat_map(|policy| Direction::ALL.into_iter().flat_map(|direction| policy.rules(direction)));
    for peer in rules.flat_map(|rule| &rule.peers) {
        if let PeerKind::Block(block) = &peer.kind {
            block.except().chain([block.cidr()]).for_each(&mut add);
        }
    }
    let policies = cluster.cluster_policies.values();
    let rules =
        policies.flat_map(|policy| Direction::ALL.into_iter().flat_map(|direction| policy.rules(direction)));
    for peer in rules.flat_map(|rule| &rule.peers) {
        if let ClusterPeerKind::Networks(networks) = &peer.kind {
            networks.iter().copied().for_each(&mut add);
        }
    }
    bounds.into_iter().collect()
}

fn after(address: IpAddr) -> Option<IpAddr> {
    match address {
        IpAddr::V4(address) => Some(IpAddr::from(u32::from(address).checked_add(1)?.to_be_bytes())),
        IpAddr::V6(address) => Some(IpAddr::from(u128::from(address).checked_add(1)?.to_be_bytes())),
    }
}

/// The same of the ports that rules and containers name, of whatever protocol: whoever is denied TCP is told that the
/// rule allows the number of UDP.
pub(super) fn of_ports(cluster: &Cluster) -> Vec<u16> {
    let mut bounds: BTreeSet<u16> = BTreeSet::new();
    let mut add = |first: u16, last: u16| {
        bounds.insert(first);
        bounds.extend(last.checked_add(1));
    };
    let namespaced = cluster.policies.values().flat_map(|policy| {
        Direction::ALL.into_iter().flat_map(|direction| policy.rules(direction)).flat_map(|rule| &rule.ports)
    });
    let tiers = cluster.cluster_policies.values().flat_map(|policy| {
        Direction::ALL.into_iter().flat_map(|direction| policy.rules(direction)).flat_map(|rule| &rule.ports)
    });
    for PolicyPort { port, .. } in namespaced.chain(tiers) {
        match port {
            PortMatch::Range(range) => add(range.first(), range.last()),
            // S14: a name stands for numbers of pods.
            PortMatch::All | PortMatch::Named(_) => {}
        }
    }
    for port in cluster.pods.values().flat_map(|pod| pod.ports.iter()) {
        add(port.number, port.number);
    }
    bounds.into_iter().collect()
}
