//! The two ends of a link, and what each side of it must know.

use super::{NodeNet, SiteKey, SiteNet};
use crate::{
    LabError,
    kernel::{
        rtnl::{LinkEnd, Mac, Requests, Route},
        sysctl,
    },
};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The other end of every link, as each side calls it.
const GATEWAY: [IpAddr; 2] =
    [IpAddr::V4(Ipv4Addr::new(169, 254, 1, 1)), IpAddr::V6(Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 1))];

/// The index of the only link of a pod, of the outside host, and of a node's link to the underlay.
const UPLINK: u32 = 2;

pub(super) fn gateways() -> impl Iterator<Item = IpAddr> {
    GATEWAY.into_iter().filter(usable_family)
}

pub(super) fn usable_family(address: &IpAddr) -> bool {
    address.is_ipv4() || sysctl::has_ipv6()
}

pub(super) fn towards(address: IpAddr, link: u32) -> Route {
    let via = GATEWAY.into_iter().find(|gateway| gateway.is_ipv4() == address.is_ipv4());
    Route { to: Some(address), index: link, via, source: None }
}

/// Both ends of link number `link`: near the node or the underlay, and far from it.
pub(super) fn link_ends(link: u32) -> (LinkEnd, LinkEnd) {
    let mac = |side: u8| -> Mac {
        let [_, a, b, c] = link.to_be_bytes();
        [2, 0, side, a, b, c]
    };
    (
        LinkEnd { index: link, name: format!("lab{link}"), mac: mac(1) },
        LinkEnd { index: UPLINK, name: "eth0".to_owned(), mac: mac(2) },
    )
}

/// In a namespace with one link: its addresses, and everything through the other end.
pub(super) fn uplink(addresses: &[IpAddr], gateway: Mac) -> Result<(), LabError> {
    let mut requests = Requests::new();
    requests.up(UPLINK);
    for address in addresses.iter().filter(|address| usable_family(address)) {
        requests.address(UPLINK, *address);
    }
    for via in gateways() {
        requests.neighbour(UPLINK, via, gateway);
        requests.route(&Route { to: None, index: UPLINK, via: Some(via), source: None });
    }
    requests.send()
}

/// In a node's namespace: links and routes to its pods. What the node sends has its own address (S20).
pub(super) fn add_to_node(node: &NodeNet, sites: &[(SiteKey, SiteNet)]) -> Result<(), LabError> {
    let mut requests = Requests::new();
    for ((_, addresses), site) in sites {
        let (here, there) = link_ends(site.link);
        requests.veth(&here, &there, site.namespace.raw_fd());
        for address in addresses.iter().filter(|address| usable_family(address)) {
            let source = node.addresses.iter().find(|own| own.is_ipv4() == address.is_ipv4()).copied();
            requests.neighbour(site.link, *address, there.mac);
            requests.route(&Route { to: Some(*address), index: site.link, via: None, source });
        }
    }
    requests.send()
}

/// Probes by the thousand must not fill the table of connections. Kernels without a setting do without.
pub(super) fn conntrack_settings() {
    for key in ["udp_timeout", "udp_timeout_stream", "icmp_timeout", "icmpv6_timeout", "generic_timeout"] {
        let _ = sysctl::write(&format!("netfilter/nf_conntrack_{key}"), "10");
    }
    for key in ["tcp_timeout_close", "tcp_timeout_time_wait", "tcp_timeout_syn_sent", "sctp_timeout_closed"] {
        let _ = sysctl::write(&format!("netfilter/nf_conntrack_{key}"), "2");
    }
}
