//! What somebody else did to the table is told, whatever it was, and mended in one transaction.

#![allow(clippy::expect_used, reason = "a test says what must hold")]

mod support;

use sekisho_core::{
    index::Index,
    object::{Change, Direction, LabelSelector, Labels, NetworkPolicy, ObjectKey, Origin, Pod},
};
use sekisho_nft::{
    Kernel, Program, Programmed, Transaction,
    tree::{Element, Family, Name, Ruleset, Set, SetKind},
};
use std::{
    net::Ipv4Addr,
    process::Command,
    sync::atomic::{AtomicBool, Ordering},
};

/// One pod that nothing may reach.
fn ruleset() -> Ruleset {
    let mut pod = Pod::new(ObjectKey::new("shop", "api"));
    pod.node = Some("node".into());
    pod.addresses = [Ipv4Addr::new(10, 244, 1, 2).into()].into();
    let deny = NetworkPolicy {
        key: ObjectKey::new("shop", "deny"),
        subjects: LabelSelector::everything(),
        types: [Direction::Ingress].into(),
        ingress: Vec::new(),
        egress: Vec::new(),
        labels: Labels::new(),
        annotations: Labels::new(),
        origin: Origin::default(),
    };
    let index = Index::of([Change::PutPod(pod.into()), Change::PutPolicy(deny)]);
    Program::new(&index, "node").ruleset().clone()
}

fn nft(script: &str) {
    let status = Command::new("nft").arg(script).status().expect("nft runs");
    assert!(status.success(), "{script}");
}

/// What was done to the table, and what is told of it.
const CASES: &[(&str, &[&str])] = &[
    (
        "add rule inet sekisho forward accept",
        &["the chain `forward` lacks 0 of its rules and has 1 that are not ours"],
    ),
    (
        "flush chain inet sekisho exempt4",
        &["the chain `exempt4` lacks 1 of its rules and has 0 that are not ours"],
    ),
    ("add chain inet sekisho more", &["the chain `more` is not ours"]),
    (
        "add set inet sekisho more { type ipv4_addr; }; add element inet sekisho more { 192.0.2.1 }",
        &["the set `more` is not ours"],
    ),
    (
        "add element inet sekisho policed4 { 192.0.2.1 }; delete element inet sekisho policed4 { 10.244.1.2 }",
        &["the set `policed4` lacks 1 of its elements and has 1 that are not ours"],
    ),
    ("add table inet sekisho { flags dormant; }", &["the table is switched off"]),
    (
        "delete chain inet sekisho output; add chain inet sekisho output",
        &["packets do not enter the chain `output` where they should"],
    ),
    (
        "delete chain inet sekisho output; \
         add chain inet sekisho output { type filter hook output priority 10; }",
        &["packets do not enter the chain `output` where they should"],
    ),
    (
        "add chain inet sekisho forward { policy drop; }",
        &["packets do not enter the chain `forward` where they should"],
    ),
    ("flush ruleset; add table inet sekisho", &[]),
];

#[test]
fn what_somebody_else_did_is_told_and_mended() {
    support::in_new_network("what_somebody_else_did_is_told_and_mended", || {
        let (mut kernel, ruleset) = (Kernel::open().expect("a socket"), ruleset());
        let wanted = Programmed::of(&ruleset);
        kernel.restore(&ruleset).expect("it is programmed");
        assert_eq!(kernel.restore(&ruleset).expect("it answers"), []);
        for (script, expected) in CASES {
            nft(script);
            let told: Vec<String> =
                kernel.restore(&ruleset).expect(script).iter().map(ToString::to_string).collect();
            if expected.is_empty() {
                assert_eq!(told.len(), ruleset.chains.len() + ruleset.sets.len(), "{script}");
            } else {
                assert_eq!(told, *expected, "{script}");
            }
            assert_eq!(kernel.read().expect("it answers"), wanted, "{script}");
        }
    });
}

/// Somebody changes tables all the time, as kube-proxy does: what is read is one state all the same,
/// and what is programmed was made for the state that it changes.
#[test]
fn others_may_work_at_the_same_time() {
    support::in_new_network("others_may_work_at_the_same_time", || {
        let (mut kernel, ruleset) = (Kernel::open().expect("a socket"), ruleset());
        let wanted = Programmed::of(&ruleset);
        let done = AtomicBool::new(false);
        std::thread::scope(|scope| {
            // A thread is born in the network of its parent.
            let other = scope.spawn(|| {
                let mut rounds = 0;
                while !done.load(Ordering::Relaxed) || rounds < 3 {
                    nft("add table ip other; add chain ip other c; delete table ip other");
                    rounds += 1;
                }
            });
            for _ in 0..200 {
                kernel.restore(&ruleset).expect("it is programmed");
                assert_eq!(kernel.read().expect("it answers"), wanted);
                kernel.remove().expect("the table goes");
            }
            done.store(true, Ordering::Relaxed);
            other.join().expect("it ends");
        });
    });
}

/// The set that a transaction adds to was taken away meanwhile. The kernel refuses each of hundreds of
/// messages by itself: its answers are more than a socket holds, and the first says what is wrong.
#[test]
fn what_is_refused_is_told_however_much_it_is() {
    support::in_new_network("what_is_refused_is_told_however_much_it_is", || {
        let (mut kernel, mut ruleset) = (Kernel::open().expect("a socket"), ruleset());
        kernel.restore(&ruleset).expect("it is programmed");
        let as_it_was = Programmed::of(&ruleset);
        let many = Name::fixed("many");
        ruleset.sets.insert(many.clone(), Set::new(SetKind::Addresses(Family::V4), "many"));
        let believed = Programmed::of(&ruleset);
        let elements = (0..200_000).map(|number| Element::Address(Ipv4Addr::from_bits(number).into()));
        ruleset.sets.entry(many).and_modify(|set| set.elements = elements.collect());
        let error = kernel.apply(&Transaction::between(&believed, &ruleset)).expect_err("there is no set");
        assert_eq!(error.to_string(), "the kernel refused to add elements to `many`");
        assert_eq!(error.errno(), Some(2), "no such thing");
        assert_eq!(kernel.read().expect("it answers"), as_it_was, "nothing has changed");
        kernel.restore(&ruleset).expect("it is programmed");
        // The kernel makes room for so many in the background, and tells only some of them meanwhile.
        let drift = kernel.read().expect("it answers").drift(&Programmed::of(&ruleset));
        assert!(drift.is_empty(), "{}", drift.iter().map(ToString::to_string).collect::<String>());
    });
}
