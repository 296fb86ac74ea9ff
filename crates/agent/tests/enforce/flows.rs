//! What flowed, as the agents tell it.

use crate::{
    rig::{Rig, agent::Agent},
    small,
    support::until,
};
use sekisho_lab::Host;
use sekisho_nft::log::LogListener;
use serde_json::Value;
use std::{
    collections::{BTreeMap, BTreeSet},
    io::{BufRead, BufReader},
    net::{IpAddr, UdpSocket},
    process::{Child, Stdio},
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

/// How often each thing is sent.
const TIMES: u64 = 5;

/// Sends datagrams, each as if by another client.
pub(crate) fn send(rig: &Rig, from: &str, to: IpAddr, port: u16, times: u64) {
    let any = if to.is_ipv4() { "0.0.0.0:0" } else { "[::]:0" };
    for _ in 0..times {
        let client = rig.lab.within(from, || UdpSocket::bind(any).unwrap()).unwrap();
        // The node may say by an error that it does not pass: it was sent all the same.
        let _ = client.send_to(b"word", (to, port));
    }
}

fn end(end: &Value) -> String {
    match end.get("workload") {
        Some(workload) => {
            format!("{}/{}", workload["namespace"].as_str().unwrap(), workload["name"].as_str().unwrap())
        }
        None => end.to_string(),
    }
}

/// What a record says, and how often.
fn said(record: &Value) -> (String, u64) {
    let text = |key: &str| record[key].as_str().unwrap_or_default().to_owned();
    let (from, to) = (end(&record["from"]), end(&record["to"]));
    let by = record["leave"]["ingress"]["deniedBy"].clone();
    let by = by.as_array().into_iter().flatten();
    let by: Vec<&str> = by.filter_map(|policy| policy["name"].as_str()).collect();
    let said =
        format!("{} {from} {to} {} {} {}", text("outcome"), text("carried"), text("side"), by.join(","));
    (said.trim_end().to_owned(), record["count"].as_u64().unwrap())
}

/// What an agent recorded of calls to these ports.
fn recorded(agent: &Agent) -> BTreeMap<String, u64> {
    let output = agent.ask(&["flows", "--json"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let mut all = BTreeMap::new();
    for line in String::from_utf8(output.stdout).unwrap().lines() {
        let (said, count) = said(&serde_json::from_str(line).unwrap());
        *all.entry(said).or_default() += count;
    }
    all
}

/// Each is recorded where it is decided, named, counted, and with who denied it.
pub(crate) fn what_flows_is_recorded() {
    let mut rig = small_rig();
    rig.start(&["--flows", "all"]);
    rig.agents.iter().for_each(Agent::settled);
    for api in small::addresses(&rig, "api") {
        let _server = rig.lab.within("shop/api", || UdpSocket::bind((api, 7005)).unwrap()).unwrap();
        send(&rig, "shop/web", api, 7005, TIMES);
        send(&rig, "shop/web", api, 7001, TIMES);
        send(&rig, "jobs/cron", api, 7005, TIMES);
    }
    let families = u64::try_from(small::addresses(&rig, "api").len()).unwrap();
    let expected = |of: &[(&str, u64)]| -> BTreeMap<String, u64> {
        of.iter().map(|(said, times)| ((*said).to_owned(), times * families)).collect()
    };
    // The node of `web` lets pass what the other denies.
    let node_1 = expected(&[
        ("allowed shop/web shop/api UDP/7001 egress", TIMES),
        ("allowed shop/web shop/api UDP/7005 egress", TIMES),
    ]);
    let node_2 = expected(&[
        ("allowed shop/web shop/api UDP/7005 ingress", TIMES),
        ("denied jobs/cron shop/api UDP/7005 ingress api", TIMES),
        ("denied shop/web shop/api UDP/7001 ingress api", TIMES),
    ]);
    let of = |name: &str| rig.agents.iter().find(|agent| agent.node() == name).unwrap();
    until("what flowed is recorded", || recorded(of("node-1")).values().sum::<u64>() >= 2 * TIMES * families);
    until("what flowed is recorded", || recorded(of("node-2")).values().sum::<u64>() >= 3 * TIMES * families);
    assert_eq!(recorded(of("node-1")), node_1);
    assert_eq!(recorded(of("node-2")), node_2);
    what_almost_allowed_it_is_told(&mut rig);
    let node_2 = rig.agents.iter().find(|agent| agent.node() == "node-2").unwrap();
    is_told_within_a_second(&rig, node_2);
    who_cannot_listen_says_so(&mut rig);
}

/// What kept rules from allowing what was denied from `from` to this port, as the agent tells.
fn lacks(agent: &Agent, from: &str, port: u16) -> BTreeSet<String> {
    let lines = String::from_utf8(agent.ask(&["flows", "--json"]).stdout).unwrap();
    let records = lines.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let denied = records.filter(|record| {
        let carried = format!("UDP/{port}");
        record["outcome"] == "denied" && end(&record["from"]) == from && record["carried"] == carried.as_str()
    });
    let lacks = |record: Value| {
        let near = &record["nearest"];
        format!(
            "{}: {}",
            near["policy"]["name"].as_str().unwrap_or("-"),
            near["lacks"].as_str().unwrap_or("-")
        )
    };
    denied.map(lacks).collect()
}

/// What is denied is told with the rule that almost allowed it, of the policies as they are.
fn what_almost_allowed_it_is_told(rig: &mut Rig) {
    let at = rig.agents.iter().position(|agent| agent.node() == "node-2").unwrap();
    let by_port = lacks(&rig.agents[at], "shop/web", 7001);
    assert!(by_port.len() == 1 && by_port.iter().all(|lacks| lacks.contains("7005")), "{by_port:?}");
    let by_peer = lacks(&rig.agents[at], "jobs/cron", 7005);
    assert!(by_peer.len() == 1 && by_peer.iter().all(|lacks| lacks.contains("jobs")), "{by_peer:?}");
    rig.server.apply_text(&small::policy().replace("{app: web}", "{app: other}"));
    let api = small::addresses(rig, "api")[0];
    until("the new policy is told", || {
        send(rig, "shop/web", api, 7001, 1);
        thread::sleep(Duration::from_millis(700));
        lacks(&rig.agents[at], "shop/web", 7001).iter().any(|lacks| lacks.contains("other"))
    });
    rig.server.apply_text(&with_udp());
}

/// The small cluster, whose policy lets in `web` by UDP as well.
pub(crate) fn small_rig() -> Rig {
    let mut rig = Rig::build(&small::cluster(), 2).unwrap();
    rig.server.apply_text(&with_udp());
    rig
}

fn with_udp() -> String {
    let udp = small::policy().replace("{port: 7000}", "{port: 7000}, {port: 7005, protocol: UDP}");
    assert_ne!(udp, small::policy());
    udp
}

/// Whoever follows sees what is denied soon.
fn is_told_within_a_second(rig: &Rig, agent: &Agent) {
    let follower = agent.command(&["flows", "--follow"]).stdout(Stdio::piped()).spawn().unwrap();
    let words = |port| format!("jobs/cron -> shop/api UDP/{port} (ingress)  by shop/api");
    let waits = waits(rig, follower, 5, words);
    println!("a denied call is told after {waits:?}");
    assert!(waits[2] < Duration::from_secs(1), "{waits:?}");
}

/// Where somebody else listens to what rules log, what was denied is told as not heard.
fn who_cannot_listen_says_so(rig: &mut Rig) {
    let at = rig.agents.iter().position(|agent| agent.node() == "node-2").unwrap();
    rig.agents[at].kill();
    let node = rig.lab.network_of(Host::Node(at)).unwrap();
    let _other = node.within(LogListener::open).unwrap().unwrap();
    rig.agents[at].start(&["--flows", "denied"]);
    rig.agents[at].ready();
    rig.agents[at].settled();
    let mut follower = rig.agents[at].command(&["flows", "--follow"]).stderr(Stdio::piped()).spawn().unwrap();
    let notices = BufReader::new(follower.stderr.take().unwrap());
    let (seen, said) = mpsc::channel();
    let reader = thread::spawn(move || {
        let missing = notices.lines().map_while(Result::ok).find(|line| line.contains("in no record"));
        missing.into_iter().for_each(|line| seen.send(line).unwrap());
    });
    send(rig, "jobs/cron", small::addresses(rig, "api")[0], 7099, TIMES);
    // Counters are read every ten seconds.
    let said = said.recv_timeout(Duration::from_secs(30)).unwrap();
    println!("while somebody else listens: {said}");
    let words = format!("{TIMES} connections or packets are in no record: not heard of the kernel");
    assert!(said.contains(&words), "{said}");
    follower.kill().unwrap();
    follower.wait().unwrap();
    reader.join().unwrap();
}

/// How long it takes until `follower` says of a denied call that it was, so often, ascending: in `words`, of the port.
pub(crate) fn waits(
    rig: &Rig,
    mut follower: Child,
    often: u16,
    words: impl Fn(u16) -> String,
) -> Vec<Duration> {
    let out = BufReader::new(follower.stdout.take().unwrap());
    let (seen, lines) = mpsc::channel();
    let reader = thread::spawn(move || {
        for line in out.lines().map_while(Result::ok) {
            if seen.send((Instant::now(), line)).is_err() {
                return;
            }
        }
    });
    let api = small::addresses(rig, "api")[0];
    // What is old has been told by then.
    thread::sleep(Duration::from_secs(1));
    let mut waits: Vec<Duration> = (0..often)
        .map(|round| {
            let port = 7100 + round;
            let sent = Instant::now();
            send(rig, "jobs/cron", api, port, 1);
            let words = words(port);
            loop {
                let (at, line) = lines.recv_timeout(Duration::from_secs(10)).unwrap();
                if line.contains(&words) && line.contains("denied") {
                    break at - sent;
                }
            }
        })
        .collect();
    waits.sort();
    follower.kill().unwrap();
    follower.wait().unwrap();
    reader.join().unwrap();
    waits
}
