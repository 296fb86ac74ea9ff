//! Connections that the kernel tracks, made by whoever may make them: many more a second than this machine can open and
//! forward. Whoever listens is told of each as of one that was opened.

use std::{
    net::Ipv4Addr,
    os::fd::{AsRawFd, OwnedFd},
    time::{Duration, Instant},
};

use nix::sys::socket::{
    AddressFamily, MsgFlags, NetlinkAddr, SockFlag, SockProtocol, SockType, recv, sendto, socket,
};

/// How many are made with one message to the kernel.
const AT_ONCE: u32 = 100;
/// How many are tracked at a time at most.
const TRACKED: u32 = 100_000;
/// For how long each is tracked, in seconds: they are made way for.
const LASTS: u32 = 1;

/// Both ends, and the ports, of one connection.
pub(crate) type Made = ((Ipv4Addr, u16), (Ipv4Addr, u16));

/// Makes so many, at most so many a second, in the network namespace of the thread that calls; tells how many there were and
/// how long it took.
pub(crate) fn make(count: u32, a_second: Option<u32>, each: impl Fn(u32) -> Made) -> (u32, Duration) {
    let socket = open();
    let begun = Instant::now();
    let mut refused = 0;
    for first in (0..count).step_by(AT_ONCE as usize) {
        let bytes: Vec<u8> =
            (first..count.min(first + AT_ONCE)).flat_map(|number| message(each(number))).collect();
        sendto(socket.as_raw_fd(), &bytes, &NetlinkAddr::new(0, 0), MsgFlags::empty()).unwrap();
        refused += errors(&socket);
        if (first + AT_ONCE).is_multiple_of(TRACKED) {
            forget(&socket);
        }
        if let Some(a_second) = a_second {
            let due = begun + Duration::from_secs_f64(f64::from(first + AT_ONCE) / f64::from(a_second));
            std::thread::sleep(due.saturating_duration_since(Instant::now()));
        }
    }
    (count - refused, begun.elapsed())
}

/// Has the kernel forget all that it tracks (`IPCTNL_MSG_CT_DELETE` of nobody): it would look for what is over in its own time.
fn forget(socket: &OwnedFd) {
    const REQUEST: u16 = 1;
    let header = [&20_u32.to_ne_bytes()[..], &0x102_u16.to_ne_bytes(), &REQUEST.to_ne_bytes(), &[0; 12]];
    sendto(socket.as_raw_fd(), &header.concat(), &NetlinkAddr::new(0, 0), MsgFlags::empty()).unwrap();
}

/// Forgets what is tracked in the network namespace of the thread that calls.
pub(crate) fn forget_all() {
    forget(&open());
}

fn open() -> OwnedFd {
    let raw = (SockType::Raw, SockFlag::empty(), SockProtocol::NetlinkNetFilter);
    socket(AddressFamily::Netlink, raw.0, raw.1, raw.2).unwrap()
}

/// How many the kernel refused: it answers where it does alone.
fn errors(socket: &OwnedFd) -> u32 {
    let mut bytes = vec![0; 1 << 16];
    let mut refused = 0;
    while let Ok(length) = recv(socket.as_raw_fd(), &mut bytes, MsgFlags::MSG_DONTWAIT) {
        let mut rest = &bytes[..length];
        while rest.len() >= 16 {
            let long = usize::try_from(u32::from_ne_bytes(rest[..4].try_into().unwrap())).unwrap();
            refused += 1;
            rest = rest.get(long.next_multiple_of(4)..).unwrap_or_default();
        }
    }
    refused
}

/// A message that makes one (`IPCTNL_MSG_CT_NEW` of `NFNL_SUBSYS_CTNETLINK`): UDP, which needs no state.
fn message((from, to): Made) -> Vec<u8> {
    const REQUEST_CREATE_EXCL: u16 = 1 | 0x400 | 0x200;
    const AF_INET: u8 = 2;
    let mut body = vec![AF_INET, 0, 0, 0];
    body.extend(tuple(1, from, to));
    body.extend(tuple(2, to, from));
    body.extend(attribute(7, &LASTS.to_be_bytes()));
    let length = u32::try_from(body.len() + 16).unwrap();
    let header =
        [&length.to_ne_bytes()[..], &0x100_u16.to_ne_bytes(), &REQUEST_CREATE_EXCL.to_ne_bytes(), &[0; 8]];
    [header.concat(), body].concat()
}

fn tuple(kind: u16, from: (Ipv4Addr, u16), to: (Ipv4Addr, u16)) -> Vec<u8> {
    const UDP: u8 = 17;
    let addresses = [attribute(1, &from.0.octets()), attribute(2, &to.0.octets())].concat();
    let ports = [attribute(2, &from.1.to_be_bytes()), attribute(3, &to.1.to_be_bytes())].concat();
    let protocol = [attribute(1, &[UDP]), ports].concat();
    nested(kind, &[nested(1, &addresses), nested(2, &protocol)].concat())
}

fn nested(kind: u16, value: &[u8]) -> Vec<u8> {
    attribute(kind | 0x8000, value)
}

fn attribute(kind: u16, value: &[u8]) -> Vec<u8> {
    let length = u16::try_from(value.len() + 4).unwrap();
    let mut bytes = [&length.to_ne_bytes()[..], &kind.to_ne_bytes(), value].concat();
    bytes.resize(bytes.len().next_multiple_of(4), 0);
    bytes
}
