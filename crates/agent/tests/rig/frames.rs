//! Frames as only raw sockets send them: with tags of VLANs, whatever they are for.

use super::bridged::ip;
use nix::{
    ifaddrs::getifaddrs,
    sys::socket::{AddressFamily, LinkAddr, MsgFlags, SockFlag, SockType, sendto, socket},
};
use sekisho_lab::Network;
use std::{
    net::{IpAddr, SocketAddr},
    os::fd::AsRawFd,
};

/// A tag: the type by which it is known, and its priority and VLAN.
pub(crate) type Tag = (u16, u16);

/// Sends a datagram of UDP that bears `word`, behind `tags`, from a pod to the pod whose network is `at`.
pub(crate) fn send(network: &Network, at: &Network, tags: &[Tag], ends: (SocketAddr, SocketAddr), word: u64) {
    let to = hardware_address(at);
    let (kind, packet) = packet(ends.0, ends.1, word);
    let send = || {
        let link = link();
        let tags = tags.iter().flat_map(|(kind, vlan)| [kind.to_be_bytes(), vlan.to_be_bytes()].concat());
        let mut frame = [to, link.addr().unwrap()].concat();
        frame.extend(tags);
        frame.extend(kind.to_be_bytes());
        frame.extend(&packet);
        let socket = socket(AddressFamily::Packet, SockType::Raw, SockFlag::SOCK_CLOEXEC, None).unwrap();
        let sent = sendto(socket.as_raw_fd(), &frame, &link, MsgFlags::empty()).unwrap();
        assert_eq!(sent, frame.len());
    };
    network.within(send).unwrap();
}

/// The link of a pod, in the network of the thread that calls.
fn link() -> LinkAddr {
    let mut found = getifaddrs().unwrap().filter(|found| found.interface_name == "eth0");
    found.find_map(|found| found.address?.as_link_addr().copied()).unwrap()
}

/// The address of a pod's link.
fn hardware_address(network: &Network) -> [u8; 6] {
    let shown = ip(network, &["-o", "link", "show", "eth0"]);
    let address = shown.split(' ').skip_while(|word| *word != "link/ether").nth(1).unwrap();
    let bytes: Vec<u8> = address.split(':').map(|byte| u8::from_str_radix(byte, 16).unwrap()).collect();
    bytes.try_into().unwrap()
}

/// The type of a packet, and the packet.
fn packet(from: SocketAddr, to: SocketAddr, word: u64) -> (u16, Vec<u8>) {
    let length = 16_u16;
    let ports = [from.port(), to.port()].map(u16::to_be_bytes).concat();
    let ends = [from.ip(), to.ip()].map(bytes).concat();
    let mut udp = [&ports, &length.to_be_bytes()[..], &[0; 2], &word.to_be_bytes()].concat();
    let pseudo = [&ends, &[0, 17][..], &length.to_be_bytes(), &udp].concat();
    udp[6..8].copy_from_slice(&checksum(&pseudo).to_be_bytes());
    if from.is_ipv6() {
        let header = [&[0x60, 0, 0, 0][..], &length.to_be_bytes(), &[17, 64], &ends].concat();
        return (0x86dd, [header, udp].concat());
    }
    let mut header = [&[0x45, 0, 0, 36, 0, 1, 0, 0, 64, 17, 0, 0][..], &ends].concat();
    let sum = checksum(&header).to_be_bytes();
    header[10..12].copy_from_slice(&sum);
    (0x0800, [header, udp].concat())
}

fn bytes(address: IpAddr) -> Vec<u8> {
    match address {
        IpAddr::V4(address) => address.octets().into(),
        IpAddr::V6(address) => address.octets().into(),
    }
}

/// Of an even number of bytes.
fn checksum(bytes: &[u8]) -> u16 {
    let sum: u32 = bytes.chunks(2).map(|pair| u32::from(u16::from_be_bytes([pair[0], pair[1]]))).sum();
    let sum = (sum & 0xffff) + (sum >> 16);
    !u16::try_from((sum & 0xffff) + (sum >> 16)).unwrap()
}
