//! Running a program, with a limit of time, and what it took.

use crate::Result;
use std::{
    fs,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

/// How often a running program is looked at.
const LOOK: Duration = Duration::from_millis(2);

/// What a run took.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Run {
    /// From its start to its end, as a person waits.
    pub(crate) seconds: f64,
    /// The most memory that was resident at one time, in MiB.
    pub(crate) mebibytes: f64,
    /// The exit code; `None` when it was ended by a signal.
    pub(crate) code: Option<i32>,
}

/// Runs a command that reads nothing; `None` when it took longer than `limit` and was ended.
///
/// The memory is the peak that the kernel notes for the program's own address space, as it was last
/// seen. (The maximum in its resource usage is no less than what this process held when it started the
/// program, and so may be of the wrong one.)
pub(crate) fn run(command: &mut Command, limit: Duration) -> Result<Option<Run>> {
    let begin = Instant::now();
    let mut child = command.stdin(Stdio::null()).spawn()?;
    let mut mebibytes: f64 = 0.0;
    loop {
        mebibytes = mebibytes.max(peak(&child).unwrap_or(0.0));
        if let Some(status) = child.try_wait()? {
            let seconds = begin.elapsed().as_secs_f64();
            return Ok(Some(Run { seconds, mebibytes, code: status.code() }));
        }
        if begin.elapsed() > limit {
            child.kill()?;
            child.wait()?;
            return Ok(None);
        }
        thread::sleep(LOOK);
    }
}

/// The peak of what is resident of a running program, in MiB.
fn peak(child: &Child) -> Option<f64> {
    let status = fs::read_to_string(format!("/proc/{}/status", child.id())).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kibibytes: u32 = line.trim().strip_suffix(" kB")?.parse().ok()?;
    Some(f64::from(kibibytes) / 1024.0)
}
