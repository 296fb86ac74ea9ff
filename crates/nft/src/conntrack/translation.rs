//! What an entry that is made anew must be told of address translation, so that packets of its connection
//! are still translated, and the answers that refuse them reach both ends.

use super::{
    NESTED,
    entry::{CTA_TUPLE_IP, CTA_TUPLE_PROTO, CTA_TUPLE_REPLY, Connection, Tuple},
};
use crate::netlink::Attributes;
use std::net::IpAddr;

// Of `linux/netfilter/nfnetlink_conntrack.h`.
const CTA_NAT_SRC: u16 = 6;
const CTA_NAT_DST: u16 = 13;
const CTA_NAT_V4_MINIP: u16 = 1;
const CTA_NAT_V4_MAXIP: u16 = 2;
const CTA_NAT_PROTO: u16 = 3;
const CTA_NAT_V6_MINIP: u16 = 4;
const CTA_NAT_V6_MAXIP: u16 = 5;
const CTA_PROTONAT_PORT_MIN: u16 = 1;
const CTA_PROTONAT_PORT_MAX: u16 = 2;

/// The direction of the answers, and the translations. The kernel wants the answers as they were without
/// translation, and translates them itself.
pub(super) fn reply(connection: &Connection) -> Attributes {
    let (original, reply) = (&connection.original, &connection.reply);
    let ends = [
        (CTA_NAT_DST, (original.destination, original.destination_port), (reply.source, reply.source_port)),
        (CTA_NAT_SRC, (original.source, original.source_port), (reply.destination, reply.destination_port)),
    ];
    let translations: Vec<_> = ends.into_iter().filter(|(_, before, after)| before != after).collect();
    // Without ports, translation of what nobody could tell apart is not attempted.
    if translations.is_empty() || original.source_port == 0 {
        return as_it_was(connection);
    }
    let untranslated = Attributes::new().nested(CTA_TUPLE_REPLY, &turned_round(original));
    translations.into_iter().fold(untranslated, |attributes, (kind, _, (address, port))| {
        attributes.nested(kind, &translated_to(address, port))
    })
}

/// The direction of the answers as it was, and no translation.
pub(super) fn as_it_was(connection: &Connection) -> Attributes {
    Attributes::new().bytes(CTA_TUPLE_REPLY | NESTED, &connection.identity.reply)
}

fn translated_to(address: IpAddr, port: u16) -> Attributes {
    let ports = Attributes::new().u16(CTA_PROTONAT_PORT_MIN, port).u16(CTA_PROTONAT_PORT_MAX, port);
    let attributes = Attributes::new();
    match address {
        IpAddr::V4(v4) => {
            attributes.bytes(CTA_NAT_V4_MINIP, &v4.octets()).bytes(CTA_NAT_V4_MAXIP, &v4.octets())
        }
        IpAddr::V6(v6) => {
            attributes.bytes(CTA_NAT_V6_MINIP, &v6.octets()).bytes(CTA_NAT_V6_MAXIP, &v6.octets())
        }
    }
    .nested(CTA_NAT_PROTO, &ports)
}

fn turned_round(tuple: &Tuple) -> Attributes {
    let addresses = [(tuple.destination, (1, 3)), (tuple.source, (2, 4))];
    // CTA_IP_V4_SRC, CTA_IP_V6_SRC; CTA_IP_V4_DST, CTA_IP_V6_DST.
    let addresses = addresses.into_iter().fold(Attributes::new(), |ip, (address, (v4, v6))| match address {
        IpAddr::V4(address) => ip.bytes(v4, &address.octets()),
        IpAddr::V6(address) => ip.bytes(v6, &address.octets()),
    });
    // CTA_PROTO_NUM, CTA_PROTO_SRC_PORT, CTA_PROTO_DST_PORT.
    let above = Attributes::new()
        .bytes(1, &[tuple.protocol])
        .u16(2, tuple.destination_port)
        .u16(3, tuple.source_port);
    Attributes::new().nested(CTA_TUPLE_IP, &addresses).nested(CTA_TUPLE_PROTO, &above)
}
