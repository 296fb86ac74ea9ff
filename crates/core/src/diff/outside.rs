//! Addresses outside the cluster, split where the policies of either state tell them apart.

use super::joint::Face;
use crate::{
    reach::{ClassId, Family, Reach},
    set::{AddressSet, Bound, IntervalSet},
};
use std::{
    collections::BTreeMap,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

/// Addresses of one family that policies of the old state treat alike, and those of the new one.
#[derive(Debug)]
pub(super) struct Stretch {
    pub(super) addresses: AddressSet,
    pub(super) family: Family,
    pub(super) face: Face,
}

impl Stretch {
    /// Where people expect addresses: `0.0.0.1` would puzzle them.
    const USUAL: (Ipv4Addr, Ipv6Addr) =
        (Ipv4Addr::new(1, 0, 0, 1), Ipv6Addr::new(0x2000, 0, 0, 0, 0, 0, 0, 1));

    /// The addresses, the usual ones first.
    pub(super) fn addresses(&self) -> impl Iterator<Item = IpAddr> + '_ {
        let (v4, v6) = Self::USUAL;
        let usual = self.addresses.ranges_v4().filter(move |range| *range.end() >= v4);
        let v4 = usual.flat_map(move |range| (*range.start()).max(v4)..=*range.end()).map(IpAddr::V4);
        let usual = self.addresses.ranges_v6().filter(move |range| *range.end() >= v6);
        let v6 = usual.flat_map(move |range| (*range.start()).max(v6)..=*range.end()).map(IpAddr::V6);
        let rest_v4 = self.addresses.ranges_v4().flatten().map(IpAddr::V4);
        let rest_v6 = self.addresses.ranges_v6().flatten().map(IpAddr::V6);
        v4.chain(v6).chain(rest_v4).chain(rest_v6)
    }
}

/// Classes outside, with their numbers.
pub(super) type Outside<'a> = Vec<(ClassId, &'a AddressSet)>;

/// The classes outside of a state.
pub(super) fn outside(reach: &Reach) -> Outside<'_> {
    reach.outside().iter().filter_map(|id| Some((id, &reach.class(id)?.addresses))).collect()
}

/// Both families split: IPv4 before IPv6, each by the classes of the states.
pub(super) fn stretches(old: &Outside<'_>, new: &Outside<'_>) -> Vec<Stretch> {
    let v4 = |addresses: &AddressSet| addresses.v4.clone();
    let v6 = |addresses: &AddressSet| addresses.v6.clone();
    let v4 = split(&edges(old, v4), &edges(new, v4)).into_iter().map(|(face, v4)| Stretch {
        addresses: AddressSet { v4, v6: IntervalSet::empty() },
        family: Family::V4,
        face,
    });
    let v6 = split(&edges(old, v6), &edges(new, v6)).into_iter().map(|(face, v6)| Stretch {
        addresses: AddressSet { v4: IntervalSet::empty(), v6 },
        family: Family::V6,
        face,
    });
    v4.chain(v6).collect()
}

/// Where each class outside begins on the number line of a family, and again after another.
fn edges<T: Bound>(
    outside: &Outside<'_>,
    family: impl Fn(&AddressSet) -> IntervalSet<T>,
) -> Vec<(T, ClassId)> {
    let mut edges: Vec<(T, ClassId)> = Vec::new();
    for (id, addresses) in outside {
        edges.extend(family(addresses).ranges().map(|range| (*range.start(), *id)));
    }
    edges.sort_unstable();
    edges
}

/// Walks both lines at once. INVARIANT: the classes of a family cover it, so both begin at its first
/// address.
fn split<T: Bound>(old: &[(T, ClassId)], new: &[(T, ClassId)]) -> Vec<(Face, IntervalSet<T>)> {
    let mut ranges: BTreeMap<Face, Vec<(T, T)>> = BTreeMap::new();
    let (mut old, mut new) = (old.iter().copied().peekable(), new.iter().copied().peekable());
    let (Some((mut start, mut a)), Some((_, mut b))) = (old.next(), new.next()) else { return Vec::new() };
    loop {
        let next = [old.peek(), new.peek()].into_iter().flatten().map(|(edge, _)| *edge).min();
        let end = next.and_then(T::previous).unwrap_or(T::MAX);
        ranges.entry([a, b]).or_default().push((start, end));
        let Some(next) = next else { break };
        start = next;
        a = old.next_if(|(edge, _)| *edge == next).map_or(a, |(_, class)| class);
        b = new.next_if(|(edge, _)| *edge == next).map_or(b, |(_, class)| class);
    }
    let whole = |ranges: Vec<(T, T)>| ranges.into_iter().map(|(start, end)| start..=end).collect();
    // In the order of their first addresses, however the classes are numbered.
    let mut stretches: Vec<(Face, Vec<(T, T)>)> = ranges.into_iter().collect();
    stretches.sort_by_key(|(_, ranges)| ranges.first().copied());
    stretches.into_iter().map(|(face, ranges)| (face, whole(ranges))).collect()
}
