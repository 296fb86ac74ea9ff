//! The kernel takes what the tree says, and holds it: what is read back, and what the `nft` program
//! lists, is what was meant.

#![allow(clippy::expect_used, reason = "a test says what must hold")]

mod support;

use proptest::{
    collection::vec,
    prelude::*,
    strategy::ValueTree,
    test_runner::{Config, RngAlgorithm, TestRng, TestRunner},
};
use sekisho_core::{
    index::{Delta, Index},
    testing::{NODES, change, cluster},
};
use sekisho_nft::{
    Kernel, Program, Programmed, Transaction,
    conntrack::Conntrack,
    text,
    tree::{Name, Ruleset},
};
use std::{
    io::Write,
    net::{TcpListener, TcpStream},
    process::{Command, Stdio},
};

/// Random values that are the same in each run.
fn runner() -> TestRunner {
    TestRunner::new_with_rng(Config::default(), TestRng::deterministic_rng(RngAlgorithm::ChaCha))
}

fn random_ruleset(runner: &mut TestRunner) -> Ruleset {
    let cluster = cluster(4..10, 3..8).new_tree(runner).expect("a cluster").current();
    let index = Index::of(cluster.changes());
    // Now and then the ruleset of the time in which enforcement begins.
    let program = match runner.rng().random_bool(0.2) {
        true => Program::attaching(&index, NODES[0]),
        false => Program::new(&index, NODES[0]),
    };
    program.ruleset().clone()
}

fn load(kernel: &mut Kernel, ruleset: &Ruleset) {
    let now = kernel.read().expect("the kernel answers");
    kernel.apply(&Transaction::between(&now, ruleset)).expect("the kernel takes it");
}

/// What the `nft` program lists, whatever the order in which chains and sets were made.
fn listed() -> Vec<String> {
    let output = Command::new("nft").args(["list", "table", "inet", "sekisho"]).output().expect("nft runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).expect("nft writes UTF-8");
    let mut blocks: Vec<String> = text.split("\n\n").map(|block| block.trim().to_owned()).collect();
    blocks.iter_mut().for_each(|block| {
        *block = block.trim_start_matches("table inet sekisho {").trim_end_matches('}').trim().to_owned();
    });
    blocks.sort();
    blocks
}

fn load_text(ruleset: &Ruleset) {
    let mut child = Command::new("nft").args(["-f", "-"]).stdin(Stdio::piped()).spawn().expect("nft runs");
    let text = text::ruleset(ruleset);
    child.stdin.take().expect("a pipe").write_all(text.as_bytes()).expect("nft reads");
    assert!(child.wait().expect("nft ends").success(), "nft refuses:\n{text}");
}

#[test]
fn the_kernel_holds_what_was_programmed() {
    support::in_new_network("the_kernel_holds_what_was_programmed", || {
        let (mut kernel, mut runner) = (Kernel::open().expect("a socket"), runner());
        for _ in 0..200 {
            let ruleset = random_ruleset(&mut runner);
            load(&mut kernel, &ruleset);
            assert_eq!(kernel.read().expect("the kernel answers"), Programmed::of(&ruleset));
        }
        kernel.remove().expect("the table goes");
        assert_eq!(kernel.read().expect("the kernel answers"), Programmed::default());
    });
}

#[test]
fn netlink_and_the_text_say_the_same() {
    support::in_new_network("netlink_and_the_text_say_the_same", || {
        let (mut kernel, mut runner) = (Kernel::open().expect("a socket"), runner());
        for _ in 0..40 {
            let ruleset = random_ruleset(&mut runner);
            load(&mut kernel, &ruleset);
            let by_netlink = listed();
            kernel.remove().expect("the table goes");
            load_text(&ruleset);
            assert_eq!(by_netlink, listed());
            kernel.remove().expect("the table goes");
        }
    });
}

#[test]
fn every_transaction_of_a_history_leaves_what_was_meant() {
    support::in_new_network("every_transaction_of_a_history_leaves_what_was_meant", || {
        let mut runner = runner();
        for _ in 0..60 {
            let history = vec(vec(change(), 1..4), 1..15).new_tree(&mut runner).expect("a history").current();
            let mut kernel = Kernel::open().expect("a socket");
            let mut index = Index::new();
            let mut program = Program::new(&index, NODES[0]);
            load(&mut kernel, program.ruleset());
            for burst in history {
                let deltas: Vec<Delta> = burst.into_iter().map(|change| index.apply(change)).collect();
                kernel.apply(&program.follow(&index, &deltas)).expect("the kernel takes every transaction");
                assert_eq!(kernel.read().expect("it answers"), Programmed::of(program.ruleset()));
            }
        }
    });
}

#[test]
fn what_somebody_else_changes_is_seen_and_mended() {
    support::in_new_network("what_somebody_else_changes_is_seen_and_mended", || {
        let (mut kernel, mut runner) = (Kernel::open().expect("a socket"), runner());
        let ruleset = random_ruleset(&mut runner);
        load(&mut kernel, &ruleset);
        for tampering in [
            "add rule inet sekisho forward accept",
            "insert rule inet sekisho ingress accept",
            "flush chain inet sekisho exempt4",
            "add element inet sekisho policed4 { 192.0.2.77 }",
            "flush ruleset",
        ] {
            let status = Command::new("nft").args(tampering.split(' ')).status().expect("nft runs");
            assert!(status.success(), "{tampering}");
            assert_ne!(kernel.read().expect("it answers"), Programmed::of(&ruleset), "{tampering}");
            load(&mut kernel, &ruleset);
            assert_eq!(kernel.read().expect("it answers"), Programmed::of(&ruleset), "{tampering}");
        }
    });
}

#[test]
fn ten_thousand_elements_are_one_transaction() {
    use sekisho_nft::tree::{Element, Family, Name, Set, SetKind};
    support::in_new_network("ten_thousand_elements_are_one_transaction", || {
        let mut kernel = Kernel::open().expect("a socket");
        let mut ruleset = Program::new(&Index::new(), NODES[0]).ruleset().clone();
        let mut set = Set::new(SetKind::Addresses(Family::V4), "many");
        set.elements =
            (0..10_000_u32).map(|n| Element::Address(std::net::Ipv4Addr::from(n).into())).collect();
        ruleset.sets.insert(Name::fixed("many"), set);
        load(&mut kernel, &ruleset);
        assert_eq!(kernel.read().expect("it answers"), Programmed::of(&ruleset));
    });
}

#[test]
fn cut_connections_are_looked_for_while_there_are_some() {
    support::in_new_network("cut_connections_are_looked_for_while_there_are_some", || {
        let up = Command::new("ip").args(["link", "set", "lo", "up"]).status().expect("ip runs");
        assert!(up.success());
        let mut program = Program::new(&Index::new(), NODES[0]);
        let mut kernel = Kernel::open().expect("a socket");
        let mut conntrack = Conntrack::open().expect("a socket");
        load(&mut kernel, program.ruleset());
        let mut sweep = |allowed: bool| {
            let swept = conntrack.sweep(&mut program, &mut kernel, |_| true, |_| allowed).expect("it sweeps");
            let now = kernel.read().expect("the kernel answers");
            assert_eq!(now, Programmed::of(program.ruleset()));
            let rules = ["forward", "input"].map(|chain| now.chains[&Name::fixed(chain)].len());
            (swept.cut, swept.restored, swept.remembered, rules)
        };
        let (.., idle) = sweep(true);
        let looking = idle.map(|rules| rules + 1);
        let listener = TcpListener::bind("127.0.0.1:0").expect("a listener");
        let _open = TcpStream::connect(listener.local_addr().expect("its address")).expect("a connection");
        assert_eq!(sweep(true), (0, 0, 0, idle));
        assert_eq!(sweep(false), (1, 0, 1, looking));
        assert_eq!(sweep(false), (0, 0, 1, looking), "it is remembered");
        assert_eq!(sweep(true), (0, 1, 0, idle));
    });
}
