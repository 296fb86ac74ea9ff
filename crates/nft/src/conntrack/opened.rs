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
/// What is set aside for tellings that were not read yet, in bytes: some 10,000 connections.
const ROOM: usize = 16 << 20;
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
}

/// What was heard.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Heard {
    /// The connections, in order.
    pub opened: Vec<Opened>,
    /// Whether others were lost because they were too many to be read in time. The kernel does not tell how many.
    pub lost: bool,
}

impl Openings {
    /// Listens from now on.
    ///
    /// # Errors
    /// When the kernel gives no netlink socket.
    pub fn open() -> Result<Self, NetlinkError> {
        let listener =
            Listener::open(NETLINK_NETFILTER, GROUP, Some(ROOM), "listen to connections that are opened")?;
        Ok(Self { listener })
    }

    /// Waits until a connection is opened, or until `patience` is over, and takes those that there are.
    ///
    /// # Errors
    /// When the kernel cannot be listened to any more.
    pub fn hear(&mut self, patience: Duration) -> Result<Heard, NetlinkError> {
        let mut heard = Heard::default();
        let Heard { opened, lost } = &mut heard;
        *lost = self.listener.hear(patience, MOST, |bytes| {
            let news = Answer::all(bytes).filter(|answer| answer.kind == NEW);
            opened.extend(news.filter_map(|news| read(news.payload.get(GENERIC..)?)));
        })?;
        Ok(heard)
    }
}

fn read(attributes: &[u8]) -> Option<Opened> {
    let tuple = |kind| Tuple::read(parse(attributes).find(|attribute| attribute.kind == kind)?);
    Some(Opened { original: tuple(CTA_TUPLE_ORIG)?, reply: tuple(CTA_TUPLE_REPLY)? })
}
