//! What `sekisho recommend` recommends of what the agents recorded: all that was recorded passes under it, and what was
//! not does not, in the kernel.

use crate::{
    exchange::{Call, Exchange, cluster, outside},
    program::sekisho,
    rig::{Rig, agent::Agent},
    support::{root, until},
};
use jiff::Timestamp;
use sekisho_lab::Options;
use serde_json::Value;
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::PathBuf,
    process::Command,
    time::Instant,
};

const NODES: usize = 3;
const EXAMPLE: &str = "examples/exchange/production";
const SERVICES: [&str; 5] = ["datadog", "ledger", "market-data", "trading", "wallet"];

/// The exchange, where the agents record all that flows.
struct Recorded {
    rig: Rig,
}

/// What a run of `sekisho` said, and whether all was well.
struct Said {
    out: String,
    err: String,
    code: Option<i32>,
}

impl Recorded {
    /// Enforces what it has: ingress by the standard, and open egress but for the ledger's.
    fn start() -> Self {
        let options = Options { nodes: NODES, outside: outside(), ..Options::default() };
        let mut rig = Rig::with_proxies(&cluster(NODES), options).unwrap();
        let folder = root().join(EXAMPLE);
        kubectl(&rig, &["apply", "-R", "-f", folder.to_str().unwrap()]);
        rig.start(&["--flows", "all"]);
        rig.agents.iter().for_each(Agent::settled);
        Self { rig }
    }

    fn exchange(&self) -> Exchange<'_> {
        Exchange(&self.rig)
    }

    /// What the agents recorded so far.
    fn flows(&self) -> String {
        let told = |agent: &Agent| {
            let output = agent.ask(&["flows", "--json"]);
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
            String::from_utf8(output.stdout).unwrap()
        };
        self.rig.agents.iter().map(told).collect()
    }

    /// The records, kept in a file: of so many connections that passed at an end, and so many that were denied.
    fn record(&self, name: &str, sides: usize, denied: usize) -> PathBuf {
        let [sides, denied] = [sides, denied].map(|count| u64::try_from(count).unwrap());
        until("all is recorded", || {
            let flows = self.flows();
            passed(&flows) >= sides && counted(&flows, "denied") >= denied
        });
        let (file, flows) = (self.rig.server.folder().join(name), self.flows());
        assert_eq!(passed(&flows), sides, "each is recorded once at each end");
        fs::write(&file, flows).unwrap();
        file
    }

    /// Asks the program of the cluster.
    fn ask(&self, arguments: &[&str]) -> Said {
        let config = self.rig.server.config();
        let of_cluster = ["--kubeconfig", config.to_str().unwrap(), "--context", "admin"];
        said(&[arguments, &of_cluster].concat())
    }

    /// What is recommended, by the catalog of the example.
    fn recommend(&self, arguments: &[&str]) -> Said {
        let catalog = ["-c", "examples/exchange/sekisho.yaml", "-e", "production"];
        self.ask(&[&["recommend"], arguments, &catalog[..]].concat())
    }

    fn apply(&self, policies: &str) {
        let file = self.rig.server.folder().join("recommended.yaml");
        fs::write(&file, policies).unwrap();
        kubectl(&self.rig, &["apply", "-f", file.to_str().unwrap()]);
    }

    fn snapshot(&self, name: &str) -> String {
        let folder = self.rig.server.folder().join(name).to_str().unwrap().to_owned();
        let taken = self.ask(&["snapshot", &folder]);
        assert_eq!(taken.code, Some(0), "{}", taken.err);
        folder
    }
}

fn said(arguments: &[&str]) -> Said {
    let output = sekisho(arguments);
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Said { out: text(output.stdout), err: text(output.stderr), code: output.status.code() }
}

fn kubectl(rig: &Rig, arguments: &[&str]) {
    let mut command = Command::new(rig.server.kubectl());
    let done = command.arg("--kubeconfig").arg(rig.server.config()).args(arguments).output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
}

fn records(flows: &str) -> impl Iterator<Item = Value> + '_ {
    flows.lines().map(|line| serde_json::from_str(line).unwrap())
}

/// How many connections passed at an end, by what is told of each.
fn passed(flows: &str) -> u64 {
    counted(flows, "allowed")
}

fn counted(flows: &str, outcome: &str) -> u64 {
    records(flows).filter(|flow| flow["outcome"] == outcome).map(|flow| flow["count"].as_u64().unwrap()).sum()
}

/// At how many ends the calls are seen where all pass.
fn sides(calls: &[Call]) -> usize {
    calls.iter().map(|call| usize::from(call.pods.0) + usize::from(call.pods.1)).sum()
}

/// What did not pass, or would not, at the end whose policies decide in `direction`: each kind of connection, and by which
/// policies.
fn refusing(flows: &str, outcome: &str, direction: &str) -> BTreeMap<String, String> {
    let is_it = |flow: &Value| flow["outcome"] == outcome && flow["side"] == direction;
    let named = |flow: Value| {
        let by = flow["leave"][direction]["deniedBy"].as_array().unwrap().iter();
        let by: Vec<&str> = by.map(|policy| policy["name"].as_str().unwrap()).collect();
        let kind =
            format!("{} {} {}", end(&flow["from"]), end(&flow["to"]), flow["carried"].as_str().unwrap());
        (kind, by.join(" "))
    };
    records(flows).filter(is_it).map(named).collect()
}

/// An end as calls name it.
fn end(end: &Value) -> String {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    match end.get("workload") {
        Some(workload) => format!("{}/{}", text(&workload["namespace"]), text(&workload["name"])),
        None => text(&end["external"]["block"]).split('/').next().unwrap().to_owned(),
    }
}

/// Of each kind of these calls, the policies that refuse it by what is recommended for its source.
fn by_source(calls: &[Call], baseline: &str) -> BTreeMap<String, String> {
    let by = |call: &Call| {
        let name = call.ends[0].split('/').nth(1).unwrap();
        (call.kind(), format!("{baseline} {name}-egress"))
    };
    calls.iter().map(by).collect()
}

fn policies(said: &Said) -> usize {
    said.out.lines().filter(|line| *line == "kind: NetworkPolicy").count()
}

/// From open egress to explicit egress: what was recorded passes, and what a thief tries does not.
pub(crate) fn what_is_recommended_is_enough_and_no_more() {
    let begun = Instant::now();
    let recorded = Recorded::start();
    let exchange = recorded.exchange();
    let (day, refused, mut thefts) = (exchange.day(), exchange.refused(), exchange.thefts());
    println!("built after {:?}: {} calls and {} thefts", begun.elapsed(), day.len(), thefts.len());
    exchange.pass("before anything is recommended", &day);
    assert_eq!(exchange.passing(&refused), 0, "ingress refuses it");
    // The node that they leave lets them pass; on one node nobody does.
    let let_out = refused.iter().filter(|call| exchange.leaves_its_node(call)).count();
    assert!(let_out > 0);
    let flows = recorded.record("flows.jsonl", sides(&day) + let_out, refused.len());
    let flows = flows.to_str().unwrap();
    println!(
        "recorded after {:?}: {} records",
        begun.elapsed(),
        fs::read_to_string(flows).unwrap().lines().count()
    );
    exchange.pass("as long as egress is open", &thefts);
    let before = recorded.snapshot("before");
    thefts.extend(refused);

    for service in SERVICES {
        let said = recorded.recommend(&["--egress", "-n", service, "--flows", flows]);
        assert_eq!(said.code, Some(0), "{service}: {}{}", said.out, said.err);
        assert!(said.out.contains("under these policies all of it passes"), "{service}: {}", said.out);
        println!("{service}: {} policies", policies(&said));
        recorded.apply(&said.out);
    }
    until("no theft passes", || exchange.passing(&thefts) == 0);
    exchange.pass("under what is recommended", &day);
    assert_eq!(exchange.passing(&thefts), 0);
    println!("proved after {:?}", begun.elapsed());

    let told = || refusing(&recorded.flows(), "denied", "egress");
    until("each theft is recorded, and who denied it", || told() == by_source(&thefts, "baseline"));
    let after = recorded.snapshot("after");
    let broken = said(&["diff", "--flows", flows, &before, &after]);
    assert_eq!(broken.code, Some(0), "{}{}", broken.out, broken.err);
    let again = recorded.recommend(&["--egress", "--flows", flows]);
    assert_eq!((again.code, policies(&again)), (Some(0), 0), "{}{}", again.out, again.err);
    ingress_too(&recorded, &day, flows);
    println!("done after {:?}", begun.elapsed());
}

/// Who is let in by name of his namespace alone, and never came, is not let in any more.
fn ingress_too(recorded: &Recorded, day: &[Call], flows: &str) {
    let exchange = recorded.exchange();
    let idle = exchange.idle();
    exchange.pass("as long as whole namespaces are let in", &idle);
    let said = recorded.recommend(&["--ingress", "--flows", flows]);
    assert_eq!(said.code, Some(0), "{}{}", said.out, said.err);
    recorded.apply(&said.out);
    until("who never came is not let in", || exchange.passing(&idle) == 0);
    exchange.pass("under what is recommended of ingress", day);
    let by = |call: &Call| (call.kind(), "baseline datadog-agent".to_owned());
    let expected: BTreeMap<String, String> = idle.iter().map(by).collect();
    let denied = || refusing(&recorded.flows(), "denied", "ingress");
    until("it is recorded, and who denied it", || {
        expected.iter().all(|(kind, by)| denied().get(kind) == Some(by))
    });
}

/// Tried first: nothing is denied, what would be is told, and once only what was recorded flows it is safe to enforce.
pub(crate) fn what_is_recommended_is_tried_first() {
    let begun = Instant::now();
    let recorded = Recorded::start();
    let exchange = recorded.exchange();
    let (day, thefts) = (exchange.day(), exchange.thefts());
    exchange.pass("before anything is recommended", &day);
    let flows = recorded.record("flows.jsonl", sides(&day), 0);
    let staged = recorded.recommend(&["--egress", "--staged", "--flows", flows.to_str().unwrap()]);
    assert_eq!(staged.code, Some(0), "{}{}", staged.out, staged.err);
    recorded.apply(&staged.out);
    println!("applied after {:?}", begun.elapsed());
    let expected = by_source(&thefts, "baseline-egress");
    let told = || refusing(&recorded.flows(), "audited", "egress");
    until("what would be denied is told", || {
        exchange.pass("while they are only told", &thefts);
        told() == expected
    });
    println!("audited after {:?}", begun.elapsed());
    let thieves: BTreeSet<&str> = thefts.iter().map(|call| call.ends[0].as_str()).collect();
    recorded.is_told_apart(&thieves);

    let since = Timestamp::now().to_string();
    exchange.pass("while it is tried", &day);
    until("the day is recorded", || passed(&recorded.since(&since)) >= u64::try_from(sides(&day)).unwrap());
    let (code, unsafe_ones) = recorded.status(&["--since", &since]);
    assert_eq!((code, unsafe_ones), (Some(0), BTreeSet::new()), "only what was recorded flows");
    kubectl(&recorded.rig, &["annotate", "networkpolicy", "--all", "--all-namespaces", "sekisho.dev/mode-"]);
    until("no theft passes", || exchange.passing(&thefts) == 0);
    exchange.pass("once it is enforced", &day);
    println!("done after {:?}", begun.elapsed());
}

impl Recorded {
    /// What was recorded since a moment.
    fn since(&self, since: &str) -> String {
        let since: Timestamp = since.parse().unwrap();
        let is_later = |line: &&str| {
            let flow: Value = serde_json::from_str(line).unwrap();
            flow["first"].as_str().unwrap().parse::<Timestamp>().unwrap() >= since
        };
        self.flows().lines().filter(is_later).map(|line| format!("{line}\n")).collect()
    }

    /// Which policies that are only tried may not be enforced, by all that was recorded.
    fn status(&self, more: &[&str]) -> (Option<i32>, BTreeSet<String>) {
        let all = self.rig.server.folder().join("all.jsonl");
        fs::write(&all, self.flows()).unwrap();
        let asked = ["--status", "-o", "json", "--enough", "0", "--flows", all.to_str().unwrap()];
        let said = self.recommend(&[&asked[..], more].concat());
        let told: Value = serde_json::from_str(&said.out).unwrap();
        let policies = told["policies"].as_array().unwrap();
        assert_eq!(policies.len(), 13, "{}", said.out);
        let unsafe_ones = policies.iter().filter(|policy| policy["safe"] == false);
        (said.code, unsafe_ones.map(|policy| policy["name"].as_str().unwrap().to_owned()).collect())
    }

    /// What thieves called speaks against the policies that would deny it, and against no other.
    fn is_told_apart(&self, thieves: &BTreeSet<&str>) {
        let (code, unsafe_ones) = self.status(&[]);
        let namespaces = thieves.iter().map(|thief| thief.split('/').next().unwrap());
        let expected = namespaces.map(|namespace| format!("{namespace}/baseline-egress"));
        let expected = expected.chain(thieves.iter().map(|thief| format!("{thief}-egress")));
        assert_eq!((code, unsafe_ones), (Some(1), expected.collect()));
    }
}
