//! Two pods, each a network namespace, joined by a node that forwards, which is the namespace of the
//! thread itself; and streams between them.

use nix::sched::{CloneFlags, setns, unshare};
use sekisho_core::{
    index::Index,
    object::{
        Change, Direction, LabelSelector, Labels, NetworkPolicy, ObjectKey, Origin, Pod, PolicyPort,
        PortMatch, Requirement, Rule,
    },
    packet::Packet,
    set::{PortRange, Protocol},
    verdict::Decision,
};
use sekisho_nft::{
    Kernel, Program, Transaction,
    conntrack::{Conntrack, Swept},
};
use std::{
    fs::File,
    io::{self, ErrorKind, Read, Write},
    net::{IpAddr, SocketAddr, TcpListener, TcpStream, UdpSocket},
    os::fd::AsRawFd,
    process::Command,
    thread,
    time::{Duration, Instant},
};

/// The port that the policy lets in, or does not.
pub(crate) const PORT: u16 = 8080;
/// How long a packet may take.
pub(crate) const SECOND: Duration = Duration::from_secs(1);
/// How long one may take that must come, on a machine that does other work as well.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);

/// A pod's network.
pub(crate) struct Network {
    namespace: File,
    number: u8,
}

impl Network {
    /// Makes a network and joins it to the node. Its addresses are `10.0.N.1` and `fd00:N::1`.
    fn new(number: u8) -> Self {
        let make = || {
            unshare(CloneFlags::CLONE_NEWNET).expect("a namespace");
            at_once();
            File::open("/proc/thread-self/ns/net").expect("its file")
        };
        let namespace = thread::spawn(make).join().expect("a thread");
        let network = Self { namespace, number };
        let path = format!("/proc/{}/fd/{}", std::process::id(), network.namespace.as_raw_fd());
        ip(&format!("link add pod{number} type veth peer name eth0 netns {path}"));
        ip(&format!("address add 10.0.{number}.254/24 dev pod{number}"));
        ip(&format!("address add fd00:{number}::254/64 dev pod{number} nodad"));
        ip(&format!("link set pod{number} up"));
        network.enter(move || {
            ip("link set lo up");
            ip("link set eth0 up");
            ip(&format!("address add 10.0.{number}.1/24 dev eth0"));
            ip(&format!("address add fd00:{number}::1/64 dev eth0 nodad"));
            ip(&format!("route add default via 10.0.{number}.254"));
            ip(&format!("-6 route add default via fd00:{number}::254"));
        });
        network
    }

    /// Works in this network. Sockets stay in the network in which they were made.
    pub(crate) fn enter<T: Send>(&self, work: impl FnOnce() -> T + Send) -> T {
        thread::scope(|scope| {
            let inside = scope.spawn(|| {
                setns(&self.namespace, CloneFlags::CLONE_NEWNET).expect("a namespace");
                work()
            });
            inside.join().expect("a thread")
        })
    }

    pub(crate) fn v4(&self) -> IpAddr {
        IpAddr::from([10, 0, self.number, 1])
    }

    pub(crate) fn v6(&self) -> IpAddr {
        IpAddr::from([0xfd00, self.number.into(), 0, 0, 0, 0, 0, 1])
    }
}

fn ip(arguments: &str) {
    let output = Command::new("ip").args(arguments.split(' ')).output().expect("ip runs");
    assert!(output.status.success(), "ip {arguments}: {}", String::from_utf8_lossy(&output.stderr));
}

/// No wait for a second bearer of an address: every interface made from now on is ready when it is up.
fn at_once() {
    std::fs::write("/proc/sys/net/ipv6/conf/default/accept_dad", "0").expect("a setting");
}

/// A node with a `web` that calls and an `api` that is called.
pub(crate) struct Node {
    pub(crate) web: Network,
    pub(crate) api: Network,
    index: Index,
    program: Program,
    pub(crate) kernel: Kernel,
    pub(crate) conntrack: Conntrack,
}

impl Node {
    /// A node that enforces nothing yet.
    pub(crate) fn new() -> Self {
        ip("link set lo up");
        at_once();
        for setting in ["net/ipv4/ip_forward", "net/ipv6/conf/all/forwarding"] {
            std::fs::write(format!("/proc/sys/{setting}"), "1").expect("forwarding");
        }
        let (web, api) = (Network::new(1), Network::new(2));
        let pods =
            [("web", &web), ("api", &api)].map(|(name, network)| Change::PutPod(pod(name, network).into()));
        let index = Index::of(pods);
        let program = Program::new(&index, "node");
        let (kernel, conntrack) = (Kernel::open().expect("a socket"), Conntrack::open().expect("a socket"));
        Self { web, api, index, program, kernel, conntrack }
    }

    /// A policy for `api` that lets in one port, or nothing, in the model alone.
    pub(crate) fn plan(&mut self, port: Option<u16>) -> Transaction {
        self.plan_for("api", port)
    }

    /// What would be known if `api` had a policy that lets in one port, or nothing.
    #[allow(dead_code, reason = "only what is tried wants it")]
    pub(crate) fn index_with(&self, port: Option<u16>) -> Index {
        let pods = [("web", &self.web), ("api", &self.api)];
        let pods = pods.map(|(name, network)| Change::PutPod(pod(name, network).into()));
        Index::of(pods.into_iter().chain([Change::PutPolicy(policy("api", port))]))
    }

    /// The same for either pod.
    pub(crate) fn plan_for(&mut self, pod: &str, port: Option<u16>) -> Transaction {
        let delta = self.index.apply(Change::PutPolicy(policy(pod, port)));
        self.program.follow(&self.index, [&delta])
    }

    /// The same, programmed, and done to the connections that are open.
    pub(crate) fn change(&mut self, port: Option<u16>) -> Swept {
        let transaction = self.plan(port);
        self.kernel.apply(&transaction).expect("the kernel takes it");
        self.sweep()
    }

    /// Cuts and restores what policy says.
    pub(crate) fn sweep(&mut self) -> Swept {
        let Self { conntrack, index, program, kernel, .. } = self;
        let allowed = |packet: &Packet| index.decide(packet) == Decision::Allow;
        conntrack.sweep(program, kernel, |_| true, allowed).expect("connections are judged")
    }

    /// Begins to enforce (S32): open connections may show themselves.
    pub(crate) fn attach(&mut self) {
        self.program = Program::attaching(&self.index, "node");
        self.load();
    }

    /// Ends that.
    pub(crate) fn settle(&mut self) -> Swept {
        let transaction = self.program.settle();
        self.kernel.apply(&transaction).expect("the kernel takes it");
        self.sweep()
    }

    /// Programs all of it.
    pub(crate) fn load(&mut self) {
        let now = self.kernel.read().expect("the kernel answers");
        let transaction = Transaction::between(&now, self.program.ruleset());
        self.kernel.apply(&transaction).expect("the kernel takes it");
    }

    /// A stream from `web` to an address of `api`.
    pub(crate) fn stream(&self, to: IpAddr, port: u16) -> Stream {
        self.stream_by(SocketAddr::new(to, port), SocketAddr::new(to, port))
    }

    /// A stream from `web` to a Service's address, which becomes one of `api`.
    pub(crate) fn stream_by(&self, service: SocketAddr, to: SocketAddr) -> Stream {
        let listener = self.api.enter(|| TcpListener::bind(to).expect("a listener"));
        let client = self.web.enter(|| TcpStream::connect_timeout(&service, PATIENCE));
        let client = client.expect("a connection");
        let (server, _) = listener.accept().expect("a connection");
        for end in [&client, &server] {
            end.set_read_timeout(Some(SECOND)).expect("a setting");
        }
        Stream { client, server }
    }

    /// Two sockets that talk without connections.
    pub(crate) fn datagrams(&self, port: u16) -> (UdpSocket, UdpSocket) {
        let server = self.api.enter(|| UdpSocket::bind((self.api.v4(), port)).expect("a socket"));
        let client = self.web.enter(|| UdpSocket::bind((self.web.v4(), 0)).expect("a socket"));
        client.connect((self.api.v4(), port)).expect("an address");
        for end in [&client, &server] {
            end.set_read_timeout(Some(SECOND)).expect("a setting");
        }
        (client, server)
    }
}

fn pod(name: &str, network: &Network) -> Pod {
    let mut pod = Pod::new(ObjectKey::new("shop", name));
    pod.labels = [("app", name)].into_iter().collect();
    pod.node = Some("node".into());
    pod.addresses = [network.v4(), network.v6()].into();
    pod
}

/// The pod lets in one port from everybody, by every protocol with ports, or nothing.
fn policy(pod: &str, port: Option<u16>) -> NetworkPolicy {
    let app = Requirement::In("app".into(), [pod.into()].into());
    let range = |port| PortMatch::Range(PortRange::single(port).expect("a port"));
    let lets_in = |port| Rule {
        peers: Vec::new(),
        ports: [Protocol::Tcp, Protocol::Udp]
            .map(|protocol| PolicyPort { protocol, port: range(port), origin: Origin::default() })
            .into(),
        origin: Origin::default(),
    };
    NetworkPolicy {
        key: ObjectKey::new("shop", pod),
        subjects: LabelSelector::from_iter([app]),
        types: [Direction::Ingress].into(),
        ingress: port.map(lets_in).into_iter().collect(),
        egress: Vec::new(),
        labels: Labels::new(),
        annotations: Labels::new(),
        origin: Origin::default(),
    }
}

/// An open TCP stream.
pub(crate) struct Stream {
    pub(crate) client: TcpStream,
    pub(crate) server: TcpStream,
}

impl Stream {
    /// Says something in both directions and waits until it is heard.
    pub(crate) fn talk(&mut self) -> io::Result<()> {
        say(&mut self.client, &mut self.server)?;
        say(&mut self.server, &mut self.client)
    }
}

/// One end says something, the other hears it.
pub(crate) fn say(from: &mut TcpStream, to: &mut TcpStream) -> io::Result<()> {
    from.write_all(b"hello")?;
    let mut heard = [0; 5];
    to.read_exact(&mut heard)?;
    assert_eq!(&heard, b"hello");
    Ok(())
}

/// How long it takes until an end learns that the stream is cut, when it says something; `None` when
/// it does not within five seconds. (A late acknowledgement of what was said before may be what is
/// refused first, so nobody knows whether writing or reading tells.)
pub(crate) fn until_told(end: &mut TcpStream) -> Option<Duration> {
    let began = Instant::now();
    end.set_read_timeout(Some(Duration::from_millis(50))).expect("a setting");
    let told = |error: io::Error| matches!(error.kind(), ErrorKind::ConnectionReset | ErrorKind::BrokenPipe);
    while began.elapsed() < 5 * SECOND {
        if end.write_all(b"x").is_err_and(told) || end.read(&mut [0]).is_err_and(told) {
            return Some(began.elapsed());
        }
    }
    None
}
