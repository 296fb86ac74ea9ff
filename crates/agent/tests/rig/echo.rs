//! Servers that write down all that reaches them, and answer with who they are and whom they see.

use sekisho_lab::Network;
use std::{
    io::{ErrorKind, Read, Write},
    net::{IpAddr, TcpListener, TcpStream, UdpSocket},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

/// How long a server looks at a time for what comes.
const TICK: Duration = Duration::from_millis(20);

/// A word that arrived. Each is sent once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) token: u64,
    pub(crate) at: String,
    pub(crate) peer: IpAddr,
}

/// Servers, and what they have seen. They end when this is dropped.
#[derive(Default)]
pub(crate) struct Echoes {
    seen: Arc<Mutex<Vec<Seen>>>,
    over: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

impl Echoes {
    /// Serves at an address in `network`, by both protocols, as `name`.
    pub(crate) fn serve(&mut self, network: &Network, name: &str, address: IpAddr, port: u16) {
        let open =
            || (TcpListener::bind((address, port)).unwrap(), UdpSocket::bind((address, port)).unwrap());
        let (listener, socket) = network.within(open).unwrap();
        listener.set_nonblocking(true).unwrap();
        socket.set_read_timeout(Some(TICK)).unwrap();
        let server =
            Server { seen: Arc::clone(&self.seen), over: Arc::clone(&self.over), name: name.to_owned() };
        let other = server.clone();
        self.threads.push(thread::spawn(move || server.datagrams(&socket)));
        self.threads.push(thread::spawn(move || other.connections(&listener)));
    }

    /// Where a word arrived: everywhere that it did.
    pub(crate) fn arrivals(&self, token: u64) -> Vec<Seen> {
        self.seen.lock().unwrap().iter().filter(|seen| seen.token == token).cloned().collect()
    }
}

impl Drop for Echoes {
    fn drop(&mut self) {
        self.over.store(true, Relaxed);
        self.threads.drain(..).for_each(|thread| drop(thread.join()));
    }
}

#[derive(Clone)]
struct Server {
    seen: Arc<Mutex<Vec<Seen>>>,
    over: Arc<AtomicBool>,
    name: String,
}

impl Server {
    /// Writes a word down, and says what is answered.
    fn note(&self, word: [u8; 8], peer: IpAddr) -> String {
        let token = u64::from_be_bytes(word);
        self.seen.lock().unwrap().push(Seen { token, at: self.name.clone(), peer });
        format!("{} {peer}\n", self.name)
    }

    fn datagrams(&self, socket: &UdpSocket) {
        let mut word = [0; 8];
        while !self.over.load(Relaxed) {
            if let Ok((8, peer)) = socket.recv_from(&mut word) {
                let _ = socket.send_to(self.note(word, peer.ip()).as_bytes(), peer);
            }
        }
    }

    fn connections(&self, listener: &TcpListener) {
        let mut open: Vec<TcpStream> = Vec::new();
        while !self.over.load(Relaxed) {
            while let Ok((stream, _)) = listener.accept() {
                stream.set_nonblocking(true).unwrap();
                stream.set_nodelay(true).unwrap();
                open.push(stream);
            }
            open.retain_mut(|stream| self.answer(stream));
            thread::sleep(Duration::from_millis(1));
        }
    }

    /// Whether the connection goes on.
    fn answer(&self, stream: &mut TcpStream) -> bool {
        let mut word = [0; 8];
        match stream.read(&mut word) {
            Ok(8) => {
                let peer = stream.peer_addr().map(|peer| peer.ip());
                peer.is_ok_and(|peer| stream.write_all(self.note(word, peer).as_bytes()).is_ok())
            }
            Ok(_) => false,
            Err(error) => error.kind() == ErrorKind::WouldBlock,
        }
    }
}
