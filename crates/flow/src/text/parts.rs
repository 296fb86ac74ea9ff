//! Parts of records, for who keeps keys once and counts often.

use super::{
    wire::{Details, Key},
    write,
};
use crate::record;
use std::io;

/// A key as text: equal keys have equal texts, within [`super::VERSION`].
#[must_use]
pub fn key(key: &record::Key) -> String {
    // INVARIANT: no key of a map is anything but a string, so nothing here can fail.
    serde_json::to_string(&write::key(key)).unwrap_or_default()
}

/// Reads what [`key`] writes.
///
/// # Errors
/// When it is no key.
pub fn read_key(text: &str) -> io::Result<record::Key> {
    let read: Key = serde_json::from_str(text)?;
    Ok(super::read::key(read))
}

/// What is told of a flow beside how often and when; the empty text where that is nothing.
#[must_use]
pub fn details(seen: &record::Seen) -> String {
    let details = write::details(seen);
    if details.is_empty() { String::new() } else { serde_json::to_string(&details).unwrap_or_default() }
}

/// Reads what [`details`] writes: `seen` with what it tells.
///
/// # Errors
/// When it tells nothing that can be.
pub fn with_details(mut seen: record::Seen, text: &str) -> io::Result<record::Seen> {
    if text.is_empty() {
        return Ok(seen);
    }
    let read: Details = serde_json::from_str(text)?;
    super::read::details(read, &mut seen);
    Ok(seen)
}
