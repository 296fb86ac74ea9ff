//! The small universe that random objects are drawn from.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Names of namespaces.
pub const NAMESPACES: [&str; 3] = ["red", "green", "blue"];
/// Names of nodes.
pub const NODES: [&str; 2] = ["node-1", "node-2"];
/// Ports that policies and containers name, and their neighbours.
pub const PORTS: [u16; 8] = [53, 79, 80, 81, 443, 8080, 8081, 9090];
/// Addresses outside the cluster: inside and outside of every block that policies write.
pub const EXTERNAL: [&str; 8] = [
    "192.0.2.1",
    "192.0.2.129",
    "198.51.100.7",
    "203.0.113.200",
    "10.99.0.1",
    "2001:db8::1",
    "2001:db8:0:1::1",
    "2001:db9::1",
];

pub(super) const LABEL_KEYS: [&str; 3] = ["app", "tier", "track"];
pub(super) const LABEL_VALUES: [&str; 3] = ["a", "b", "c"];
pub(super) const PORT_NAMES: [&str; 3] = ["web", "dns", "metrics"];
/// Blocks with their possible exceptions. Some cover pods, some nodes, some the outside; some overlap.
pub(super) const BLOCKS: [(&str, &[&str]); 9] = [
    ("0.0.0.0/0", &["10.0.0.0/8", "192.0.2.0/24", "10.244.1.2/32"]),
    ("10.244.0.0/16", &["10.244.1.0/24", "10.244.2.0/30"]),
    ("10.244.1.0/29", &["10.244.1.2/31"]),
    ("192.0.2.0/24", &["192.0.2.128/25", "192.0.2.0/30"]),
    ("172.18.0.0/24", &["172.18.0.1/32"]),
    ("198.51.100.7/32", &[]),
    ("::/0", &["2001:db8::/32", "fd00:10:244::/48"]),
    ("2001:db8::/32", &["2001:db8:0:1::/64"]),
    ("fd00:10:244:1::/64", &["fd00:10:244:1::2/128"]),
];

/// The addresses of pod number `slot` of node number `node`: IPv4 and IPv6.
#[must_use]
pub fn pod_addresses(node: u8, slot: u8) -> [IpAddr; 2] {
    let v6 = Ipv6Addr::new(0xfd00, 0x10, 0x244, u16::from(node), 0, 0, 0, u16::from(slot));
    [Ipv4Addr::new(10, 244, node, slot).into(), v6.into()]
}

/// The addresses of node number `node`: IPv4 and IPv6.
#[must_use]
pub fn node_addresses(node: u8) -> [IpAddr; 2] {
    let v6 = Ipv6Addr::new(0xfd00, 0x18, 0, 0, 0, 0, 0, u16::from(node));
    [Ipv4Addr::new(172, 18, 0, node).into(), v6.into()]
}
