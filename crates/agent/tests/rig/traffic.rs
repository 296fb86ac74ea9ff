//! Traffic that flows while something goes wrong, with every packet accounted for.

use sekisho_lab::Lab;
use std::{
    io::{ErrorKind, Read, Write},
    net::{IpAddr, SocketAddr, TcpListener, TcpStream, UdpSocket},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

/// How long an allowed packet and its answer may take: the machine does other work as well.
const PATIENCE: Duration = Duration::from_secs(5);
/// How often a packet is sent.
const APART: Duration = Duration::from_micros(500);

/// What was counted.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    /// Packets that were sent where nothing may arrive.
    pub(crate) forbidden: AtomicU64,
    /// Those that arrived all the same.
    pub(crate) leaked: AtomicU64,
    /// Questions on open connections that were answered.
    pub(crate) answered: AtomicU64,
    /// Open connections that broke or were silent.
    pub(crate) lost: AtomicU64,
    /// Connections that were opened and answered.
    pub(crate) opened: AtomicU64,
    /// Connections that could not be opened though they may be.
    pub(crate) refused: AtomicU64,
}

/// Traffic that flows until it is stopped.
pub(crate) struct Traffic {
    counts: Arc<Counts>,
    over: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
    /// Those who answer end last: an end that stops is a connection that breaks.
    answering: (Arc<AtomicBool>, Vec<JoinHandle<()>>),
}

impl Traffic {
    /// No traffic yet.
    pub(crate) fn new() -> Self {
        Self {
            counts: Arc::default(),
            over: Arc::default(),
            threads: Vec::new(),
            answering: Default::default(),
        }
    }

    fn spawn(&mut self, work: impl FnOnce(&Counts, &AtomicBool) + Send + 'static) {
        let (counts, over) = (Arc::clone(&self.counts), Arc::clone(&self.over));
        self.threads.push(thread::spawn(move || work(&counts, &over)));
    }

    /// Datagrams from a pod to another where nothing may arrive, as fast as one may count them.
    pub(crate) fn forbid(&mut self, lab: &Lab, from: &str, to: (&str, IpAddr), port: u16) {
        let (pod, address) = to;
        let server = lab.within(pod, || UdpSocket::bind((address, port)).unwrap()).unwrap();
        let any = if address.is_ipv4() { "0.0.0.0:0" } else { "[::]:0" };
        let client = lab.within(from, || UdpSocket::bind(any).unwrap()).unwrap();
        server.set_read_timeout(Some(Duration::from_millis(50))).unwrap();
        self.spawn(move |counts, over| {
            let mut buffer = [0; 16];
            while !over.load(Relaxed) {
                if server.recv(&mut buffer).is_ok() {
                    counts.leaked.fetch_add(1, Relaxed);
                }
            }
        });
        self.spawn(move |counts, over| {
            while !over.load(Relaxed) {
                // The node may refuse, by an ICMP error that the socket tells: it was sent all the same.
                let _ = client.send_to(b"forbidden", (address, port));
                counts.forbidden.fetch_add(1, Relaxed);
                thread::sleep(APART);
            }
        });
    }

    /// A connection that stays open and on which one end asks and the other answers; and others that are
    /// opened and closed again and again.
    pub(crate) fn allow(&mut self, lab: &Lab, from: &str, to: (&str, IpAddr), port: u16) {
        let (pod, address) = to;
        let at = SocketAddr::new(address, port);
        let server = lab.within(pod, || TcpListener::bind(at).unwrap()).unwrap();
        let (over, threads) = &mut self.answering;
        let over = Arc::clone(over);
        threads.push(thread::spawn(move || serve(&server, &over)));
        let open = move || {
            let stream = TcpStream::connect_timeout(&at, PATIENCE)?;
            stream.set_read_timeout(Some(PATIENCE))?;
            stream.set_nodelay(true)?;
            Ok::<_, std::io::Error>(stream)
        };
        let mut stream = lab.within(from, open).unwrap().unwrap();
        self.spawn(move |counts, over| {
            while !over.load(Relaxed) {
                if let Err(error) = ask(&mut stream) {
                    println!("a connection to {at} was lost: {error}");
                    counts.lost.fetch_add(1, Relaxed);
                    return;
                }
                counts.answered.fetch_add(1, Relaxed);
                thread::sleep(APART);
            }
        });
        let network = lab.network(from).unwrap();
        self.spawn(move |counts, over| {
            let again = || {
                while !over.load(Relaxed) {
                    match open().and_then(|mut stream| ask(&mut stream)) {
                        Ok(()) => counts.opened.fetch_add(1, Relaxed),
                        Err(_) => counts.refused.fetch_add(1, Relaxed),
                    };
                    thread::sleep(APART * 10);
                }
            };
            network.within(again).unwrap();
        });
    }

    /// What was counted until now.
    pub(crate) fn so_far(&self) -> &Counts {
        &self.counts
    }

    /// Ends it, and tells what was counted.
    pub(crate) fn stop(self) -> Arc<Counts> {
        self.over.store(true, Relaxed);
        self.threads.into_iter().for_each(|thread| thread.join().unwrap());
        let (over, threads) = self.answering;
        over.store(true, Relaxed);
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        self.counts
    }
}

impl Counts {
    /// Nothing leaked of a traffic that was no trickle.
    pub(crate) fn none_leaked(&self, what: &str) {
        println!("{what}: {self:?}");
        assert_eq!(self.leaked.load(Relaxed), 0, "{what}: forbidden packets passed: {self:?}");
        assert!(self.forbidden.load(Relaxed) > 100, "{what}: {self:?}");
    }

    /// Nothing leaked and nothing was lost, of a traffic that was no trickle.
    pub(crate) fn hold(&self, what: &str) {
        println!("{}: {self:?}", what.lines().next().unwrap_or_default());
        assert_eq!(self.leaked.load(Relaxed), 0, "{what}: forbidden packets passed: {self:?}");
        assert_eq!(self.lost.load(Relaxed), 0, "{what}: allowed connections were lost: {self:?}");
        assert_eq!(self.refused.load(Relaxed), 0, "{what}: allowed connections were refused: {self:?}");
        assert!(self.forbidden.load(Relaxed) > 100 && self.answered.load(Relaxed) > 100, "{what}: {self:?}");
    }
}

fn ask(stream: &mut TcpStream) -> std::io::Result<()> {
    stream.write_all(b"ask.")?;
    let mut answer = [0; 4];
    stream.read_exact(&mut answer)
}

/// Gives back what it gets, to as many as come.
fn serve(server: &TcpListener, over: &AtomicBool) {
    server.set_nonblocking(true).unwrap();
    let mut streams: Vec<TcpStream> = Vec::new();
    while !over.load(Relaxed) {
        let begun = Instant::now();
        if let Ok((stream, _)) = server.accept() {
            stream.set_nonblocking(true).unwrap();
            stream.set_nodelay(true).unwrap();
            streams.push(stream);
        }
        streams.retain_mut(|stream| {
            let mut buffer = [0; 64];
            match stream.read(&mut buffer) {
                Ok(0) => false,
                Ok(read) => stream.write_all(&buffer[..read]).is_ok(),
                Err(error) => error.kind() == ErrorKind::WouldBlock,
            }
        });
        thread::sleep(APART.saturating_sub(begun.elapsed()));
    }
}
