//! Sets and maps.

use super::Name;
use std::{
    collections::BTreeSet,
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

/// An address family.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Family {
    /// IPv4.
    V4,
    /// IPv6.
    V6,
}

impl Family {
    /// Both families.
    pub const ALL: [Self; 2] = [Self::V4, Self::V6];

    /// The family of an address.
    #[must_use]
    pub fn of(address: IpAddr) -> Self {
        if address.is_ipv4() { Self::V4 } else { Self::V6 }
    }
}

impl fmt::Display for Family {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::V4 => "4",
            Self::V6 => "6",
        })
    }
}

/// What a set's elements are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SetKind {
    /// Addresses, in a hash.
    Addresses(Family),
    /// Ranges of addresses, which may not overlap.
    Ranges(Family),
    /// (address, port), in a hash.
    AddressPorts(Family),
    /// (address, address), in a hash.
    AddressPairs(Family),
    /// Ranges of ports, which may not overlap.
    Ports,
    /// Addresses to the chains that they lead to: a verdict map.
    Dispatch(Family),
}

/// An element of a set.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Element {
    /// An address.
    Address(IpAddr),
    /// IPv4 addresses from the first to the last.
    RangeV4(Ipv4Addr, Ipv4Addr),
    /// IPv6 addresses from the first to the last.
    RangeV6(Ipv6Addr, Ipv6Addr),
    /// An address and a port.
    AddressPort(IpAddr, u16),
    /// Two addresses of one family.
    AddressPair(IpAddr, IpAddr),
    /// Ports from the first to the last.
    Ports(u16, u16),
    /// An address and the chain that it leads to.
    Dispatch(IpAddr, Name),
}

/// A set or a map.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Set {
    /// What its elements are.
    pub kind: SetKind,
    /// The elements.
    pub elements: BTreeSet<Element>,
    /// What it stands for, for people.
    pub comment: String,
}

impl Set {
    /// An empty set.
    #[must_use]
    pub fn new(kind: SetKind, comment: impl Into<String>) -> Self {
        Self { kind, elements: BTreeSet::new(), comment: comment.into() }
    }
}
