//! The load: bulk transfer, requests and responses, new connections.
//!
//! One thread drives both ends, each socket in its own namespace: the kernel carries a packet through
//! the whole path within the call that sends it, so nothing sleeps or wakes, and what is measured is
//! the path. That is harder on the ruleset than any real program,
//! whose own work would dilute the cost.

use super::{CLIENT, Path, SERVER};
use crate::{Result, machine, report::count};
use nix::sched::{CpuSet, sched_setaffinity};
use nix::unistd::Pid;
use socket2::{Domain, SockAddr, Socket, Type};
use std::{
    io::{Read as _, Write as _},
    net::{Ipv4Addr, SocketAddrV4},
    thread,
    time::{Duration, Instant},
};

/// The server's first port; every lane has one of its own.
pub(crate) const PORT: u16 = 8080;
/// The size of one write of a bulk transfer, in bytes: the largest segment the stack hands on at once.
const CHUNK: usize = 64 * 1024;
/// Nothing on these paths takes so long unless it is lost.
const PATIENCE: Duration = Duration::from_secs(2);

/// A kind of load.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Load {
    /// Streams, as fast as they go: bytes per second.
    Transfer,
    /// One byte there and one byte back on open connections: exchanges per second.
    Exchange,
    /// Opened, accepted and reset: connections per second.
    Connect,
}

impl Load {
    /// All of them.
    pub(crate) const ALL: [Self; 3] = [Self::Transfer, Self::Exchange, Self::Connect];

    /// Puts the load on `path` for the time `slice`, and says the rate.
    pub(crate) fn rate(self, path: &Path, slice: Duration) -> Result<f64> {
        let lanes = lanes();
        thread::scope(|scope| {
            let run = |lane| {
                scope.spawn(move || match self {
                    Self::Transfer => transfer(path, slice, lane),
                    Self::Exchange => exchange(path, slice, lane),
                    Self::Connect => connect(path, slice, lane),
                })
            };
            let threads: Vec<_> = (0..lanes).map(run).collect();
            threads.into_iter().map(finish).sum()
        })
    }
}

fn finish<T>(thread: thread::ScopedJoinHandle<'_, Result<T>>) -> Result<T> {
    thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

/// As many threads as half the cores: the machine has other work.
fn lanes() -> u16 {
    let cores = thread::available_parallelism().map_or(1, usize::from);
    u16::try_from(cores / 2).unwrap_or(1).clamp(1, 16)
}

/// Keeps the calling thread on one core, and others off it. Where that is not allowed, numbers are only
/// noisier.
fn pin(core: u16) {
    machine::take_precedence();
    let mut set = CpuSet::new();
    if set.set(usize::from(core)).is_ok() {
        let _ = sched_setaffinity(Pid::from_raw(0), &set);
    }
}

fn listen(port: u16) -> Result<Socket> {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
    socket.set_reuse_address(true)?;
    socket.bind(&SocketAddrV4::new(Ipv4Addr::UNSPECIFIED, port).into())?;
    socket.listen(1024)?;
    socket.set_read_timeout(Some(PATIENCE))?;
    Ok(socket)
}

/// Opens a connection from the namespace that the thread is in. Closing it resets it: nothing waits
/// in TIME_WAIT, and its port is free at once.
fn open(port: u16) -> Result<Socket> {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
    socket.set_linger(Some(Duration::ZERO))?;
    // What bounds a send also bounds the opening.
    socket.set_write_timeout(Some(PATIENCE))?;
    let to: SockAddr = SocketAddrV4::new(SERVER, port).into();
    socket.connect(&to).map_err(|error| format!("{CLIENT} -> {SERVER}:{port}: {error}"))?;
    Ok(socket)
}

/// Opens a connection and accepts it.
fn pair(path: &Path, port: u16) -> Result<(Socket, Socket)> {
    let listener = path.server.run(|| listen(port))?;
    let near = path.client.run(|| open(port))?;
    let (far, _) = listener.accept()?;
    for socket in [&near, &far] {
        socket.set_tcp_nodelay(true)?;
        socket.set_read_timeout(Some(PATIENCE))?;
        socket.set_write_timeout(Some(PATIENCE))?;
    }
    Ok((near, far))
}

fn transfer(path: &Path, slice: Duration, lane: u16) -> Result<f64> {
    let (mut near, mut far) = pair(path, PORT + lane)?;
    for socket in [&near, &far] {
        socket.set_send_buffer_size(4 * CHUNK)?;
        socket.set_recv_buffer_size(4 * CHUNK)?;
    }
    pin(lane);
    let mut chunk = vec![0; CHUNK];
    let chunks = repeat(slice, || {
        near.write_all(&chunk)?;
        far.read_exact(&mut chunk)?;
        Ok(())
    })?;
    Ok(chunks * count(CHUNK))
}

fn exchange(path: &Path, slice: Duration, lane: u16) -> Result<f64> {
    let (mut near, mut far) = pair(path, PORT + lane)?;
    pin(lane);
    let mut byte = [0];
    repeat(slice, || {
        near.write_all(&byte)?;
        far.read_exact(&mut byte)?;
        far.write_all(&byte)?;
        near.read_exact(&mut byte)?;
        Ok(())
    })
}

fn connect(path: &Path, slice: Duration, lane: u16) -> Result<f64> {
    let port = PORT + lane;
    let listener = path.server.run(|| listen(port))?;
    path.client.enter()?;
    pin(lane);
    repeat(slice, || {
        let near = open(port)?;
        let far = listener.accept()?;
        drop((near, far));
        Ok(())
    })
}

/// Repeats `step` for the time `slice`, and says how often it went a second.
fn repeat(slice: Duration, mut step: impl FnMut() -> Result<()>) -> Result<f64> {
    let (begin, mut steps) = (Instant::now(), 0);
    loop {
        for _ in 0..32 {
            step()?;
        }
        steps += 32;
        let elapsed = begin.elapsed();
        if elapsed >= slice {
            return Ok(count(steps) / elapsed.as_secs_f64());
        }
    }
}
