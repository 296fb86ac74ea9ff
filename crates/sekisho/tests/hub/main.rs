//! `sekisho serve hub` at a real API server (`tests/apiserver`), with stand-ins for agents, asked by `sekisho observe`.
//!
//! A machine without Go goes without these tests, and says so.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test says what must hold")]

mod agent;
mod alerts;
mod certificates;
mod chart;
#[path = "../../../history/tests/others/engine.rs"]
mod engine;
mod follows;
mod forwarder;
#[path = "../../../agent/tests/support/helm.rs"]
mod helm;
mod policies;
mod process;
#[path = "../ran/mod.rs"]
mod ran;
mod secured;
#[path = "../served/mod.rs"]
mod served;
#[path = "../../../agent/tests/support/apiserver.rs"]
#[allow(dead_code, reason = "tests of the agent use the rest")]
mod server;
#[path = "../support/mod.rs"]
#[allow(dead_code, reason = "other tests use the rest")]
mod support;
#[path = "../../../history/tests/others/taker.rs"]
mod taker;

use agent::Agent;
use engine::Engine;
use process::{Asker, Hub, until};
use secured::Secured;
use server::Server;
use std::{
    collections::BTreeMap,
    fs,
    io::{BufRead, BufReader},
    net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener},
    process::{Command, Stdio},
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};
use taker::takes_everything;

const READS: &str = "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: reads-flows}\n\
    rules: [{nonResourceURLs: [/v1/flows], verbs: [get]}]\n---\n\
    apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRoleBinding\nmetadata: {name: reads-flows}\n\
    roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: reads-flows}\n\
    subjects: [{apiGroup: rbac.authorization.k8s.io, kind: User, name: reader}]\n";

fn address(at: usize) -> IpAddr {
    Ipv4Addr::new(127, 0, 0, u8::try_from(at).unwrap() + 11).into()
}

/// The pod of an agent, as a kubelet tells it.
fn pod(name: &str, node: &str, address: IpAddr) -> String {
    format!(
        "apiVersion: v1\nkind: Pod\n\
         metadata: {{name: {name}, namespace: kube-system, labels: {{app.kubernetes.io/name: sekisho-agent}}}}\n\
         spec: {{hostNetwork: true, nodeName: {node}, containers: [{{name: agent, image: none}}]}}\n\
         status: {{phase: Running, podIP: {address}, podIPs: [{{ip: {address}}}]}}\n"
    )
}

/// A cluster with agents on two nodes, which are not started yet, and the port of all of them.
fn cluster() -> Option<(Server, Vec<Agent>, u16)> {
    let mut server = Server::start(&[])?;
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let pods = (0..2).map(|at| pod(&format!("agent-{at}"), &format!("node-{at}"), address(at)));
    server.apply_text(&pods.collect::<Vec<_>>().join("---\n"));
    let agent = |at| Agent::new(&format!("node-{at}"), SocketAddr::new(address(at), port));
    Some((server, (0..2).map(agent).collect(), port))
}

fn started(server: &Server, hub: &Hub, agents: &mut [Agent]) {
    hub.wait_for("a certificate was made for others");
    let credentials = server.secret("agent");
    agents.iter_mut().for_each(|agent| agent.start(&credentials));
    until("agents are heard", || hub.metric("sekisho_hub_agents_connected") == 2.0);
}

#[test]
fn the_hub() {
    let Some((mut server, mut agents, port)) = cluster() else { return };
    let folder = server.folder().to_owned();
    let mut hub = Hub::start(&server, &[], &folder, port);
    started(&server, &hub, &mut agents);
    only_who_may_is_told(&mut server, &hub, &agents);
    let reader = Asker::new(&server, "reader-token");
    a_denied_call_is_shown_within_a_second(&hub, &agents[0], &reader);
    until("what was called is kept", || total(&reader.counts(&hub)) == 6);
    killed_in_the_middle(&server, &mut hub, &agents, &reader, port);
    a_slow_reader_holds_nothing_up(&hub, &agents[0], &reader);
    what_is_lost_is_said(&hub, &mut agents, &reader, &server);
    clocks_are_compared(&hub, &agents[0]);
    agents_come_and_go(&mut server, &hub);
    assert!(hub.asks("/readyz").contains("200 OK"));
    assert_eq!(Asker::new(&server, "nobodys").observes(&hub, &[]).code, Some(2));
    chart::every_metric_is_in_the_documentation(&hub);
    assert!(!hub.logged().contains("policies are known"), "nobody is told, so nothing is watched");
}

/// What is newly denied is told once; and a hub whose history is in a ClickHouse answers as one with a file.
#[test]
fn others_are_told_and_a_clickhouse_keeps() {
    let Some((mut server, mut agents, port)) = cluster() else { return };
    server.apply_text(READS);
    let folder = server.folder().to_owned();
    let ((logs, logged), (hook, hooked)) = (takes_everything(), takes_everything());
    let others = ["--otlp", &logs, "--cluster-name", "test", "--alert-webhook", &hook];
    let clickhouse = Engine::start(&folder.join("clickhouse"));
    let secured = clickhouse.as_ref().map(|clickhouse| Secured::before(&clickhouse.url));
    let (file, authority) = (folder.join("flows.db"), folder.join("clickhouse-ca.crt"));
    let place = match &secured {
        Some(Secured { url, authority: text, .. }) => {
            fs::write(&authority, text).unwrap();
            vec!["--clickhouse", url, "--clickhouse-ca", authority.to_str().unwrap()]
        }
        None => vec!["--history", file.to_str().unwrap()],
    };
    // As in an image that has nothing but the program.
    let trusts_nobody = ["env", "SSL_CERT_FILE=/nonexistent", "SSL_CERT_DIR=/nonexistent"];
    let mut hub = Hub::start_with(&server, &trusts_nobody, port, &[&place[..], &others[..]].concat());
    started(&server, &hub, &mut agents);
    let reader = Asker::new(&server, "reader-token");
    agents[0].called(7000, 2);
    agents[1].called(7001, 1);
    let mut told = Vec::new();
    while told.len() < 2 {
        let body = hooked.recv_timeout(Duration::from_secs(30)).unwrap();
        let alerts = body["alerts"].as_array().unwrap().clone();
        told.extend(alerts.iter().map(|alert| format!("{} {}", alert["name"], alert["labels"]["port"])));
    }
    told.sort();
    assert_eq!(told, ["\"SekishoNewDenial\" \"TCP/7000\"", "\"SekishoNewDenial\" \"TCP/7001\""]);
    until("what was called is kept", || total(&reader.counts(&hub)) == 3);
    let log = logged.recv_timeout(Duration::from_secs(30)).unwrap();
    assert!(log.to_string().contains("\"k8s.cluster.name\""), "{log}");

    // Another hub knows what was denied, and takes nothing twice.
    hub.kill();
    let hub = Hub::start_with(&server, &[], port, &[&place[..], &others[..]].concat());
    until("agents are heard", || hub.metric("sekisho_hub_agents_connected") == 2.0);
    agents[0].called(7000, 1);
    agents[0].called(7002, 1);
    let body = hooked.recv_timeout(Duration::from_secs(30)).unwrap();
    assert_eq!(body["alerts"][0]["labels"]["port"], "TCP/7002", "{body}");
    until("what was called is kept", || total(&reader.counts(&hub)) == 5);
}

fn total(counts: &BTreeMap<String, u64>) -> u64 {
    counts.values().sum()
}

fn only_who_may_is_told(server: &mut Server, hub: &Hub, agents: &[Agent]) {
    agents[0].called(80, 1);
    let said = |token: &str| {
        let run = Asker::new(server, token).observes(hub, &[]);
        assert_eq!(run.code, Some(2), "{}", run.out);
        run.err
    };
    assert!(
        said("nobodys").contains("the API server does not know the token (401 Unauthorized)"),
        "{}",
        said("nobodys")
    );
    assert!(said("tenant-token").contains("`tenant` may not `get` `/v1/flows`"));
    assert!(said("").contains("show a token of the cluster"));
    let reader = Asker::new(server, "reader-token");
    assert!(reader.observes(hub, &[]).err.contains("(403 Forbidden)"));
    server.apply_text(READS);
    until("whoever may is told", || reader.observes(hub, &[]).code == Some(0));
    let stranger = Asker { authorities: server.folder().join("stranger.crt"), ..reader };
    let of_server = fs::read(server.folder().join("config")).unwrap();
    let config: serde_json::Value = serde_saphyr::from_slice(&of_server).unwrap();
    let authority = config["clusters"][0]["cluster"]["certificate-authority-data"].as_str().unwrap();
    fs::write(&stranger.authorities, process::base64(authority)).unwrap();
    let run = stranger.observes(hub, &[]);
    assert!(run.code == Some(2) && run.err.contains("whoever answers is not known"), "{}", run.err);
}

fn a_denied_call_is_shown_within_a_second(hub: &Hub, agent: &Agent, reader: &Asker) {
    let mut command = reader.command(hub, &["--follow", "--outcome", "denied", "--to", "shop/*"]);
    let mut follower = command.stdout(Stdio::piped()).spawn().unwrap();
    let out = BufReader::new(follower.stdout.take().unwrap());
    let (seen, lines) = mpsc::channel();
    let reading = thread::spawn(move || {
        for line in out.lines().map_while(Result::ok) {
            let _ = seen.send((Instant::now(), line));
        }
    });
    until("somebody follows", || hub.metric("sekisho_hub_followers") == 1.0);
    let mut waits = Vec::new();
    for port in 7000..7005 {
        let sent = Instant::now();
        agent.called(port, 1);
        let (at, line) = lines.recv_timeout(Duration::from_secs(10)).unwrap();
        let words = format!("denied   jobs/cron -> shop/api TCP/{port}  ingress: shop/api");
        assert!(line.contains(&words), "{line}");
        waits.push(at - sent);
    }
    waits.sort();
    println!("what an agent tells is shown after {waits:?}");
    assert!(waits[2] < Duration::from_secs(1), "{waits:?}");
    follower.kill().unwrap();
    follower.wait().unwrap();
    reading.join().unwrap();
}

/// Whenever the hub is killed, each call is taken once.
fn killed_in_the_middle(server: &Server, hub: &mut Hub, agents: &[Agent], reader: &Asker, port: u16) {
    let before = total(&reader.counts(hub));
    let mut sent = 0;
    for round in 0..4_u64 {
        for call in 0..400 {
            agents[usize::try_from(call % 2).unwrap()]
                .called(8000 + u16::try_from(call % 7).unwrap(), 1 + call % 3);
            sent += 1 + call % 3;
            if call == 100 * round {
                // In the middle of writing.
                thread::sleep(Duration::from_millis(5 * round));
                hub.kill();
            }
        }
        *hub = Hub::start(server, &[], server.folder(), port);
    }
    until("all is taken", || total(&reader.counts(hub)) >= before + sent);
    thread::sleep(Duration::from_millis(500));
    assert_eq!(total(&reader.counts(hub)), before + sent, "nothing twice");
    assert!(!reader.observes(hub, &[]).err.contains("in no record"));
}

/// Whoever follows and does not read is told how much he missed; what is kept is whole.
fn a_slow_reader_holds_nothing_up(hub: &Hub, agent: &Agent, reader: &Asker) {
    let before = total(&reader.counts(hub));
    let mut command = reader.command(hub, &["--follow", "-o", "jsonl"]);
    let mut follower = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    until("somebody follows", || hub.metric("sekisho_hub_followers") == 1.0);
    let batches = 2_000;
    for _ in 0..batches {
        agent.called_many(100..120);
    }
    until("all is kept", || total(&reader.counts(hub)) == before + 20 * batches);
    // By now nobody has read a line. Now somebody does.
    let out = BufReader::new(follower.stdout.take().unwrap());
    let err = BufReader::new(follower.stderr.take().unwrap());
    let (said, says) = mpsc::channel();
    let reading = thread::spawn(move || out.lines().map_while(Result::ok).count());
    let listening =
        thread::spawn(move || err.lines().map_while(Result::ok).for_each(|line| drop(said.send(line))));
    let line = says.recv_timeout(Duration::from_secs(30)).unwrap();
    assert!(line.contains("batches of agents are missing: they came faster than they were read"), "{line}");
    follower.kill().unwrap();
    follower.wait().unwrap();
    let read = reading.join().unwrap();
    assert!(read > 0 && read < usize::try_from(20 * batches).unwrap(), "{read}");
    listening.join().unwrap();
    until("nobody follows", || hub.metric("sekisho_hub_followers") == 0.0);
}

fn what_is_lost_is_said(hub: &Hub, agents: &mut [Agent], reader: &Asker, server: &Server) {
    let before = total(&reader.counts(hub));
    agents[0].lost(7);
    agents[0].forgot(3);
    agents[0].called(9000, 2);
    until("it is taken", || total(&reader.counts(hub)) == before + 2);
    let said = reader.observes(hub, &[]).err;
    assert!(said.contains("10 connections of that time are in no record"), "{said}");
    // What the run that ends has not told is lost, and nobody knows how much it was.
    agents[1].kill();
    agents[1].start(&server.secret("agent"));
    agents[1].called(9001, 4);
    until("the next run is heard", || total(&reader.counts(hub)) == before + 6);
    let said = reader.observes(hub, &[]).err;
    assert!(
        said.contains("10 connections of that time are in no record, and 1 times nobody counted"),
        "{said}"
    );
    hub.wait_for("an agent ended");
}

fn clocks_are_compared(hub: &Hub, agent: &Agent) {
    agent.skew(5);
    let line = hub.wait_for("the clock of a node differs from the hub's");
    assert!(line.contains("node-0"), "{line}");
    let ahead = hub.metric("sekisho_hub_clock_skew_seconds{node=\"node-0\"}");
    assert!((4.0..6.0).contains(&ahead), "{ahead}");
    agent.skew(0);
}

fn agents_come_and_go(server: &mut Server, hub: &Hub) {
    server.delete_text(&pod("agent-1", "node-1", address(1)));
    until("one agent is left", || hub.metric("sekisho_hub_agents_connected") == 1.0);
    assert_eq!(hub.metric("sekisho_hub_agents"), 1.0);
    server.apply_text(&pod("agent-1b", "node-1", address(1)));
    until("another is heard", || hub.metric("sekisho_hub_agents_connected") == 2.0);
    // One that speaks for another node is not believed.
    server.apply_text(&pod("liar", "node-9", address(1)));
    hub.wait_for("the pod on `node-9` speaks for `node-1`");
    server.delete_text(&pod("liar", "node-9", address(1)));
}

/// A disk that is full makes nothing lost, and nothing twice.
#[test]
fn a_full_disk() {
    let Some((mut server, mut agents, port)) = cluster() else { return };
    server.apply_text(READS);
    let folder = server.folder().join("small");
    fs::create_dir(&folder).unwrap();
    let mounts = format!(
        "mount -t tmpfs -o size=24m none {0} && head -c 23000000 /dev/zero > {0}/ballast && exec \"$0\" \"$@\"",
        folder.display()
    );
    let before = ["unshare", "--mount", "--map-root-user", "sh", "-c", &mounts];
    if !Command::new("unshare")
        .args(["--mount", "--map-root-user", "true"])
        .status()
        .is_ok_and(|it| it.success())
    {
        server::skipped("mounts of its own are not to be had, so no disk is full");
        return;
    }
    let hub = Hub::start(&server, &before, &folder, port);
    started(&server, &hub, &mut agents);
    let reader = Asker::new(&server, "reader-token");
    let mut sent = 0;
    let mut port = 1000;
    until("the disk is full", || {
        for _ in 0..50 {
            port += 1;
            agents[usize::from(port % 2)].called(port, 2);
            sent += 2;
        }
        hub.metric("sekisho_hub_history_failures_total") > 0.0
    });
    assert_eq!(hub.metric("sekisho_hub_history_writable"), 0.0);
    hub.wait_for("the history cannot be written");
    agents[0].called(999, 5);
    fs::remove_file(format!("/proc/{}/root{}/ballast", hub.pid(), folder.display())).unwrap();
    until("all is taken", || total(&reader.counts(&hub)) >= sent + 5);
    thread::sleep(Duration::from_millis(500));
    assert_eq!(total(&reader.counts(&hub)), sent + 5, "nothing twice");
    assert!(!reader.observes(&hub, &[]).err.contains("in no record"));
    hub.wait_for("the history is written again");
    println!("the disk was full after {sent} connections, and all were taken");
}
