//! Sockets that take and give whole packets, and tell which of the host's addresses they came to.

use nix::{
    cmsg_space,
    libc::{in_addr, in_pktinfo, in6_addr, in6_pktinfo},
    sys::socket::{
        ControlMessage, ControlMessageOwned, MsgFlags, SockaddrIn, SockaddrIn6, SockaddrStorage, recvmsg,
        sendmsg, setsockopt, sockopt,
    },
};
use socket2::{Domain, Protocol, Socket, Type};
use std::{
    io::{self, IoSlice, IoSliceMut},
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6},
    os::fd::{AsFd, AsRawFd, BorrowedFd},
};

/// A datagram or raw socket of one family, on all of its namespace's addresses.
#[derive(Debug)]
pub(crate) struct Datagrams {
    socket: Socket,
    v4: bool,
}

/// What came.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Received {
    pub(crate) from: SocketAddr,
    pub(crate) to: IpAddr,
    pub(crate) length: usize,
}

impl Datagrams {
    /// A raw socket that sees every packet of IP protocol `number` that reaches this namespace, after
    /// its firewall. (For IPv4 with the IP header before it.)
    pub(crate) fn raw(v4: bool, number: u8) -> io::Result<Self> {
        let socket = Socket::new(domain(v4), Type::RAW, Some(Protocol::from(i32::from(number))))?;
        let new = Self::prepare(socket, v4)?;
        // A burst of probes waits here until it is read.
        let _ = setsockopt(&new.socket, sockopt::RcvBufForce, &(8 << 20));
        Ok(new)
    }

    /// A UDP socket on `port`.
    pub(crate) fn udp(v4: bool, port: u16) -> io::Result<Self> {
        let socket = Socket::new(domain(v4), Type::DGRAM, Some(Protocol::UDP))?;
        if !v4 {
            socket.set_only_v6(true)?;
        }
        socket.bind(&SocketAddr::new(unspecified(v4), port).into())?;
        Self::prepare(socket, v4)
    }

    fn prepare(socket: Socket, v4: bool) -> io::Result<Self> {
        socket.set_nonblocking(true)?;
        if v4 {
            setsockopt(&socket, sockopt::Ipv4PacketInfo, &true)?;
        } else {
            setsockopt(&socket, sockopt::Ipv6RecvPacketInfo, &true)?;
        }
        Ok(Self { socket, v4 })
    }

    pub(crate) fn is_v4(&self) -> bool {
        self.v4
    }

    /// The next packet; `None` when there is none now.
    pub(crate) fn receive(&self, buffer: &mut [u8]) -> io::Result<Option<Received>> {
        let mut space = cmsg_space!(in_pktinfo, in6_pktinfo);
        let mut slices = [IoSliceMut::new(buffer)];
        let message = recvmsg::<SockaddrStorage>(
            self.socket.as_raw_fd(),
            &mut slices,
            Some(&mut space),
            MsgFlags::MSG_DONTWAIT,
        );
        let message = match message {
            Ok(message) => message,
            Err(nix::Error::EAGAIN) => return Ok(None),
            Err(errno) => return Err(errno.into()),
        };
        let to = message.cmsgs()?.find_map(|control| match control {
            ControlMessageOwned::Ipv4PacketInfo(info) => {
                Some(IpAddr::from(Ipv4Addr::from(info.ipi_addr.s_addr.to_ne_bytes())))
            }
            ControlMessageOwned::Ipv6PacketInfo(info) => Some(Ipv6Addr::from(info.ipi6_addr.s6_addr).into()),
            _ => None,
        });
        let from = message.address.as_ref().and_then(socket_address);
        match (from, to) {
            (Some(from), Some(to)) => Ok(Some(Received { from, to, length: message.bytes })),
            _ => Err(io::ErrorKind::InvalidData.into()),
        }
    }

    /// Sends from one of the host's addresses. A raw socket takes no port: 0.
    pub(crate) fn send(&self, from: IpAddr, to: SocketAddr, bytes: &[u8]) -> io::Result<()> {
        let slices = [IoSlice::new(bytes)];
        let flags = MsgFlags::MSG_DONTWAIT;
        let socket = self.socket.as_raw_fd();
        match (from, to) {
            (IpAddr::V4(from), SocketAddr::V4(to)) => {
                let info = in_pktinfo {
                    ipi_ifindex: 0,
                    ipi_spec_dst: in_addr { s_addr: u32::from_ne_bytes(from.octets()) },
                    ipi_addr: in_addr { s_addr: 0 },
                };
                let control = [ControlMessage::Ipv4PacketInfo(&info)];
                sendmsg(socket, &slices, &control, flags, Some(&SockaddrIn::from(to)))?;
            }
            (IpAddr::V6(from), SocketAddr::V6(to)) => {
                let info = in6_pktinfo { ipi6_ifindex: 0, ipi6_addr: in6_addr { s6_addr: from.octets() } };
                let control = [ControlMessage::Ipv6PacketInfo(&info)];
                sendmsg(socket, &slices, &control, flags, Some(&SockaddrIn6::from(to)))?;
            }
            _ => return Err(io::ErrorKind::InvalidInput.into()),
        }
        Ok(())
    }
}

impl AsFd for Datagrams {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

pub(crate) fn domain(v4: bool) -> Domain {
    if v4 { Domain::IPV4 } else { Domain::IPV6 }
}

pub(crate) fn unspecified(v4: bool) -> IpAddr {
    if v4 { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() }
}

fn socket_address(storage: &SockaddrStorage) -> Option<SocketAddr> {
    if let Some(v4) = storage.as_sockaddr_in() {
        return Some(SocketAddrV4::new(v4.ip(), v4.port()).into());
    }
    storage.as_sockaddr_in6().map(|v6| SocketAddrV6::new(v6.ip(), v6.port(), 0, 0).into())
}
