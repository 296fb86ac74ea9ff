//! What others do to the table.

use super::{
    NetlinkError,
    attribute::parse,
    batch::{INET, SUBSYSTEM},
    wire::{Answer, GENERIC},
};
use crate::tree::Table;
use netlink_sys::{Socket as RawSocket, protocols::NETLINK_NETFILTER};
use nix::sys::{
    socket::{MsgFlags, setsockopt, sockopt::ReceiveTimeout},
    time::{TimeVal, TimeValLike},
};
use std::{io, time::Duration};

/// `NFNLGRP_NFTABLES`: the group to which the kernel tells changes of rulesets.
const GROUP: u32 = 7;
/// `ENOBUFS`: more happened than the socket holds.
const TOO_MUCH: i32 = 105;
/// What is set aside for news that were not read yet, in bytes.
const ROOM: usize = 4 << 20;

/// Hears of changes of our tables that others made, in the network namespace of the thread that opened it.
#[derive(Debug)]
pub struct Monitor {
    raw: RawSocket,
    /// The ports of the sockets whose changes are our own.
    ours: Vec<u32>,
}

impl Monitor {
    /// Listens from now on; what `ours`, the [ports](super::Kernel::port) of sockets, change is no news.
    ///
    /// # Errors
    /// When the kernel gives no netlink socket.
    pub fn open(ours: impl IntoIterator<Item = u32>) -> Result<Self, NetlinkError> {
        let failed = |what| move |source| NetlinkError::Socket { what, source };
        let mut raw = RawSocket::new(NETLINK_NETFILTER).map_err(failed("open a socket"))?;
        raw.bind_auto().map_err(failed("bind a socket"))?;
        raw.set_rx_buf_sz(ROOM).map_err(failed("set up a socket"))?;
        raw.add_membership(GROUP).map_err(failed("listen to changes"))?;
        Ok(Self { raw, ours: ours.into_iter().collect() })
    }

    /// Waits until somebody else has changed the table, or may have, or until `patience` is over; says which.
    ///
    /// # Errors
    /// When the kernel cannot be listened to any more.
    pub fn wait(&mut self, patience: Duration) -> Result<bool, NetlinkError> {
        let failed = |source| NetlinkError::Socket { what: "listen to changes", source };
        // Zero would be for ever.
        let millis = i64::try_from(patience.as_millis()).unwrap_or(i64::MAX).max(1);
        setsockopt(&self.raw, ReceiveTimeout, &TimeVal::milliseconds(millis))
            .map_err(|errno| failed(errno.into()))?;
        let mut bytes = Vec::with_capacity(1 << 16);
        match self.raw.recv_from(&mut bytes, 0) {
            Ok((_, from)) => Ok(from.port_number() == 0 && self.is_foreign(&bytes)),
            Err(error) if error.raw_os_error() == Some(TOO_MUCH) => Ok(true),
            Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted) => {
                Ok(false)
            }
            Err(error) => Err(failed(error)),
        }
    }

    /// Passes over what has been told so far.
    ///
    /// # Errors
    /// When the kernel cannot be listened to any more.
    pub fn drain(&mut self) -> Result<(), NetlinkError> {
        let mut bytes = Vec::with_capacity(1 << 16);
        loop {
            bytes.clear();
            match self.raw.recv_from(&mut bytes, MsgFlags::MSG_DONTWAIT.bits()) {
                Ok(_) => {}
                Err(error) if error.raw_os_error() == Some(TOO_MUCH) => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(source) => return Err(NetlinkError::Socket { what: "listen to changes", source }),
            }
        }
    }

    fn is_foreign(&self, bytes: &[u8]) -> bool {
        Answer::all(bytes).any(|news| {
            let attributes = news.payload.get(GENERIC..).unwrap_or_default();
            // Every message about something in a table names the table first.
            let names = [Table::Enforced, Table::Tried].map(|table| Some(table.name()));
            let in_table = || parse(attributes).any(|a| a.kind == 1 && names.contains(&a.text()));
            news.kind >> 8 == SUBSYSTEM
                && !self.ours.contains(&news.port)
                && news.payload.first() == Some(&INET)
                && in_table()
        })
    }
}
