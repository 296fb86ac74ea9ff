//! Addresses for those that no manifest gives any.

use sekisho_core::set::Cidr;
use std::{
    collections::BTreeSet,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

/// Addresses that are taken, and the next free one.
#[derive(Debug, Default)]
pub(super) struct Addresses {
    taken: BTreeSet<IpAddr>,
}

impl Addresses {
    pub(super) fn new(taken: BTreeSet<IpAddr>) -> Self {
        Self { taken }
    }

    /// Takes the first free one.
    pub(super) fn take(&mut self, mut candidates: impl Iterator<Item = IpAddr>) -> Option<IpAddr> {
        candidates.find(|address| self.taken.insert(*address))
    }
}

/// What pods on node number `node` (from 1) are given: of the ranges of the node's own, or else
/// 10.244.NODE.2 and on, and fd00:10:244:NODE::2 and on.
pub(super) fn pod_candidates(
    node: u8,
    ranges: &BTreeSet<Cidr>,
    v4: bool,
) -> Box<dyn Iterator<Item = IpAddr>> {
    let own: Vec<Cidr> = ranges.iter().copied().filter(|range| range.is_ipv4() == v4).collect();
    if !own.is_empty() {
        return Box::new(own.into_iter().flat_map(hosts));
    }
    if v4 {
        let blocks = 244..=255_u8;
        Box::new(blocks.flat_map(move |second| {
            (2..=254_u8).map(move |last| Ipv4Addr::new(10, second, node, last).into())
        }))
    } else {
        Box::new(
            (2..=u16::MAX)
                .map(move |last| Ipv6Addr::new(0xfd00, 0x10, 0x244, u16::from(node), 0, 0, 0, last).into()),
        )
    }
}

/// What nodes are given.
pub(super) fn node_candidates(v4: bool) -> Box<dyn Iterator<Item = IpAddr>> {
    if v4 {
        Box::new((2..=254_u8).map(|last| Ipv4Addr::new(172, 18, 0, last).into()))
    } else {
        Box::new((2..=254_u16).map(|last| Ipv6Addr::new(0xfd00, 0x172, 0x18, 0, 0, 0, 0, last).into()))
    }
}

/// What Services are given.
pub(super) fn service_candidates(v4: bool) -> Box<dyn Iterator<Item = IpAddr>> {
    if v4 {
        Box::new((10..=u16::MAX).map(|number| {
            let [third, fourth] = number.to_be_bytes();
            Ipv4Addr::new(10, 96, third, fourth).into()
        }))
    } else {
        Box::new((10..=u16::MAX).map(|last| Ipv6Addr::new(0xfd00, 0x10, 0x96, 0, 0, 0, 0, last).into()))
    }
}

/// The addresses of a range without its first two, which a node may use itself.
fn hosts(range: Cidr) -> Box<dyn Iterator<Item = IpAddr>> {
    match (range.first(), range.last()) {
        (IpAddr::V4(first), IpAddr::V4(last)) => Box::new(
            (first.to_bits().saturating_add(2)..last.to_bits()).map(|bits| Ipv4Addr::from_bits(bits).into()),
        ),
        (IpAddr::V6(first), IpAddr::V6(last)) => Box::new(
            (first.to_bits().saturating_add(2)..last.to_bits()).map(|bits| Ipv6Addr::from_bits(bits).into()),
        ),
        _ => Box::new(std::iter::empty()),
    }
}
