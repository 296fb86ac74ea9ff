//! Open connections, with real streams (S30-S32).

use super::fixture::{cluster, lab, peer, pod, policy, with};
use sekisho_core::object::{Cluster, Rule};
use sekisho_lab::{Lab, Options};
use socket2::{Domain, Protocol, Socket, Type};
use std::{
    io::{Read, Write},
    net::{IpAddr, Ipv6Addr, SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

pub(crate) const TESTS: &[(&str, fn())] = &[
    ("streams::a_stream_survives_what_still_allows_it_s31", a_stream_survives_what_still_allows_it),
    ("streams::a_change_that_forbids_a_stream_cuts_it_s31", a_change_that_forbids_a_stream_cuts_it),
    ("streams::a_stream_that_is_idle_is_cut_too_s31", a_stream_that_is_idle_is_cut_too),
    ("streams::open_streams_survive_the_first_attachment_s32", open_streams_survive_the_first_attachment),
    ("streams::packets_that_fit_no_connection_are_dropped_s36", packets_that_fit_no_connection_are_dropped),
    (
        "streams::an_address_used_again_inherits_no_connection_s27",
        an_address_used_again_inherits_no_connection,
    ),
    ("streams::answers_and_path_mtu_errors_pass_s30", answers_and_path_mtu_errors_pass),
];

const PORT: u16 = 9000;

/// A transfer that goes on until something ends it.
#[derive(Clone)]
struct Transfer {
    received: Arc<AtomicU64>,
    /// When and how each end learnt that it is over: the sender, and the receiver.
    ends: Arc<Mutex<Vec<(Instant, String)>>>,
}

impl Transfer {
    /// Sends from one pod to an address of another, a little every millisecond.
    fn start(lab: &Lab, from: &str, to: &str, address: IpAddr) -> Self {
        let (mut client, mut server) = connection(lab, from, to, address);
        let transfer = Self { received: Arc::default(), ends: Arc::default() };
        let (sender, receiver) = (transfer.clone(), transfer.clone());
        thread::spawn(move || {
            let mut write = || client.write_all(&[7; 1024]);
            let error = loop {
                match write() {
                    Ok(()) => thread::sleep(Duration::from_millis(1)),
                    Err(error) => break error,
                }
            };
            sender.ends.lock().unwrap().push((Instant::now(), format!("sender: {error}")));
        });
        thread::spawn(move || {
            let mut buffer = [0; 65536];
            let end = loop {
                match server.read(&mut buffer) {
                    Ok(0) => break "closed".to_owned(),
                    Ok(length) => drop(receiver.received.fetch_add(length as u64, Ordering::Relaxed)),
                    Err(error) => break error.to_string(),
                }
            };
            receiver.ends.lock().unwrap().push((Instant::now(), format!("receiver: {end}")));
        });
        transfer.assert_goes_on();
        transfer
    }

    #[track_caller]
    fn assert_goes_on(&self) {
        let before = self.received.load(Ordering::Relaxed);
        let goes_on =
            soon(Duration::from_secs(2), || self.received.load(Ordering::Relaxed) > before + 50_000);
        assert!(goes_on, "{} bytes since; {:?}", self.received.load(Ordering::Relaxed) - before, self.ends());
    }

    /// Who sends is told within a second, and nothing more arrives. (Who only receives cannot be told:
    /// there is no packet of its own to answer.)
    #[track_caller]
    fn assert_is_cut(&self, since: Instant) {
        assert!(soon(Duration::from_secs(3), || !self.ends().is_empty()), "it goes on");
        let (when, how) = self.ends.lock().unwrap()[0].clone();
        assert!(when - since < Duration::from_secs(1), "{how} after {:?}", when - since);
        // What had arrived before the cut may still be unread on a busy machine.
        thread::sleep(Duration::from_millis(200));
        let received = self.received.load(Ordering::Relaxed);
        thread::sleep(Duration::from_millis(200));
        assert_eq!(self.received.load(Ordering::Relaxed), received);
    }

    fn ends(&self) -> Vec<String> {
        self.ends.lock().unwrap().iter().map(|(_, how)| how.clone()).collect()
    }
}

fn soon(patience: Duration, holds: impl Fn() -> bool) -> bool {
    let started = Instant::now();
    while !holds() {
        if started.elapsed() > patience {
            return false;
        }
        thread::sleep(Duration::from_millis(5));
    }
    true
}

/// A connection from one pod to another: its two ends.
fn connection(lab: &Lab, from: &str, to: &str, address: IpAddr) -> (TcpStream, TcpStream) {
    let listener = lab.within(to, || TcpListener::bind((Ipv6Addr::UNSPECIFIED, PORT)).unwrap()).unwrap();
    let target = SocketAddr::new(address, PORT);
    let client =
        lab.within(from, || TcpStream::connect_timeout(&target, Duration::from_secs(3)).unwrap()).unwrap();
    (client, listener.accept().unwrap().0)
}

/// The addresses of a pod, IPv4 first.
fn addresses(lab: &Lab, pod: &str) -> Vec<IpAddr> {
    let site = lab.current_plan().sites.iter().find(|site| &*site.name == pod).unwrap();
    site.addresses.iter().copied().collect()
}

/// A client, a server that lets it in and nobody else, and a bystander.
fn allowed() -> Cluster {
    let pods = cluster([pod("a/client", &[]), pod("a/server", &[]), pod("a/third", &[])]);
    with(
        &pods,
        [
            policy("a/server", "server", Some(vec![peer("client")]), Some(vec![])),
            policy("a/client", "client", Some(vec![]), Some(vec![peer("server")])),
        ],
    )
}

/// Runs `test` with client and server on one node and on two, over both families.
fn everywhere(test: impl Fn(&mut Lab, IpAddr)) {
    for nodes in [1, 2] {
        let mut lab = lab(&allowed(), Options { nodes, ..Options::default() });
        for address in addresses(&lab, "a/server") {
            test(&mut lab, address);
            lab.apply(&allowed()).unwrap();
        }
    }
}

fn a_stream_survives_what_still_allows_it() {
    everywhere(|lab, server| {
        let transfer = Transfer::start(lab, "a/client", "a/server", server);
        // A policy of others, a pod that comes, another rule for the same pods, the same rule elsewhere.
        let mut change = allowed();
        let third = policy("a/third", "third", Some(vec![]), Some(vec![]));
        change.policies.insert(third.key.clone(), third);
        lab.apply(&change).unwrap();
        let new = pod("b/new", &[]);
        change.pods.insert(new.uid.clone(), Arc::new(new));
        lab.apply(&change).unwrap();
        let wider = policy("a/server", "server", Some(vec![peer("third"), peer("client")]), Some(vec![]));
        change.policies.insert(wider.key.clone(), wider);
        lab.apply(&change).unwrap();
        transfer.assert_goes_on();
        for _ in 0..5 {
            lab.reprogram().unwrap();
        }
        transfer.assert_goes_on();
        assert_eq!(transfer.ends(), Vec::<String>::new());
    });
}

fn a_change_that_forbids_a_stream_cuts_it() {
    // From either side: the server's ingress, and the client's egress.
    let forbid = [
        policy("a/server", "server", Some(vec![peer("third")]), Some(vec![])),
        policy("a/client", "client", Some(vec![]), Some(vec![peer("third")])),
    ];
    for forbid in forbid {
        everywhere(|lab, server| {
            let transfer = Transfer::start(lab, "a/client", "a/server", server);
            let mut change = allowed();
            change.policies.insert(forbid.key.clone(), forbid.clone());
            let changed = Instant::now();
            lab.apply(&change).unwrap();
            transfer.assert_is_cut(changed);
            // Allowed again: a new one opens.
            lab.apply(&allowed()).unwrap();
            Transfer::start(lab, "a/client", "a/server", server).assert_goes_on();
        });
    }
}

fn a_stream_that_is_idle_is_cut_too() {
    everywhere(|lab, server| {
        let (mut client, mut end) = connection(lab, "a/client", "a/server", server);
        let shut = with(&allowed(), [policy("a/server", "server", Some(vec![]), Some(vec![]))]);
        lab.apply(&shut).unwrap();
        // The first to speak learns of it; nothing gets through in either direction.
        let _ = end.write_all(b"late");
        client.set_read_timeout(Some(Duration::from_millis(500))).unwrap();
        let mut buffer = [0; 8];
        assert!(client.read(&mut buffer).map_or(true, |length| length == 0), "{buffer:?}");
        assert!(soon(Duration::from_secs(1), || end.take_error().unwrap().is_some()
            || (&end).write(b"x").is_err()));
        let _ = client.write_all(b"late");
        end.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
        assert!(end.read(&mut buffer).map_or(true, |length| length == 0), "{buffer:?}");
    });
}

fn open_streams_survive_the_first_attachment() {
    for nodes in [1, 2] {
        let mut lab = lab(&allowed(), Options { nodes, ..Options::default() });
        lab.stop_enforcing().unwrap();
        for (server, third) in addresses(&lab, "a/server").into_iter().zip(addresses(&lab, "a/third")) {
            let keeps = Transfer::start(&lab, "a/client", "a/server", server);
            let forbidden = Transfer::start(&lab, "a/client", "a/third", third);
            let started = Instant::now();
            lab.enforce(Duration::from_millis(800)).unwrap();
            forbidden.assert_is_cut(started);
            keeps.assert_goes_on();
            assert_eq!(keeps.ends(), Vec::<String>::new());
            lab.stop_enforcing().unwrap();
        }
    }
}

fn answers_and_path_mtu_errors_pass() {
    // Nothing may be opened to the client or by the server, and yet answers flow, and the errors of the
    // server's node tell the client how large packets may be.
    let lab = lab(&allowed(), Options::default());
    lab.limit_packets("a/server", 1280).unwrap();
    for server in addresses(&lab, "a/server") {
        let (mut client, mut end) = connection(&lab, "a/client", "a/server", server);
        let sent = vec![7; 300_000];
        let expect = sent.len();
        let receiver = thread::spawn(move || {
            let mut received = vec![0; expect];
            end.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
            end.read_exact(&mut received).map(|()| end.write_all(b"thanks"))
        });
        client.write_all(&sent).unwrap();
        receiver.join().unwrap().unwrap().unwrap();
        let mut answer = [0; 6];
        client.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
        client.read_exact(&mut answer).unwrap();
        assert_eq!(&answer, b"thanks");
    }
}

fn packets_that_fit_no_connection_are_dropped() {
    // SYN and RST together belong to nothing that TCP knows. Both pods allow everything; one is policed.
    let open = Some(vec![Rule::default()]);
    let pods = cluster([pod("a/client", &[]), pod("a/policed", &[]), pod("a/third", &[])]);
    let lab = lab(&with(&pods, [policy("a/policed", "policed", open, None)]), Options::default());
    for (policed, unpoliced) in addresses(&lab, "a/policed").into_iter().zip(addresses(&lab, "a/third")) {
        let arrived = |pod: &str, to: IpAddr, flags: u8, patience: Duration| {
            let kind =
                || Socket::new(Domain::for_address((to, 0).into()), Type::RAW, Some(Protocol::TCP)).unwrap();
            let tap = lab.within(pod, kind).unwrap();
            tap.set_read_timeout(Some(patience)).unwrap();
            let from =
                addresses(&lab, "a/client").into_iter().find(|from| from.is_ipv4() == to.is_ipv4()).unwrap();
            let sender = lab.within("a/client", kind).unwrap();
            sender.send_to(&segment(from, to, flags), &SocketAddr::new(to, 0).into()).unwrap();
            (&tap).read(&mut [0; 2048]).is_ok()
        };
        let (opens, nonsense) = (0x02, 0x06);
        // What comes is waited for on a busy machine, too.
        let (long, short) = (Duration::from_secs(10), Duration::from_millis(300));
        assert!(arrived("a/policed", policed, opens, long));
        assert!(!arrived("a/policed", policed, nonsense, short));
        assert!(arrived("a/third", unpoliced, nonsense, long), "who is not policed gets what comes");
    }
}

/// A TCP segment without data from port 1234 to port 80, with its checksum.
fn segment(from: IpAddr, to: IpAddr, flags: u8) -> Vec<u8> {
    let mut bytes = vec![0x04, 0xd2, 0, 80, 0, 0, 0, 1, 0, 0, 0, 0, 0x50, flags, 0x20, 0, 0, 0, 0, 0];
    let octets = |address: IpAddr| match address {
        IpAddr::V4(address) => address.octets().to_vec(),
        IpAddr::V6(address) => address.octets().to_vec(),
    };
    let pseudo = [octets(from), octets(to), vec![0, 6, 0, 20], bytes.clone()].concat();
    let mut sum: u32 = pseudo.chunks(2).map(|pair| u32::from(u16::from_be_bytes([pair[0], pair[1]]))).sum();
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    bytes[16..18].copy_from_slice(&(!u16::try_from(sum).unwrap()).to_be_bytes());
    bytes
}

fn an_address_used_again_inherits_no_connection() {
    let mut lab = lab(&allowed(), Options::default());
    let server = addresses(&lab, "a/server")[0];
    let (client, _end) = connection(&lab, "a/client", "a/server", server);
    // The server goes; a pod that nobody may reach comes, and is given its address.
    let mut change = allowed();
    change.pods.retain(|_, pod| &*pod.key.name != "server");
    lab.apply(&change).unwrap();
    let mut heir = pod("a/heir", &[]);
    heir.addresses = [server].into();
    change.pods.insert(heir.uid.clone(), Arc::new(heir));
    let shut = policy("a/heir", "heir", Some(vec![]), None);
    change.policies.insert(shut.key.clone(), shut);
    lab.apply(&change).unwrap();
    let tap = lab.within("a/heir", || {
        Socket::new(Domain::for_address((server, 0).into()), Type::RAW, Some(Protocol::TCP)).unwrap()
    });
    let tap = tap.unwrap();
    tap.set_read_timeout(Some(Duration::from_millis(500))).unwrap();
    (&client).write_all(b"for the one before").unwrap();
    assert!((&tap).read(&mut [0; 2048]).is_err(), "nothing of the old connection reaches the heir");
}
