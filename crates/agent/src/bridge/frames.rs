//! Frames that bridges would not show to the rules: kept off by rules of their own.

use sekisho_nft::{Drift, Kernel, NetlinkError, frames, text, tree::Table};
use std::error::Error;
use tracing::debug;

/// The rules about frames, in the kernel.
#[derive(Debug)]
pub(super) struct Frames {
    kernel: Kernel,
    /// Why the kernel does not have them; nothing as long as it was not asked.
    refused: Option<String>,
}

impl Frames {
    /// Reaches the kernel from the network namespace of the thread that calls.
    pub(super) fn open() -> Result<Self, NetlinkError> {
        Ok(Self { kernel: Kernel::open_table(Table::Frames)?, refused: None })
    }

    pub(super) fn port(&self) -> u32 {
        self.kernel.port()
    }

    /// The kernel, where it has them.
    pub(super) fn kernel(&mut self) -> Option<&mut Kernel> {
        self.refused.is_none().then_some(&mut self.kernel)
    }

    /// Why the kernel does not have them.
    pub(super) fn refused(&self) -> Option<&str> {
        self.refused.as_deref()
    }

    /// Brings the kernel to have them, whatever it has, in one transaction; tells how that differed. They are
    /// the same always: where an agent was before, nothing is changed.
    pub(super) fn keep(&mut self) -> Vec<Drift> {
        let kept = self.kernel.own().and_then(|_| self.kernel.restore(&frames()));
        self.refused = kept.as_ref().err().map(reason);
        if let Some(why) = &self.refused {
            debug!(%why, "the kernel does not take rules about frames");
        }
        kept.unwrap_or_default()
    }

    /// What is programmed, for people.
    pub(super) fn text(&self) -> Option<String> {
        self.refused.is_none().then(|| text::table(Table::Frames, &frames()))
    }
}

/// What the kernel refused, and why.
fn reason(error: &NetlinkError) -> String {
    error.source().map_or_else(|| error.to_string(), |why| format!("{error}: {why}"))
}
