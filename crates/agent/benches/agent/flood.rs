//! How many connections an agent records that are opened as fast as this machine can.

use crate::{cpu, memory, rig::Rig, small};
use socket2::{Domain, Protocol, SockAddr, Socket, Type};
use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
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
    let addresses = |rig: &Rig, name: &str| {
        small::addresses(rig, name).into_iter().find_map(|address| match address {
            IpAddr::V4(address) => Some(address),
            IpAddr::V6(_) => None,
        })
    };
    let (web, api) = (addresses(rig, "web").unwrap(), addresses(rig, "api").unwrap());
    let at = rig.agents.iter().position(|agent| agent.node() == "node-2").unwrap();
    rig.agents[at].kill();
    rig.agents[at].start(&["--flows", "all"]);
    rig.agents[at].ready();
    rig.agents[at].settled();
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
