//! What people read of a ruleset.

#![allow(clippy::expect_used, reason = "a test says what must hold")]

use sekisho_core::{
    index::Index,
    object::{
        Change, ContainerPort, Direction, IpBlock, LabelSelector, Labels, NetworkPolicy, ObjectKey, Origin,
        Peer, PeerKind, Pod, PolicyPort, PortMatch, Requirement, Rule,
    },
    set::{PortRange, Protocol},
};
use sekisho_nft::{Program, text};
use std::{net::IpAddr, sync::Arc};

fn selector(key: &str, value: &str) -> LabelSelector {
    [Requirement::In(key.into(), [value.into()].into())].into_iter().collect()
}

fn pod(name: &str, number: u8) -> Pod {
    let mut pod = Pod::new(ObjectKey::new("shop", name));
    pod.labels = [("app", name)].into_iter().collect();
    pod.node = Some("node-1".into());
    let v6: IpAddr = format!("fd00:10:244:1::{number}").parse().expect("an address");
    pod.addresses = [IpAddr::from([10, 244, 1, number]), v6].into();
    let http = ContainerPort { name: Some("http".into()), protocol: Protocol::Tcp, number: 8080 };
    pod.ports = Arc::new([http].into());
    pod
}

fn port(protocol: Protocol, port: PortMatch) -> PolicyPort {
    PolicyPort { protocol, port, origin: Origin::default() }
}

fn peer(kind: PeerKind) -> Peer {
    Peer { kind, origin: Origin::default() }
}

/// One of everything: a named port, ranges, a block with an exception, a selector of pods, egress.
fn index() -> Index {
    let block =
        IpBlock::new("192.0.2.0/24".parse().expect("a block"), ["192.0.2.128/25".parse().expect("a block")]);
    let api = NetworkPolicy {
        key: ObjectKey::new("shop", "api"),
        subjects: selector("app", "api"),
        types: [Direction::Ingress, Direction::Egress].into(),
        ingress: vec![Rule {
            peers: vec![
                peer(PeerKind::Pods(selector("app", "web"))),
                peer(PeerKind::Block(block.expect("valid"))),
            ],
            ports: vec![
                port(Protocol::Tcp, PortMatch::Named("http".into())),
                port(Protocol::Tcp, PortMatch::Range(PortRange::new(9000, 9010).expect("a range"))),
                port(Protocol::Tcp, PortMatch::Range(PortRange::single(80).expect("a port"))),
                port(Protocol::Udp, PortMatch::All),
            ],
            origin: Origin::default(),
        }],
        egress: vec![Rule {
            peers: Vec::new(),
            ports: vec![port(Protocol::Udp, PortMatch::Range(PortRange::single(53).expect("a port")))],
            origin: Origin::default(),
        }],
        labels: Labels::new(),
        annotations: Labels::new(),
        origin: Origin::default(),
    };
    let pods = [pod("web", 1), pod("api", 2)].map(|pod| Change::PutPod(pod.into()));
    Index::of([Change::PutPolicy(api)].into_iter().chain(pods))
}

#[test]
fn the_text_of_a_ruleset() {
    insta::assert_snapshot!(text::ruleset(Program::new(&index(), "node-1").ruleset()));
}
