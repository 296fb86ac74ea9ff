//! What others do to the table.

use super::{
    NetlinkError,
    attribute::parse,
    batch::{SUBSYSTEM, family},
    listener::Listener,
    wire::{Answer, GENERIC},
};
use crate::tree::Table;
use netlink_sys::protocols::NETLINK_NETFILTER;
use std::time::Duration;

/// `NFNLGRP_NFTABLES`: the group to which the kernel tells changes of rulesets.
const GROUP: u32 = 7;
/// What is set aside for news that were not read yet, in bytes.
const ROOM: usize = 4 << 20;

/// Hears of changes of our tables that others made, in the network namespace of the thread that opened it.
#[derive(Debug)]
pub struct Monitor {
    listener: Listener,
    /// The ports of the sockets whose changes are our own.
    ours: Vec<u32>,
}

impl Monitor {
    /// Listens from now on; what `ours`, the [ports](super::Kernel::port) of sockets, change is no news.
    ///
    /// # Errors
    /// When the kernel gives no netlink socket.
    pub fn open(ours: impl IntoIterator<Item = u32>) -> Result<Self, NetlinkError> {
        let listener = Listener::open(NETLINK_NETFILTER, GROUP, Some(ROOM), "listen to changes")?;
        Ok(Self { listener, ours: ours.into_iter().collect() })
    }

    /// Waits until somebody else has changed the table, or may have, or until `patience` is over; says which.
    ///
    /// # Errors
    /// When the kernel cannot be listened to any more.
    pub fn wait(&mut self, patience: Duration) -> Result<bool, NetlinkError> {
        let Self { listener, ours } = self;
        listener.wait(patience, |bytes| is_foreign(bytes, ours))
    }

    /// Passes over what has been told so far.
    ///
    /// # Errors
    /// When the kernel cannot be listened to any more.
    pub fn drain(&mut self) -> Result<(), NetlinkError> {
        self.listener.drain()
    }
}

/// Whether it is about one of our tables, and what changed it is none of `ours`.
fn is_foreign(bytes: &[u8], ours: &[u32]) -> bool {
    Answer::all(bytes).any(|news| {
        let attributes = news.payload.get(GENERIC..).unwrap_or_default();
        // Every message about something in a table names the table first.
        let of = news.payload.first().copied();
        let is_named =
            |table: Table| parse(attributes).any(|a| a.kind == 1 && a.text() == Some(table.name()));
        let in_table = || Table::ALL.into_iter().any(|table| of == Some(family(table)) && is_named(table));
        news.kind >> 8 == SUBSYSTEM && !ours.contains(&news.port) && in_table()
    })
}
