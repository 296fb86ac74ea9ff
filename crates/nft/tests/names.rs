//! What is answered to pods' DNS questions is handed over where that is asked for, and nothing is elsewhere.
#![allow(clippy::expect_used, reason = "a test says what must hold")]

use sekisho_core::{
    index::Index,
    object::{Change, ObjectKey, Pod, PodUid},
};
use sekisho_nft::{Program, text};

fn pod(name: &str, node: &str, at: &str) -> Change {
    let mut pod = Pod::new(ObjectKey::new("shop", name));
    pod.node = Some(node.into());
    pod.addresses = [at.parse().expect("an address")].into();
    Change::PutPod(pod.into())
}

/// The lines of the table that are about answers.
fn lines(program: &Program) -> Vec<String> {
    let text = text::ruleset(program.ruleset());
    let about = |line: &&str| {
        ["asking", "answers", "1720", "proto-dst", "sport", "elements"].iter().any(|word| line.contains(word))
    };
    text.lines().filter(about).map(|line| line.trim().to_owned()).collect()
}

#[test]
fn answers_to_pods_here_are_handed_over() {
    let mut index = Index::of([pod("a", "node", "10.0.0.1"), pod("far", "other", "10.0.1.1")]);
    assert!(lines(&Program::new(&index, "node")).is_empty(), "nobody asked for it");
    let mut program = Program::new(&index, "node").naming(&index);
    let rules = lines(&program);
    for rule in [
        "meta l4proto udp ct direction reply ct original proto-dst 53 jump answers",
        "udp sport 53 jump answers",
        "ip daddr @asking4 limit rate 1000/second burst 1000 packets log group 1720",
        "ip6 daddr @asking6 limit rate 1000/second burst 1000 packets log group 1720",
        "elements = { 10.0.0.1 }",
    ] {
        assert!(rules.iter().any(|line| line == rule), "{rule}: {rules:#?}");
    }
    // Pods come and go, also where what is older than enforcement has had its time.
    let deltas =
        [index.apply(pod("b", "node", "10.0.0.2")), index.apply(Change::RemovePod(PodUid("shop/a".into())))];
    program.follow(&index, &deltas);
    program.settle();
    assert!(lines(&program).iter().any(|line| line == "elements = { 10.0.0.2 }"), "{:#?}", lines(&program));
    assert_eq!(program.ruleset(), Program::new(&index, "node").naming(&index).ruleset());
}
