//! One attempt at one connection, from its socket.

use super::flow;
use crate::{
    net::{datagram::domain, tap::Taps},
    plan::Probe,
};
use nix::sys::socket::{setsockopt, sockopt};
use sekisho_core::{packet::Traffic, set::Protocol};
use socket2::{Socket, Type};
use std::{
    io::{self, ErrorKind, Read},
    net::SocketAddr,
    os::fd::{AsFd, BorrowedFd},
    sync::Arc,
    time::Duration,
};

/// What has come of an attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// Nothing yet.
    Waiting,
    /// A TCP connection is open; the receiver has not said its name.
    Connected,
    /// An answer.
    Answered(Option<Arc<str>>),
    /// The receiver, or somebody on the way, refused.
    Refused,
    /// It could not be sent.
    Failed(Arc<str>),
}

/// A connection that is being tried.
#[derive(Debug)]
pub(super) struct Attempt {
    /// Which probe it is.
    pub(super) at: usize,
    /// Its socket; SCTP and ICMP have none.
    socket: Option<Socket>,
    /// What has come of it.
    pub(super) state: State,
}

impl Attempt {
    /// Sends the first packet. The calling thread is in the sender's namespace.
    pub(super) fn start(at: usize, probe: &Probe, taps: &Taps) -> Self {
        let started = match probe.traffic {
            Traffic::Port(Protocol::Tcp, port) => tcp(probe, port).map(Some),
            Traffic::Port(Protocol::Udp, port) => udp(probe, port).map(Some),
            _ => taps.send(&flow(probe)).map(|()| None),
        };
        match started {
            Ok(socket) => Self { at, socket, state: State::Waiting },
            Err(error) => Self { at, socket: None, state: refused_or_failed(&error) },
        }
    }

    /// What to wait on.
    pub(super) fn fd(&self) -> Option<BorrowedFd<'_>> {
        self.socket.as_ref().map(AsFd::as_fd)
    }

    /// Whether no more is to be learnt.
    pub(super) fn is_over(&self) -> bool {
        !matches!(self.state, State::Waiting | State::Connected)
    }

    /// Something happened to its socket.
    pub(super) fn advance(&mut self) {
        let Some(socket) = &self.socket else { return };
        if self.is_over() {
            // After the name comes the end of the stream, which says nothing.
            return;
        }
        if let Ok(Some(error)) = socket.take_error() {
            self.state = refused_or_failed(&error);
            return;
        }
        // A UDP socket has a peer from the start: only an answer counts.
        let is_stream = socket.r#type().is_ok_and(|kind| kind == Type::STREAM);
        if is_stream && self.state == State::Waiting && socket.peer_addr().is_ok() {
            self.state = State::Connected;
        }
        let mut buffer = [0; 256];
        match (&mut &*socket).read(&mut buffer) {
            Ok(length) => {
                let text = String::from_utf8_lossy(buffer.get(..length).unwrap_or_default());
                let name = text.trim();
                self.state = State::Answered((!name.is_empty()).then(|| name.into()));
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Err(error) if error.kind() != ErrorKind::NotConnected => self.state = refused_or_failed(&error),
            Err(_) => {}
        }
    }
}

/// Errors that the network gave, as opposed to those that are the lab's own fault.
fn refused_or_failed(error: &io::Error) -> State {
    match error.kind() {
        ErrorKind::ConnectionRefused
        | ErrorKind::ConnectionReset
        | ErrorKind::HostUnreachable
        | ErrorKind::NetworkUnreachable => State::Refused,
        // The sender's own firewall dropped it.
        ErrorKind::PermissionDenied => State::Waiting,
        _ => State::Failed(error.to_string().into()),
    }
}

fn bound(probe: &Probe, kind: Type) -> io::Result<Socket> {
    let socket = Socket::new(domain(probe.from.address.is_ipv4()), kind, None)?;
    socket.set_nonblocking(true)?;
    // The port is chosen when the destination is known: there are too few for all probes otherwise.
    let _ = setsockopt(&socket, sockopt::IpBindAddressNoPort, &true);
    socket.bind(&SocketAddr::new(probe.from.address, 0).into())?;
    Ok(socket)
}

fn tcp(probe: &Probe, port: u16) -> io::Result<Socket> {
    let socket = bound(probe, Type::STREAM)?;
    // Closing leaves nothing behind, here or in connection tracking.
    socket.set_linger(Some(Duration::ZERO))?;
    match socket.connect(&SocketAddr::new(probe.to, port).into()) {
        Ok(()) => Ok(socket),
        Err(error) if error.raw_os_error() == Some(nix::libc::EINPROGRESS) => Ok(socket),
        Err(error) => Err(error),
    }
}

fn udp(probe: &Probe, port: u16) -> io::Result<Socket> {
    let socket = bound(probe, Type::DGRAM)?;
    socket.connect(&SocketAddr::new(probe.to, port).into())?;
    match socket.send(b"sekisho?") {
        Err(error) if error.kind() != ErrorKind::PermissionDenied => Err(error),
        _ => Ok(socket),
    }
}
