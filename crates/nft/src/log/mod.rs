//! What the rules log: packets that they deny, or would deny.
//!
//! A rule hands at most ten packets a second over (after the first fifty), with the reason before them; its counter
//! has them all. Of a packet nothing is read but its headers.

mod entries;
mod listener;
mod packet;
mod tag;

pub(crate) use entries::{Copies, Entries};
pub use listener::{Heard, LogListener};
pub use tag::{Denial, Tag};
pub(crate) use tag::{STRANGER, TO_MANY, audited, denied};

use crate::conntrack::Tuple;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// A packet that a rule logged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Logged {
    /// When, by the system's clock; `None` where the kernel did not note it.
    pub at: Option<SystemTime>,
    /// Why.
    pub tag: Tag,
    /// Between whom: as policies see it, after Service translation and before masquerading (S37).
    pub tuple: Tuple,
}

/// A time of the kernel's: seconds and microseconds, big-endian, 8 bytes each.
fn time(bytes: &[u8]) -> Option<SystemTime> {
    let number = |at| Some(u64::from_be_bytes(bytes.get(at..at + 8)?.try_into().ok()?));
    let (seconds, micros) = (number(0)?, number(8)?);
    UNIX_EPOCH.checked_add(Duration::from_secs(seconds))?.checked_add(Duration::from_micros(micros))
}
