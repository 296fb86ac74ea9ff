//! Watching what reaches a host. A raw socket gets its copy after the host's own firewall, so that on a
//! node too what it sees has passed.

use super::{
    datagram::{Datagrams, Received},
    icmp::{ECHO_V4, ECHO_V6},
    log::{Flow, Seen},
    sctp::{self, Chunk},
};
use crate::kernel::sysctl;
use sekisho_core::{packet::Traffic, set::Protocol};
use std::{
    collections::BTreeSet,
    io,
    net::SocketAddr,
    os::fd::{AsFd, BorrowedFd},
    sync::{
        Arc,
        atomic::{AtomicU16, Ordering},
    },
};

const ICMP_V4: u8 = 1;
const ICMP_V6: u8 = 58;

/// Raw sockets of one host: one for each protocol and family.
#[derive(Debug)]
pub(crate) struct Taps {
    taps: Vec<Arc<Tap>>,
    next_port: AtomicU16,
}

/// One of them.
#[derive(Debug)]
pub(crate) struct Tap {
    socket: Datagrams,
    protocol: u8,
    /// The SCTP ports that are listened on: no socket of the kernel does it.
    sctp: BTreeSet<u16>,
}

impl Taps {
    /// Taps of the calling thread's namespace. `others` are IP protocols to watch besides TCP, UDP,
    /// SCTP and ICMP; `sctp` are the ports of SCTP to answer on.
    pub(crate) fn open(others: &[u8], sctp: &BTreeSet<u16>) -> io::Result<Self> {
        let mut taps = Vec::new();
        let families: &[bool] = if sysctl::has_ipv6() { &[true, false] } else { &[true] };
        for v4 in families {
            let icmp = if *v4 { ICMP_V4 } else { ICMP_V6 };
            let with_ports = Protocol::ALL.map(Protocol::number);
            for protocol in with_ports.into_iter().chain([icmp]).chain(others.iter().copied()) {
                let socket = Datagrams::raw(*v4, protocol)?;
                taps.push(Arc::new(Tap { socket, protocol, sctp: sctp.clone() }));
            }
        }
        Ok(Self { taps, next_port: AtomicU16::new(20_000) })
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Arc<Tap>> {
        self.taps.iter()
    }

    /// Reads everything that waits.
    pub(crate) fn drain(&self, seen: &mut Seen) {
        for tap in &self.taps {
            tap.drain(seen);
        }
    }

    /// Sends the first packet of a kind that has no socket of its own.
    pub(crate) fn send(&self, flow: &Flow) -> io::Result<()> {
        let v4 = flow.from.is_ipv4();
        // A port of its own for each, or connection tracking takes it for the one before.
        let port = 20_000 + self.next_port.fetch_add(1, Ordering::Relaxed) % 10_000;
        let (protocol, bytes) = match flow.traffic {
            Traffic::Port(Protocol::Sctp, to) => (Protocol::Sctp.number(), sctp::init(port, to)),
            Traffic::Icmpv6(kind) => (ICMP_V6, super::icmp::message(false, kind, port)),
            Traffic::Other(ICMP_V4) => (ICMP_V4, super::icmp::message(true, ECHO_V4.0, port)),
            Traffic::Other(number) => (number, b"sekisho!".to_vec()),
            Traffic::Port(Protocol::Tcp | Protocol::Udp, _) => return Err(io::ErrorKind::Unsupported.into()),
        };
        let tap = self.taps.iter().find(|tap| tap.protocol == protocol && tap.socket.is_v4() == v4);
        let tap = tap.ok_or(io::ErrorKind::Unsupported)?;
        tap.socket.send(flow.from, SocketAddr::new(flow.to, 0), &bytes)
    }
}

impl AsFd for Tap {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

impl Tap {
    /// Reads everything that waits, and answers SCTP.
    pub(crate) fn drain(&self, seen: &mut Seen) {
        let mut buffer = [0_u8; 2048];
        // An error concerns one packet only, such as an ICMP error that came back on the socket.
        while let Ok(Some(received)) = self.socket.receive(&mut buffer) {
            let bytes = buffer.get(..received.length).unwrap_or_default();
            let bytes = if self.socket.is_v4() { without_header(bytes) } else { bytes };
            self.note(seen, &received, bytes);
        }
    }

    fn note(&self, seen: &mut Seen, received: &Received, bytes: &[u8]) {
        let (from, to) = (received.from.ip(), received.to);
        let there = |traffic| Flow { from, to, traffic };
        let back = |traffic| Flow { from: to, to: from, traffic };
        let ports = |bytes: &[u8]| Some((port(bytes, 0)?, port(bytes, 2)?));
        match self.protocol {
            6 => {
                // SYN without ACK opens a connection; the rest is of no interest.
                let opens = bytes.get(13).is_some_and(|flags| flags & 0x12 == 0x02);
                if let (Some((_, port)), true) = (ports(bytes), opens) {
                    seen.arrival(there(Traffic::Port(Protocol::Tcp, port)));
                }
            }
            17 => {
                if let Some((_, port)) = ports(bytes) {
                    seen.arrival(there(Traffic::Port(Protocol::Udp, port)));
                }
            }
            132 => self.note_sctp(seen, received, bytes),
            ICMP_V4 => match bytes.first() {
                Some(kind) if *kind == ECHO_V4.0 => seen.arrival(there(Traffic::Other(1))),
                Some(kind) if *kind == ECHO_V4.1 => seen.answer(back(Traffic::Other(1))),
                _ => {}
            },
            ICMP_V6 => {
                if let Some(kind) = bytes.first() {
                    seen.arrival(there(Traffic::Icmpv6(*kind)));
                    if *kind == ECHO_V6.1 {
                        seen.answer(back(Traffic::Icmpv6(ECHO_V6.0)));
                    }
                }
            }
            other => seen.arrival(there(Traffic::Other(other))),
        }
    }

    fn note_sctp(&self, seen: &mut Seen, received: &Received, bytes: &[u8]) {
        let Some(packet) = sctp::parse(bytes) else { return };
        let (from, to) = (received.from.ip(), received.to);
        let traffic = |port| Traffic::Port(Protocol::Sctp, port);
        match packet.chunk {
            Chunk::Init(tag) => {
                seen.arrival(Flow { from, to, traffic: traffic(packet.destination) });
                let answer = if self.sctp.contains(&packet.destination) {
                    sctp::init_ack(&packet, tag)
                } else {
                    sctp::abort(&packet, tag)
                };
                // An answer that cannot be sent is one that does not come back.
                let _ = self.socket.send(to, SocketAddr::new(from, 0), &answer);
            }
            Chunk::InitAck => seen.answer(Flow { from: to, to: from, traffic: traffic(packet.source) }),
            Chunk::Abort => seen.refusal(Flow { from: to, to: from, traffic: traffic(packet.source) }),
        }
    }
}

fn port(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_be_bytes(bytes.get(at..at + 2)?.try_into().ok()?))
}

/// A raw IPv4 socket gives the IP header too; its length is in the low half of its first byte.
fn without_header(bytes: &[u8]) -> &[u8] {
    let length = bytes.first().map_or(0, |first| usize::from(first & 0x0f) * 4);
    bytes.get(length..).unwrap_or_default()
}
