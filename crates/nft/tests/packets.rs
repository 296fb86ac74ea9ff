//! Packets that are no ordinary part of a connection, between network namespaces.

#![allow(clippy::expect_used, reason = "a test says what must hold")]

#[path = "support/streams.rs"]
#[allow(dead_code, reason = "other tests use the rest")]
mod streams;
mod support;

use nix::sys::{
    socket::{
        AddressFamily, MsgFlags, SockFlag, SockProtocol, SockType, SockaddrIn, recv, sendto, setsockopt,
        socket, sockopt::ReceiveTimeout,
    },
    time::{TimeVal, TimeValLike},
};
use std::{
    net::{IpAddr, Ipv4Addr, SocketAddrV4, UdpSocket},
    os::fd::{AsRawFd, OwnedFd},
    time::{Duration, Instant},
};
use streams::{Network, Node, PATIENCE, PORT, SECOND, say};

/// A node whose policy lets in `PORT` and nothing else.
fn node() -> Node {
    let mut node = Node::new();
    node.load();
    node.change(Some(PORT));
    node
}

/// S27: the tracked connections of a released address go, and no others. Until then its stream goes on
/// whatever the rules say, for nobody has cut it.
#[test]
fn a_released_address_leaves_no_connection_behind() {
    support::in_new_network("a_released_address_leaves_no_connection_behind", || {
        let mut node = node();
        let (mut released, mut other) = (node.stream(node.api.v4(), PORT), node.stream(node.api.v6(), PORT));
        let transaction = node.plan(None);
        node.kernel.apply(&transaction).expect("the kernel takes it");
        released.talk().expect("it is an open connection");
        other.talk().expect("it is an open connection");

        let address = node.api.v4();
        assert_eq!(node.conntrack.forget(address).expect("it is deleted"), 1);
        assert_eq!(node.conntrack.forget(address).expect("there is none"), 0);
        say(&mut released.client, &mut released.server).expect_err("it is judged as if it opened one");
        other.talk().expect("it is not of the address");
    });
}

/// S35: a datagram in fragments is policed by its port, which the first of them alone tells.
#[test]
fn fragments_are_put_together_before_they_are_judged() {
    for address in [Network::v4, Network::v6] {
        support::in_new_network("fragments_are_put_together_before_they_are_judged", move || {
            let node = node();
            let to = address(&node.api);
            let heard = |port: u16, length: usize, patience: Duration| {
                let server = node.api.enter(|| UdpSocket::bind((to, port)).expect("a socket"));
                let client = node.web.enter(|| UdpSocket::bind((address(&node.web), 0)).expect("a socket"));
                server.set_read_timeout(Some(patience)).expect("a setting");
                client.send_to(&vec![7; length], (to, port)).expect("it is sent");
                let mut bytes = vec![0; length];
                server.recv(&mut bytes).is_ok_and(|received| received == length)
            };
            // The links carry 1500 bytes at a time.
            let allowed = [100, 6000].map(|length| heard(PORT, length, PATIENCE));
            assert_eq!(allowed, [true, true], "they are allowed");
            let denied = [100, 6000].map(|length| heard(PORT + 1, length, SECOND / 2));
            assert_eq!(denied, [false, false], "they are not");
        });
    }
}

/// S36: what connection tracking calls invalid does not reach a pod that a policy isolates, even at a
/// port that the policy opens; it does reach one that none does.
#[test]
fn invalid_packets_are_dropped_on_policed_pods() {
    const NO_FLAGS: u8 = 0;
    const SYN: u8 = 0x02;
    const SYN_FIN: u8 = 0x03;
    support::in_new_network("invalid_packets_are_dropped_on_policed_pods", || {
        let mut node = node();
        assert!(arrives(&node, SYN, PATIENCE), "it opens an allowed connection");
        assert!(!arrives(&node, NO_FLAGS, SECOND), "no TCP says that");
        assert!(!arrives(&node, SYN_FIN, SECOND), "no TCP says that");
        node.kernel.remove().expect("the table goes");
        let arrives = [NO_FLAGS, SYN_FIN].map(|flags| arrives(&node, flags, PATIENCE));
        assert_eq!(arrives, [true, true], "it is policy that drops them");
    });
}

/// Whether a segment with these flags arrives in time at the port that policy opens.
fn arrives(node: &Node, flags: u8, patience: Duration) -> bool {
    let (from, to) = (ip4(&node.web), ip4(&node.api));
    let segment = segment((from, 40_000 + u16::from(flags)), (to, PORT), flags);
    let (server, client) = (node.api.enter(raw), node.web.enter(raw));
    let target = SockaddrIn::from(SocketAddrV4::new(to, 0));
    sendto(client.as_raw_fd(), &segment, &target, MsgFlags::empty()).expect("it is sent");
    is_heard(&server, &segment, patience)
}

fn ip4(network: &Network) -> Ipv4Addr {
    match network.v4() {
        IpAddr::V4(address) => address,
        IpAddr::V6(_) => unreachable!("it is an IPv4 address"),
    }
}

/// A socket that sends TCP segments as they are, and hears all that arrive.
fn raw() -> OwnedFd {
    let raw = socket(AddressFamily::Inet, SockType::Raw, SockFlag::empty(), SockProtocol::Tcp);
    let raw = raw.expect("a raw socket");
    setsockopt(&raw, ReceiveTimeout, &TimeVal::milliseconds(100)).expect("a setting");
    raw
}

/// Whether a segment arrives in time. Packets come with their IP header, of 20 bytes.
fn is_heard(server: &OwnedFd, segment: &[u8], patience: Duration) -> bool {
    let (mut packet, begun) = ([0; 1500], Instant::now());
    while begun.elapsed() < patience {
        let length = recv(server.as_raw_fd(), &mut packet, MsgFlags::empty()).unwrap_or_default();
        if packet.get(20..length) == Some(segment) {
            return true;
        }
    }
    false
}

/// A TCP header with a good checksum, so that nothing but its flags is wrong.
fn segment(from: (Ipv4Addr, u16), to: (Ipv4Addr, u16), flags: u8) -> Vec<u8> {
    let ports = [from.1.to_be_bytes(), to.1.to_be_bytes()].concat();
    let before = [0, 0, 0, 1, 0, 0, 0, 0, 5 << 4, flags, 0xff, 0xff];
    let header = |checksum: u16| [&ports[..], &before, &checksum.to_be_bytes(), &[0, 0]].concat();
    let pseudo = [&from.0.octets()[..], &to.0.octets(), &[0, 6, 0, 20], &header(0)].concat();
    let word = |pair: &[u8]| pair.iter().fold(0, |word, byte| word << 8 | u32::from(*byte));
    let sum: u32 = pseudo.chunks(2).map(word).sum();
    let folded = (sum & 0xffff) + (sum >> 16);
    let folded = (folded & 0xffff) + (folded >> 16);
    header(!u16::try_from(folded).expect("it is folded"))
}
