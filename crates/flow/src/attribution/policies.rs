//! The policies of a cluster as a judge.

use super::Judge;
use crate::record::Nearest;
use sekisho_core::{
    eval,
    explain::{Excerpts, explain},
    index::Index,
    object::{Cluster, ClusterPeerKind, Direction, PeerKind, PolicyPort, PortMatch},
    packet::Packet,
    set::{Cidr, Protocol},
    verdict::Verdict,
};
use std::{
    collections::{BTreeMap, BTreeSet, HashSet},
    net::{IpAddr, Ipv6Addr},
};

/// The policies of a cluster: the core is asked.
#[derive(Debug)]
pub struct Policies<'a> {
    excerpts: Excerpts<'a>,
    /// Every address of a pod or a node.
    inside: HashSet<IpAddr>,
    /// Where blocks begin and where they are over, ascending: between two of these no policy tells addresses apart.
    addresses: Vec<IpAddr>,
    /// The same of the ports of a protocol, the named ones of pods included.
    ports: BTreeMap<Protocol, Vec<u16>>,
}

impl<'a> Policies<'a> {
    /// Of `cluster`, whose index is `index`.
    #[must_use]
    pub fn of(cluster: &'a Cluster, index: &'a Index) -> Self {
        let pods = cluster.pods.values().flat_map(|pod| pod.addresses.iter().chain(&pod.host_addresses));
        let nodes = cluster.nodes.values().flat_map(|node| &node.addresses);
        Self {
            excerpts: Excerpts::of(cluster, index),
            inside: pods.chain(nodes).copied().collect(),
            addresses: address_bounds(cluster),
            ports: port_bounds(cluster),
        }
    }
}

impl Judge for Policies<'_> {
    fn judge(&self, packet: &Packet) -> Option<Verdict> {
        Some(eval::decide(&self.excerpts.around(packet), packet))
    }

    fn nearest(&self, packet: &Packet, direction: Direction) -> Option<Nearest> {
        let explanation = explain(&self.excerpts.around(packet), packet);
        let side = explanation.side(direction);
        let miss = side.deciding().filter(|_| !side.verdict.decision.is_allow())?.nearest()?;
        Some(Nearest { policy: miss.policy.clone(), path: miss.path.clone(), lacks: miss.to_string().into() })
    }

    fn address_class(&self, address: IpAddr) -> Option<usize> {
        let outside = !self.inside.contains(&address);
        outside.then(|| self.addresses.partition_point(|bound| *bound <= address))
    }

    fn port_class(&self, protocol: Protocol, port: u16) -> usize {
        let bounds = self.ports.get(&protocol).map(Vec::as_slice).unwrap_or_default();
        bounds.partition_point(|bound| *bound <= port)
    }
}

fn address_bounds(cluster: &Cluster) -> Vec<IpAddr> {
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

fn port_bounds(cluster: &Cluster) -> BTreeMap<Protocol, Vec<u16>> {
    let mut bounds: BTreeMap<Protocol, BTreeSet<u16>> = BTreeMap::new();
    let mut add = |protocol, first: u16, last: u16| {
        let bounds = bounds.entry(protocol).or_default();
        bounds.insert(first);
        bounds.extend(last.checked_add(1));
    };
    let namespaced = cluster.policies.values().flat_map(|policy| {
        Direction::ALL.into_iter().flat_map(|direction| policy.rules(direction)).flat_map(|rule| &rule.ports)
    });
    let tiers = cluster.cluster_policies.values().flat_map(|policy| {
        Direction::ALL.into_iter().flat_map(|direction| policy.rules(direction)).flat_map(|rule| &rule.ports)
    });
    for PolicyPort { protocol, port, .. } in namespaced.chain(tiers) {
        match port {
            PortMatch::Range(range) => add(*protocol, range.first(), range.last()),
            // S14: a name stands for numbers of pods.
            PortMatch::All | PortMatch::Named(_) => {}
        }
    }
    for port in cluster.pods.values().flat_map(|pod| pod.ports.iter()) {
        add(port.protocol, port.number, port.number);
    }
    bounds.into_iter().map(|(protocol, bounds)| (protocol, bounds.into_iter().collect())).collect()
}
