//! What the tests of the agent share.
#![allow(dead_code, reason = "not every test program needs all of it")]

pub(crate) mod apiserver;
pub(crate) mod helm;

use std::{
    path::{Path, PathBuf},
    thread::sleep,
    time::{Duration, Instant},
};

/// The root of the repository.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// Waits until something is so; `what` says what is waited for.
pub(crate) fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let end = Instant::now() + Duration::from_secs(60);
    while !is_so() {
        assert!(Instant::now() < end, "after a minute it is not so that {what}");
        sleep(Duration::from_millis(50));
    }
}
