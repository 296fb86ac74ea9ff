//! Bridges, and whether what goes over them from one port to another is shown to the rules.
//!
//! Numbers are those of the kernel's `linux/rtnetlink.h` and `linux/if_link.h`.

use super::{
    NetlinkError, Socket,
    attribute::{Attribute, Attributes, parse},
    listener::Listener,
    wire::Message,
};
use netlink_sys::protocols::NETLINK_ROUTE;
use std::{collections::BTreeMap, time::Duration};

const RTM_NEWLINK: u16 = 16;
const RTM_GETLINK: u16 = 18;
const IFLA_IFNAME: u16 = 3;
const IFLA_MASTER: u16 = 10;
const IFLA_LINKINFO: u16 = 18;
const IFLA_INFO_KIND: u16 = 1;
const IFLA_INFO_DATA: u16 = 2;
const IFLA_INFO_SLAVE_DATA: u16 = 5;
const IFLA_BRPORT_ISOLATED: u16 = 33;
const IFLA_BR_VLAN_FILTERING: u16 = 7;
const IFLA_BR_NF_CALL_IPTABLES: u16 = 36;
const IFLA_BR_NF_CALL_IP6TABLES: u16 = 37;
/// `RTNLGRP_LINK`: the group to which the kernel tells of links.
const GROUP: u32 = 1;
/// `struct ifinfomsg` behind its family: the index, and flags that say nothing here.
const REST: usize = 12;

/// A bridge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bridge {
    /// Its index.
    pub index: u32,
    /// Its name.
    pub name: String,
    /// Whether it is set to show packets to the rules of IPv4 and IPv6, whatever holds for all bridges.
    pub shows: bool,
    /// Whether it filters VLANs: then a tag may come on and off on the way.
    pub filters: bool,
    /// How many ports it has.
    pub ports: usize,
    /// How many of them are veths, as those of pods are.
    pub veths: usize,
    /// How many of them are isolated: between two of these nothing goes.
    pub isolated: usize,
}

impl Bridge {
    /// Whether something can go over it from a pod to another port.
    #[must_use]
    pub fn joins_pods(&self) -> bool {
        self.veths > 0 && self.ports > 1 && self.isolated < self.ports
    }

    /// Whether something may come over it from elsewhere than from pods: some port is no veth.
    #[must_use]
    pub fn leads_out(&self) -> bool {
        self.veths < self.ports
    }
}

/// Whom to ask about links, in the network namespace of the thread that opened it.
#[derive(Debug)]
pub struct Links {
    socket: Socket,
}

/// What is told of one link.
#[derive(Debug, Default)]
struct Link {
    index: u32,
    name: String,
    kind: Option<String>,
    master: Option<u32>,
    shows: bool,
    filters: bool,
    isolated: bool,
}

impl Links {
    /// Opens a way to the kernel.
    ///
    /// # Errors
    /// When the kernel gives no netlink socket.
    pub fn open() -> Result<Self, NetlinkError> {
        Ok(Self { socket: Socket::of(NETLINK_ROUTE)? })
    }

    /// The bridges, by index.
    ///
    /// # Errors
    /// When the kernel does not answer.
    pub fn bridges(&mut self) -> Result<Vec<Bridge>, NetlinkError> {
        let body = vec![0; REST];
        let message =
            Message { kind: RTM_GETLINK, flags: 0, family: 0, body, what: "tell its links".to_owned() };
        let links: Vec<Link> = self.socket.dump(&message, |_, rest| link(rest))?;
        let mut bridges: BTreeMap<u32, Bridge> = BTreeMap::new();
        for link in links.iter().filter(|link| link.kind.as_deref() == Some("bridge")) {
            let Link { index, shows, filters, .. } = *link;
            let name = link.name.clone();
            bridges.insert(index, Bridge { index, name, shows, filters, ports: 0, veths: 0, isolated: 0 });
        }
        for port in &links {
            if let Some(bridge) = port.master.and_then(|master| bridges.get_mut(&master)) {
                bridge.ports += 1;
                bridge.veths += usize::from(port.kind.as_deref() == Some("veth"));
                bridge.isolated += usize::from(port.isolated);
            }
        }
        Ok(bridges.into_values().collect())
    }

    /// Has the bridge with this index show its packets to the rules of both families. Without the kernel's
    /// `br_netfilter` that means nothing.
    ///
    /// # Errors
    /// When the kernel refuses it.
    pub fn show(&mut self, index: u32) -> Result<(), NetlinkError> {
        let on =
            Attributes::new().bytes(IFLA_BR_NF_CALL_IPTABLES, &[1]).bytes(IFLA_BR_NF_CALL_IP6TABLES, &[1]);
        let info = Attributes::new().text(IFLA_INFO_KIND, "bridge").nested(IFLA_INFO_DATA, &on);
        let mut body = index.to_ne_bytes().to_vec();
        body.resize(REST, 0);
        body.extend_from_slice(Attributes::new().nested(IFLA_LINKINFO, &info).as_bytes());
        let what = "have a bridge show its packets to the rules".to_owned();
        self.socket.request(&Message { kind: RTM_NEWLINK, flags: 0, family: 0, body, what })
    }
}

/// What `rest`, an `ifinfomsg` behind its family and the attributes behind it, tells.
fn link(rest: &[u8]) -> Option<Link> {
    let index = u32::from_ne_bytes(rest.get(0..4)?.try_into().ok()?);
    let mut link = Link { index, ..Link::default() };
    for attribute in parse(rest.get(REST..)?) {
        match attribute.kind {
            IFLA_IFNAME => attribute.text()?.clone_into(&mut link.name),
            IFLA_MASTER => link.master = Some(u32::from_ne_bytes(attribute.value.try_into().ok()?)),
            IFLA_LINKINFO => about(&mut link, attribute),
            _ => {}
        }
    }
    Some(link)
}

fn about(link: &mut Link, info: Attribute<'_>) {
    let is_on = |attribute: &Attribute<'_>| attribute.value == [1];
    for attribute in info.nested() {
        match attribute.kind {
            IFLA_INFO_KIND => link.kind = attribute.text().map(str::to_owned),
            IFLA_INFO_DATA => {
                let set = |kind| attribute.nested().any(|data| data.kind == kind && is_on(&data));
                link.filters = set(IFLA_BR_VLAN_FILTERING);
                link.shows = set(IFLA_BR_NF_CALL_IPTABLES) && set(IFLA_BR_NF_CALL_IP6TABLES);
            }
            IFLA_INFO_SLAVE_DATA => {
                link.isolated =
                    attribute.nested().any(|data| data.kind == IFLA_BRPORT_ISOLATED && is_on(&data));
            }
            _ => {}
        }
    }
}

/// Hears of links that come, go or change, in the network namespace of the thread that opened it.
#[derive(Debug)]
pub struct LinkMonitor {
    listener: Listener,
}

impl LinkMonitor {
    /// Listens from now on.
    ///
    /// # Errors
    /// When the kernel gives no netlink socket.
    pub fn open() -> Result<Self, NetlinkError> {
        Ok(Self { listener: Listener::open(NETLINK_ROUTE, GROUP, None, "listen to links")? })
    }

    /// Waits until some link has changed, or until `patience` is over; says which.
    ///
    /// # Errors
    /// When the kernel cannot be listened to any more.
    pub fn wait(&mut self, patience: Duration) -> Result<bool, NetlinkError> {
        self.listener.wait(patience, |_| true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Not every kernel that these tests meet can filter VLANs.
    #[test]
    fn a_bridge_says_that_it_filters_vlans() {
        for (value, filters) in [(0, false), (1, true)] {
            let data = Attributes::new().bytes(IFLA_BR_VLAN_FILTERING, &[value]);
            let info = Attributes::new().text(IFLA_INFO_KIND, "bridge").nested(IFLA_INFO_DATA, &data);
            let mut rest = 7_u32.to_ne_bytes().to_vec();
            rest.resize(REST, 0);
            let attributes = Attributes::new().text(IFLA_IFNAME, "cni0").nested(IFLA_LINKINFO, &info);
            rest.extend_from_slice(attributes.as_bytes());
            let link = link(&rest).unwrap();
            assert_eq!(
                (link.index, link.name.as_str(), link.filters, link.shows),
                (7, "cni0", filters, false)
            );
        }
    }
}
