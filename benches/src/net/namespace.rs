//! Network namespaces without a name: an open file keeps each alive, so the kernel removes it with
//! everything in it when the program ends, however it ends.

use crate::Result;
use nix::sched::{CloneFlags, setns, unshare};
use std::{
    fs::File,
    io::Write as _,
    os::fd::AsRawFd as _,
    process::{self, Command, Stdio},
    thread,
};

/// A network namespace.
///
/// INVARIANT: only threads of [`Namespace::run`] ever enter it.
#[derive(Debug)]
pub(crate) struct Namespace(File);

impl Namespace {
    /// Makes an empty one. Needs the right to (root, or a user namespace).
    pub(crate) fn new() -> Result<Self> {
        let make = || -> Result<File> {
            unshare(CloneFlags::CLONE_NEWNET)
                .map_err(|error| format!("making a network namespace: {error}"))?;
            Ok(File::open("/proc/thread-self/ns/net")?)
        };
        in_thread(make).map(Self)
    }

    /// Runs `work` inside, on a thread of its own.
    pub(crate) fn run<T: Send>(&self, work: impl FnOnce() -> Result<T> + Send) -> Result<T> {
        in_thread(|| {
            self.enter()?;
            work()
        })
    }

    /// Moves the calling thread inside, for good.
    pub(crate) fn enter(&self) -> Result<()> {
        setns(&self.0, CloneFlags::CLONE_NEWNET)
            .map_err(|error| format!("entering a namespace: {error}").into())
    }

    /// A path that other programs can name the namespace by while this one runs.
    pub(crate) fn path(&self) -> String {
        format!("/proc/{}/fd/{}", process::id(), self.0.as_raw_fd())
    }

    /// Runs a program inside and feeds it `input`.
    pub(crate) fn command(&self, program: &str, arguments: &[&str], input: &str) -> Result<()> {
        self.run(|| {
            let mut command = Command::new(program);
            command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped());
            let mut child = command.spawn().map_err(|error| format!("`{program}`: {error}"))?;
            if let Some(mut stdin) = child.stdin.take() {
                stdin.write_all(input.as_bytes())?;
            }
            let output = child.wait_with_output()?;
            if output.status.success() {
                return Ok(());
            }
            let said = String::from_utf8_lossy(&output.stderr);
            Err(format!("`{program} {}`: {}", arguments.join(" "), said.lines().next().unwrap_or("failed"))
                .into())
        })
    }

    /// Programs `ruleset`, in the form that the `nft` program reads.
    pub(crate) fn nft(&self, ruleset: &str) -> Result<()> {
        self.command("nft", &["-f", "-"], ruleset)
    }
}

fn in_thread<T: Send>(work: impl FnOnce() -> Result<T> + Send) -> Result<T> {
    thread::scope(|scope| match scope.spawn(work).join() {
        Ok(result) => result,
        Err(panic) => std::panic::resume_unwind(panic),
    })
}
