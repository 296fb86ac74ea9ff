//! One tracked connection.

use crate::{
    netlink::{Attribute, parse},
    tree::CUT_LABEL_BIT,
};
use sekisho_core::{
    packet::{Packet, Traffic},
    set::Protocol,
};
use std::{
    collections::BTreeSet,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

// Attributes of `linux/netfilter/nfnetlink_conntrack.h`.
pub(super) const CTA_TUPLE_ORIG: u16 = 1;
pub(super) const CTA_TUPLE_REPLY: u16 = 2;
const CTA_PROTOINFO: u16 = 4;
pub(super) const CTA_ID: u16 = 12;
pub(super) const CTA_ZONE: u16 = 18;
pub(super) const CTA_LABELS: u16 = 22;
pub(super) const CTA_TUPLE_IP: u16 = 1;
pub(super) const CTA_TUPLE_PROTO: u16 = 2;
const CTA_PROTOINFO_TCP: u16 = 1;
const CTA_PROTOINFO_TCP_FLAGS_ORIGINAL: u16 = 4;
/// `IP_CT_TCP_FLAG_SACK_PERM`.
const SACK_PERMITTED: u8 = 0x02;
/// `IP_CT_TCP_FLAG_BE_LIBERAL`: any sequence number is good.
pub(super) const BE_LIBERAL: u8 = 0x08;
/// What connection tracking sets on both sides of a connection whose beginning it did not see
/// (`nf_conntrack_proto_tcp.c`).
pub(super) const PICKED_UP: u8 = SACK_PERMITTED | BE_LIBERAL;

/// One direction of a connection. Ports are 0 for protocols without.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tuple {
    /// Where its packets come from.
    pub source: IpAddr,
    /// Where they go to.
    pub destination: IpAddr,
    /// The IP protocol's number.
    pub protocol: u8,
    /// The port they come from.
    pub source_port: u16,
    /// The port they go to.
    pub destination_port: u16,
    /// The type of ICMP and ICMPv6 messages.
    pub icmp_type: u8,
}

/// A tracked connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Connection {
    /// As the opener's packets arrived: before Service translation.
    pub original: Tuple,
    /// As the answers arrive: from whom the packets were translated to.
    pub reply: Tuple,
    /// Whether its beginning was not seen, so that either end may be the opener (S32).
    pub picked_up: bool,
    /// Whether it has been cut (S31).
    pub cut: bool,
    /// The attributes by which the kernel finds it again.
    pub(super) identity: Identity,
    /// What tells it from a later one between the same ends.
    pub(super) id: Option<u32>,
}

/// The attributes that name a connection, as the kernel wrote them.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Identity {
    pub(super) family: u8,
    pub(super) original: Vec<u8>,
    pub(super) reply: Vec<u8>,
    pub(super) zone: Option<Vec<u8>>,
}

impl Connection {
    /// The packet that opened it as policy saw it: after Service translation and before masquerading
    /// (S37), which is from the original source to the source of the answers.
    #[must_use]
    pub fn packet(&self) -> Option<Packet> {
        packet(&self.original, &self.reply)
    }

    /// The packets of which one opened it: both directions when its beginning was not seen (S32).
    #[must_use]
    pub fn openings(&self) -> Vec<Packet> {
        let backward = || {
            let traffic = traffic(&self.original, self.original.source_port);
            Packet::between(self.reply.source, self.original.source, traffic)
        };
        let backward = if self.picked_up { backward() } else { None };
        self.packet().into_iter().chain(backward).collect()
    }

    /// Reads an entry of a dump.
    pub(super) fn read(family: u8, attributes: &[u8]) -> Option<Self> {
        let find = |kind| parse(attributes).find(|attribute| attribute.kind == kind);
        let (original, reply) = (find(CTA_TUPLE_ORIG)?, find(CTA_TUPLE_REPLY)?);
        let labels = find(CTA_LABELS).map(|labels| labels.value).unwrap_or_default();
        let (byte, bit) = (usize::from(CUT_LABEL_BIT / 8), CUT_LABEL_BIT % 8);
        Some(Self {
            original: Tuple::read(original)?,
            reply: Tuple::read(reply)?,
            picked_up: find(CTA_PROTOINFO).is_some_and(is_picked_up),
            cut: labels.get(byte).is_some_and(|byte| byte & (1 << bit) != 0),
            identity: Identity {
                family,
                original: original.value.to_vec(),
                reply: reply.value.to_vec(),
                zone: find(CTA_ZONE).map(|zone| zone.value.to_vec()),
            },
            id: find(CTA_ID).and_then(Attribute::u32),
        })
    }

    /// Whether one of the addresses opened it, or it leads to one.
    #[must_use]
    pub fn is_end(&self, addresses: &BTreeSet<IpAddr>) -> bool {
        addresses.contains(&self.original.source) || addresses.contains(&self.reply.source)
    }
}

/// The packet that opens a connection as policy sees it (S37).
pub(super) fn packet(original: &Tuple, reply: &Tuple) -> Option<Packet> {
    Packet::between(original.source, reply.source, traffic(original, reply.source_port))
}

fn traffic(original: &Tuple, port: u16) -> Traffic {
    const ICMPV6: u8 = 58;
    let protocol = Protocol::ALL.into_iter().find(|protocol| protocol.number() == original.protocol);
    match protocol {
        Some(protocol) => Traffic::Port(protocol, port),
        None if original.protocol == ICMPV6 => Traffic::Icmpv6(original.icmp_type),
        None => Traffic::Other(original.protocol),
    }
}

fn is_picked_up(protocol: Attribute<'_>) -> bool {
    let tcp = protocol.nested().find(|attribute| attribute.kind == CTA_PROTOINFO_TCP);
    let flags = tcp.and_then(|tcp| tcp.nested().find(|a| a.kind == CTA_PROTOINFO_TCP_FLAGS_ORIGINAL));
    flags.and_then(|flags| flags.value.first().copied()).is_some_and(|flags| flags & PICKED_UP == PICKED_UP)
}

impl Tuple {
    pub(super) fn read(tuple: Attribute<'_>) -> Option<Self> {
        let part = |kind| tuple.nested().find(|attribute| attribute.kind == kind);
        let (ip, protocol) = (part(CTA_TUPLE_IP)?, part(CTA_TUPLE_PROTO)?);
        // CTA_IP_V4_SRC, CTA_IP_V4_DST, CTA_IP_V6_SRC, CTA_IP_V6_DST.
        let address = |kinds: [u16; 2]| {
            let found = ip.nested().find(|attribute| kinds.contains(&attribute.kind))?;
            match found.value.len() {
                4 => Some(IpAddr::V4(Ipv4Addr::from(<[u8; 4]>::try_from(found.value).ok()?))),
                _ => Some(IpAddr::V6(Ipv6Addr::from(<[u8; 16]>::try_from(found.value).ok()?))),
            }
        };
        let field = |kind| protocol.nested().find(|attribute| attribute.kind == kind);
        let number = |kind| field(kind).and_then(Attribute::u16).unwrap_or_default();
        let byte = |kind| field(kind).and_then(|attribute| attribute.value.first().copied());
        Some(Self {
            source: address([1, 3])?,
            destination: address([2, 4])?,
            // CTA_PROTO_NUM, _SRC_PORT, _DST_PORT, _ICMP_TYPE, _ICMPV6_TYPE.
            protocol: byte(1)?,
            source_port: number(2),
            destination_port: number(3),
            icmp_type: byte(5).or(byte(8)).unwrap_or_default(),
        })
    }
}
