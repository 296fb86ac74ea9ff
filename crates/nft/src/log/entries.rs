//! What rules hand over to a group, entry by entry. The numbers are those of `linux/netfilter/nfnetlink_log.h`.

use super::time;
use crate::netlink::{Answer, Attributes, GENERIC, Listener, Message, NetlinkError, Socket, parse};
use std::time::{Duration, SystemTime};

/// `NFNL_SUBSYS_ULOG`, and the messages `NFULNL_MSG_PACKET` and `NFULNL_MSG_CONFIG`.
const SUBSYSTEM: u16 = 4;
const PACKET: u16 = SUBSYSTEM << 8;
const CONFIG: u16 = PACKET | 1;
/// Attributes of what is set.
const NFULA_CFG_CMD: u16 = 1;
const NFULA_CFG_MODE: u16 = 2;
const NFULA_CFG_TIMEOUT: u16 = 4;
const NFULA_CFG_QTHRESH: u16 = 5;
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

/// What is handed over, and how.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Copies {
    pub(crate) group: u16,
    /// How many bytes of a packet.
    pub(crate) bytes: u32,
    /// How long the kernel gathers entries at most, in hundredths of a second; `None` where it tells each at once.
    pub(crate) gathering: Option<u32>,
    /// What is set aside for entries that were not read yet, in bytes.
    pub(crate) room: usize,
    /// How many tellings are taken at a time: of one entry each, or of up to 100 where they are gathered.
    pub(crate) most: usize,
}

/// Hears what is handed over to a group. There is one who does at a time.
#[derive(Debug)]
pub(crate) struct Entries {
    listener: Listener,
    most: usize,
    /// The number of the next entry.
    next: Option<u32>,
}

/// One entry.
#[derive(Debug)]
pub(crate) struct Entry<'a> {
    pub(crate) at: Option<SystemTime>,
    pub(crate) prefix: Option<&'a str>,
    pub(crate) payload: Option<&'a [u8]>,
}

impl Entries {
    /// Listens from now on; `what` says in errors what that is.
    pub(crate) fn open(copies: Copies, what: &'static str) -> Result<Self, NetlinkError> {
        let mut socket = Socket::open()?;
        let mode = [&copies.bytes.to_be_bytes()[..], &[NFULNL_COPY_PACKET, 0]].concat();
        let bind = Attributes::new().bytes(NFULA_CFG_CMD, &[NFULNL_CFG_CMD_BIND]);
        let set = Attributes::new().bytes(NFULA_CFG_MODE, &mode);
        let set = match copies.gathering {
            Some(gathering) => set.u32(NFULA_CFG_TIMEOUT, gathering),
            None => set.u32(NFULA_CFG_QTHRESH, 1),
        };
        let set = set.bytes(NFULA_CFG_FLAGS, &NFULNL_CFG_F_SEQ.to_be_bytes());
        for body in [bind, set] {
            let what = format!("listen to log group {}", copies.group);
            let message = Message { kind: CONFIG, flags: 0, family: 0, body: body.as_bytes().to_vec(), what };
            socket.request_of(copies.group, &message)?;
        }
        Ok(Self { listener: socket.into_listener(copies.room, what)?, most: copies.most, next: None })
    }

    /// Waits until there are some, or until `patience` is over, and hands over what there is; tells how many were lost
    /// before they could be read, which is known by their numbers when the next one comes.
    pub(crate) fn hear(
        &mut self,
        patience: Duration,
        mut each: impl FnMut(Entry<'_>),
    ) -> Result<u64, NetlinkError> {
        let Self { listener, most, next } = self;
        let mut lost = 0;
        listener.hear(patience, *most, |bytes| {
            for entry in Answer::all(bytes).filter(|answer| answer.kind == PACKET) {
                let attributes = entry.payload.get(GENERIC..).unwrap_or_default();
                lost += passed_over(attributes, next);
                each(read(attributes));
            }
        })?;
        Ok(lost)
    }
}

/// How many entries are missing before this one. Their numbers go round.
fn passed_over(attributes: &[u8], next: &mut Option<u32>) -> u64 {
    let number = parse(attributes).find(|attribute| attribute.kind == NFULA_SEQ);
    let Some(number) = number.and_then(|number| number.u32()) else { return 0 };
    let missing = number.wrapping_sub(next.unwrap_or(number));
    *next = Some(number.wrapping_add(1));
    missing.into()
}

fn read(attributes: &[u8]) -> Entry<'_> {
    let mut entry = Entry { at: None, prefix: None, payload: None };
    for attribute in parse(attributes) {
        match attribute.kind {
            NFULA_TIMESTAMP => entry.at = time(attribute.value),
            NFULA_PREFIX => entry.prefix = attribute.text(),
            NFULA_PAYLOAD => entry.payload = Some(attribute.value),
            _ => {}
        }
    }
    entry
}
