//! Why the kernel did not do what it was asked.

use std::io;
use thiserror::Error;

/// Why the kernel did not do what it was asked.
#[derive(Debug, Error)]
pub enum NetlinkError {
    /// Not allowed.
    #[error("the kernel does not let us {what}: root, or CAP_NET_ADMIN in this network namespace, is needed")]
    Permission {
        /// What was asked.
        what: String,
    },
    /// The table is another program's, as long as that runs.
    #[error(
        "another program owns the table `{table}`, and may change it alone: stop that program (`nft list table inet {table}` names it)"
    )]
    Owned {
        /// The name of the table.
        table: &'static str,
    },
    /// The kernel refused a step of a transaction.
    #[error("the kernel refused to {what}")]
    Refused {
        /// What was asked.
        what: String,
        /// The kernel's reason.
        source: io::Error,
    },
    /// The socket does not work.
    #[error("cannot {what} over netlink")]
    Socket {
        /// What was tried.
        what: &'static str,
        /// Why not.
        source: io::Error,
    },
    /// The answer cannot be read.
    #[error("the kernel's answer cannot be read: {0}")]
    Unreadable(&'static str),
}

impl NetlinkError {
    /// The kernel's error number, where it gave one.
    #[must_use]
    pub fn errno(&self) -> Option<i32> {
        match self {
            Self::Refused { source, .. } | Self::Socket { source, .. } => source.raw_os_error(),
            Self::Permission { .. } | Self::Owned { .. } | Self::Unreadable(_) => None,
        }
    }
}
