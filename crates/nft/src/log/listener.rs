//! Listens to what rules log. The numbers are those of `linux/netfilter/nfnetlink_log.h`.

use super::{Logged, Tag, packet, time};
use crate::{
    netlink::{Answer, Attributes, GENERIC, Listener, Message, NetlinkError, Socket, parse},
    tree::LOG_GROUP,
};
use std::time::Duration;

/// `NFNL_SUBSYS_ULOG`, and the messages `NFULNL_MSG_PACKET` and `NFULNL_MSG_CONFIG`.
const SUBSYSTEM: u16 = 4;
const PACKET: u16 = SUBSYSTEM << 8;
const CONFIG: u16 = PACKET | 1;
/// Attributes of what is set.
const NFULA_CFG_CMD: u16 = 1;
const NFULA_CFG_MODE: u16 = 2;
const NFULA_CFG_TIMEOUT: u16 = 4;
const NFULA_CFG_FLAGS: u16 = 6;
const NFULNL_CFG_CMD_BIND: u8 = 1;
const NFULNL_COPY_PACKET: u8 = 2;
/// Entries are numbered.
const NFULNL_CFG_F_SEQ: u16 = 1;
/// Attributes of an entry.
const NFULA_TIMESTAMP: u16 = 3;
const NFULA_PAYLOAD: u16 = 9;
const NFULA_PREFIX: u16 = 10;
const NFULA_SEQ: u16 = 12;
/// How many bytes of a packet are handed over: the headers of IPv6 with some extensions, and ports.
const HEADERS: u32 = 128;
/// How long the kernel gathers entries at most, in hundredths of a second.
const GATHERING: u32 = 10;
/// What is set aside for entries that were not read yet, in bytes.
const ROOM: usize = 4 << 20;
/// How many tellings, of up to 100 entries each, are taken at a time.
const MOST: usize = 256;

/// Hears what our rules log, in the network namespace of the thread that opened it. There is one at a time.
#[derive(Debug)]
pub struct LogListener {
    listener: Listener,
    /// The number of the next entry.
    next: Option<u32>,
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
        let mut socket = Socket::open()?;
        let mode = [&HEADERS.to_be_bytes()[..], &[NFULNL_COPY_PACKET, 0]].concat();
        let bind = Attributes::new().bytes(NFULA_CFG_CMD, &[NFULNL_CFG_CMD_BIND]);
        let set = Attributes::new()
            .bytes(NFULA_CFG_MODE, &mode)
            .u32(NFULA_CFG_TIMEOUT, GATHERING)
            .bytes(NFULA_CFG_FLAGS, &NFULNL_CFG_F_SEQ.to_be_bytes());
        for body in [bind, set] {
            let what = format!("listen to log group {LOG_GROUP}");
            let message = Message { kind: CONFIG, flags: 0, family: 0, body: body.as_bytes().to_vec(), what };
            socket.request_of(LOG_GROUP, &message)?;
        }
        Ok(Self { listener: socket.into_listener(room, "listen to what rules log")?, next: None })
    }

    /// Waits until something is logged, or until `patience` is over, and takes what there is.
    ///
    /// # Errors
    /// When the kernel cannot be listened to any more.
    pub fn hear(&mut self, patience: Duration) -> Result<Heard, NetlinkError> {
        let Self { listener, next } = self;
        let mut heard = Heard::default();
        listener.hear(patience, MOST, |bytes| {
            for entry in Answer::all(bytes).filter(|answer| answer.kind == PACKET) {
                take(entry.payload.get(GENERIC..).unwrap_or_default(), next, &mut heard);
            }
        })?;
        Ok(heard)
    }
}

fn take(attributes: &[u8], next: &mut Option<u32>, heard: &mut Heard) {
    let find = |kind| parse(attributes).find(|attribute| attribute.kind == kind);
    if let Some(number) = find(NFULA_SEQ).and_then(|number| number.u32()) {
        // The numbers go round.
        heard.lost += u64::from(number.wrapping_sub(next.unwrap_or(number)));
        *next = Some(number.wrapping_add(1));
    }
    let tag = find(NFULA_PREFIX).and_then(|prefix| prefix.text().map(Tag::read));
    let tuple = find(NFULA_PAYLOAD).and_then(|payload| packet::tuple(payload.value));
    if let (Some(tag), Some(tuple)) = (tag, tuple) {
        let at = find(NFULA_TIMESTAMP).and_then(|at| time(at.value));
        heard.logged.push(Logged { at, tag, tuple });
    }
}
