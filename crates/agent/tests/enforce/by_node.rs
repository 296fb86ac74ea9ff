//! What pods reach by their node: ports of it that lead to a pod, as the plugin `portmap` makes them, and a
//! cache of DNS that bears addresses of its own there.

use crate::{
    nft,
    rig::calls::Arrival,
    services::{From, Shop, build},
};
use std::{net::SocketAddr, path::Path, process::Command};

/// The cache's own addresses.
const DNS: [&str; 2] = ["169.254.20.10", "fd00:10:53::10"];
/// The cluster address of DNS, which the cache bears on every node in its stead.
const CLUSTER_DNS: [&str; 2] = ["10.96.0.10", "fd00:10:96::a"];
const HOST_PORT: u16 = 8081;

pub(crate) fn what_goes_by_the_node_is_policed() {
    let (rig, mut echoes) = build();
    for node in ["node-1", "node-2"] {
        cache(&rig.namespace(node));
        let network = rig
            .lab
            .network_of(Shop { rig: &rig, echoes: &echoes, v4: true, bridged: false }.node(node).0)
            .unwrap();
        for address in DNS.iter().chain(&CLUSTER_DNS) {
            echoes.serve(&network, node, address.parse().unwrap(), 53);
        }
    }
    for v4 in [true, false] {
        let shop = Shop { rig: &rig, echoes: &echoes, v4, bridged: false };
        shop.host_ports();
        shop.dns();
    }
}

/// Gives a node the addresses of the cache, whose packets are not tracked, as NodeLocal DNSCache has it.
fn cache(namespace: &Path) {
    // A bridge without ports is as good, on kernels without dummies.
    let made = ip(namespace, "link add nodelocaldns type dummy")
        || ip(namespace, "link add nodelocaldns type bridge");
    assert!(made && ip(namespace, "link set nodelocaldns up"));
    let mut rules = "table inet nodelocaldns {}; ".to_owned();
    rules += "add chain inet nodelocaldns pre { type filter hook prerouting priority raw; }; ";
    rules += "add chain inet nodelocaldns out { type filter hook output priority raw; }; ";
    for address in DNS.iter().chain(&CLUSTER_DNS) {
        let (family, rest) = if address.contains(':') { ("ip6", "/128 nodad") } else { ("ip", "/32") };
        assert!(ip(namespace, &format!("address add {address}{rest} dev nodelocaldns")));
        for protocol in ["tcp", "udp"] {
            rules += &format!(
                "add rule inet nodelocaldns pre {family} daddr {address} {protocol} dport 53 notrack; "
            );
            rules += &format!(
                "add rule inet nodelocaldns out {family} saddr {address} {protocol} sport 53 notrack; "
            );
        }
    }
    nft(namespace, &rules);
}

fn ip(namespace: &Path, words: &str) -> bool {
    let net = format!("--net={}", namespace.display());
    let output = Command::new("nsenter").arg(net).arg("ip").args(words.split(' ')).output();
    output.unwrap().status.success()
}

impl Shop<'_> {
    /// A port of node-1 that leads to `api-1`, for those outside, on the node, and on others.
    fn host_ports(&self) {
        let node = self.node("node-1").1;
        let (family, pod) = (if self.v4 { "ip" } else { "ip6" }, self.pod("shop/api-1").1);
        let to = SocketAddr::new(pod, 8080);
        let mut rules = "add table inet hostports; ".to_owned();
        for (chain, hook) in [("pre", "prerouting priority dstnat"), ("out", "output priority -100")] {
            rules += &format!("add chain inet hostports {chain} {{ type nat hook {hook}; }}; ");
            rules += &format!(
                "add rule inet hostports {chain} {family} daddr {node} meta l4proto {{ tcp, udp }} th dport {HOST_PORT} dnat {family} to {to}; "
            );
        }
        nft(&self.rig.namespace("node-1"), &rules);
        for from in [
            From::Friend,
            From::Stranger,
            From::Pod("shop/web"),
            From::Pod("shop/solo"),
            From::Pod("jobs/cron"),
        ] {
            let client = self.from(from).1;
            let seen = self.arrival("shop/api-1", client, client);
            self.call("a port of the node", from, SocketAddr::new(node, HOST_PORT), &[seen]);
        }
    }

    /// The cache is its node, whatever pod it runs in: only blocks mean it (S22), and it is not exempt (S20).
    fn dns(&self) {
        let pods = [
            ("shop/web", "node-1"),
            ("shop/api-1", "node-1"),
            ("shop/solo", "node-1"),
            ("jobs/cron", "node-2"),
        ];
        for (pod, node) in pods {
            for [v4, v6] in [DNS, CLUSTER_DNS] {
                let (from, to) = (self.pod(pod).1, self.to(v4, v6, 53));
                let seen = Arrival { at: node.to_owned(), to, policy_sees: from, server_sees: from };
                self.call("the node's cache of DNS", From::Pod(pod), to, &[seen]);
            }
        }
    }
}
