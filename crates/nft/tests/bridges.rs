//! Bridges are read as they are, and are made to show their packets.

#![allow(clippy::expect_used, reason = "a test says what must hold")]

mod support;

use sekisho_nft::{Bridge, LinkMonitor, Links};
use std::{process::Command, time::Duration};

fn ip(words: &str) {
    let status = Command::new("ip").args(words.split(' ')).status().expect("ip runs");
    assert!(status.success(), "{words}");
}

fn only(links: &mut Links) -> Bridge {
    let mut bridges = links.bridges().expect("the kernel answers");
    assert_eq!(bridges.len(), 1, "{bridges:?}");
    bridges.remove(0)
}

#[test]
fn a_bridge_with_two_ports_joins_pods_and_shows_their_packets() {
    support::in_new_network("a_bridge_with_two_ports_joins_pods_and_shows_their_packets", || {
        let mut links = Links::open().expect("a socket");
        assert_eq!(links.bridges().expect("the kernel answers"), []);
        let mut monitor = LinkMonitor::open().expect("a socket");
        ip("link add cni0 type bridge");
        assert!(monitor.wait(Duration::from_secs(5)).expect("the kernel is listened to"));
        while monitor.wait(Duration::from_millis(50)).expect("the kernel is listened to") {}
        let bridge = only(&mut links);
        assert_eq!((bridge.name.as_str(), bridge.ports, bridge.shows), ("cni0", 0, false));
        for pod in ["pod-a", "pod-b"] {
            ip(&format!("link add {pod} type veth peer name {pod}-peer"));
            assert!(!only(&mut links).joins_pods());
            ip(&format!("link set {pod} master cni0"));
        }
        let bridge = only(&mut links);
        assert_eq!((bridge.ports, bridge.veths, bridge.isolated), (2, 2, 0));
        assert!(bridge.joins_pods());
        ip("link set pod-a type bridge_slave isolated on");
        assert!(only(&mut links).joins_pods(), "an isolated port and another one");
        ip("link set pod-b type bridge_slave isolated on");
        assert!(!only(&mut links).joins_pods(), "two isolated ones");
        links.show(bridge.index).expect("the kernel takes it");
        assert!(only(&mut links).shows);
        ip("link set cni0 type bridge nf_call_ip6tables 0");
        assert!(!only(&mut links).shows, "it must be so in both families");
        links.show(999).expect_err("there is no such bridge");
    });
}
