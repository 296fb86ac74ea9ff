//! Several engines, one meaning: the compiled ruleset is held against the plain evaluator and the
//! index, and a ruleset that followed a history against one compiled afresh.

#![allow(clippy::expect_used, reason = "a test says what must hold")]

use proptest::{collection::vec, prelude::*};
use sekisho_core::{
    eval,
    index::{Delta, Index},
    object::{
        Change, Cluster, Direction, LabelSelector, Labels, NetworkPolicy, ObjectKey, Origin, Peer, PeerKind,
        Pod, Rule,
    },
    packet::{End, Packet, Traffic},
    set::Protocol,
    testing::{NODES, change, cluster, config, has_addresses, node_addresses, packet, packet_choice},
    verdict::Decision,
};
use sekisho_nft::{
    Program, Programmed, Transaction,
    fake::Fake,
    interpret::{self, Header, NodeRules},
    tree::Hook,
};
use std::{collections::BTreeSet, net::Ipv4Addr};

fn nodes(index: &Index) -> Vec<NodeRules> {
    let node = |(number, name): (u8, &str)| NodeRules {
        addresses: node_addresses(number).into(),
        pods: index.endpoints(name).map(|(address, _)| address).collect(),
        ruleset: Program::new(index, name).ruleset().clone(),
    };
    (1..).zip(NODES).map(node).collect()
}

fn header(packet: &Packet) -> Header {
    let address = |end: &End| end.address().expect("packets of this test have addresses");
    Header::opening(address(&packet.from), address(&packet.to), packet.traffic)
}

proptest! {
    #![proptest_config(config(100_000))]

    #[test]
    fn the_ruleset_the_index_and_eval_agree(cluster in cluster(0..8, 0..6), choices in vec(packet_choice(), 8)) {
        let index = Index::of(cluster.changes());
        let nodes = nodes(&index);
        for choice in choices {
            let packet = packet(&cluster, choice);
            if !has_addresses(&packet) {
                continue;
            }
            let verdict = eval::decide(&cluster, &packet);
            prop_assert_eq!(index.decide(&packet), verdict.decision, "index: {}: {}", packet, verdict.because());
            let decision = interpret::decide(&nodes, &header(&packet));
            prop_assert_eq!(decision, verdict.decision, "ruleset: {}: {}", packet, verdict.because());
        }
    }
}

proptest! {
    #![proptest_config(config(10_000))]

    #[test]
    fn a_ruleset_with_a_history_equals_a_fresh_one(
        history in vec(vec(change(), 1..4), 0..15),
    ) {
        let mut index = Index::new();
        let mut program = Program::new(&index, NODES[0]);
        let mut kernel = Fake::default();
        kernel.apply(&Transaction::between(&Programmed::default(), program.ruleset())).expect("the base loads");
        for burst in history {
            let deltas: Vec<Delta> = burst.into_iter().map(|change| index.apply(change)).collect();
            let transaction = program.follow(&index, &deltas);
            kernel.apply(&transaction).expect("the kernel takes every transaction");
            prop_assert_eq!(kernel_state(&kernel), Programmed::of(program.ruleset()));
            let fresh = Program::new(&index, NODES[0]);
            prop_assert_eq!(program.ruleset(), fresh.ruleset());
        }
    }

    #[test]
    fn any_state_is_reached_from_any_other(before in cluster(0..8, 0..6), after in cluster(0..8, 0..6)) {
        let ruleset = |cluster: &Cluster| Program::new(&Index::of(cluster.changes()), NODES[0]).ruleset().clone();
        let (before, after) = (ruleset(&before), ruleset(&after));
        let mut kernel = Fake::default();
        kernel.apply(&Transaction::between(&Programmed::default(), &before)).expect("the first loads");
        kernel.apply(&Transaction::between(&Programmed::of(&before), &after)).expect("the second follows");
        prop_assert_eq!(kernel_state(&kernel), Programmed::of(&after));
        prop_assert!(Transaction::between(&Programmed::of(&after), &after).is_empty());
    }
}

fn kernel_state(kernel: &Fake) -> Programmed {
    Programmed::of(kernel.ruleset())
}

/// S31 and DESIGN's promise that a new pod is a few set elements: what a change costs is what it
/// touches.
#[test]
fn a_new_pod_is_a_few_elements() {
    let pod = |number: u8| {
        let mut pod = Pod::new(ObjectKey::new("shop", format!("web-{number}")));
        pod.node = Some(NODES[0].into());
        pod.addresses = [Ipv4Addr::new(10, 244, 1, number).into()].into();
        pod
    };
    let peer = Peer { kind: PeerKind::Pods(LabelSelector::everything()), origin: Origin::default() };
    let policy = NetworkPolicy {
        key: ObjectKey::new("shop", "own-namespace"),
        subjects: LabelSelector::everything(),
        types: [Direction::Ingress].into(),
        ingress: vec![Rule { peers: vec![peer], ..Rule::default() }],
        egress: Vec::new(),
        labels: Labels::new(),
        annotations: Labels::new(),
        origin: Origin::default(),
    };
    let mut index = Index::of(
        [Change::PutPolicy(policy)].into_iter().chain((1..200).map(|n| Change::PutPod(pod(n).into()))),
    );
    let mut program = Program::new(&index, NODES[0]);
    let delta = index.apply(Change::PutPod(pod(200).into()));
    let transaction = program.follow(&index, [&delta]);
    let touched: BTreeSet<String> = transaction
        .operations()
        .iter()
        .map(|operation| match operation {
            sekisho_nft::Operation::AddElements(set, elements) => {
                format!("{} element of {set}", elements.len())
            }
            other => format!("{other:?}"),
        })
        .map(|text| text.split('-').next().unwrap_or_default().to_owned())
        .collect();
    let expected =
        ["1 element of ingress4", "1 element of itself4", "1 element of pods4", "1 element of policed4"];
    assert_eq!(touched, expected.map(str::to_owned).into());
}

/// S32: while enforcement begins, TCP that opens nothing passes and everything else is policed; when
/// the time ends, so is that, and nothing is left of it.
#[test]
fn attaching_lets_open_connections_show_themselves() {
    let pod = |name: &str, number: u8| {
        let mut pod = Pod::new(ObjectKey::new("shop", name));
        pod.node = Some(NODES[0].into());
        pod.addresses = [Ipv4Addr::new(10, 244, 1, number).into()].into();
        Change::PutPod(pod.into())
    };
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
    let index = Index::of([Change::PutPolicy(deny), pod("web", 1), pod("api", 2)]);
    let address = |number: u8| Ipv4Addr::new(10, 244, 1, number).into();
    let opening = Header::opening(address(1), address(2), Traffic::Port(Protocol::Tcp, 80));
    let within = Header { mid_stream: true, ..opening };
    let decide =
        |program: &Program, header| interpret::run(program.ruleset(), Hook::Forward, header).decision;

    let mut program = Program::attaching(&index, NODES[0]);
    let mut kernel = Fake::default();
    kernel.apply(&Transaction::between(&Programmed::default(), program.ruleset())).expect("it loads");
    assert_eq!((decide(&program, &opening), decide(&program, &within)), (Decision::Deny, Decision::Allow));
    kernel.apply(&program.settle()).expect("it settles");
    assert_eq!((decide(&program, &opening), decide(&program, &within)), (Decision::Deny, Decision::Deny));
    assert_eq!(kernel_state(&kernel), Programmed::of(Program::new(&index, NODES[0]).ruleset()));
}
