//! Whatever cluster a text describes, the plain evaluator and the index say the same of it.

#![no_main]

use libfuzzer_sys::fuzz_target;
use sekisho_core::{
    eval,
    index::Index,
    object::{Cluster, ClusterPeerKind, Direction, PeerKind},
    packet::{End, Packet, Traffic},
    set::Protocol,
};
use sekisho_k8s::{Options, read_text};
use std::{collections::BTreeSet, net::IpAddr};

/// More would only make each run slower.
const MOST: usize = 12;

fuzz_target!(|bytes: &[u8]| {
    let cluster = read_text("input", bytes, &Options::default()).cluster;
    if cluster.policies.is_empty() && cluster.cluster_policies.is_empty() {
        return;
    }
    let mut index = Index::new();
    for change in cluster.changes() {
        index.apply(change);
    }
    let ends = ends(&cluster);
    for from in &ends {
        for to in &ends {
            for traffic in traffic(&cluster) {
                let packet = Packet { from: from.clone(), to: to.clone(), traffic };
                if same_family(&packet) {
                    let verdict = eval::decide(&cluster, &packet);
                    assert_eq!(verdict.decision, index.decide(&packet), "{packet}: {}", verdict.because());
                }
            }
        }
    }
});

fn same_family(packet: &Packet) -> bool {
    match (packet.from.address(), packet.to.address()) {
        (Some(from), Some(to)) => from.is_ipv4() == to.is_ipv4(),
        _ => true,
    }
}

/// The pods, the nodes, and the edges of every block.
fn ends(cluster: &Cluster) -> Vec<End> {
    let mut ends = BTreeSet::new();
    for pod in cluster.pods.values() {
        ends.extend(pod.addresses.iter().copied().map(End::Address));
        if pod.addresses.is_empty() {
            ends.insert(End::Pod(pod.uid.clone()));
        }
    }
    ends.extend(cluster.nodes.values().flat_map(|node| &node.addresses).copied().map(End::Address));
    for policy in cluster.policies.values() {
        for rule in Direction::ALL.into_iter().flat_map(|direction| policy.rules(direction)) {
            for peer in &rule.peers {
                if let PeerKind::Block(block) = &peer.kind {
                    let blocks = block.except().chain([block.cidr()]);
                    let edges: Vec<IpAddr> = blocks.flat_map(|block| [block.first(), block.last()]).collect();
                    ends.extend(edges.into_iter().map(End::Address));
                }
            }
        }
    }
    for policy in cluster.cluster_policies.values() {
        let rules = policy.ingress.iter().chain(&policy.egress);
        for peer in rules.flat_map(|rule| &rule.peers) {
            if let ClusterPeerKind::Networks(networks) = &peer.kind {
                let edges = networks.iter().flat_map(|network| [network.first(), network.last()]);
                ends.extend(edges.map(End::Address));
            }
        }
    }
    ends.into_iter().take(MOST).collect()
}

fn traffic(cluster: &Cluster) -> Vec<Traffic> {
    let ports = cluster.pods.values().flat_map(|pod| pod.ports.iter());
    let mut traffic: BTreeSet<Traffic> =
        ports.map(|port| Traffic::Port(port.protocol, port.number)).take(MOST).collect();
    traffic.extend([Traffic::Port(Protocol::Tcp, 80), Traffic::Icmpv6(128), Traffic::Other(1)]);
    traffic.into_iter().collect()
}
