//! The machine that the numbers were measured on.

use nix::libc;
use std::{fs, thread};

/// What a reader must know of it, as (key, value).
#[must_use]
pub(crate) fn describe() -> Vec<(&'static str, String)> {
    let read = |path: &str| fs::read_to_string(path).unwrap_or_default().trim().to_owned();
    let info = read("/proc/cpuinfo");
    let model = info.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let cores = thread::available_parallelism().map_or(0, usize::from);
    vec![
        ("cores", cores.to_string()),
        ("processor", model.map_or_else(|| "unknown".to_owned(), |(_, model)| model.to_owned())),
        ("kernel", read("/proc/sys/kernel/osrelease")),
        ("load", read("/proc/loadavg").split(' ').take(3).collect::<Vec<_>>().join(" ")),
    ]
}

/// Asks for precedence over whatever else the machine runs, for the program. Without the right to it,
/// numbers are only noisier.
pub(crate) fn hurry() {
    // SAFETY: the call takes three numbers and touches no memory.
    unsafe { libc::setpriority(libc::PRIO_PROCESS, 0, -15) };
}

/// Asks the same for the calling thread, strictly: nothing takes turns with it. The kernel keeps some
/// percent of the time for others all the same.
pub(crate) fn take_precedence() {
    let lowest = libc::sched_param { sched_priority: 1 };
    // SAFETY: the call reads `lowest`, which lives through it.
    unsafe { libc::sched_setscheduler(0, libc::SCHED_FIFO, &raw const lowest) };
}
