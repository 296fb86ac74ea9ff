//! Listens to what rules log.

use super::{Copies, Entries, Logged, Tag, entries::Entry, packet};
use crate::{netlink::NetlinkError, tree::LOG_GROUP};
use std::time::Duration;

/// How many bytes of a packet are handed over: the headers of IPv6 with some extensions, and ports.
const HEADERS: u32 = 128;
/// How long the kernel gathers entries at most, in hundredths of a second.
const GATHERING: u32 = 10;
/// How many tellings are taken at a time.
const MOST: usize = 256;
/// What is set aside for entries that were not read yet, in bytes.
const ROOM: usize = 4 << 20;

/// Hears what our rules log, in the network namespace of the thread that opened it. There is one at a time.
#[derive(Debug)]
pub struct LogListener {
    entries: Entries,
}

/// What was heard.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Heard {
    /// The packets, in order.
    pub logged: Vec<Logged>,
    /// How many entries were lost before they could be read: told by their numbers, so known when the next one comes.
    pub lost: u64,
}

impl LogListener {
    /// Listens from now on.
    ///
    /// # Errors
    /// When the kernel gives no netlink socket, or somebody listens already.
    pub fn open() -> Result<Self, NetlinkError> {
        Self::with_room(ROOM)
    }

    /// Likewise, with so many bytes set aside for entries that were not read yet. What does not find room is lost, and
    /// counted.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub fn with_room(room: usize) -> Result<Self, NetlinkError> {
        let copies =
            Copies { group: LOG_GROUP, bytes: HEADERS, gathering: Some(GATHERING), room, most: MOST };
        Ok(Self { entries: Entries::open(copies, "listen to what rules log")? })
    }

    /// Waits until something is logged, or until `patience` is over, and takes what there is.
    ///
    /// # Errors
    /// When the kernel cannot be listened to any more.
    pub fn hear(&mut self, patience: Duration) -> Result<Heard, NetlinkError> {
        let mut logged = Vec::new();
        let lost = self.entries.hear(patience, |entry| logged.extend(read(&entry)))?;
        Ok(Heard { logged, lost })
    }
}

fn read(entry: &Entry<'_>) -> Option<Logged> {
    Some(Logged { at: entry.at, tag: Tag::read(entry.prefix?), tuple: packet::tuple(entry.payload?)? })
}
