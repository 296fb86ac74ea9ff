//! Network namespaces without a name: an open file keeps each alive, so that the kernel removes all
//! of it (links, routes, rules, sockets) when the process ends, however it ends.

use crate::LabError;
use nix::sched::{CloneFlags, setns, unshare};
use std::{
    fs::File,
    os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd},
    sync::Arc,
    thread,
};

/// A network namespace.
///
/// INVARIANT: no thread but those of [`Namespace::run`] and of shells ever enters it, so nothing that the
/// caller does can land in it by mistake.
#[derive(Debug)]
pub(crate) struct Namespace {
    name: Arc<str>,
    file: File,
}

impl Namespace {
    /// Makes an empty namespace; `name` is for messages.
    pub(crate) fn new(name: impl Into<Arc<str>>) -> Result<Self, LabError> {
        let name = name.into();
        let file = in_thread(|| {
            unshare(CloneFlags::CLONE_NEWNET).map_err(|errno| LabError::NotAllowed(errno.into()))?;
            File::open("/proc/thread-self/ns/net").map_err(LabError::kernel("/proc/thread-self/ns/net"))
        })?;
        Ok(Self { name, file })
    }

    /// Runs `work` inside, on a thread of its own.
    pub(crate) fn run<T: Send>(
        &self,
        work: impl FnOnce() -> Result<T, LabError> + Send,
    ) -> Result<T, LabError> {
        in_thread(|| {
            setns(&self.file, CloneFlags::CLONE_NEWNET)
                .map_err(LabError::errno(format!("entering the namespace of `{}`", self.name)))?;
            work()
        })
    }

    /// Another handle on the same namespace.
    pub(crate) fn clone_handle(&self) -> Result<Self, LabError> {
        let file = self.file.try_clone().map_err(LabError::kernel("duplicating a file"))?;
        Ok(Self { name: Arc::clone(&self.name), file })
    }

    pub(crate) fn raw_fd(&self) -> RawFd {
        self.file.as_raw_fd()
    }
}

impl AsFd for Namespace {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.file.as_fd()
    }
}

fn in_thread<T: Send>(work: impl FnOnce() -> Result<T, LabError> + Send) -> Result<T, LabError> {
    thread::scope(|scope| match scope.spawn(work).join() {
        Ok(result) => result,
        Err(panic) => std::panic::resume_unwind(panic),
    })
}
