//! What one small change costs by each way to the kernel, and what a look at connections. Ignored: it measures, and
//! holds only that netlink is not the slower one. `cargo test --release -p sekisho-nft --test cost -- --ignored --nocapture`

#![allow(clippy::expect_used, reason = "a test says what must hold")]

mod support;

use sekisho_core::index::Index;
use sekisho_nft::{
    Kernel, Program, Programmed, Transaction,
    conntrack::{Looker, Scope},
    tree::{Element, Family, Name, Ruleset, Set, SetKind},
};
use std::{
    collections::BTreeSet,
    io::Write,
    net::{Ipv4Addr, UdpSocket},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

const SETS: [&str; 3] = ["one", "two", "three"];
const TIMES: usize = 21;

/// The median of the times that `work` takes.
fn median(mut work: impl FnMut(bool)) -> Duration {
    let mut times: Vec<Duration> = (0..TIMES * 2)
        .map(|turn| {
            let began = Instant::now();
            work(turn % 2 == 0);
            began.elapsed()
        })
        .collect();
    times.sort();
    times.get(TIMES).copied().expect("there are twice as many")
}

fn nft(arguments: &[&str], input: &str) {
    let mut child = Command::new("nft").args(arguments).stdin(Stdio::piped()).spawn().expect("nft runs");
    child.stdin.take().expect("a pipe").write_all(input.as_bytes()).expect("nft reads");
    assert!(child.wait().expect("nft ends").success());
}

/// A table of three sets with elements 2, 4, 6, ....
fn ruleset(kind: SetKind, elements: u32) -> Ruleset {
    let mut ruleset = Program::new(&Index::new(), "node").ruleset().clone();
    for name in SETS {
        let mut set = Set::new(kind, "measured");
        set.elements = (1..=elements).map(|number| element(kind, number * 2)).collect();
        ruleset.sets.insert(Name::fixed(name), set);
    }
    ruleset
}

fn element(kind: SetKind, number: u32) -> Element {
    let address = Ipv4Addr::from(0x0a00_0000 + number);
    match kind {
        SetKind::Ranges(_) => Element::RangeV4(address, address),
        _ => Element::Address(address.into()),
    }
}

/// One more address in each set, and back.
fn change(before: &Ruleset, kind: SetKind) -> [Transaction; 2] {
    let mut after = before.clone();
    for name in SETS {
        let set = after.sets.get_mut(&Name::fixed(name)).expect("it is there");
        set.elements.extend(BTreeSet::from([element(kind, 1001)]));
    }
    [
        Transaction::between(&Programmed::of(before), &after),
        Transaction::between(&Programmed::of(&after), before),
    ]
}

#[test]
#[ignore = "it measures"]
fn one_small_change() {
    support::in_new_network("one_small_change", || {
        println!(
            "{:<12} {:>9} {:>12} {:>12} {:>12}",
            "sets of", "elements", "nft × 3", "nft -f -", "netlink"
        );
        for (label, kind) in
            [("addresses", SetKind::Addresses(Family::V4)), ("ranges", SetKind::Ranges(Family::V4))]
        {
            for elements in [100, 10_000] {
                let mut kernel = Kernel::open().expect("a socket");
                let before = ruleset(kind, elements);
                kernel.apply(&Transaction::between(&Programmed::default(), &before)).expect("it loads");
                let transactions = change(&before, kind);

                let verb = |add| if add { "add" } else { "delete" };
                let element = Ipv4Addr::from(0x0a00_0000 + 1001);
                let line = |add, set| format!("{} element inet sekisho {set} {{ {element} }}\n", verb(add));
                let each = median(|add| SETS.iter().for_each(|set| nft(&[line(add, set).trim()], "")));
                let file = median(|add| {
                    let text: String = SETS.iter().map(|set| line(add, set)).collect();
                    nft(&["-f", "-"], &text);
                });
                let netlink = median(|add| {
                    kernel.apply(&transactions[usize::from(!add)]).expect("the kernel takes it");
                });
                println!("{label:<12} {elements:>9} {each:>12.2?} {file:>12.2?} {netlink:>12.2?}");
                assert!(netlink < file);
                kernel.remove().expect("the table goes");
            }
        }
    });
}

#[test]
#[ignore = "it measures"]
fn one_look_at_connections() {
    support::in_new_network("one_look_at_connections", || {
        let mut kernel = Kernel::open().expect("a socket");
        kernel.restore(Program::new(&Index::new(), "node").ruleset()).expect("connections are tracked");
        let mut looker = Looker::open().expect("a socket");
        assert!(Command::new("ip").args(["link", "set", "lo", "up"]).status().expect("ip runs").success());
        let socket = UdpSocket::bind("127.0.0.1:0").expect("a socket");
        let many = |count: u8| (1..=count).map(|last| Ipv4Addr::new(10, 0, 0, last).into()).collect();
        println!("{:>12} {:>12} {:>14} {:>14}", "connections", "all", "of an address", "of 100");
        let mut sent = 0_u32;
        for connections in [0, 1, 1_000, 5_000, 20_000, 60_000] {
            while sent < connections {
                sent += 1;
                let to = Ipv4Addr::from(0x7f01_0000 + sent);
                socket.send_to(b".", (to, 9)).expect("it is sent");
            }
            let mut look = |scope: Scope| median(|_| drop(looker.look(scope.clone()).expect("it looks")));
            let times = [Scope::All, Scope::Of(many(1)), Scope::Of(many(100))].map(&mut look);
            let [all, one, hundred] = times;
            println!("{connections:>12} {all:>12.2?} {one:>14.2?} {hundred:>14.2?}");
            assert!(one <= all * 3);
        }
    });
}
