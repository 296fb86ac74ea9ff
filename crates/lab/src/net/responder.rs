//! One thread that answers on every port of every host.

use super::{
    datagram::{Datagrams, domain, unspecified},
    log::Log,
    tap::Tap,
};
use crate::{LabError, kernel::sysctl, plan::Listeners};
use nix::sys::{
    epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout},
    eventfd::{EfdFlags, EventFd},
};
use sekisho_core::set::Protocol;
use socket2::{Socket, Type};
use std::{
    io::{self, Write},
    net::{SocketAddr, TcpListener},
    os::fd::{AsFd, BorrowedFd},
    sync::Arc,
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

/// What answers on a host.
#[derive(Debug)]
pub(crate) enum Socketed {
    /// Accepts, says its name and hangs up.
    Tcp(TcpListener, Arc<str>),
    /// Answers every datagram with its name.
    Udp(Datagrams, Arc<str>),
    /// Watches, and answers SCTP.
    Tap(Arc<Tap>),
}

/// The thread. It ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Responder {
    stop: Arc<EventFd>,
    thread: Option<JoinHandle<()>>,
}

/// How long a port may stay taken after its listener was closed.
const PATIENCE: Duration = Duration::from_secs(5);

/// Opens the listeners of the calling thread's namespace.
pub(crate) fn open(listeners: &Listeners) -> io::Result<Vec<Socketed>> {
    let mut sockets = Vec::new();
    let families: &[bool] = if sysctl::has_ipv6() { &[true, false] } else { &[true] };
    for ((protocol, port), name) in listeners {
        for v4 in families {
            match protocol {
                Protocol::Tcp => {
                    sockets.push(Socketed::Tcp(once_free(|| tcp(*v4, *port))?, Arc::clone(name)));
                }
                Protocol::Udp => {
                    let socket = once_free(|| Datagrams::udp(*v4, *port))?;
                    sockets.push(Socketed::Udp(socket, Arc::clone(name)));
                }
                Protocol::Sctp => {}
            }
        }
    }
    Ok(sockets)
}

/// Opens a socket as soon as its port is free. A program that another thread starts has our descriptors
/// from its fork to its exec, and so may hold a listener that we have closed.
fn once_free<T>(open: impl Fn() -> io::Result<T>) -> io::Result<T> {
    let begun = Instant::now();
    loop {
        match open() {
            Err(error) if error.kind() == io::ErrorKind::AddrInUse && begun.elapsed() < PATIENCE => {
                thread::sleep(Duration::from_millis(5));
            }
            other => return other,
        }
    }
}

fn tcp(v4: bool, port: u16) -> io::Result<TcpListener> {
    let socket = Socket::new(domain(v4), Type::STREAM, None)?;
    if !v4 {
        socket.set_only_v6(true)?;
    }
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&SocketAddr::new(unspecified(v4), port).into())?;
    socket.listen(4096)?;
    Ok(socket.into())
}

/// The token of the event that ends the thread.
const STOP: u64 = u64::MAX;

impl Responder {
    /// Starts answering on `sockets`.
    pub(crate) fn start(sockets: Vec<Socketed>, log: Arc<Log>) -> Result<Self, LabError> {
        let epoll = Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC).map_err(LabError::errno("epoll"))?;
        let stop = EventFd::from_flags(EfdFlags::EFD_CLOEXEC).map_err(LabError::errno("eventfd"))?;
        let stop = Arc::new(stop);
        watch(&epoll, stop.as_fd(), STOP)?;
        for (token, socket) in (0..).zip(&sockets) {
            watch(&epoll, socket.as_fd(), token)?;
        }
        let thread = thread::Builder::new().name("lab listeners".to_owned());
        let thread = thread.spawn(move || serve(&epoll, &sockets, &log));
        let thread = thread.map_err(LabError::kernel("starting a thread"))?;
        Ok(Self { stop, thread: Some(thread) })
    }
}

impl Drop for Responder {
    fn drop(&mut self) {
        if self.stop.write(1).is_ok()
            && let Some(thread) = self.thread.take()
        {
            // A panic there has been printed already.
            let _ = thread.join();
        }
    }
}

impl AsFd for Socketed {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Self::Tcp(listener, _) => listener.as_fd(),
            Self::Udp(socket, _) => socket.as_fd(),
            Self::Tap(tap) => tap.as_fd(),
        }
    }
}

fn watch(epoll: &Epoll, fd: BorrowedFd<'_>, token: u64) -> Result<(), LabError> {
    epoll.add(fd, EpollEvent::new(EpollFlags::EPOLLIN, token)).map_err(LabError::errno("epoll"))
}

fn serve(epoll: &Epoll, sockets: &[Socketed], log: &Log) {
    let mut events = [EpollEvent::empty(); 64];
    loop {
        let ready = match epoll.wait(&mut events, EpollTimeout::NONE) {
            Ok(ready) => ready,
            Err(nix::Error::EINTR) => continue,
            Err(_) => return,
        };
        for event in events.iter().take(ready) {
            if event.data() == STOP {
                return;
            }
            let at = usize::try_from(event.data()).unwrap_or(usize::MAX);
            if let Some(socket) = sockets.get(at) {
                socket.answer(log);
            }
        }
    }
}

impl Socketed {
    fn answer(&self, log: &Log) {
        match self {
            Self::Tcp(listener, name) => greet(listener, name),
            Self::Udp(socket, name) => {
                let mut buffer = [0; 2048];
                while let Ok(Some(received)) = socket.receive(&mut buffer) {
                    // Who asked will ask again.
                    let _ = socket.send(received.to, received.from, format!("{name}\n").as_bytes());
                }
            }
            Self::Tap(tap) => tap.drain(&mut log.lock()),
        }
    }
}

/// A greeting fits any socket's buffer, so this never waits.
fn greet(listener: &TcpListener, name: &str) {
    while let Ok((mut stream, _)) = listener.accept() {
        let _ = stream.set_write_timeout(Some(Duration::from_millis(50)));
        let _ = stream.write_all(format!("{name}\n").as_bytes());
    }
}
