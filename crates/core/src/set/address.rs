//! Sets of IPv4 and IPv6 addresses.

use super::{Cidr, IntervalSet};
use ipnet::{Ipv4Subnets, Ipv6Subnets};
use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    ops::RangeInclusive,
};

/// A set of addresses of both families.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AddressSet {
    /// The IPv4 members as big-endian numbers.
    pub v4: IntervalSet<u32>,
    /// The IPv6 members as big-endian numbers.
    pub v6: IntervalSet<u128>,
}

impl AddressSet {
    /// The set without members.
    #[must_use]
    pub fn empty() -> Self {
        Self::default()
    }

    /// Every address of both families.
    #[must_use]
    pub fn full() -> Self {
        Self { v4: IntervalSet::full(), v6: IntervalSet::full() }
    }

    /// Whether the set has no member.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.v4.is_empty() && self.v6.is_empty()
    }

    /// Whether `address` is a member. O(log n).
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        match address {
            IpAddr::V4(address) => self.v4.contains(address.to_bits()),
            IpAddr::V6(address) => self.v6.contains(address.to_bits()),
        }
    }

    /// Members of either set.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        Self { v4: self.v4.union(&other.v4), v6: self.v6.union(&other.v6) }
    }

    /// Members of both sets.
    #[must_use]
    pub fn intersection(&self, other: &Self) -> Self {
        Self { v4: self.v4.intersection(&other.v4), v6: self.v6.intersection(&other.v6) }
    }

    /// Members of `self` that are not in `other`.
    #[must_use]
    pub fn difference(&self, other: &Self) -> Self {
        Self { v4: self.v4.difference(&other.v4), v6: self.v6.difference(&other.v6) }
    }

    /// The fewest blocks that cover the set exactly, IPv4 before IPv6, ascending.
    #[must_use]
    pub fn cidrs(&self) -> Vec<Cidr> {
        let v4 = self.ranges_v4().flat_map(|range| {
            let (first, last) = range.into_inner();
            Ipv4Subnets::new(first, last, 0).map(|net| Cidr::new(net.into()))
        });
        let v6 = self.ranges_v6().flat_map(|range| {
            let (first, last) = range.into_inner();
            Ipv6Subnets::new(first, last, 0).map(|net| Cidr::new(net.into()))
        });
        v4.chain(v6).collect()
    }

    /// The IPv4 members as ascending, disjoint, non-adjacent ranges.
    pub fn ranges_v4(&self) -> impl ExactSizeIterator<Item = RangeInclusive<Ipv4Addr>> + '_ {
        self.v4.ranges().map(|range| Ipv4Addr::from_bits(*range.start())..=Ipv4Addr::from_bits(*range.end()))
    }

    /// The IPv6 members as ascending, disjoint, non-adjacent ranges.
    pub fn ranges_v6(&self) -> impl ExactSizeIterator<Item = RangeInclusive<Ipv6Addr>> + '_ {
        self.v6.ranges().map(|range| Ipv6Addr::from_bits(*range.start())..=Ipv6Addr::from_bits(*range.end()))
    }
}

impl From<Cidr> for AddressSet {
    fn from(cidr: Cidr) -> Self {
        let mut set = Self::empty();
        match (cidr.first(), cidr.last()) {
            (IpAddr::V4(first), IpAddr::V4(last)) => {
                set.v4 = IntervalSet::range(first.to_bits()..=last.to_bits());
            }
            (IpAddr::V6(first), IpAddr::V6(last)) => {
                set.v6 = IntervalSet::range(first.to_bits()..=last.to_bits());
            }
            // INVARIANT: both ends of a block are of one family.
            _ => {}
        }
        set
    }
}

impl FromIterator<Cidr> for AddressSet {
    fn from_iter<I: IntoIterator<Item = Cidr>>(iter: I) -> Self {
        let (mut v4, mut v6) = (Vec::new(), Vec::new());
        for cidr in iter {
            let one = Self::from(cidr);
            v4.extend(one.v4.ranges());
            v6.extend(one.v6.ranges());
        }
        Self { v4: v4.into_iter().collect(), v6: v6.into_iter().collect() }
    }
}

impl fmt::Display for AddressSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let cidrs: Vec<String> = self.cidrs().iter().map(ToString::to_string).collect();
        f.write_str(&cidrs.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cidr(text: &str) -> Cidr {
        text.parse().unwrap()
    }

    #[test]
    fn cidrs_cover_exactly() {
        let set = AddressSet::from(cidr("10.0.0.0/8")).difference(&cidr("10.128.0.0/9").into());
        assert_eq!(set.cidrs(), [cidr("10.0.0.0/9")]);
        let both: AddressSet = [cidr("::/1"), cidr("8000::/1"), cidr("10.0.0.9/32")].into_iter().collect();
        assert_eq!(both.to_string(), "10.0.0.9/32, ::/0");
    }

    #[test]
    fn a_longer_prefix_hides_nothing() {
        // S19: overlapping blocks are a union.
        let set: AddressSet = [cidr("10.0.0.0/8"), cidr("10.1.0.0/16")].into_iter().collect();
        assert_eq!(set.cidrs(), [cidr("10.0.0.0/8")]);
    }

    #[test]
    fn the_edges_of_a_family_are_members() {
        let full = AddressSet::full();
        for address in ["0.0.0.0", "255.255.255.255", "::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"] {
            assert!(full.contains(address.parse().unwrap()), "{address}");
        }
    }
}
