//! Names of addresses outside, from what pods are answered to their DNS questions.

use crate::{
    flows::send,
    rig::{Rig, agent::Agent},
    small,
    support::until,
};
use sekisho_lab::Host;
use serde_json::Value;
use std::{
    collections::BTreeSet,
    net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket},
    thread,
    time::Duration,
};

const NAME: &str = "api.example.com";
/// What the cache of a node answers for.
const CACHED: &str = "cached.example.com";

/// A question for the IPv4 addresses of the name (RFC 1035, 4.1).
fn question(name: &str) -> Vec<u8> {
    let labels =
        name.split('.').flat_map(|label| [&[u8::try_from(label.len()).unwrap()], label.as_bytes()].concat());
    let header = [0x12, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
    header.into_iter().chain(labels).chain([0, 0, 1, 0, 1]).collect()
}

/// The answer to it.
fn answer(question: &[u8], address: Ipv4Addr) -> Vec<u8> {
    let mut answer = question.to_vec();
    (answer[2], answer[3], answer[7]) = (0x81, 0x80, 1);
    answer.extend([0xc0, 0x0c, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4]);
    answer.extend(address.octets());
    answer
}

/// A pod asks a server on a host for the address of a name.
fn ask(rig: &Rig, pod: &str, (host, at): (Host, Ipv4Addr), (name, address): (&str, Ipv4Addr)) {
    let network = rig.lab.network_of(host).unwrap();
    let server = network.within(|| UdpSocket::bind((at, 53)).unwrap()).unwrap();
    let patience = Some(Duration::from_secs(5));
    server.set_read_timeout(patience).unwrap();
    let client = rig.lab.within(pod, || UdpSocket::bind("0.0.0.0:0").unwrap()).unwrap();
    client.set_read_timeout(patience).unwrap();
    client.send_to(&question(name), (at, 53)).unwrap();
    let mut bytes = [0; 512];
    let (length, from) = server.recv_from(&mut bytes).unwrap();
    server.send_to(&answer(&bytes[..length], address), from).unwrap();
    let (_, from) = client.recv_from(&mut bytes).unwrap();
    assert_eq!(from, SocketAddr::from((at, 53)));
}

fn v4<'a>(addresses: impl IntoIterator<Item = &'a IpAddr>) -> Ipv4Addr {
    let v4 = addresses.into_iter().find_map(|address| match address {
        IpAddr::V4(address) => Some(*address),
        IpAddr::V6(_) => None,
    });
    v4.unwrap()
}

/// The names of `outside` in the records of calls to a port of it.
fn names(agent: &Agent, outside: Ipv4Addr, port: u16) -> Option<BTreeSet<String>> {
    let lines = String::from_utf8(agent.ask(&["flows", "--json"]).stdout).unwrap();
    let records = lines.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let (block, carried) = (format!("{outside}/32"), format!("UDP/{port}"));
    let of = records.filter(|record| {
        record["to"]["external"]["block"] == block.as_str() && record["carried"] == carried.as_str()
    });
    let of: Vec<Value> = of.collect();
    let names = of.iter().flat_map(|record| record["to"]["external"]["names"]["names"].as_array().cloned());
    let names = names.flatten().map(|name| name.as_str().unwrap().to_owned()).collect();
    (!of.is_empty()).then_some(names)
}

/// Who asked for a name has it in what flows; nobody else; and without the option nothing is read.
pub(crate) fn who_asked_knows_it_by_name() {
    let mut rig = Rig::build(&small::cluster(), 2).unwrap();
    let plan = rig.lab.current_plan();
    let outside = v4(plan.outside.iter().map(|outside| &outside.address));
    let node = v4(&plan.nodes[0].addresses);
    rig.start(&["--flows", "all", "--dns"]);
    rig.agents.iter().for_each(Agent::settled);
    let told = |rig: &Rig, node: &str, port: u16| {
        let agent = rig.agents.iter().find(|agent| agent.node() == node).unwrap();
        let mut found = None;
        until("what flowed is recorded", || {
            found = names(agent, outside, port);
            found.is_some()
        });
        found.unwrap().into_iter().collect::<Vec<_>>()
    };
    ask(&rig, "shop/web", (Host::Outside, outside), (NAME, outside));
    // At once: what it asked for is known before what it does then.
    send(&rig, "shop/web", outside.into(), 7005, 1);
    send(&rig, "jobs/cron", outside.into(), 7005, 1);
    assert_eq!(told(&rig, "node-1", 7005), [NAME]);
    assert_eq!(told(&rig, "node-2", 7005), [""; 0], "it never asked");
    for agent in &rig.agents {
        let dump = String::from_utf8(agent.ask(&["dump"]).stdout).unwrap();
        assert!(dump.contains("group 1720"), "{dump}");
    }
    ask(&rig, "shop/web", (Host::Node(0), node), (CACHED, outside));
    send(&rig, "shop/web", outside.into(), 7008, 1);
    assert_eq!(told(&rig, "node-1", 7008), [NAME, CACHED], "its node answers as well");
    // What a policy denies has a name as well.
    rig.server.apply_text(&closed());
    until("it is denied", || {
        send(&rig, "shop/web", outside.into(), 7006, 1);
        thread::sleep(Duration::from_millis(200));
        denied(&rig.agents[0], outside, 7006)
    });
    assert_eq!(told(&rig, "node-1", 7006), [NAME, CACHED]);
    without_the_option(&mut rig, outside);
}

/// A policy that lets `web` call nobody.
fn closed() -> String {
    "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: closed, namespace: shop}\n\
     spec: {podSelector: {matchLabels: {app: web}}, policyTypes: [Egress]}\n"
        .to_owned()
}

fn denied(agent: &Agent, outside: Ipv4Addr, port: u16) -> bool {
    let lines = String::from_utf8(agent.ask(&["flows", "--json"]).stdout).unwrap();
    let records = lines.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let (block, carried) = (format!("{outside}/32"), format!("UDP/{port}"));
    records.into_iter().any(|record| {
        record["to"]["external"]["block"] == block.as_str()
            && record["carried"] == carried.as_str()
            && record["outcome"] == "denied"
    })
}

fn without_the_option(rig: &mut Rig, outside: Ipv4Addr) {
    rig.server.delete_text(&closed());
    rig.agents.iter_mut().for_each(Agent::kill);
    rig.start(&["--flows", "all"]);
    for agent in &rig.agents {
        let dump = String::from_utf8(agent.ask(&["dump"]).stdout).unwrap();
        assert!(!dump.contains("1720") && !dump.contains("asking"), "{dump}");
    }
    until("it is allowed again", || {
        ask(rig, "shop/web", (Host::Outside, outside), (NAME, outside));
        send(rig, "shop/web", outside.into(), 7007, 1);
        thread::sleep(Duration::from_millis(700));
        names(&rig.agents[0], outside, 7007).is_some()
    });
    assert_eq!(names(&rig.agents[0], outside, 7007), Some(BTreeSet::new()));
}
