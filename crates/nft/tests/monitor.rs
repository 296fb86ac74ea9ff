//! What others do to the table is heard at once; what we do is no news, nor what becomes of other tables.

#![allow(clippy::expect_used, reason = "a test says what must hold")]

mod support;

use sekisho_core::index::Index;
use sekisho_nft::{Kernel, Monitor, Program};
use std::{process::Command, time::Duration};

const SOON: Duration = Duration::from_millis(500);

fn nft(script: &str) {
    let status = Command::new("nft").arg(script).status().expect("nft runs");
    assert!(status.success(), "{script}");
}

/// Whether something is heard within a moment. Nothing can be left from before: it is read to the end.
fn hears(monitor: &mut Monitor) -> bool {
    let mut heard = false;
    for _ in 0..50 {
        let news = monitor.wait(Duration::from_millis(20)).expect("the kernel is listened to");
        heard |= news;
        if heard && !news {
            return true;
        }
    }
    heard
}

#[test]
fn what_others_do_to_the_table_is_heard() {
    support::in_new_network("what_others_do_to_the_table_is_heard", || {
        let mut kernel = Kernel::open().expect("a socket");
        let mut monitor = Monitor::open([kernel.port()]).expect("a socket");
        let program = Program::new(&Index::new(), "node");
        kernel.restore(program.ruleset()).expect("the kernel takes it");
        assert!(!hears(&mut monitor), "what we did ourselves");
        nft("add table inet other; add chain inet other forward; add table ip sekisho");
        assert!(!hears(&mut monitor), "other tables, even of our name in another family");
        for script in [
            "add rule inet sekisho forward accept",
            "add element inet sekisho policed4 { 192.0.2.1 }",
            "add table inet sekisho { flags dormant; }",
            "delete table inet sekisho",
        ] {
            nft(script);
            assert!(hears(&mut monitor), "{script}");
            kernel.restore(program.ruleset()).expect("the kernel takes it");
            assert!(!hears(&mut monitor), "what was mended is no news after `{script}`");
        }
        nft("flush ruleset");
        monitor.drain().expect("the kernel is listened to");
        assert!(!monitor.wait(SOON).expect("the kernel is listened to"), "it was passed over");
    });
}

/// A ruleset that somebody loads may be more than the socket holds: then something has changed for sure.
#[test]
fn more_than_can_be_heard_is_heard() {
    support::in_new_network("more_than_can_be_heard_is_heard", || {
        let mut kernel = Kernel::open().expect("a socket");
        let program = Program::new(&Index::new(), "node");
        kernel.restore(program.ruleset()).expect("the kernel takes it");
        let mut monitor = Monitor::open([kernel.port()]).expect("a socket");
        let addresses: Vec<String> =
            (0..60_000_u32).map(|n| std::net::Ipv4Addr::from(0x0a00_0000 + n).to_string()).collect();
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("elements.nft");
        let script = format!("add element inet sekisho policed4 {{ {} }}", addresses.join(", "));
        std::fs::write(&file, script).expect("a file");
        let status = Command::new("nft").arg("-f").arg(&file).status().expect("nft runs");
        assert!(status.success());
        assert!(hears(&mut monitor));
        nft("add rule inet sekisho forward accept");
        assert!(hears(&mut monitor), "it is not deaf after that");
    });
}
