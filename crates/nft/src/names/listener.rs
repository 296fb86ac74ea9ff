//! Listens to the answers that rules copy.

use super::{Answer, LONGEST};
use crate::{
    log::{Copies, Entries},
    netlink::NetlinkError,
    tree::NAMES_GROUP,
};
use std::time::Duration;

/// Hears what pods are answered, in the network namespace of the thread that opened it. There is one at a time.
#[derive(Debug)]
pub struct NameListener {
    entries: Entries,
}

/// What was heard.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Heard {
    /// The answers, in order.
    pub answers: Vec<Answer>,
    /// How many were lost before they could be read.
    pub lost: u64,
}

impl NameListener {
    /// Listens from now on.
    ///
    /// # Errors
    /// When the kernel gives no netlink socket, or somebody listens already.
    pub fn open() -> Result<Self, NetlinkError> {
        /// Bytes for answers that were not read yet.
        const ROOM: usize = 4 << 20;
        /// How many answers are taken at a time: more than there is room for.
        const MOST: usize = 4096;
        // What follows an answer is soon: it is told at once.
        let copies = Copies { group: NAMES_GROUP, bytes: LONGEST, gathering: None, room: ROOM, most: MOST };
        Ok(Self { entries: Entries::open(copies, "listen to what pods are answered")? })
    }

    /// Waits until a pod is answered, or until `patience` is over, and takes what there is.
    ///
    /// # Errors
    /// When the kernel cannot be listened to any more.
    pub fn hear(&mut self, patience: Duration) -> Result<Heard, NetlinkError> {
        let mut answers = Vec::new();
        let lost = self.entries.hear(patience, |entry| {
            answers.extend(entry.payload.and_then(Answer::read));
        })?;
        Ok(Heard { answers, lost })
    }
}
