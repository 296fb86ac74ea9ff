//! Objects with the fields that matter here.

use sekisho_core::{
    object::{
        Direction, IpBlock, LabelSelector, Labels, NetworkPolicy, ObjectKey, Origin, Peer, PeerKind,
        PolicyPort, PortMatch, Requirement, Rule,
    },
    set::{Cidr, PortRange, Protocol},
};
use std::{
    net::{IpAddr, Ipv4Addr},
    sync::Arc,
};

pub(super) fn name(what: &str, number: usize) -> Arc<str> {
    format!("{what}-{number}").into()
}

pub(super) fn address(first: [u8; 4], number: usize) -> IpAddr {
    let number = u32::try_from(number).unwrap_or(u32::MAX);
    Ipv4Addr::from_bits(Ipv4Addr::from(first).to_bits() + number).into()
}

pub(super) fn labels(pairs: &[(&str, &str)]) -> Labels {
    pairs.iter().copied().collect()
}

pub(super) fn selector(key: &str, value: &str) -> LabelSelector {
    [Requirement::In(key.into(), [value.into()].into())].into_iter().collect()
}

pub(super) fn peer(kind: PeerKind) -> Peer {
    Peer { kind, origin: Origin::default() }
}

/// The block of `address` alone.
pub(super) fn block(address: IpAddr) -> Option<Peer> {
    let block = IpBlock::new(Cidr::host(address), []).ok()?;
    Some(peer(PeerKind::Block(block)))
}

pub(super) fn rule(peers: Vec<Peer>, first: u16, last: u16) -> Rule {
    let range = PortRange::new(first, last).into_iter();
    let ports = range.map(|range| PolicyPort {
        protocol: Protocol::Tcp,
        port: PortMatch::Range(range),
        origin: Origin::default(),
    });
    Rule { peers, ports: ports.collect(), origin: Origin::default() }
}

pub(super) fn policy(key: ObjectKey, subjects: LabelSelector, ingress: Vec<Rule>) -> NetworkPolicy {
    let types = [Direction::Ingress].into();
    NetworkPolicy {
        key,
        subjects,
        types,
        ingress,
        egress: Vec::new(),
        labels: Labels::new(),
        annotations: Labels::new(),
        origin: Origin::default(),
    }
}
