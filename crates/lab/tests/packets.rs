//! Real packets. These tests need root or user namespaces; where the kernel gives neither they are
//! skipped, loudly.
//!
//! The harness is not the usual one because a user namespace must be entered before any thread starts.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod packets {
    pub(crate) mod fixture;
    pub(crate) mod network;
    pub(crate) mod random;
    pub(crate) mod remains;
    pub(crate) mod scale;
    pub(crate) mod shell;
    pub(crate) mod streams;
}

use libtest_mimic::{Arguments, Trial};

fn main() {
    let refused = sekisho_lab::acquire().err();
    if std::env::var_os(packets::remains::VICTIM).is_some() {
        return packets::remains::be_the_victim();
    }
    let arguments = Arguments::from_args();
    let tests: Vec<(&str, fn())> = [
        packets::network::TESTS,
        packets::random::TESTS,
        packets::remains::TESTS,
        packets::scale::TESTS,
        packets::shell::TESTS,
        packets::streams::TESTS,
    ]
    .concat();
    if let Some(error) = &refused {
        eprintln!("SKIPPED: {} tests with real packets: {error}", tests.len());
    }
    let trial = |(name, test): (&str, fn())| {
        Trial::test(name, move || {
            test();
            Ok(())
        })
        .with_ignored_flag(refused.is_some())
    };
    libtest_mimic::run(&arguments, tests.into_iter().map(trial).collect()).exit();
}
