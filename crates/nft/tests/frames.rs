//! Frames that a bridge would not show to the rules of packets: by which rules they go, and that those stay.

#![allow(clippy::expect_used, reason = "a test says what must hold")]

mod support;

use sekisho_core::{index::Index, packet::Traffic, verdict::Decision};
use sekisho_nft::{
    Kernel, Monitor, Program, Programmed, frames,
    interpret::{Frame, Header, run},
    text,
    tree::{Hook, Name, Table, TagKind},
};
use std::{
    io::Write,
    net::Ipv4Addr,
    process::{Command, Stdio},
    time::Duration,
};

fn nft(script: &str) {
    let status = Command::new("nft").arg(script).status().expect("nft runs");
    assert!(status.success(), "{script}");
}

/// What the `nft` program lists: the chains, in any order.
fn listed() -> Vec<String> {
    let output = Command::new("nft").args(["list", "table", "bridge", "sekisho"]).output().expect("nft runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).expect("nft writes UTF-8");
    let text = text.trim_start_matches("table bridge sekisho {").trim_end().trim_end_matches('}');
    let mut chains: Vec<String> = text.split("\n\n").map(|chain| chain.trim().to_owned()).collect();
    chains.sort();
    chains
}

#[test]
fn netlink_and_the_text_say_the_same_of_frames() {
    support::in_new_network("netlink_and_the_text_say_the_same_of_frames", || {
        let mut kernel = Kernel::open_table(Table::Frames).expect("a socket");
        kernel.restore(&frames()).expect("the kernel takes it");
        assert_eq!(kernel.read().expect("it answers"), Programmed::of(&frames()));
        let by_netlink = listed();
        kernel.remove().expect("the table goes");
        let mut child = Command::new("nft").args(["-f", "-"]).stdin(Stdio::piped()).spawn().expect("it runs");
        let written = text::table(Table::Frames, &frames());
        child.stdin.take().expect("a pipe").write_all(written.as_bytes()).expect("nft reads");
        assert!(child.wait().expect("nft ends").success(), "nft refuses:\n{written}");
        assert_eq!(by_netlink, listed());
        assert_eq!(by_netlink.len(), 3);
    });
}

#[test]
fn what_others_do_to_frames_is_heard_and_mended() {
    support::in_new_network("what_others_do_to_frames_is_heard_and_mended", || {
        let (mut packets, mut kernel) =
            (Kernel::open().expect("a socket"), Kernel::open_table(Table::Frames).expect("a socket"));
        let program = Program::new(&Index::new(), "node");
        packets.restore(program.ruleset()).expect("the kernel takes it");
        kernel.restore(&frames()).expect("the kernel takes it");
        let mut monitor = Monitor::open([packets.port(), kernel.port()]).expect("a socket");
        for script in [
            "flush chain bridge sekisho prerouting",
            "insert rule bridge sekisho tagged accept",
            "add table bridge sekisho { flags dormant; }",
            "delete table bridge sekisho",
        ] {
            nft(script);
            assert!(monitor.wait(Duration::from_secs(5)).expect("the kernel is listened to"), "{script}");
            assert!(!kernel.restore(&frames()).expect("the kernel takes it").is_empty(), "{script}");
            assert_eq!(kernel.read().expect("it answers"), Programmed::of(&frames()), "{script}");
            monitor.drain().expect("the kernel is listened to");
        }
        nft("add table ip sekisho; add table bridge sekisho_audit");
        for _ in 0..10 {
            let heard = monitor.wait(Duration::from_millis(20)).expect("the kernel is listened to");
            assert!(!heard, "tables of our names in other families are not ours");
        }
        kernel.remove().expect("the table goes");
        assert!(packets.is_programmed().expect("it answers"), "the other of that name stays");
    });
}

#[test]
fn a_frame_of_no_vlan_passes_without_a_tag_alone() {
    let ruleset = frames();
    let (from, to) = (Ipv4Addr::new(10, 244, 1, 2).into(), Ipv4Addr::new(10, 244, 1, 3).into());
    let passes = |frame: Frame, hook| {
        let header = Header { frame, ..Header::opening(from, to, Traffic::Other(17)) };
        run(&ruleset, hook, &header).decision == Decision::Allow
    };
    for hook in Hook::ALL {
        let looks = matches!(hook, Hook::Prerouting | Hook::Forward);
        assert!(passes(Frame { from_veth: true, tag: None }, hook));
        for kind in TagKind::ALL {
            assert_eq!(passes(Frame { from_veth: true, tag: Some((kind, 0)) }, hook), !looks, "{hook:?}");
            assert!(passes(Frame { from_veth: false, tag: Some((kind, 0)) }, hook), "not a pod's");
            assert!(passes(Frame { from_veth: true, tag: Some((kind, 5)) }, hook), "for another VLAN");
        }
    }
    let chains: Vec<&Name> = ruleset.chains.keys().collect();
    assert_eq!(chains, ["forward", "prerouting", "tagged"].map(Name::fixed).iter().collect::<Vec<_>>());
}
