//! What flowed, as the hub has it: real agents on the lab's nodes, the real API server, and the program that serves the hub
//! and asks it.

use crate::{
    flows::{send, small_rig, waits},
    rig::{Rig, agent::Agent},
    small,
    support::{apiserver::skipped, until},
};
use serde_json::Value;
use std::{
    env, fs,
    net::{IpAddr, TcpListener, UdpSocket},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

/// How many kinds of connection are opened while the hub is away: with as many a minute, ten minutes fit.
const KINDS: u16 = 500;
const TOKEN: &str = "reader-token";
const READS: &str = "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: reads-flows}\n\
    rules: [{nonResourceURLs: [/v1/flows], verbs: [get]}]\n---\n\
    apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRoleBinding\nmetadata: {name: reads-flows}\n\
    roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: reads-flows}\n\
    subjects: [{apiGroup: rbac.authorization.k8s.io, kind: User, name: reader}]\n";

/// The program that serves and asks; `None`, said aloud, where it is not built: it is of another package.
fn program() -> Option<PathBuf> {
    let program = Path::new(env!("CARGO_BIN_EXE_sekisho-agent")).with_file_name("sekisho");
    if !program.exists() {
        skipped("`cargo build -p sekisho` was not run, so nothing is asked of a hub");
        return None;
    }
    Some(program)
}

/// A hub at the API server of a rig.
struct Hub {
    program: PathBuf,
    folder: PathBuf,
    config: PathBuf,
    child: Child,
    at: String,
}

impl Hub {
    fn start(program: &Path, rig: &Rig, agents: u16) -> Self {
        let (folder, config) = (rig.server.folder().to_owned(), rig.server.config());
        let (child, at) = serve(program, &folder, &config, agents);
        Self { program: program.to_owned(), folder, config, child, at }
    }

    /// Kills it, as the kernel does that is out of memory.
    fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    fn start_again(&mut self, agents: u16) {
        (self.child, self.at) = serve(&self.program, &self.folder, &self.config, agents);
    }

    fn ask(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        command.args(["observe", "--hub", &format!("https://{}", self.at), "--hub-ca"]);
        command.arg(self.folder.join("ca.crt")).arg("--hub-token-file").arg(self.folder.join("token"));
        command.args(arguments).env_remove("KUBECONFIG").stdin(Stdio::null());
        command
    }

    /// How many connections it has whose source's side let them pass.
    fn opened(&self) -> u64 {
        let output = self.ask(&["-o", "jsonl", "--outcome", "allowed"]).output().unwrap().stdout;
        let record = |line: &str| serde_json::from_str::<Value>(line).unwrap();
        let records = String::from_utf8(output).unwrap();
        let records = records.lines().map(record).filter(|record| record["side"] == "egress");
        records.map(|record| record["count"].as_u64().unwrap()).sum()
    }

    /// How many connections to a port it has, as both sides saw them, and what it says besides.
    fn has(&self, port: &str) -> (u64, String) {
        let output = self.ask(&["-o", "jsonl", "--port", port]).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        let count = |line: &str| serde_json::from_str::<Value>(line).unwrap()["count"].as_u64().unwrap();
        (String::from_utf8(output.stdout).unwrap().lines().map(count).sum(), said)
    }
}

impl Drop for Hub {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Starts one, and tells where it answers.
fn serve(program: &Path, folder: &Path, config: &Path, agents: u16) -> (Child, String) {
    let log = folder.join("hub.log");
    let child = Command::new(program)
        .args(["serve", "hub", "--listen", "127.0.0.1:0", "--plain", "127.0.0.1:0"])
        .args(["--secret", "default/hub", "--agent-secret", "default/agent"])
        .args(["--agents-port", &agents.to_string(), "--kubeconfig"])
        .arg(config)
        .arg("--history")
        .arg(folder.join("flows.db"))
        .stderr(fs::File::create(&log).unwrap())
        .stdin(Stdio::null())
        .spawn()
        .unwrap();
    let mut at = String::new();
    until("the hub listens", || {
        let log = fs::read_to_string(&log).unwrap();
        let line = log.lines().find(|line| line.contains("\"listening\""));
        let line = line.and_then(|line| serde_json::from_str::<Value>(line).ok());
        at = line.map(|line| line["secured"].as_str().unwrap().to_owned()).unwrap_or_default();
        !at.is_empty()
    });
    (child, at)
}

/// An entry of a Secret; empty where there is none.
fn entry(rig: &Rig, secret: &str, entry: &str) -> String {
    let template = format!("{{{{index .data \"{entry}\" | base64decode}}}}");
    let mut command = Command::new(rig.server.kubectl());
    command.arg("--kubeconfig").arg(rig.server.config());
    command.args(["get", "secret", secret, "-o", &format!("go-template={template}")]);
    let output = command.output().unwrap();
    if output.status.success() { String::from_utf8(output.stdout).unwrap() } else { String::new() }
}

fn options(rig: &Rig, at: usize, port: u16) -> Vec<String> {
    let file = |name: &str| rig.server.folder().join(name).display().to_string();
    let mut options = vec!["--flows".to_owned(), "all".to_owned()];
    let serves = [
        ("--serve-flows", format!("127.0.0.{}:{port}", 21 + at)),
        ("--flows-tls-cert", file("agent.crt")),
        ("--flows-tls-key", file("agent.key")),
        ("--flows-tls-ca", file("ca.crt")),
    ];
    options.extend(serves.into_iter().flat_map(|(name, value)| [name.to_owned(), value]));
    options
}

/// The agents, which serve what they record, with their pods told to the API server.
fn start_agents(rig: &mut Rig, port: u16) {
    for at in 0..rig.agents.len() {
        let options = options(rig, at, port);
        rig.agents[at].start(&options.iter().map(String::as_str).collect::<Vec<_>>());
        let (node, address) = (rig.agents[at].node().to_owned(), format!("127.0.0.{}", 21 + at));
        rig.server.apply_text(&format!(
            "apiVersion: v1\nkind: Pod\n\
             metadata: {{name: agent-{at}, namespace: kube-system, labels: {{app.kubernetes.io/name: sekisho-agent}}}}\n\
             spec: {{hostNetwork: true, nodeName: {node}, containers: [{{name: agent, image: none}}]}}\n\
             status: {{phase: Running, podIP: {address}, podIPs: [{{ip: {address}}}]}}\n"
        ));
    }
    rig.ready();
    rig.agents.iter().for_each(Agent::settled);
}

/// What flows on every node is told by one hub: each once, whoever ends when; who was denied is told within a second.
pub(crate) fn a_hub_knows_what_flows() {
    let Some(program) = program() else { return };
    let mut rig = small_rig();
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    start_agents(&mut rig, port);
    rig.server.apply_text(READS);
    let mut hub = Hub::start(&program, &rig, port);
    until("the hub has made certificates", || !entry(&rig, "agent", "ca.crt").is_empty());
    for (file, of) in [("agent.crt", "tls.crt"), ("agent.key", "tls.key"), ("ca.crt", "ca.crt")] {
        fs::write(hub.folder.join(file), entry(&rig, "agent", of)).unwrap();
    }
    fs::write(hub.folder.join("token"), TOKEN).unwrap();
    is_shown_within_a_second(&rig, &hub);
    calls(&rig, 20);
    // All that was sent is recorded by then.
    thread::sleep(Duration::from_secs(2));
    until("what flowed is kept", || hub.has("UDP/7005").0 == recorded(&rig));
    nothing_is_lost_while_it_is_away(&rig, &mut hub, port);
    // It is killed while it writes.
    for _ in 0..3 {
        calls(&rig, 30);
        hub.kill();
        hub.start_again(port);
    }
    until("all of it is kept", || hub.has("UDP/7005").0 >= recorded(&rig));
    thread::sleep(Duration::from_secs(1));
    let (has, said) = hub.has("UDP/7005");
    assert_eq!(has, recorded(&rig), "nothing is told twice");
    assert!(!said.contains("in no record"), "{said}");
    what_is_not_logged_is_counted(&rig, &hub);
    // An agent that is killed may have had something to tell.
    rig.agents[0].kill();
    let again = options(&rig, 0, port);
    rig.agents[0].start(&again.iter().map(String::as_str).collect::<Vec<_>>());
    rig.ready();
    calls(&rig, 5);
    until("that is said", || hub.has("UDP/7005").1.contains("1 times nobody counted"));
    until("what flows then is kept", || hub.has("UDP/7005").0 > has);
}

/// A rule logs some of what it denies and counts all: what is not logged is told as missing.
fn what_is_not_logged_is_counted(rig: &Rig, hub: &Hub) {
    const TIMES: u64 = 300;
    let api = small::addresses(rig, "api")[0];
    send(rig, "jobs/cron", api, 7098, TIMES);
    let (mut has, mut missing) = (0, 0);
    until("all that was denied is told or counted", || {
        let (count, said) = hub.has("UDP/7098");
        let number = said.split(" connection").next().and_then(|before| before.split_whitespace().last());
        (has, missing) = (count, number.and_then(|number| number.parse().ok()).unwrap_or(0));
        has + missing >= TIMES
    });
    println!("of {TIMES} packets that were denied {has} are in records, {missing} are said to be missing");
    assert!(has + missing == TIMES && missing > 0, "{has} and {missing}");
}

/// The hub is away while connections of many kinds are opened: for a moment, or `SEKISHO_HUB_AWAY` seconds. Each is told
/// once, or told as lost.
fn nothing_is_lost_while_it_is_away(rig: &Rig, hub: &mut Hub, port: u16) {
    let seconds = env::var("SEKISHO_HUB_AWAY").map_or(3, |seconds| seconds.parse().unwrap());
    let before = hub.opened();
    hub.kill();
    let sent = call_on(rig, Duration::from_secs(seconds));
    hub.start_again(port);
    let begun = Instant::now();
    until("what flowed meanwhile is kept", || hub.opened() >= before + sent);
    println!(
        "the hub was away for {seconds} s: {sent} connections of {KINDS} kinds; it has them {:?} after it came back",
        begun.elapsed()
    );
    thread::sleep(Duration::from_secs(2));
    assert_eq!(hub.opened(), before + sent, "nothing is told twice");
    let (_, said) = hub.has("UDP/7005");
    assert!(!said.contains("in no record"), "{said}");
}

/// Opens connections for a time, and tells how many: each from a port that none had of late.
fn call_on(rig: &Rig, time: Duration) -> u64 {
    /// The first port of those who call, how many there are, and of those who are called.
    const FROM: u16 = 12_000;
    const PORTS: u16 = 40_000;
    const TO: u16 = 7200;
    // No policy selects it.
    let cron = small::addresses(rig, "cron").into_iter().find(IpAddr::is_ipv4).unwrap();
    let begun = Instant::now();
    let calls = || {
        let mut sent = 0;
        while begun.elapsed() < time {
            let at = u16::try_from(sent % u64::from(PORTS)).unwrap();
            let client = UdpSocket::bind(("0.0.0.0", FROM + at)).unwrap();
            client.send_to(b"word", (cron, TO + at % KINDS)).unwrap();
            sent += 1;
            thread::sleep(Duration::from_millis(5));
        }
        sent
    };
    rig.lab.within("shop/web", calls).unwrap()
}

/// Datagrams that the policy lets pass.
fn calls(rig: &Rig, times: u64) {
    for api in small::addresses(rig, "api") {
        let _server = rig.lab.within("shop/api", || UdpSocket::bind((api, 7005)).unwrap()).unwrap();
        send(rig, "shop/web", api, 7005, times);
    }
}

/// How many of them the agents recorded, each side for itself: a client may be given a port that another had.
fn recorded(rig: &Rig) -> u64 {
    let of = |agent: &Agent| {
        let output = agent.ask(&["flows", "--json"]).stdout;
        let flow = |line: &str| serde_json::from_str::<Value>(line).unwrap();
        let flows = String::from_utf8(output).unwrap();
        let flows = flows.lines().map(flow).filter(|flow| flow["carried"] == "UDP/7005");
        flows.map(|flow| flow["count"].as_u64().unwrap()).sum::<u64>()
    };
    rig.agents.iter().map(of).sum()
}

fn is_shown_within_a_second(rig: &Rig, hub: &Hub) {
    let api = small::addresses(rig, "api")[0];
    until("agents are heard", || {
        send(rig, "jobs/cron", api, 7099, 1);
        thread::sleep(Duration::from_millis(500));
        hub.has("UDP/7099").0 > 0
    });
    let follower = hub.ask(&["--follow", "--outcome", "denied"]).stdout(Stdio::piped()).spawn().unwrap();
    let waits =
        waits(rig, follower, 9, |port| format!("jobs/cron -> shop/api UDP/{port}  ingress: shop/api"));
    println!("a denied call is on the screen after {waits:?}");
    assert!(waits[4] < Duration::from_secs(1), "{waits:?}");
}
