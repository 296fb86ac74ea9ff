//! Calls from one place to an address that may lead to several, held against what the core says.

use super::{Rig, echo::Echoes};
use sekisho_core::{
    eval::decide,
    packet::{Packet, Traffic},
    set::Protocol,
};
use sekisho_lab::{Host, Network};
use socket2::{Domain, Socket, Type};
use std::{
    io::{self, BufRead, BufReader, Write},
    net::{IpAddr, SocketAddr, TcpStream, UdpSocket},
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    thread,
    time::Duration,
};

/// How long an answer is waited for that the core says must come.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long it is waited for where none may come. What comes later is still seen by the servers.
const IMPATIENCE: Duration = Duration::from_millis(250);
/// How many calls are made at a time: enough for all that an address leads to.
const CALLS: usize = 24;

/// One that a call may reach.
#[derive(Clone, Debug)]
pub(crate) struct Arrival {
    /// The name of the server.
    pub(crate) at: String,
    /// Its address and port.
    pub(crate) to: SocketAddr,
    /// Who sends, as policy must see it: before masquerading (S37), on the server's node.
    pub(crate) policy_sees: IpAddr,
    /// Who sends, as the server must see it.
    pub(crate) server_sees: IpAddr,
}

/// Calls of one kind.
#[derive(Clone, Debug)]
pub(crate) struct Calls {
    pub(crate) what: String,
    pub(crate) from: (Host, IpAddr),
    pub(crate) to: SocketAddr,
    pub(crate) protocol: Protocol,
    /// Where they may arrive, as Services are translated; nowhere, if nobody is behind the address.
    pub(crate) arrivals: Vec<Arrival>,
}

/// What came of a call.
#[derive(Debug)]
struct Outcome {
    token: u64,
    answer: io::Result<String>,
}

static NEXT: AtomicU64 = AtomicU64::new(1);

impl Calls {
    /// Makes them, and holds each against what the core says of every place where it may have arrived.
    /// Those who answered are returned.
    pub(crate) fn hold(&self, rig: &Rig, echoes: &Echoes) -> Vec<String> {
        let allowed: Vec<bool> = self.arrivals.iter().map(|arrival| self.is_allowed(rig, arrival)).collect();
        let certain = !allowed.is_empty() && allowed.iter().all(|allowed| *allowed);
        let network = rig.lab.network_of(self.from.0).unwrap();
        let outcomes = self.make(&network, if certain { PATIENCE } else { IMPATIENCE });
        let mut answered = Vec::new();
        for Outcome { token, answer } in outcomes {
            let seen = echoes.arrivals(token);
            let about = format!("{} by {}: {answer:?}, seen {seen:?}, {self:?}\n", self.what, self.protocol);
            assert!(seen.len() <= 1, "it arrived more than once: {about}");
            // Silence is right only where it can have met a refusal, and where nobody saw it either.
            assert!(
                answer.is_ok() != seen.is_empty(),
                "it arrived and was not answered: {about}{}",
                rig.logs()
            );
            match seen.first() {
                None => assert!(!certain, "all of it is allowed: {about}{}", rig.logs()),
                Some(seen) => {
                    let at = self.arrivals.iter().position(|arrival| arrival.at == seen.at);
                    let at = at.unwrap_or_else(|| panic!("nobody meant {about}"));
                    assert!(allowed[at], "it leaked: {about}{}", rig.logs());
                    assert_eq!(seen.peer, self.arrivals[at].server_sees, "{about}");
                    answered.push(seen.at.clone());
                }
            }
        }
        answered
    }

    /// Likewise; and each that may answer did, and some call was refused where some place refuses.
    pub(crate) fn hold_everywhere(&self, rig: &Rig, echoes: &Echoes) {
        let answered = self.hold(rig, echoes);
        let (open, closed): (Vec<&Arrival>, Vec<&Arrival>) =
            self.arrivals.iter().partition(|arrival| self.is_allowed(rig, arrival));
        for arrival in open {
            assert!(answered.contains(&arrival.at), "{}: {} never answered", self.what, arrival.at);
        }
        assert!(closed.is_empty() || answered.len() < CALLS, "{}: nothing was refused", self.what);
    }

    /// Makes one that must be answered.
    pub(crate) fn hold_one(&self, rig: &Rig) {
        let network = rig.lab.network_of(self.from.0).unwrap();
        let answer = network.within(|| self.connect(token(), PATIENCE)).unwrap();
        assert!(answer.is_ok(), "{}: {answer:?}\n{}", self.what, rig.logs());
    }

    fn is_allowed(&self, rig: &Rig, arrival: &Arrival) -> bool {
        let traffic = Traffic::Port(self.protocol, arrival.to.port());
        let packet = Packet::between(arrival.policy_sees, arrival.to.ip(), traffic).unwrap();
        decide(&rig.lab.current_plan().cluster, &packet).decision.is_allow()
    }

    fn make(&self, network: &Network, patience: Duration) -> Vec<Outcome> {
        let call = || {
            let token = NEXT.fetch_add(1, Relaxed);
            let answer = match self.protocol {
                Protocol::Tcp => self.connect(token, patience),
                _ => self.send(token, patience),
            };
            Outcome { token, answer }
        };
        let all = || {
            thread::scope(|scope| {
                let threads: Vec<_> = (0..CALLS).map(|_| scope.spawn(call)).collect();
                threads.into_iter().map(|thread| thread.join().unwrap()).collect()
            })
        };
        network.within(all).unwrap()
    }

    /// A connection from the sender's address: any of the addresses of the network would do else.
    fn connect(&self, token: u64, patience: Duration) -> io::Result<String> {
        let mut stream = connect(self.from.1, self.to, patience)?;
        ask(&mut stream, token)
    }

    fn send(&self, token: u64, patience: Duration) -> io::Result<String> {
        let socket = UdpSocket::bind((self.from.1, 0))?;
        socket.connect(self.to)?;
        socket.set_read_timeout(Some(patience))?;
        socket.send(&token.to_be_bytes())?;
        let mut answer = [0; 128];
        let length = socket.recv(&mut answer)?;
        Ok(String::from_utf8_lossy(&answer[..length]).trim().to_owned())
    }
}

/// A connection from `from`.
pub(crate) fn connect(from: IpAddr, to: SocketAddr, patience: Duration) -> io::Result<TcpStream> {
    let domain = if to.is_ipv4() { Domain::IPV4 } else { Domain::IPV6 };
    let socket = Socket::new(domain, Type::STREAM, None)?;
    socket.bind(&SocketAddr::new(from, 0).into())?;
    socket.connect_timeout(&to.into(), patience)?;
    let stream = TcpStream::from(socket);
    stream.set_read_timeout(Some(patience))?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// A word that was never said before.
pub(crate) fn token() -> u64 {
    NEXT.fetch_add(1, Relaxed)
}

/// Says a word on a connection, and who answers.
pub(crate) fn ask(stream: &mut TcpStream, token: u64) -> io::Result<String> {
    stream.write_all(&token.to_be_bytes())?;
    let mut answer = String::new();
    match BufReader::new(stream).read_line(&mut answer)? {
        0 => Err(io::ErrorKind::UnexpectedEof.into()),
        _ => Ok(answer.trim().to_owned()),
    }
}
