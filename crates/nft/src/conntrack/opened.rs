//! Hears of connections as they are opened.

use super::entry::{CTA_TUPLE_ORIG, CTA_TUPLE_REPLY, Tuple, packet};
use crate::netlink::{Answer, GENERIC, Listener, NetlinkError, parse};
use netlink_sys::protocols::NETLINK_NETFILTER;
use sekisho_core::packet::Packet;
use std::time::Duration;

/// `NFNLGRP_CONNTRACK_NEW`: the group to which the kernel tells new connections, after all hooks have let their first
/// packet pass.
const GROUP: u32 = 1;
/// `NFNL_SUBSYS_CTNETLINK` with `IPCTNL_MSG_CT_NEW`.
const NEW: u16 = 1 << 8;
/// What may be set aside for tellings that were not read yet, in bytes: some 20,000 connections, so 200,000 a second may
/// come while a busy machine has no time for a tenth of one.
const ROOM: usize = 32 << 20;
/// How many connections are taken at a time.
const MOST: usize = 4096;

/// A connection that was opened, and whose first packet passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Opened {
    /// As the first packet came: before Service translation.
    pub original: Tuple,
    /// As answers come: from whom the packets are translated to.
    pub reply: Tuple,
}

impl Opened {
    /// The packet that opened it as policy saw it: after Service translation and before masquerading (S37).
    #[must_use]
    pub fn packet(&self) -> Option<Packet> {
        packet(&self.original, &self.reply)
    }
}

/// Hears of connections that are opened in the network namespace of the thread that opened it.
#[derive(Debug)]
pub struct Openings {
    listener: Listener,
    /// How many were lost when it was looked last, as the kernel counts them.
    dropped: Option<u32>,
    /// Whether some were lost, and others may be still.
    is_losing: bool,
}

/// What was heard.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Heard {
    /// The connections, in order.
    pub opened: Vec<Opened>,
    /// Others, which were too many to be read in time.
    pub lost: Lost,
}

/// What was lost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Lost {
    /// So many, as the kernel counts them.
    pub counted: u64,
    /// And others, which nobody counted.
    pub uncounted: bool,
}

impl Lost {
    /// Adds what was lost besides.
    pub fn add(&mut self, other: Self) {
        self.counted = self.counted.saturating_add(other.counted);
        self.uncounted |= other.uncounted;
    }
}

impl Openings {
    /// Listens from now on.
    ///
    /// # Errors
    /// When the kernel gives no netlink socket.
    pub fn open() -> Result<Self, NetlinkError> {
        Self::with_room(ROOM)
    }

    /// Likewise, with so many bytes set aside for those that were not read yet. What does not find room is lost, and counted.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub fn with_room(room: usize) -> Result<Self, NetlinkError> {
        let what = "listen to connections that are opened";
        let listener = Listener::open(NETLINK_NETFILTER, GROUP, Some(room), what)?;
        let dropped = listener.dropped();
        Ok(Self { listener, dropped, is_losing: false })
    }

    /// Waits until a connection is opened, or until `patience` is over, and takes those that there are.
    ///
    /// # Errors
    /// When the kernel cannot be listened to any more.
    pub fn hear(&mut self, patience: Duration) -> Result<Heard, NetlinkError> {
        let mut opened = Vec::new();
        let some_are_lost = self.listener.hear(patience, MOST, |bytes| {
            let news = Answer::all(bytes).filter(|answer| answer.kind == NEW);
            opened.extend(news.filter_map(|news| read(news.payload.get(GENERIC..)?)));
        })?;
        let lost = self.lost(some_are_lost);
        // It is said once that some are; others may be until all were read.
        self.is_losing &= !opened.is_empty() || lost != Lost::default();
        Ok(Heard { opened, lost })
    }

    /// What was lost since it was looked last.
    fn lost(&mut self, some_are_lost: bool) -> Lost {
        self.is_losing |= some_are_lost;
        if !self.is_losing {
            return Lost::default();
        }
        let now = self.listener.dropped();
        match self.dropped.zip(now) {
            Some((before, now)) => {
                self.dropped = Some(now);
                Lost { counted: now.wrapping_sub(before).into(), uncounted: false }
            }
            None => Lost { counted: 0, uncounted: some_are_lost },
        }
    }
}

fn read(attributes: &[u8]) -> Option<Opened> {
    let tuple = |kind| Tuple::read(parse(attributes).find(|attribute| attribute.kind == kind)?);
    Some(Opened { original: tuple(CTA_TUPLE_ORIG)?, reply: tuple(CTA_TUPLE_REPLY)? })
}
