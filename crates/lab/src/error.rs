//! What stops a lab.

use std::{io, sync::Arc};
use thiserror::Error;

/// Why a lab could not be built or run.
#[derive(Debug, Error)]
pub enum LabError {
    /// The kernel does not let this process make network namespaces.
    #[error(
        "this machine lets you make no network namespace ({0}): run as root, or allow unprivileged user namespaces \
         (`sysctl -w user.max_user_namespaces=10000`, and on Ubuntu `sysctl -w kernel.apparmor_restrict_unprivileged_userns=0`)"
    )]
    NotAllowed(io::Error),
    /// A user namespace was asked for after threads had been started.
    #[error("a user namespace cannot be entered once the program runs several threads")]
    Threads,
    /// Something the kernel refused, and what it was about.
    #[error("{what}: {source}")]
    Kernel {
        /// What was being done.
        what: String,
        /// The kernel's answer.
        source: io::Error,
    },
    /// A program that the lab needs is missing or failed.
    #[error("`{program}` failed: {message}")]
    Program {
        /// The program.
        program: &'static str,
        /// What it said.
        message: String,
    },
    /// Policies could not be programmed on a node.
    #[error("cannot program the policies of node `{node}`: {message}")]
    Enforce {
        /// The node.
        node: Arc<str>,
        /// What went wrong.
        message: String,
    },
    /// A name that is not in the lab.
    #[error("there is no pod `{0}` in these manifests")]
    NoPod(String),
    /// There is nothing to build.
    #[error("there is no running pod in these manifests")]
    Empty,
}

impl LabError {
    /// An answer of the kernel about `what`.
    pub(crate) fn kernel(what: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let what = what.into();
        move |source| Self::Kernel { what, source }
    }

    /// The same for an error number.
    pub(crate) fn errno(what: impl Into<String>) -> impl FnOnce(nix::Error) -> Self {
        let what = what.into();
        move |errno| Self::Kernel { what, source: errno.into() }
    }
}
