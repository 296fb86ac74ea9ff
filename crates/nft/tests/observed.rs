//! What the kernel tells of packets: whom it lets connect, and whom not.

#![allow(clippy::expect_used, reason = "a test says what must hold")]

#[path = "support/streams.rs"]
#[allow(dead_code, reason = "other tests use the rest")]
mod streams;
mod support;

use sekisho_core::object::Direction;
use sekisho_nft::{
    conntrack::{Opened, Openings},
    log::{Denial, LogListener, Logged, Tag},
};
use std::{
    net::{IpAddr, UdpSocket},
    time::{Duration, Instant, SystemTime},
};
use streams::{Network, Node, PATIENCE, PORT};

const APART: Duration = Duration::from_millis(50);

/// Sends a datagram from `web` to `api`.
fn send(node: &Node, to: fn(&Network) -> IpAddr, port: u16) {
    let address = to(&node.web);
    let client = node.web.enter(|| UdpSocket::bind((address, 0)).expect("a socket"));
    client.send_to(b"hello", (to(&node.api), port)).expect("it is sent");
}

/// Asks until there are `enough`, or it takes too long.
fn until<T>(enough: usize, mut ask: impl FnMut() -> Vec<T>) -> Vec<T> {
    let begun = Instant::now();
    let mut all = Vec::new();
    while all.len() < enough && begun.elapsed() < PATIENCE {
        all.extend(ask());
    }
    all
}

#[test]
fn what_is_denied_is_told_with_the_reason() {
    support::in_new_network("what_is_denied_is_told_with_the_reason", || {
        let mut node = Node::new();
        node.load();
        node.change(Some(PORT));
        let mut log = LogListener::open().expect("it listens");
        assert!(LogListener::open().is_err(), "one at a time");
        let begun = SystemTime::now();
        for to in [Network::v4, Network::v6] {
            send(&node, to, PORT);
            send(&node, to, PORT + 1);
        }
        let mut lost = 0;
        let told = until(2, || {
            let heard = log.hear(APART).expect("it listens");
            lost += heard.lost;
            heard.logged
        });
        assert_eq!(lost, 0);
        let denial = Denial {
            direction: Direction::Ingress,
            audited: false,
            policies: vec!["shop/api".into()],
            is_whole: true,
        };
        let shown = |Logged { tag, tuple, .. }: &Logged| {
            (tag.clone(), tuple.source, tuple.destination, tuple.destination_port)
        };
        let mut shown: Vec<_> = told.iter().map(shown).collect();
        shown.sort();
        let denied = |to: fn(&Network) -> IpAddr| {
            (Tag::Denied(denial.clone()), to(&node.web), to(&node.api), PORT + 1)
        };
        assert_eq!(shown, [denied(Network::v4), denied(Network::v6)]);
        for at in told.iter().filter_map(|logged| logged.at) {
            assert!(begun.duration_since(at).unwrap_or_default() < PATIENCE, "{at:?}");
        }
    });
}

/// More than is read in time is lost, and said to be.
#[test]
fn what_is_lost_is_counted() {
    support::in_new_network("what_is_lost_is_counted", || {
        let mut node = Node::new();
        node.load();
        node.change(None);
        let mut log = LogListener::with_room(1).expect("it listens");
        // As many as a rule logs at once, in tellings that the smallest room holds few of.
        let client = node.web.enter(|| UdpSocket::bind((node.web.v4(), 0)).expect("a socket"));
        let sent = 40;
        for port in 0..sent {
            client.send_to(&[7; 100], (node.api.v4(), 9000 + port)).expect("it is sent");
            std::thread::sleep(Duration::from_millis(120));
        }
        let (mut heard, mut lost) = (0, 0);
        let begun = Instant::now();
        while heard + lost < u64::from(sent) && begun.elapsed() < PATIENCE {
            // The number of the next tells how many there were before it.
            send(&node, Network::v4, 9999);
            let told = log.hear(APART).expect("it listens");
            heard += u64::try_from(told.logged.len()).expect("few");
            lost += told.lost;
        }
        assert!(lost > 0, "heard {heard}");
        assert!(heard + lost >= u64::from(sent), "heard {heard}, lost {lost}");
    });
}

#[test]
fn what_is_opened_is_told_as_policy_saw_it() {
    support::in_new_network("what_is_opened_is_told_as_policy_saw_it", || {
        let mut node = Node::new();
        node.load();
        node.change(Some(PORT));
        let mut openings = Openings::open().expect("it listens");
        for to in [Network::v4, Network::v6] {
            send(&node, to, PORT + 1);
            send(&node, to, PORT);
        }
        let told = until(2, || openings.hear(APART).expect("it listens").opened);
        let mut shown: Vec<String> = told.iter().filter_map(Opened::packet).map(|p| p.to_string()).collect();
        shown.sort();
        let expected = [Network::v4, Network::v6].map(|to| format!("{} -> {}", to(&node.web), to(&node.api)));
        assert_eq!(shown.len(), expected.len(), "what is denied opens nothing: {shown:?}");
        for (shown, expected) in shown.iter().zip(expected) {
            assert!(shown.starts_with(&expected) && shown.contains("8080"), "{shown}");
        }
    });
}

/// Connections that are too many to be read in time are counted by the kernel, and told.
#[test]
fn of_what_is_opened_all_is_told_or_counted() {
    support::in_new_network("of_what_is_opened_all_is_told_or_counted", || {
        let mut node = Node::new();
        node.load();
        let mut openings = Openings::with_room(1).expect("it listens");
        let client = node.web.enter(|| UdpSocket::bind((node.web.v4(), 0)).expect("a socket"));
        for round in 1..=2_u64 {
            let sent = 300;
            for port in 0..sent {
                let port = u16::try_from(round).expect("few") * 1000 + port;
                client.send_to(&[7; 100], (node.api.v4(), 9000 + port)).expect("it is sent");
            }
            let (mut heard, mut lost) = (0, 0);
            let begun = Instant::now();
            while heard + lost < u64::from(sent) && begun.elapsed() < PATIENCE {
                let told = openings.hear(APART).expect("it listens");
                heard += u64::try_from(told.opened.len()).expect("few");
                lost += told.lost.counted;
                assert!(!told.lost.uncounted);
            }
            assert!(lost > 0, "heard {heard}");
            assert_eq!(heard + lost, u64::from(sent), "heard {heard}, lost {lost}");
            assert_eq!(openings.hear(APART).expect("it listens").lost.counted, 0, "nothing is told twice");
        }
    });
}
