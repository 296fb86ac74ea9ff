//! A network namespace to work in.

use nix::sched::{CloneFlags, unshare};
use std::sync::{Mutex, PoisonError};

/// One at a time: a program that another test starts has, until it runs, a copy of every socket of this process, so
/// that what a test has closed is open for a moment longer, and its port in use.
static ALONE: Mutex<()> = Mutex::new(());

/// Runs `work` on a thread of its own in a fresh network namespace, which is gone afterwards. Where the
/// kernel makes none, by itself or through a user namespace, the test is skipped, loudly.
pub(crate) fn in_new_network(name: &str, work: impl FnOnce() + Send + 'static) {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let thread = std::thread::spawn(|| {
        unshare(CloneFlags::CLONE_NEWNET)?;
        work();
        Ok::<(), nix::Error>(())
    });
    match thread.join() {
        Ok(Ok(())) => {}
        Ok(Err(reason)) => eprintln!("SKIPPED {name}: no network namespace can be made here: {reason}"),
        Err(panic) => std::panic::resume_unwind(panic),
    }
}
