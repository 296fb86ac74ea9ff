//! Nodes whose pods hang on a bridge, as the plugins `bridge` and flannel have it: what two pods of a node
//! send each other goes over the bridge and is not routed. The lab builds routes; they are taken away here.

use super::Rig;
use sekisho_lab::{Host, Network};
use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    process::Command,
};

/// The bridge of every node.
pub(crate) const BRIDGE: &str = "cni0";

impl Rig {
    /// Hangs the pods of every node on a bridge.
    pub(crate) fn bridge(&self) {
        let plan = self.lab.current_plan();
        for node in 0..plan.nodes.len() {
            let network = self.lab.network_of(Host::Node(node)).unwrap();
            ip(&network, &["link", "add", BRIDGE, "type", "bridge"]);
            // Without an address of its link it asks nobody for neighbours on behalf of others.
            ip(&network, &["link", "set", BRIDGE, "addrgenmode", "eui64"]);
            ip(&network, &["link", "set", BRIDGE, "up"]);
            for (at, site) in plan.sites.iter().enumerate().filter(|(_, site)| site.node == node) {
                let pod = self.lab.network_of(Host::Site(at)).unwrap();
                plug(&network, &pod, &site.addresses.iter().copied().collect::<Vec<_>>());
            }
        }
    }
}

/// The gateway of a pod, which is the bridge, and the length of their network's prefix.
pub(crate) fn gateway(address: IpAddr) -> (IpAddr, u8) {
    match address {
        IpAddr::V4(address) => (Ipv4Addr::from_bits(address.to_bits() & !0xff | 1).into(), 24),
        IpAddr::V6(address) => (Ipv6Addr::from_bits(address.to_bits() >> 64 << 64 | 1).into(), 64),
    }
}

/// Moves a pod from its routes to the bridge.
fn plug(node: &Network, pod: &Network, addresses: &[IpAddr]) {
    let route = ip(node, &["route", "show", &addresses.iter().find(|a| a.is_ipv4()).unwrap().to_string()]);
    let link = route.split(' ').skip_while(|word| *word != "dev").nth(1).unwrap();
    for address in addresses {
        let family = if address.is_ipv4() { "-4" } else { "-6" };
        let (gateway, bits) = gateway(*address);
        ip(node, &[family, "route", "del", &address.to_string(), "dev", link]);
        let own = format!("{gateway}/{bits}");
        let mut words = vec![family, "address", "replace", &own, "dev", BRIDGE];
        if address.is_ipv6() {
            words.push("nodad");
        }
        ip(node, &words);
        ip(pod, &[family, "route", "flush", "default"]);
        ip(
            pod,
            &[
                family,
                "address",
                "del",
                &format!("{address}/{}", if address.is_ipv4() { 32 } else { 128 }),
                "dev",
                "eth0",
            ],
        );
        let own = format!("{address}/{bits}");
        let mut words = vec![family, "address", "add", &own, "dev", "eth0"];
        if address.is_ipv6() {
            words.push("nodad");
        }
        ip(pod, &words);
        ip(pod, &[family, "route", "add", "default", "via", &gateway.to_string()]);
    }
    ip(node, &["neighbour", "flush", "dev", link, "nud", "permanent"]);
    ip(pod, &["neighbour", "flush", "dev", "eth0", "nud", "permanent"]);
    ip(node, &["link", "set", link, "master", BRIDGE]);
    // A pod may reach itself by its Service (S21).
    ip(node, &["link", "set", link, "type", "bridge_slave", "hairpin", "on"]);
}

/// What `ip` says in a network.
pub(crate) fn ip(network: &Network, words: &[&str]) -> String {
    let output = network.within(|| Command::new("ip").args(words).output().unwrap()).unwrap();
    assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}
