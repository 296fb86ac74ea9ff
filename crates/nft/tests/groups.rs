//! What is meant for whoever hears it does not pass where a pod is isolated, for that pod would hear it, too.

#![allow(clippy::expect_used, reason = "a test says what must hold")]

mod support;

use sekisho_core::{
    index::Index,
    object::{Change, Direction, Labels, NetworkPolicy, ObjectKey, Origin, Pod, Requirement},
    packet::Traffic,
    set::Protocol,
    verdict::Decision,
};
use sekisho_nft::{
    Kernel, Program,
    interpret::{self, Header},
    tree::Hook,
};
use std::net::IpAddr;

const GROUPS: [&str; 3] = ["255.255.255.255", "224.0.0.251", "ff02::fb"];

fn address(text: &str) -> IpAddr {
    text.parse().expect("an address")
}

fn pod() -> Change {
    let mut pod = Pod::new(ObjectKey::new("shop", "api"));
    pod.node = Some("node".into());
    pod.labels.set("name", "api");
    pod.addresses = [address("10.244.1.2")].into();
    Change::PutPod(pod.into())
}

fn policy(types: &[Direction]) -> Change {
    Change::PutPolicy(NetworkPolicy {
        key: ObjectKey::new("shop", "closed"),
        subjects: [Requirement::In("name".into(), ["api".into()].into())].into_iter().collect(),
        types: types.iter().copied().collect(),
        ingress: Vec::new(),
        egress: Vec::new(),
        labels: Labels::new(),
        annotations: Labels::new(),
        origin: Origin::default(),
    })
}

fn passes(program: &Program, to: &str, traffic: Traffic) -> bool {
    let from = if to.contains(':') { "fd00::9" } else { "10.244.1.9" };
    let header = Header::opening(address(from), address(to), traffic);
    interpret::run(program.ruleset(), Hook::Forward, &header).decision == Decision::Allow
}

#[test]
fn what_is_meant_for_many_does_not_pass_while_a_pod_is_isolated_for_ingress() {
    let name = "what_is_meant_for_many_does_not_pass_while_a_pod_is_isolated_for_ingress";
    support::in_new_network(name, || {
        let udp = Traffic::Port(Protocol::Udp, 5353);
        let mut index = Index::of([pod()]);
        let mut program = Program::new(&index, "node");
        let mut kernel = Kernel::open().expect("a socket");
        kernel.restore(program.ruleset()).expect("the kernel takes it");
        let isolated = policy(&[Direction::Ingress]);
        for (change, open) in [(policy(&[Direction::Egress]), true), (isolated.clone(), false)] {
            let delta = index.apply(change);
            kernel.apply(&program.follow(&index, &[delta])).expect("the kernel takes it");
            assert!(GROUPS.iter().all(|to| passes(&program, to, udp) == open));
            assert_eq!(kernel.restore(program.ruleset()).expect("the kernel answers"), []);
        }
        assert!(passes(&program, "ff02::1:ff00:2", Traffic::Icmpv6(135)), "neighbours are found (S34)");
        assert!(passes(&program, "10.244.1.7", udp) && passes(&program, "192.0.2.1", udp));
        assert_eq!(Program::new(&index, "node").ruleset(), program.ruleset());
        let delta = index.apply(Change::RemovePolicy(ObjectKey::new("shop", "closed")));
        kernel.apply(&program.follow(&index, &[delta])).expect("the kernel takes it");
        assert!(GROUPS.iter().all(|to| passes(&program, to, udp)));
        assert_eq!(kernel.restore(program.ruleset()).expect("the kernel answers"), []);
    });
}
