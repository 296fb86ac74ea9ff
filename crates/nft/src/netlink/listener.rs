//! A netlink socket on which the kernel tells of what happens.

use super::{NetlinkError, dropped, socket::TOO_MUCH};
use netlink_sys::Socket as RawSocket;
use nix::sys::{
    socket::{MsgFlags, setsockopt, sockopt::ReceiveTimeout},
    time::{TimeVal, TimeValLike},
};
use std::{io, time::Duration};

/// How many bytes one telling may have.
const NEWS: usize = 1 << 16;

/// Listens to what the kernel tells, in the network namespace of the thread that opened it.
#[derive(Debug)]
pub(crate) struct Listener {
    raw: RawSocket,
    /// What it does, for errors.
    what: &'static str,
    /// By which protocol and port the kernel knows it, where that was asked.
    known_by: Option<(isize, u32)>,
}

impl Listener {
    /// Listens from now on; `room` is what is set aside for news that were not read yet, in bytes, where the kernel's own
    /// is too little.
    pub(crate) fn open(
        protocol: isize,
        group: u32,
        room: Option<usize>,
        what: &'static str,
    ) -> Result<Self, NetlinkError> {
        let failed = |what| move |source| NetlinkError::Socket { what, source };
        let mut raw = RawSocket::new(protocol).map_err(failed("open a socket"))?;
        let port = raw.bind_auto().map_err(failed("bind a socket"))?.port_number();
        if let Some(room) = room {
            raw.set_rx_buf_sz(room).map_err(failed("set up a socket"))?;
        }
        raw.add_membership(group).map_err(failed(what))?;
        Ok(Self { known_by: Some((protocol, port)), ..Self::new(raw, what) })
    }

    /// How many tellings it had no room for so far, round and round in 32 bits; `None` where the kernel does not say.
    pub(crate) fn dropped(&self) -> Option<u32> {
        let (protocol, port) = self.known_by?;
        dropped::so_far(protocol, port)
    }

    /// Listens on a socket that the kernel was told to talk to; `what` says in errors what it does.
    pub(super) fn new(raw: RawSocket, what: &'static str) -> Self {
        Self { raw, what, known_by: None }
    }

    /// Waits until something is told, or until `patience` is over; says whether it `is_news`, given its bytes. What was
    /// lost because it was too much may have been news.
    pub(super) fn wait(
        &mut self,
        patience: Duration,
        is_news: impl Fn(&[u8]) -> bool,
    ) -> Result<bool, NetlinkError> {
        let mut heard = false;
        let lost = self.hear(patience, 1, |bytes| heard = is_news(bytes))?;
        Ok(heard || lost)
    }

    /// Waits until something is told, or until `patience` is over, and hands over what has been told by then, but no more
    /// than `most` tellings; without patience it does not wait. Returns whether some were lost because they were too many.
    pub(crate) fn hear(
        &mut self,
        patience: Duration,
        most: usize,
        mut each: impl FnMut(&[u8]),
    ) -> Result<bool, NetlinkError> {
        let (mut lost, mut flags) = (false, 0);
        if patience.is_zero() {
            flags = MsgFlags::MSG_DONTWAIT.bits();
        } else {
            self.be_patient(patience)?;
        }
        let mut bytes = Vec::with_capacity(NEWS);
        for _ in 0..most {
            bytes.clear();
            match self.raw.recv_from(&mut bytes, flags) {
                Ok((_, from)) if from.port_number() == 0 => each(&bytes),
                // Others may write to a socket, too.
                Ok(_) => {}
                Err(error) if error.raw_os_error() == Some(TOO_MUCH) => lost = true,
                Err(error)
                    if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted) =>
                {
                    break;
                }
                Err(error) => return Err(self.failed(error)),
            }
            flags = MsgFlags::MSG_DONTWAIT.bits();
        }
        Ok(lost)
    }

    fn be_patient(&self, patience: Duration) -> Result<(), NetlinkError> {
        // Zero would be for ever.
        let millis = i64::try_from(patience.as_millis()).unwrap_or(i64::MAX).max(1);
        setsockopt(&self.raw, ReceiveTimeout, &TimeVal::milliseconds(millis))
            .map_err(|errno| self.failed(errno.into()))
    }

    /// Passes over what has been told so far.
    pub(super) fn drain(&mut self) -> Result<(), NetlinkError> {
        let mut bytes = Vec::with_capacity(NEWS);
        loop {
            bytes.clear();
            match self.raw.recv_from(&mut bytes, MsgFlags::MSG_DONTWAIT.bits()) {
                Ok(_) => {}
                Err(error) if error.raw_os_error() == Some(TOO_MUCH) => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(self.failed(error)),
            }
        }
    }

    fn failed(&self, source: io::Error) -> NetlinkError {
        NetlinkError::Socket { what: self.what, source }
    }
}
