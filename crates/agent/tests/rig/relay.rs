//! A way from a node's loopback to this machine's, for programs that live in the node's network and want
//! the API server.

use sekisho_lab::Network;
use std::{
    io::{self, ErrorKind},
    net::{Ipv4Addr, Shutdown, TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

/// How often it looks for new connections.
const APART: Duration = Duration::from_millis(5);

/// A port of a node's loopback that leads to the same port of this machine's, until this is dropped.
pub(crate) struct Relay {
    over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Relay {
    pub(crate) fn start(network: &Network, port: u16) -> Self {
        let listen = || TcpListener::bind((Ipv4Addr::LOCALHOST, port)).unwrap();
        let listener = network.within(listen).unwrap();
        listener.set_nonblocking(true).unwrap();
        let over = Arc::new(AtomicBool::new(false));
        let thread = thread::spawn({
            let over = Arc::clone(&over);
            move || serve(&listener, port, &over)
        });
        Self { over, thread: Some(thread) }
    }
}

fn serve(listener: &TcpListener, port: u16, over: &AtomicBool) {
    while !over.load(Relaxed) {
        match listener.accept() {
            // Where nobody is behind it, the connection ends at once.
            Ok((near, _)) => drop(join(near, port)),
            Err(error) if error.kind() == ErrorKind::WouldBlock => thread::sleep(APART),
            Err(error) => panic!("the relay cannot accept: {error}"),
        }
    }
}

/// Passes on what comes, both ways, until both ends have ended.
fn join(near: TcpStream, port: u16) -> io::Result<()> {
    near.set_nonblocking(false)?;
    let far = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
    for (mut from, mut to) in [(near.try_clone()?, far.try_clone()?), (far, near)] {
        from.set_nodelay(true)?;
        thread::spawn(move || {
            let _ = io::copy(&mut from, &mut to);
            let _ = to.shutdown(Shutdown::Write);
        });
    }
    Ok(())
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.over.store(true, Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
