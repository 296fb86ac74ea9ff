//! How many connections an agent records that are opened as fast as this machine can.

use crate::{
    cpu,
    entries::{self, Made},
    memory,
    rig::Rig,
    small,
};
use sekisho_lab::Host;
use socket2::{Domain, Protocol, SockAddr, Socket, Type};
use std::{
    fs,
    io::{Read, Write},
    net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    thread,
    time::{Duration, Instant},
};

/// How many connections: no more than the kernel tracks at a time by default, on a machine with more than 4 GiB.
const CONNECTIONS: u32 = 200_000;
/// How many have the same port at their destination.
const OF_A_PORT: u32 = 50_000;

/// Opens them by a datagram each, from `web` to `api`, and prints what the agent of `api` made of it.
pub(crate) fn measure(rig: &mut Rig) {
    rig.server.delete_text(small::policy());
    let (web, api) = (address(rig, "web"), address(rig, "api"));
    let at = rig.agents.iter().position(|agent| agent.node() == "node-2").unwrap();
    rig.agents[at].kill();
    rig.agents[at].start(&[]);
    rig.agents[at].ready();
    let without = memory(&rig.agents[at], "VmRSS");
    rig.agents[at].kill();
    rig.agents[at].start(&["--flows", "all"]);
    rig.agents[at].ready();
    rig.agents[at].settled();
    println!("  memory: {without} MiB without flows, {} MiB with them", memory(&rig.agents[at], "VmRSS"));
    let (idle, begun) = (cpu(&rig.agents[at]), Instant::now());
    rig.lab.within("shop/web", || flood(web, api)).unwrap();
    let sent = begun.elapsed();
    let mut recorded = 0;
    while begun.elapsed() < sent + Duration::from_secs(10) && recorded < CONNECTIONS.into() {
        thread::sleep(Duration::from_millis(250));
        recorded = count(rig, at);
    }
    let agent = &rig.agents[at];
    println!(
        "  flows: {CONNECTIONS} connections in {:.2} s ({:.0} a second): {recorded} recorded, by {:.2} s of CPU; memory at most {} MiB",
        sent.as_secs_f64(),
        f64::from(CONNECTIONS) / sent.as_secs_f64(),
        cpu(agent) - idle,
        memory(agent, "VmHWM"),
    );
}

/// A datagram for each connection: no two have the same ports.
fn flood(from: Ipv4Addr, to: Ipv4Addr) {
    let socket = Socket::new(Domain::IPV4, Type::RAW, Some(Protocol::from(255))).unwrap();
    let target = SockAddr::from(SocketAddr::new(to.into(), 0));
    for number in 0..CONNECTIONS {
        let ports = (10_000 + number % OF_A_PORT, 7100 + number / OF_A_PORT);
        let ports = (u16::try_from(ports.0).unwrap(), u16::try_from(ports.1).unwrap());
        // Where the queue is full the kernel says so, and it is sent again.
        while socket.send_to(&datagram((from, ports.0), (to, ports.1)), &target).is_err() {
            thread::yield_now();
        }
    }
}

/// An IPv4 packet with a UDP datagram of four bytes. The kernel fills in the length and the checksum of the header, and
/// a datagram needs none.
fn datagram(from: (Ipv4Addr, u16), to: (Ipv4Addr, u16)) -> Vec<u8> {
    let header = [0x45, 0, 0, 32, 0, 0, 0, 0, 64, 17, 0, 0];
    let udp = [from.1.to_be_bytes(), to.1.to_be_bytes(), 12_u16.to_be_bytes(), [0, 0]].concat();
    [&header[..], &from.0.octets(), &to.0.octets(), &udp, b"word"].concat()
}

/// How many connections it recorded.
fn count(rig: &Rig, at: usize) -> u64 {
    let output = rig.agents[at].ask(&["flows", "--json"]);
    let lines = String::from_utf8(output.stdout).unwrap();
    let records = lines.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    records
        .filter(|record| record["carried"].as_str().is_some_and(|carried| carried.starts_with("UDP/71")))
        .map(|record| record["count"].as_u64().unwrap())
        .sum()
}

fn address(rig: &Rig, name: &str) -> Ipv4Addr {
    let v4 = small::addresses(rig, name).into_iter().find_map(|address| match address {
        IpAddr::V4(address) => Some(address),
        IpAddr::V6(_) => None,
    });
    v4.unwrap()
}

/// What the goal is, a second.
const GOAL: u32 = 100_000;
/// How many are made at that speed: for some seconds.
const MADE: u32 = 1_000_000;

/// Has the kernel track connections that nobody opened, as many a second as the goal says and as many as it can, and prints
/// what the agent made of them: of few kinds, and of more than it tells apart.
pub(crate) fn measure_entries(rig: &mut Rig) {
    let (web, api) = (address(rig, "web"), address(rig, "api"));
    let port = |number: u32, first: u32, of: u32| u16::try_from(first + number % of).unwrap();
    let few = |number: u32| ((web, port(number, 10_000, 50_000)), (api, port(number / 50_000, 7200, 64)));
    let many = |number: u32| {
        let outside =
            Ipv4Addr::from(u32::from(Ipv4Addr::new(100, 64, 0, 0)) + number.wrapping_mul(7919) % (1 << 22));
        ((outside, port(number, 10_000, 50_000)), (api, port(number, 7200, 64)))
    };
    measure_made(rig, "of 20 kinds, at the goal", Some(GOAL), few);
    measure_made(rig, "of 20 kinds, as fast as can be", None, few);
    measure_made(rig, "each of another kind, at the goal", Some(GOAL), many);
}

fn measure_made(rig: &mut Rig, what: &str, a_second: Option<u32>, each: impl Fn(u32) -> Made + Send + Sync) {
    let at = rig.agents.iter().position(|agent| agent.node() == "node-2").unwrap();
    let listen = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    rig.agents[at].kill();
    let node = rig.lab.network_of(Host::Node(at)).unwrap();
    node.within(entries::forget_all).unwrap();
    rig.agents[at].start(&["--flows", "all", "--listen", &listen.to_string()]);
    rig.agents[at].ready();
    rig.agents[at].settled();
    // From now on its most is counted anew (`proc(5)`).
    fs::write(format!("/proc/{}/clear_refs", rig.agents[at].pid()), "5").unwrap();
    let (idle, before) = (cpu(&rig.agents[at]), memory(&rig.agents[at], "VmRSS"));
    let (made, took) = node.within(|| entries::make(MADE, a_second, each)).unwrap();
    let busy = cpu(&rig.agents[at]) - idle;
    thread::sleep(Duration::from_secs(3));
    let all = cpu(&rig.agents[at]) - idle;
    let pages = metrics(listen);
    let value = |line: &str| {
        let found = pages.lines().find_map(|found| found.strip_prefix(line));
        found.map_or(0, |value| value.trim().parse::<u64>().unwrap())
    };
    let (heard, unheard, room) = (
        value("sekisho_agent_flows_total{outcome=\"allowed\"}"),
        value("sekisho_agent_flows_lost_total{what=\"opened\"}"),
        value("sekisho_agent_flows_lost_total{what=\"room\"}"),
    );
    println!(
        "  entries {what}: {made} in {:.2} s ({:.0} a second): {heard} heard, {unheard} said not to be; of those heard {} in records, {room} said to have no room; \
         {busy:.2} s of CPU meanwhile ({:.0} % of a core), {all:.2} s with what came after; memory {before} MiB before and at most {} MiB",
        took.as_secs_f64(),
        f64::from(made) / took.as_secs_f64(),
        heard - room,
        100.0 * busy / took.as_secs_f64(),
        memory(&rig.agents[at], "VmHWM"),
    );
}

fn metrics(at: SocketAddr) -> String {
    let mut stream = TcpStream::connect(at).unwrap();
    write!(stream, "GET /metrics HTTP/1.1\r\nHost: agent\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}
