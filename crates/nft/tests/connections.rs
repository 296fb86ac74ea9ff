//! What a change of policy does to connections that are open: real streams between network namespaces.

#![allow(clippy::expect_used, reason = "a test says what must hold")]

#[path = "support/streams.rs"]
mod streams;
mod support;

use sekisho_nft::conntrack::Swept;
use std::{io::ErrorKind, process::Command};
use streams::{Network, Node, PORT, SECOND, say, until_told};

/// How many connections were cut, and how many restored.
fn touched(swept: Swept) -> (usize, usize) {
    (swept.cut, swept.restored)
}

#[test]
fn an_open_stream_survives_an_unrelated_change_and_is_cut_by_one_that_forbids_it() {
    for address in [Network::v4, Network::v6] {
        support::in_new_network("an_open_stream_is_cut", move || {
            let mut node = Node::new();
            let address = address(&node.api);
            node.load();
            node.change(Some(PORT));
            let mut stream = node.stream(address, PORT);
            stream.talk().expect("it is allowed");
            assert_eq!(touched(node.change(Some(PORT))), (0, 0), "nothing changes");
            stream.talk().expect("it is still allowed");

            assert_eq!(touched(node.change(None)), (1, 0), "the stream and nothing else");
            assert_eq!(touched(node.change(None)), (0, 0), "it is cut only once");
            say(&mut stream.client, &mut stream.server).expect_err("it is cut");
            let told = until_told(&mut stream.client).expect("its client is told");
            assert!(told < SECOND, "{told:?}");
        });
    }
}

#[test]
fn both_ends_learn_that_a_stream_is_cut() {
    support::in_new_network("both_ends_learn_that_a_stream_is_cut", || {
        let mut node = Node::new();
        node.load();
        node.change(Some(PORT));
        let mut stream = node.stream(node.api.v4(), PORT);
        stream.talk().expect("it is allowed");
        node.change(None);
        for end in [&mut stream.server, &mut stream.client] {
            let told = until_told(end).expect("each end is told when it says something");
            assert!(told < SECOND, "{told:?}");
        }
    });
}

#[test]
fn a_stream_that_stays_silent_until_it_is_allowed_again_goes_on() {
    support::in_new_network("a_stream_goes_on", || {
        let mut node = Node::new();
        node.load();
        node.change(Some(PORT));
        let mut stream = node.stream(node.api.v4(), PORT);
        stream.talk().expect("it is allowed");
        assert_eq!(touched(node.change(None)), (1, 0));
        assert_eq!(touched(node.change(Some(PORT))), (0, 1));
        stream.talk().expect("it is allowed again");
    });
}

#[test]
fn a_stream_survives_that_everything_is_programmed_anew() {
    support::in_new_network("a_stream_survives_a_program", || {
        let mut node = Node::new();
        node.load();
        node.change(Some(PORT));
        let mut stream = node.stream(node.api.v6(), PORT);
        stream.talk().expect("it is allowed");
        node.kernel.remove().expect("the table goes");
        stream.talk().expect("nothing is enforced");
        node.load();
        assert_eq!(touched(node.sweep()), (0, 0));
        stream.talk().expect("it is allowed");
    });
}

#[test]
fn datagrams_that_a_change_forbids_are_refused_in_both_directions() {
    support::in_new_network("datagrams_are_refused", || {
        let mut node = Node::new();
        node.load();
        node.change(Some(PORT));
        let (client, server) = node.datagrams(PORT);
        let mut heard = [0; 5];
        client.send(b"hello").expect("it is sent");
        let (_, from) = server.recv_from(&mut heard).expect("it is allowed");
        server.send_to(b"hello", from).expect("it is sent");
        client.recv(&mut heard).expect("an answer");
        assert_eq!(touched(node.change(None)), (1, 0));

        client.send(b"hello").expect("it is sent");
        let error = client.recv(&mut heard).expect_err("it is refused");
        assert_ne!(error.kind(), ErrorKind::WouldBlock, "its sender is told by an ICMP error");
        server.send_to(b"hello", from).expect("it is sent");
        server.recv_from(&mut heard).expect_err("nothing arrived");
        client.recv(&mut heard).expect_err("nothing arrives, although an answer would");
    });
}

/// S32: nobody tracked the connection before, because nothing in the kernel asked for it.
#[test]
fn enforcement_begins_without_losing_an_allowed_stream_and_cuts_one_that_is_forbidden() {
    support::in_new_network("enforcement_begins", || {
        let mut node = Node::new();
        // Otherwise every stream may be one that `api` opened.
        node.plan_for("web", None);
        let (mut allowed, mut forbidden, mut backward) = (
            node.stream(node.api.v4(), PORT),
            node.stream(node.api.v4(), PORT + 1),
            node.stream(node.api.v6(), PORT),
        );
        node.plan(Some(PORT));
        node.attach();
        allowed.talk().expect("open connections pass for a while");
        forbidden.talk().expect("open connections pass for a while");
        // The end that was called speaks first, as if it were the one that called.
        say(&mut backward.server, &mut backward.client).expect("open connections pass for a while");

        assert_eq!(touched(node.settle()), (1, 0), "what no end was allowed to open");
        allowed.talk().expect("it is allowed");
        say(&mut backward.client, &mut backward.server).expect("it is allowed");
        backward.talk().expect("it is allowed");
        say(&mut forbidden.client, &mut forbidden.server).expect_err("it is cut");
        until_told(&mut forbidden.server).expect("each end is told");
    });
}

fn nft(commands: &[&str]) {
    for command in commands {
        let status = Command::new("nft").arg(command).status().expect("nft runs");
        assert!(status.success(), "{command}");
    }
}

/// S37: policy sees the pod and its port, not the Service's; masqueraded, too, the source is the pod.
#[test]
fn a_stream_through_a_service_is_cut_by_what_policy_says_of_the_pod() {
    for load_first in [true, false] {
        support::in_new_network("a_stream_through_a_service_is_cut", move || {
            let mut node = Node::new();
            nft(&[
                "add table inet services",
                "add chain inet services prerouting { type nat hook prerouting priority dstnat; }",
                "add chain inet services postrouting { type nat hook postrouting priority srcnat; }",
                "add rule inet services prerouting ip daddr 10.96.0.1 tcp dport 80 dnat ip to 10.0.2.1:8080",
                "add rule inet services postrouting ct status dnat masquerade",
            ]);
            // Tracked before the table is there, it has no room for a label.
            node.plan(Some(PORT));
            if load_first {
                node.load();
            }
            let service = ([10, 96, 0, 1], 80).into();
            let mut stream = node.stream_by(service, (node.api.v4(), PORT).into());
            node.load();
            stream.talk().expect("it is allowed");
            assert_eq!(touched(node.sweep()), (0, 0));
            stream.talk().expect("it is still allowed");
            assert_eq!(touched(node.change(None)), (1, 0));
            say(&mut stream.client, &mut stream.server).expect_err("it is cut");
            for end in [&mut stream.client, &mut stream.server] {
                let told = until_told(end);
                assert!(told.is_some_and(|told| told < SECOND), "{load_first}: {told:?}");
            }
            assert_eq!(touched(node.sweep()), (0, 0), "it stays cut");
        });
    }
}

/// A connection that was tracked before the table was there has no room for a label.
#[test]
fn a_connection_without_room_for_a_label_is_cut_too() {
    support::in_new_network("a_connection_without_room_is_cut", || {
        let mut node = Node::new();
        nft(&[
            "add table inet other",
            "add chain inet other forward { type filter hook forward priority 0; }",
            "add rule inet other forward ct state new accept",
        ]);
        let (mut v4, mut v6) = (node.stream(node.api.v4(), PORT), node.stream(node.api.v6(), PORT));
        v4.talk().expect("nothing is enforced");
        v6.talk().expect("nothing is enforced");
        node.plan(Some(PORT));
        node.load();
        assert_eq!(touched(node.sweep()), (0, 0));
        v4.talk().expect("it is allowed");
        v6.talk().expect("it is allowed");
        assert_eq!(touched(node.change(None)), (2, 0));
        for stream in [&mut v4, &mut v6] {
            // From the end that was called: its packet alone would look like an allowed first one.
            say(&mut stream.server, &mut stream.client).expect_err("it is cut");
            until_told(&mut stream.client).expect("each end is told");
        }
        assert_eq!(touched(node.sweep()), (0, 0), "their new entries say so");
    });
}
