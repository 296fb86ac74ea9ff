//! A netlink socket: batches with their acknowledgements, and dumps.

use super::{
    Attributes, NetlinkError,
    listener::Listener,
    wire::{Answer, GENERIC, Message, NLM_F_REQUEST, write},
};
use netlink_sys::{Socket as RawSocket, SocketAddr, protocols::NETLINK_NETFILTER};
use nix::sys::{
    socket::{
        MsgFlags, setsockopt,
        sockopt::{ReceiveTimeout, SndBuf, SndBufForce},
    },
    time::{TimeVal, TimeValLike},
};
use std::io;

/// `ENOBUFS`: there were more answers than the socket holds.
pub(super) const TOO_MUCH: i32 = 105;
const NLMSG_DONE: u16 = 3;
const NLM_F_ACK: u16 = 0x4;
const NLM_F_DUMP: u16 = 0x300;
const NLM_F_DUMP_INTR: u16 = 0x10;
const NFNL_MSG_BATCH_BEGIN: u16 = 0x10;
const NFNL_MSG_BATCH_END: u16 = 0x11;
const NFNL_SUBSYS_NFTABLES: u16 = 10;
const NFNL_BATCH_GENID: u16 = 1;
/// How many bytes an answer may have: the kernel fills at most 32 KiB of a dump at a time.
const ANSWER: usize = 1 << 16;
/// How often a dump is begun anew that somebody's change interrupted.
const DUMP_TRIES: usize = 20;
/// How long an answer may take before the kernel is given up: it answers while it is called, so
/// nothing that comes at all comes later.
const PATIENCE_SECONDS: i64 = 30;

/// A netlink socket, of the netfilter family unless it is said otherwise.
#[derive(Debug)]
pub(crate) struct Socket {
    raw: RawSocket,
    port: u32,
    sequence: u32,
    /// Bytes that a batch may have; the kernel takes a batch as one buffer.
    room: usize,
}

impl Socket {
    pub(crate) fn open() -> Result<Self, NetlinkError> {
        Self::of(NETLINK_NETFILTER)
    }

    /// A socket of another family of messages.
    pub(crate) fn of(protocol: isize) -> Result<Self, NetlinkError> {
        let failed = |what| move |source| NetlinkError::Socket { what, source };
        let mut raw = RawSocket::new(protocol).map_err(failed("open a socket"))?;
        let port = raw.bind_auto().map_err(failed("bind a socket"))?.port_number();
        raw.connect(&SocketAddr::new(0, 0)).map_err(failed("reach the kernel"))?;
        // An error without a copy of what it is about: that may be long, and there may be many.
        raw.set_cap_ack(true).map_err(failed("set up a socket"))?;
        let patience = TimeVal::seconds(PATIENCE_SECONDS);
        setsockopt(&raw, ReceiveTimeout, &patience)
            .map_err(|errno| failed("set up a socket")(errno.into()))?;
        Ok(Self { raw, port, sequence: 1, room: 0 })
    }

    /// From now on it only listens to what it has asked for, with so much set aside for what was not read yet, in bytes.
    pub(crate) fn into_listener(self, room: usize, what: &'static str) -> Result<Listener, NetlinkError> {
        self.raw.set_rx_buf_sz(room).map_err(|source| NetlinkError::Socket { what, source })?;
        Ok(Listener::new(self.raw, what))
    }

    /// The number by which the kernel knows the socket.
    pub(crate) fn port(&self) -> u32 {
        self.port
    }

    /// Sends messages as one transaction and waits for what the kernel says of it.
    /// With a `generation`, only if the kernel is still at it.
    pub(crate) fn commit(
        &mut self,
        messages: &[Message],
        generation: Option<u32>,
    ) -> Result<(), NetlinkError> {
        let first = self.sequence.wrapping_add(1);
        let begin = self.sequence;
        let mut batch = Vec::new();
        let at = generation.map_or_else(Attributes::new, |at| Attributes::new().u32(NFNL_BATCH_GENID, at));
        let kind = (NFNL_MSG_BATCH_BEGIN, NLM_F_REQUEST);
        write(&mut batch, kind, begin, (0, NFNL_SUBSYS_NFTABLES), at.as_bytes());
        let mut sequence = begin;
        for (at, message) in messages.iter().enumerate() {
            sequence = sequence.wrapping_add(1);
            // One acknowledgement is enough: the kernel answers in order, and names what failed.
            let flags = if at + 1 == messages.len() { NLM_F_ACK } else { 0 };
            message.write(&mut batch, flags, sequence);
        }
        let last = sequence;
        self.sequence = last.wrapping_add(2);
        let end = last.wrapping_add(1);
        write(&mut batch, (NFNL_MSG_BATCH_END, NLM_F_REQUEST), end, (0, NFNL_SUBSYS_NFTABLES), &[]);
        self.send(&batch)?;
        self.acknowledged(begin, last, |sequence| {
            let at = usize::try_from(sequence.wrapping_sub(first)).ok();
            at.and_then(|at| messages.get(at))
                .map_or("program a transaction", |message| message.what.as_str())
        })
    }

    /// Sends one message that is no part of a batch and waits for what the kernel says of it.
    pub(crate) fn request(&mut self, message: &Message) -> Result<(), NetlinkError> {
        self.request_of(0, message)
    }

    /// Likewise, about one resource of the subsystem.
    pub(crate) fn request_of(&mut self, resource: u16, message: &Message) -> Result<(), NetlinkError> {
        let sequence = self.sequence;
        self.sequence = sequence.wrapping_add(1);
        let mut bytes = Vec::new();
        message.write_for(resource, &mut bytes, NLM_F_ACK, sequence);
        self.send(&bytes)?;
        self.acknowledged(sequence, sequence, |_| &message.what)
    }

    /// Asks for everything of a kind; `each` gets the family and the attributes of each answer. Begins
    /// anew when somebody changed it meanwhile, so that the answer is one state.
    pub(crate) fn dump<T>(
        &mut self,
        message: &Message,
        each: impl Fn(u8, &[u8]) -> Option<T>,
    ) -> Result<Vec<T>, NetlinkError> {
        for _ in 0..DUMP_TRIES {
            if let Some(found) = self.answers(message, NLM_F_DUMP, &each)? {
                return Ok(found);
            }
        }
        Err(NetlinkError::Unreadable("it changes faster than it can be read"))
    }

    /// Asks for one thing, outside of a batch.
    pub(crate) fn ask<T>(
        &mut self,
        message: &Message,
        each: impl Fn(u8, &[u8]) -> Option<T>,
    ) -> Result<Vec<T>, NetlinkError> {
        Ok(self.answers(message, NLM_F_ACK, &each)?.unwrap_or_default())
    }

    /// All answers to a message; `None` when they are not of one state.
    fn answers<T>(
        &mut self,
        message: &Message,
        flags: u16,
        each: impl Fn(u8, &[u8]) -> Option<T>,
    ) -> Result<Option<Vec<T>>, NetlinkError> {
        let sequence = self.sequence;
        self.sequence = sequence.wrapping_add(1);
        let mut bytes = Vec::new();
        message.write(&mut bytes, flags, sequence);
        self.send(&bytes)?;
        let (mut found, mut interrupted) = (Vec::new(), false);
        loop {
            let received = self.receive(MsgFlags::empty())?;
            for answer in Answer::all(&received).filter(|answer| answer.sequence == sequence) {
                interrupted |= answer.flags & NLM_F_DUMP_INTR != 0;
                match (answer.kind, answer.errno()) {
                    (NLMSG_DONE, _) | (_, Some(0)) => return Ok((!interrupted).then_some(found)),
                    (_, Some(errno)) => return Err(refused(&message.what, errno)),
                    _ => {
                        let family = answer.payload.first().copied().unwrap_or_default();
                        let attributes = answer.payload.get(GENERIC..).unwrap_or_default();
                        found.extend(each(family, attributes));
                    }
                }
            }
        }
    }

    fn send(&mut self, bytes: &[u8]) -> Result<(), NetlinkError> {
        let failed = |source| NetlinkError::Socket { what: "send", source };
        if bytes.len() > self.room {
            // Twice: the kernel counts its own bookkeeping, too. It may set less than it is asked for,
            // and then says that the message is too long.
            let size = (bytes.len() * 2).max(1 << 20);
            // Only root may go beyond the system's limit.
            setsockopt(&self.raw, SndBufForce, &size)
                .or_else(|_| setsockopt(&self.raw, SndBuf, &size))
                .map_err(|errno| failed(errno.into()))?;
            self.room = size / 2;
        }
        let sent = self.raw.send(bytes, 0).map_err(failed)?;
        if sent == bytes.len() { Ok(()) } else { Err(failed(io::ErrorKind::WriteZero.into())) }
    }

    fn receive(&mut self, flags: MsgFlags) -> Result<Vec<u8>, NetlinkError> {
        let mut bytes = Vec::with_capacity(ANSWER);
        loop {
            match self.raw.recv(&mut bytes, flags.bits()) {
                Ok(_) => return Ok(bytes),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => bytes.clear(),
                Err(source) => return Err(NetlinkError::Socket { what: "receive", source }),
            }
        }
    }

    /// Reads until the acknowledgement of `last`, or an error that the kernel reports for the whole
    /// batch under `begin`. The first error counts: later ones follow from it.
    fn acknowledged<'a>(
        &mut self,
        begin: u32,
        last: u32,
        what: impl Fn(u32) -> &'a str,
    ) -> Result<(), NetlinkError> {
        let (mut first_error, mut lost) = (None, None);
        loop {
            // What the kernel has to say it has said by now. When that was more than the socket holds, what
            // came first is there all the same, and nothing more comes.
            let flags = if lost.is_some() { MsgFlags::MSG_DONTWAIT } else { MsgFlags::empty() };
            let received = match self.receive(flags) {
                Ok(received) => received,
                Err(error) if error.errno() == Some(TOO_MUCH) && lost.is_none() => {
                    lost = Some(error);
                    continue;
                }
                Err(error) => return Err(first_error.or(lost).unwrap_or(error)),
            };
            for answer in Answer::all(&received) {
                let Some(errno) = answer.errno() else { continue };
                // An answer to an earlier message that was not waited for says nothing of this one.
                if answer.sequence.wrapping_sub(begin) > last.wrapping_sub(begin) {
                    continue;
                }
                if errno != 0 {
                    first_error.get_or_insert_with(|| refused(what(answer.sequence), errno));
                }
                if answer.sequence == last || answer.sequence == begin {
                    return first_error.map_or(Ok(()), Err);
                }
            }
        }
    }
}

fn refused(what: &str, errno: i32) -> NetlinkError {
    let source = io::Error::from_raw_os_error(errno);
    let what = what.to_owned();
    match source.kind() {
        io::ErrorKind::PermissionDenied => NetlinkError::Permission { what },
        _ => NetlinkError::Refused { what, source },
    }
}
