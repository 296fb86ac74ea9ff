//! Links, addresses, routes and neighbours by rtnetlink.

use crate::LabError;
use netlink_packet_core::{
    NLM_F_ACK, NLM_F_CREATE, NLM_F_EXCL, NLM_F_REPLACE, NLM_F_REQUEST, NetlinkHeader, NetlinkMessage,
    NetlinkPayload,
};
use netlink_packet_route::{
    AddressFamily, RouteNetlinkMessage,
    address::{AddressAttribute, AddressFlags, AddressMessage, AddressScope},
    link::{InfoData, InfoKind, InfoVeth, LinkAttribute, LinkFlags, LinkInfo, LinkMessage},
    neighbour::{NeighbourAddress, NeighbourAttribute, NeighbourMessage, NeighbourState},
    route::{RouteAddress, RouteAttribute, RouteFlags, RouteMessage, RouteProtocol, RouteScope, RouteType},
};
use netlink_sys::{Socket, SocketAddr, protocols::NETLINK_ROUTE};
use std::{io, net::IpAddr, os::fd::RawFd};

/// A hardware address.
pub(crate) type Mac = [u8; 6];

/// The index of the loopback device, first in every namespace.
pub(crate) const LOOPBACK: u32 = 1;

/// One end of a veth.
#[derive(Clone, Debug)]
pub(crate) struct LinkEnd {
    pub(crate) index: u32,
    pub(crate) name: String,
    pub(crate) mac: Mac,
}

/// How many messages go in one batch: their answers must fit the socket's buffer.
const BATCH: usize = 64;

/// Requests to the kernel about one namespace, sent together.
#[derive(Debug, Default)]
pub(crate) struct Requests(Vec<(RouteNetlinkMessage, u16)>);

impl Requests {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// Brings a link up.
    pub(crate) fn up(&mut self, index: u32) {
        let mut message = LinkMessage::default();
        message.header.index = index;
        message.header.flags = LinkFlags::Up;
        message.header.change_mask = LinkFlags::Up;
        self.0.push((RouteNetlinkMessage::SetLink(message), 0));
    }

    /// Limits the size of a link's packets.
    pub(crate) fn mtu(&mut self, index: u32, mtu: u32) {
        let mut message = LinkMessage::default();
        message.header.index = index;
        message.attributes.push(LinkAttribute::Mtu(mtu));
        self.0.push((RouteNetlinkMessage::SetLink(message), 0));
    }

    /// Removes a link, and its other end.
    pub(crate) fn remove_link(&mut self, index: u32) {
        let mut message = LinkMessage::default();
        message.header.index = index;
        self.0.push((RouteNetlinkMessage::DelLink(message), 0));
    }

    /// Makes a veth: `here`, which is brought up, and `there` in the namespace of `fd`, which is not: the
    /// kernel opens an end only when both exist.
    pub(crate) fn veth(&mut self, here: &LinkEnd, there: &LinkEnd, fd: RawFd) {
        let mut peer = link(there);
        peer.attributes.push(LinkAttribute::NetNsFd(fd));
        let mut message = link(here);
        message.attributes.push(LinkAttribute::LinkInfo(vec![
            LinkInfo::Kind(InfoKind::Veth),
            LinkInfo::Data(InfoData::Veth(InfoVeth::Peer(peer))),
        ]));
        self.0.push((RouteNetlinkMessage::NewLink(message), NLM_F_CREATE | NLM_F_EXCL));
        self.up(here.index);
    }

    /// Gives a link an address of its own, without a network around it.
    pub(crate) fn address(&mut self, index: u32, address: IpAddr) {
        let mut message = address_message(index, address);
        if address.is_ipv6() {
            message.attributes.push(AddressAttribute::Flags(AddressFlags::Nodad));
        }
        self.0.push((RouteNetlinkMessage::NewAddress(message), NLM_F_CREATE | NLM_F_REPLACE));
    }

    /// Takes an address away from a link.
    pub(crate) fn remove_address(&mut self, index: u32, address: IpAddr) {
        self.0.push((RouteNetlinkMessage::DelAddress(address_message(index, address)), 0));
    }

    /// Tells who stands at `address` on a link, so that nobody has to ask.
    pub(crate) fn neighbour(&mut self, index: u32, address: IpAddr, mac: Mac) {
        let mut message = NeighbourMessage::default();
        message.header.family = family(address);
        message.header.ifindex = index;
        message.header.state = NeighbourState::Permanent;
        let destination = match address {
            IpAddr::V4(address) => NeighbourAddress::Inet(address),
            IpAddr::V6(address) => NeighbourAddress::Inet6(address),
        };
        message.attributes.push(NeighbourAttribute::Destination(destination));
        message.attributes.push(NeighbourAttribute::LinkLayerAddress(mac.to_vec()));
        self.0.push((RouteNetlinkMessage::NewNeighbour(message), NLM_F_CREATE | NLM_F_REPLACE));
    }

    /// Routes `to` over a link.
    pub(crate) fn route(&mut self, route: &Route) {
        let message = route.message();
        self.0.push((RouteNetlinkMessage::NewRoute(message), NLM_F_CREATE | NLM_F_REPLACE));
    }

    /// Takes a route away.
    pub(crate) fn remove_route(&mut self, route: &Route) {
        self.0.push((RouteNetlinkMessage::DelRoute(route.message()), 0));
    }

    /// Sends the requests to the namespace of the calling thread.
    pub(crate) fn send(self) -> Result<(), LabError> {
        if self.0.is_empty() {
            return Ok(());
        }
        send(self.0).map_err(LabError::kernel("rtnetlink"))
    }
}

/// A route to one address, or to everything of a family.
#[derive(Clone, Debug)]
pub(crate) struct Route {
    /// The only destination; `None` for a default route.
    pub(crate) to: Option<IpAddr>,
    /// The link.
    pub(crate) index: u32,
    /// Through whom; `None` where the destination stands on the link. Tells the family.
    pub(crate) via: Option<IpAddr>,
    /// The source of what this namespace itself sends there.
    pub(crate) source: Option<IpAddr>,
}

impl Route {
    fn message(&self) -> RouteMessage {
        let mut message = RouteMessage::default();
        let of_family = self.to.or(self.via).unwrap_or(IpAddr::V4(std::net::Ipv4Addr::UNSPECIFIED));
        message.header.address_family = family(of_family);
        message.header.table = 254; // main
        message.header.protocol = RouteProtocol::Static;
        message.header.kind = RouteType::Unicast;
        message.header.scope =
            if self.via.is_some() || of_family.is_ipv6() { RouteScope::Universe } else { RouteScope::Link };
        if let Some(to) = self.to {
            message.header.destination_prefix_length = bits(to);
            message.attributes.push(RouteAttribute::Destination(RouteAddress::from(to)));
        }
        if let Some(via) = self.via {
            message.header.flags = RouteFlags::Onlink;
            message.attributes.push(RouteAttribute::Gateway(RouteAddress::from(via)));
        }
        if let Some(source) = self.source {
            message.attributes.push(RouteAttribute::PrefSource(RouteAddress::from(source)));
        }
        message.attributes.push(RouteAttribute::Oif(self.index));
        message
    }
}

fn link(end: &LinkEnd) -> LinkMessage {
    let mut message = LinkMessage::default();
    message.header.index = end.index;
    message.attributes.push(LinkAttribute::IfName(end.name.clone()));
    message.attributes.push(LinkAttribute::Address(end.mac.to_vec()));
    message
}

fn address_message(index: u32, address: IpAddr) -> AddressMessage {
    let mut message = AddressMessage::default();
    message.header.family = family(address);
    message.header.prefix_len = bits(address);
    message.header.scope = AddressScope::Universe;
    message.header.index = index;
    message.attributes.push(AddressAttribute::Address(address));
    message.attributes.push(AddressAttribute::Local(address));
    message
}

fn family(address: IpAddr) -> AddressFamily {
    if address.is_ipv4() { AddressFamily::Inet } else { AddressFamily::Inet6 }
}

fn bits(address: IpAddr) -> u8 {
    if address.is_ipv4() { 32 } else { 128 }
}

fn send(messages: Vec<(RouteNetlinkMessage, u16)>) -> io::Result<()> {
    let mut socket = Socket::new(NETLINK_ROUTE)?;
    socket.bind_auto()?;
    socket.connect(&SocketAddr::new(0, 0))?;
    socket.set_cap_ack(true)?;
    let mut messages = messages.into_iter().peekable();
    while messages.peek().is_some() {
        let mut batch = Vec::new();
        let mut count = 0_u32;
        for (message, flags) in messages.by_ref().take(BATCH) {
            count += 1;
            append(&mut batch, message, flags, count);
        }
        send_all(&socket, &batch)?;
        acknowledged(&socket, count)?;
    }
    Ok(())
}

fn append(batch: &mut Vec<u8>, message: RouteNetlinkMessage, flags: u16, sequence: u32) {
    let mut header = NetlinkHeader::default();
    header.flags = NLM_F_REQUEST | NLM_F_ACK | flags;
    header.sequence_number = sequence;
    let mut message = NetlinkMessage::new(header, NetlinkPayload::InnerMessage(message));
    message.finalize();
    let mut bytes = vec![0; message.buffer_len().next_multiple_of(4)];
    message.serialize(&mut bytes);
    batch.extend_from_slice(&bytes);
}

fn send_all(socket: &Socket, bytes: &[u8]) -> io::Result<()> {
    let sent = socket.send(bytes, 0)?;
    if sent == bytes.len() { Ok(()) } else { Err(io::ErrorKind::WriteZero.into()) }
}

/// Reads `count` answers; the first refusal is the error.
fn acknowledged(socket: &Socket, count: u32) -> io::Result<()> {
    let mut answers = 0;
    let mut refusal = None;
    while answers < count {
        let (bytes, _) = socket.recv_from_full()?;
        let mut rest = bytes.as_slice();
        while !rest.is_empty() {
            let message = NetlinkMessage::<RouteNetlinkMessage>::deserialize(rest)
                .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error.to_string()))?;
            let length = usize::try_from(message.header.length).unwrap_or(usize::MAX).next_multiple_of(4);
            if let NetlinkPayload::Error(error) = message.payload {
                answers += 1;
                if error.code.is_some() && refusal.is_none() {
                    refusal = Some(error.to_io());
                }
            }
            rest = rest.get(length.max(16)..).unwrap_or_default();
        }
    }
    refusal.map_or(Ok(()), Err)
}
