//! A table that is owned is nobody else's to change, and outlives its owner.

#![allow(clippy::expect_used, reason = "a test says what must hold")]

mod support;

use sekisho_core::index::Index;
use sekisho_nft::{Kernel, Program, Programmed};
use std::process::Command;

fn nft(script: &str) -> bool {
    Command::new("nft").arg(script).output().expect("nft runs").status.success()
}

#[test]
fn nobody_else_changes_what_is_owned() {
    support::in_new_network("nobody_else_changes_what_is_owned", || {
        let program = Program::new(&Index::new(), "node");
        let wanted = Programmed::of(program.ruleset());
        let mut kernel = Kernel::open().expect("a socket");
        if !kernel.own().expect("an answer") {
            eprintln!("SKIPPED: this kernel lets nobody own a table that outlives its owner");
            return;
        }
        kernel.restore(program.ruleset()).expect("the kernel takes it");
        assert!(kernel.own().expect("an answer"), "it is owned still");
        for script in ["add rule inet sekisho forward accept", "delete table inet sekisho"] {
            assert!(!nft(script), "{script}");
        }
        assert!(nft("flush ruleset"), "what belongs to nobody goes");
        assert_eq!(kernel.read().expect("an answer"), wanted);
        let mut other = Kernel::open().expect("a socket");
        assert!(!other.own().expect("an answer"), "there is one owner at a time");
        let refused = other.remove().expect_err("it is another's").to_string();
        assert!(refused.starts_with("another program owns the table `sekisho`"), "{refused}");

        drop(kernel);
        assert_eq!(other.read().expect("an answer"), wanted, "it outlives its owner");
        assert!(other.own().expect("an answer"), "and the next one takes it");
        assert!(!nft("delete table inet sekisho"));
        other.remove().expect("it goes");
        assert!(!other.is_programmed().expect("an answer"));
        other.restore(program.ruleset()).expect("it is made anew, and not owned");
        assert!(!other.own().expect("an answer"), "what others may change cannot be taken from them");
        assert!(nft("delete table inet sekisho"));
    });
}
