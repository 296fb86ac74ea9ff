//! The question that every engine answers: may this packet open a connection.

use crate::{object::PodUid, set::Protocol};
use std::{fmt, net::IpAddr};

/// One end of a packet.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum End {
    /// Whatever bears the address: pods, a node, or something outside the cluster.
    Address(IpAddr),
    /// A pod whose address nobody knows, such as one that a Deployment would make. Of the address
    /// blocks only a whole family without exception is known to hold it.
    Pod(PodUid),
}

impl End {
    /// The address, where there is one.
    #[must_use]
    pub fn address(&self) -> Option<IpAddr> {
        match self {
            Self::Address(address) => Some(*address),
            Self::Pod(_) => None,
        }
    }
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(address) => address.fmt(f),
            Self::Pod(uid) => uid.fmt(f),
        }
    }
}

/// What a packet carries, as far as a policy can tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Traffic {
    /// A protocol with ports, and the destination's port.
    Port(Protocol, u16),
    /// An ICMPv6 message and its type (S33, S34).
    Icmpv6(u8),
    /// Any other protocol by its IP number (S33); ICMP for IPv4 is 1.
    Other(u8),
}

impl Traffic {
    /// Whether it is ICMPv6 that no policy may stop: MLD, router and neighbour discovery, redirect
    /// (types 130 to 136, S34).
    #[must_use]
    pub fn is_neighbour_discovery(self) -> bool {
        matches!(self, Self::Icmpv6(130..=136))
    }
}

impl fmt::Display for Traffic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Port(protocol, port) => write!(f, "{protocol}/{port}"),
            Self::Icmpv6(kind) => write!(f, "ICMPv6/{kind}"),
            Self::Other(1) => f.write_str("ICMP"),
            Self::Other(number) => write!(f, "protocol/{number}"),
        }
    }
}

/// The first packet of a connection as policy sees it: after Service translation and before
/// masquerading (S37).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Packet {
    /// Who opens the connection.
    pub from: End,
    /// Whom it is opened to.
    pub to: End,
    /// What it carries.
    pub traffic: Traffic,
}

impl Packet {
    /// A packet between two addresses, or `None` when they are of different families.
    #[must_use]
    pub fn between(from: IpAddr, to: IpAddr, traffic: Traffic) -> Option<Self> {
        (from.is_ipv4() == to.is_ipv4()).then_some(Self {
            from: End::Address(from),
            to: End::Address(to),
            traffic,
        })
    }
}

impl fmt::Display for Packet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} -> {} {}", self.from, self.to, self.traffic)
    }
}
