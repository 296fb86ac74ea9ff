//! Addresses of which no pod is known do not pass where pods are (S23): in the tree, in every order in
//! which things become known, and in the kernel.

#![allow(clippy::expect_used, reason = "a test says what must hold")]

mod support;

use sekisho_core::{
    index::Index,
    object::{Change, Direction, Labels, NetworkPolicy, ObjectKey, Origin, Pod, Requirement},
    packet::Traffic,
    set::{AddressSet, Protocol},
    verdict::Decision,
};
use sekisho_nft::{
    Kernel, Program, Programmed,
    interpret::{self, Header},
    tree::Hook,
};
use std::net::IpAddr;

const KNOWN: &str = "10.244.1.2";
const POLICED: &str = "10.244.1.3";
const STRANGER: &str = "10.244.1.9";
const OUTSIDE: &str = "192.0.2.1";

fn address(text: &str) -> IpAddr {
    text.parse().expect("an address")
}

fn ranges(written: &[&str]) -> AddressSet {
    written.iter().map(|range| range.parse::<sekisho_core::set::Cidr>().expect("a range")).collect()
}

fn pod(name: &str, at: &str) -> Change {
    let mut pod = Pod::new(ObjectKey::new("shop", name));
    pod.node = Some("node".into());
    pod.labels.set("name", name);
    pod.addresses = [address(at)].into();
    Change::PutPod(pod.into())
}

/// Nothing comes to `policed`, and nothing leaves it.
fn closed() -> Change {
    Change::PutPolicy(NetworkPolicy {
        key: ObjectKey::new("shop", "closed"),
        subjects: [Requirement::In("name".into(), ["policed".into()].into())].into_iter().collect(),
        types: Direction::ALL.into(),
        ingress: Vec::new(),
        egress: Vec::new(),
        labels: Labels::new(),
        annotations: Labels::new(),
        origin: Origin::default(),
    })
}

fn index() -> Index {
    Index::of([pod("known", KNOWN), pod("policed", POLICED), closed()])
}

fn passes(program: &Program, hook: Hook, from: &str, to: &str) -> bool {
    let traffic = Traffic::Port(Protocol::Tcp, 80);
    let header = Header::opening(address(from), address(to), traffic);
    interpret::run(program.ruleset(), hook, &header).decision == Decision::Allow
}

/// What becomes of packets between everybody.
fn matrix(program: &Program) -> Vec<bool> {
    let all = [KNOWN, POLICED, STRANGER, OUTSIDE];
    let pairs = all.into_iter().flat_map(|from| all.map(|to| (from, to))).filter(|(from, to)| from != to);
    pairs.map(|(from, to)| passes(program, Hook::Forward, from, to)).collect()
}

#[test]
fn strangers_do_not_pass_and_pods_do() {
    let mut program = Program::new(&index(), "node");
    assert!(passes(&program, Hook::Forward, STRANGER, OUTSIDE), "without a guard");
    program.guard(&ranges(&["10.244.1.0/24", "fd00:1::/64"]));

    assert!(passes(&program, Hook::Forward, KNOWN, OUTSIDE));
    assert!(passes(&program, Hook::Forward, OUTSIDE, KNOWN));
    for other in [KNOWN, OUTSIDE] {
        assert!(!passes(&program, Hook::Forward, STRANGER, other), "to {other}");
        assert!(!passes(&program, Hook::Forward, other, STRANGER), "from {other}");
    }
    assert!(!passes(&program, Hook::Input, STRANGER, OUTSIDE), "to its own node");
    assert!(passes(&program, Hook::Output, OUTSIDE, STRANGER), "from its own node (S20)");
    assert!(!passes(&program, Hook::Forward, "fd00:1::9", "2001:db8::1"));
    assert!(passes(&program, Hook::Forward, "fd00:2::9", "2001:db8::1"), "of another node");
}

#[test]
fn discovery_passes_whoever_asks() {
    let mut program = Program::new(&index(), "node");
    program.guard(&ranges(&["fd00:1::/64"]));
    let header = Header::opening(address("fd00:1::9"), address("fd00:1::1"), Traffic::Icmpv6(135));
    let outcome = interpret::run(program.ruleset(), Hook::Input, &header);
    assert_eq!(outcome.decision, Decision::Allow);
}

#[test]
fn the_order_in_which_things_become_known_does_not_matter() {
    let range = ranges(&["10.244.1.0/24"]);
    let mut at_once = Program::new(&index(), "node");
    at_once.guard(&range);
    let mut index = Index::new();
    let mut program = Program::new(&index, "node");
    program.guard(&ranges(&["10.244.0.0/16"]));
    for change in [closed(), pod("policed", POLICED), pod("known", STRANGER), pod("known", KNOWN)] {
        let delta = index.apply(change);
        program.follow(&index, [&delta]);
    }
    program.guard(&range);
    assert_eq!(program.ruleset(), at_once.ruleset());
    assert_eq!(matrix(&program), matrix(&at_once));
    program.guard(&AddressSet::empty());
    assert_eq!(program.ruleset(), Program::new(&index, "node").ruleset(), "nothing of the guard is left");
}

#[test]
fn the_kernel_follows_the_guard() {
    support::in_new_network("the_kernel_follows_the_guard", || {
        let mut kernel = Kernel::open().expect("a socket");
        let mut index = Index::new();
        let mut program = Program::attaching(&index, "node");
        let mut holds = |program: &Program, transaction| {
            kernel.apply(&transaction).expect("the kernel takes it");
            assert_eq!(kernel.read().expect("an answer"), Programmed::of(program.ruleset()));
        };
        let base = sekisho_nft::Transaction::between(&Programmed::default(), program.ruleset());
        holds(&program, base);
        let mut guard = |program: &mut Program, written: &[&str]| {
            let transaction = program.guard(&ranges(written));
            holds(program, transaction);
        };
        guard(&mut program, &["10.244.1.0/24", "fd00:1::/64"]);
        guard(&mut program, &["10.244.1.0/25", "10.244.3.0/24", "fd00:1::/64"]);
        for change in [pod("known", KNOWN), closed(), pod("policed", POLICED)] {
            let delta = index.apply(change);
            let transaction = program.follow(&index, [&delta]);
            kernel.apply(&transaction).expect("the kernel takes it");
        }
        assert_eq!(kernel.read().expect("an answer"), Programmed::of(program.ruleset()));
        kernel.apply(&program.guard(&AddressSet::empty())).expect("the kernel takes it");
        assert_eq!(kernel.read().expect("an answer"), Programmed::of(program.ruleset()));
    });
}
