//! The agent on a cluster of several nodes with the real API server: what passes is what the core says,
//! before, during and after everything that may go wrong.
//!
//! The harness is not the usual one because a user namespace must be entered before any thread starts.
//! Without one, or without Go for the API server, the tests are skipped, loudly.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

mod rig;
mod support;

use libtest_mimic::{Arguments, Trial};
use rig::{Rig, traffic::Traffic};
use sekisho_core::object::Cluster;
use sekisho_k8s::{Options, read_paths, read_text};
use std::{
    process::Command,
    thread,
    time::{Duration, Instant},
};
use support::root;

const TESTS: &[(&str, fn())] = &[
    ("the_example_is_enforced", the_example_is_enforced),
    ("nothing_leaks_while_it_breaks", nothing_leaks_while_it_breaks),
];

fn main() {
    let refused = sekisho_lab::acquire().err();
    let no_go = Command::new("go").arg("version").output().is_err();
    if let Some(error) = &refused {
        eprintln!("SKIPPED: {} tests of the agent: {error}", TESTS.len());
    } else if no_go {
        eprintln!(
            "SKIPPED: {} tests of the agent: go is not installed, so there is no API server",
            TESTS.len()
        );
    }
    let skip = refused.is_some() || no_go;
    let trial = |(name, test): &(&str, fn())| {
        let test = *test;
        Trial::test(*name, move || {
            test();
            Ok(())
        })
        .with_ignored_flag(skip)
    };
    let mut arguments = Arguments::from_args();
    // Each fills the machine.
    arguments.test_threads = Some(1);
    libtest_mimic::run(&arguments, TESTS.iter().map(trial).collect()).exit();
}

fn example() -> Cluster {
    let reading = read_paths(&[root().join("examples/exchange/production")], &Options::default()).unwrap();
    assert!(!reading.has_errors());
    reading.cluster
}

/// In network namespace `path`.
fn nft(path: &std::path::Path, script: &str) {
    let net = format!("--net={}", path.display());
    let status = Command::new("nsenter").arg(net).arg("nft").arg(script).status().unwrap();
    assert!(status.success(), "{script}");
}

fn the_example_is_enforced() {
    let mut rig = Rig::build(&example(), 3).unwrap();
    let folder = root().join("examples/exchange/production");
    let applied = Command::new(rig.server.kubectl())
        .arg("--kubeconfig")
        .arg(rig.server.config())
        .args(["apply", "--server-side", "-R", "-f"])
        .arg(folder)
        .output()
        .unwrap();
    assert!(applied.status.success(), "{}", String::from_utf8_lossy(&applied.stderr));
    rig.start(&[]);
    rig.agrees("from nothing");

    rig.agents.iter_mut().for_each(rig::agent::Agent::kill);
    rig.agrees("with every agent killed");
    rig.start(&[]);
    rig.agrees("after a restart");

    let names: Vec<String> = rig.lab.current_plan().nodes.iter().map(|node| node.name.to_string()).collect();
    for node in &names {
        nft(&rig.namespace(node), "delete table inet sekisho");
    }
    thread::sleep(Duration::from_secs(1));
    rig.agrees("a second after somebody deleted the table");

    rig.server.order("stop");
    rig.agrees("without an API server");
    rig.server.order("start");
    rig.server.order("compact");
    rig.agrees("with an API server that has forgotten its history");
}

/// A cluster of two nodes in which `web` may call `api` on one port and nothing else may.
const SMALL: &str = "
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop, labels: {app: web}}
spec: {nodeName: node-1, containers: [{name: main, image: none}]}
---
apiVersion: v1
kind: Pod
metadata: {name: api, namespace: shop, labels: {app: api}}
spec: {nodeName: node-2, containers: [{name: main, image: none}]}
---
apiVersion: v1
kind: Pod
metadata: {name: cron, namespace: jobs, labels: {app: cron}}
spec: {nodeName: node-2, containers: [{name: main, image: none}]}
---
apiVersion: v1
kind: Node
metadata: {name: node-1}
---
apiVersion: v1
kind: Node
metadata: {name: node-2}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: api, namespace: shop}
spec:
  podSelector: {matchLabels: {app: api}}
  policyTypes: [Ingress]
  ingress:
  - from: [{podSelector: {matchLabels: {app: web}}}]
    ports: [{port: 7000}]
";

fn policy() -> &'static str {
    SMALL.rsplit("---\n").next().unwrap()
}

fn small() -> Cluster {
    let reading = read_text("small", SMALL.as_bytes(), &Options::default());
    assert!(!reading.has_errors(), "{:?}", reading.diagnostics);
    reading.cluster
}

fn nothing_leaks_while_it_breaks() {
    let mut rig = Rig::build(&small(), 2).unwrap();
    rig.server.apply_text(policy());
    rig.start(&[]);
    rig.agrees("from nothing");
    let mut traffic = Traffic::new();
    let addresses: Vec<_> = {
        let pods = &rig.lab.current_plan().cluster.pods;
        pods.values().find(|pod| &*pod.key.name == "api").unwrap().addresses.iter().copied().collect()
    };
    for address in &addresses {
        let api = ("shop/api", *address);
        traffic.allow(&rig.lab, "shop/web", api, 7000);
        traffic.forbid(&rig.lab, "shop/web", api, 7001);
        traffic.forbid(&rig.lab, "jobs/cron", api, 7002);
    }
    killed_at_random(&mut rig);
    traffic.so_far().hold(&format!("agents killed\n{}", rig.logs()));
    pods_come_and_go(&mut rig);
    traffic.stop().hold(&format!("pods come and go\n{}", rig.logs()));
    rig.agrees("after all of it");
}

/// Agents are killed in whatever they are doing, and start again.
fn killed_at_random(rig: &mut Rig) {
    let kills: u32 = std::env::var("SEKISHO_KILLS").ok().and_then(|text| text.parse().ok()).unwrap_or(40);
    let begun = Instant::now();
    for kill in 0..kills {
        let at = usize::try_from(kill).unwrap() % rig.agents.len();
        let agent = &mut rig.agents[at];
        agent.kill();
        agent.start(&[]);
        // Spread over the whole of a start, which takes some 100 ms.
        thread::sleep(Duration::from_millis(u64::from(kill * 37 % 151)));
    }
    rig.ready();
    println!("{kills} kills in {:.1} s", begun.elapsed().as_secs_f64());
}

/// Other pods and policies come and go, in bursts, and the API server with them.
fn pods_come_and_go(rig: &mut Rig) {
    let pods: String = (0..200)
        .map(|n| {
            format!(
                "---\napiVersion: v1\nkind: Pod\nmetadata: {{name: other-{n}, namespace: shop, labels: {{app: other, n: \"{n}\"}}}}\n\
                 spec: {{nodeName: node-9, containers: [{{name: main, image: none}}]}}\n\
                 status: {{phase: Running, podIP: 10.99.{}.{}, podIPs: [{{ip: 10.99.{}.{}}}]}}\n",
                n / 200, n % 200 + 2, n / 200, n % 200 + 2
            )
        })
        .collect();
    rig.server.apply_text(&pods);
    rig.server.order("stop");
    thread::sleep(Duration::from_secs(2));
    rig.server.order("start");
    rig.server.delete_text(&pods);
    rig.server.order("compact");
    rig.server.apply_text(&pods);
    rig.server.delete_text(&pods);
}
