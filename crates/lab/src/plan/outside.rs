//! What the outside host bears: an address of every class that the policies tell apart.

use super::{Listeners, NodePlan, Options, OutsideAddress, ServicePlan};
use sekisho_core::{
    object::{Cluster, ClusterPeerKind, IpBlock, PeerKind, PortMatch},
    set::{AddressSet, Cidr, Protocol},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

/// What answers on the outside host.
const NAME: &str = "outside";

/// Addresses that are nobody's: this network, loopback, link-local, multicast, broadcast, IPv4 in IPv6.
const UNUSABLE: [&str; 9] = [
    "0.0.0.0/8",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "224.0.0.0/4",
    "255.255.255.255/32",
    "::/96",
    "::ffff:0:0/96",
    "fe80::/10",
    "ff00::/8",
];

fn unusable() -> AddressSet {
    UNUSABLE.iter().filter_map(|text| text.parse::<Cidr>().ok()).collect()
}

/// Whether a host can bear the address.
pub(super) fn is_usable(address: IpAddr) -> bool {
    !UNUSABLE.iter().filter_map(|text| text.parse::<Cidr>().ok()).any(|block| block.contains(address))
}

/// One address of each class of addresses outside the cluster, both families, and those that the
/// user asks for.
pub(super) fn addresses(
    cluster: &Cluster,
    nodes: &[NodePlan],
    services: &[ServicePlan],
    options: &Options,
) -> Vec<OutsideAddress> {
    let blocks = blocks(cluster);
    let inside = inside(cluster, nodes, services);
    let wanted =
        options.outside.iter().copied().filter(|address| is_usable(*address) && !inside.contains(*address));
    let mut found: BTreeSet<IpAddr> = wanted.collect();
    let free = AddressSet::full().difference(&unusable()).difference(&inside);
    found.extend(classes(&blocks, &free));
    found.into_iter().map(|address| OutsideAddress { address, block: smallest(&blocks, address) }).collect()
}

/// Every block that a policy writes.
fn blocks(cluster: &Cluster) -> BTreeSet<IpBlock> {
    let rules = cluster.policies.values().flat_map(|policy| policy.ingress.iter().chain(&policy.egress));
    let blocks = rules.flat_map(|rule| &rule.peers).filter_map(|peer| match &peer.kind {
        PeerKind::Block(block) => Some(block.clone()),
        _ => None,
    });
    blocks.chain(networks(cluster)).collect()
}

/// Every network that a cluster-wide policy writes.
fn networks(cluster: &Cluster) -> impl Iterator<Item = IpBlock> {
    let policies = cluster.cluster_policies.values();
    let rules = policies.flat_map(|policy| policy.ingress.iter().chain(&policy.egress));
    let networks = rules.flat_map(|rule| &rule.peers).filter_map(|peer| match &peer.kind {
        ClusterPeerKind::Networks(networks) => Some(networks),
        _ => None,
    });
    networks.flatten().filter_map(|network| IpBlock::new(*network, []).ok())
}

/// What is in the cluster: addresses of pods, nodes and Services, and the ranges of pods, where an
/// address that no pod has is nobody's (S23).
fn inside(cluster: &Cluster, nodes: &[NodePlan], services: &[ServicePlan]) -> AddressSet {
    let pods = cluster.pods.values().flat_map(|pod| &pod.addresses);
    let nodes = nodes.iter().flat_map(|node| &node.addresses);
    let services = services.iter().flat_map(|service| &service.addresses);
    let hosts = pods.chain(nodes).chain(services).map(|address| Cidr::host(*address));
    hosts.chain(cluster.nodes.values().flat_map(|node| node.pod_cidrs.iter().copied())).collect()
}

/// A member of each class: addresses that lie in the same blocks are one class.
fn classes(blocks: &BTreeSet<IpBlock>, free: &AddressSet) -> BTreeSet<IpAddr> {
    let mut seen: BTreeMap<(bool, Vec<usize>), IpAddr> = BTreeMap::new();
    for piece in pieces(blocks) {
        let Some(address) = representative(&AddressSet::intersection(&piece, free)) else { continue };
        let within = blocks.iter().enumerate().filter(|(_, block)| block.contains(address));
        let class = within.map(|(at, _)| at).collect();
        seen.entry((address.is_ipv4(), class)).or_insert(address);
    }
    seen.into_values().collect()
}

/// The address space cut at both ends of every block and exception, ascending.
fn pieces(blocks: &BTreeSet<IpBlock>) -> Vec<AddressSet> {
    let edges = blocks.iter().flat_map(|block| block.except().chain([block.cidr()]));
    let (mut v4, mut v6) = (BTreeSet::from([0_u32]), BTreeSet::from([0_u128]));
    for edge in edges {
        match (edge.first(), edge.last()) {
            (IpAddr::V4(first), IpAddr::V4(last)) => {
                v4.insert(first.to_bits());
                v4.extend(last.to_bits().checked_add(1));
            }
            (IpAddr::V6(first), IpAddr::V6(last)) => {
                v6.insert(first.to_bits());
                v6.extend(last.to_bits().checked_add(1));
            }
            _ => {}
        }
    }
    let ends4 = v4.iter().skip(1).map(|start| start - 1).chain([u32::MAX]);
    let ends6 = v6.iter().skip(1).map(|start| start - 1).chain([u128::MAX]);
    let mut pieces: Vec<AddressSet> = Vec::new();
    for (start, end) in v4.iter().zip(ends4) {
        let mut piece = AddressSet::empty();
        piece.v4 = std::iter::once(*start..=end).collect();
        pieces.push(piece);
    }
    for (start, end) in v6.iter().zip(ends6) {
        let mut piece = AddressSet::empty();
        piece.v6 = std::iter::once(*start..=end).collect();
        pieces.push(piece);
    }
    pieces
}

/// An address of `set`: the second of its first range, since the first looks like a network's name,
/// unless there is only one. Of IPv6 rather one that is in use (RFC 4291, 2.4) than one that is not.
fn representative(set: &AddressSet) -> Option<IpAddr> {
    if let Some(range) = set.ranges_v4().next() {
        let (first, last) = (range.start().to_bits(), range.end().to_bits());
        return Some(Ipv4Addr::from_bits(first.saturating_add(1).min(last)).into());
    }
    let in_use: AddressSet = "2000::/3".parse::<Cidr>().into_iter().collect();
    let in_use = set.intersection(&in_use);
    let range = in_use.ranges_v6().next().or_else(|| set.ranges_v6().next())?;
    let (first, last) = (range.start().to_bits(), range.end().to_bits());
    Some(Ipv6Addr::from_bits(first.saturating_add(1).min(last)).into())
}

fn smallest(blocks: &BTreeSet<IpBlock>, address: IpAddr) -> Option<Cidr> {
    let around = blocks.iter().flat_map(|block| block.except().chain([block.cidr()]));
    around.filter(|block| block.contains(address)).max_by_key(|block| block.prefix_length())
}

/// The ports that egress rules write by number, so that a pod's way out meets an answer.
pub(super) fn listeners(cluster: &Cluster) -> Listeners {
    let rules = cluster.policies.values().flat_map(|policy| &policy.egress);
    let tiers = cluster.cluster_policies.values().flat_map(|policy| &policy.egress);
    let ports = rules.flat_map(|rule| &rule.ports).chain(tiers.flat_map(|rule| &rule.ports));
    let written = ports.filter_map(|port| match &port.port {
        PortMatch::Range(range) => Some((port.protocol, range.first())),
        PortMatch::All | PortMatch::Named(_) => None,
    });
    written.chain([(Protocol::Tcp, 443)]).map(|port| (port, NAME.into())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block(cidr: &str, except: &[&str]) -> IpBlock {
        IpBlock::new(cidr.parse().unwrap(), except.iter().map(|text| text.parse().unwrap())).unwrap()
    }

    #[track_caller]
    fn check(blocks: &[IpBlock], expect: &[&str]) {
        let free = AddressSet::full().difference(&unusable());
        let found = classes(&blocks.iter().cloned().collect(), &free);
        assert_eq!(found.iter().map(ToString::to_string).collect::<Vec<_>>(), expect);
    }

    #[test]
    fn without_blocks_there_is_one_class_of_each_family() {
        check(&[], &["1.0.0.1", "2000::1"]);
    }

    #[test]
    fn an_exception_is_a_class_of_its_own() {
        let blocks = [block("192.0.2.0/24", &["192.0.2.128/25"])];
        // Outside the block and inside its exception are the same: no rule allows either.
        check(&blocks, &["1.0.0.1", "192.0.2.1", "2000::1"]);
        let both = [block("192.0.2.0/24", &["192.0.2.128/25"]), block("0.0.0.0/0", &[])];
        check(&both, &["1.0.0.1", "192.0.2.1", "2000::1"]);
    }

    #[test]
    fn overlapping_blocks_make_a_class_for_each_overlap() {
        let blocks = [block("10.0.0.0/8", &[]), block("10.1.0.0/16", &[]), block("2001:db8::/32", &[])];
        check(&blocks, &["1.0.0.1", "10.0.0.1", "10.1.0.1", "2000::1", "2001:db8::1"]);
    }

    #[test]
    fn a_class_that_lies_in_the_cluster_has_no_representative() {
        let free = AddressSet::full().difference(&unusable());
        let free = free.difference(&"10.244.0.0/16".parse::<Cidr>().unwrap().into());
        let found = classes(&[block("10.244.0.0/16", &[])].into(), &free);
        assert_eq!(found.iter().filter(|address| address.is_ipv4()).count(), 1);
    }
}
