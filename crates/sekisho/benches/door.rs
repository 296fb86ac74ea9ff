//! What an answer at the door costs, on the real API server: run by `make bench`.
//!
//! Each question is asked by itself, on a connection of its own. One that is about nothing stands beside it, for what TLS and HTTP
//! take is in every figure.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a benchmark"
)]

#[path = "../tests/door/cluster.rs"]
#[allow(dead_code, reason = "tests use the rest")]
mod cluster;
#[path = "../tests/door/process.rs"]
#[allow(dead_code, reason = "tests use the rest")]
mod process;
#[path = "../tests/ran/mod.rs"]
mod ran;
#[path = "../tests/served/mod.rs"]
#[allow(dead_code, reason = "tests of the hub use the rest")]
mod served;
#[path = "../../agent/tests/support/apiserver.rs"]
#[allow(dead_code, reason = "tests use the rest")]
mod server;
#[path = "../tests/support/mod.rs"]
#[allow(dead_code, reason = "tests use the rest")]
mod support;

use process::Door;
use serde_json::{Value, json};
use server::Server;
use std::{
    fs,
    ops::Range,
    time::{Duration, Instant},
};

/// How many applications a namespace has, each of three pods, with a policy and a Service.
const APPS: usize = 20;
/// Clusters, by how many namespaces they have.
const SIZES: [usize; 2] = [50, 500];
/// How many questions are asked.
const ROUNDS: usize = 200;

fn main() {
    if std::env::args().any(|argument| argument == "--list") {
        return;
    }
    let most: usize =
        std::env::var("SEKISHO_NAMESPACES").ok().and_then(|text| text.parse().ok()).unwrap_or(usize::MAX);
    for namespaces in SIZES.into_iter().filter(|size| *size <= most) {
        let Some(mut server) = Server::start(&[]) else { return };
        println!("{} policies, {} pods", namespaces * APPS, namespaces * APPS * 3);
        let begun = Instant::now();
        for from in (0..namespaces).step_by(100) {
            server.apply_text(&objects(from..namespaces.min(from + 100)));
        }
        println!("  written to the API server in {:.1} s", begun.elapsed().as_secs_f64());
        let promises = server.folder().join("promises.yaml");
        fs::write(&promises, PROMISES).unwrap();
        measure(&server, namespaces, "", &[]);
        measure(&server, namespaces, ", with promises", &["--promises", promises.to_str().unwrap()]);
        server.apply_text(TIER);
        let taken = (0..50).any(|_| {
            std::thread::sleep(Duration::from_millis(200));
            server.create(REFUSING, &[]).code == Some(0)
        });
        assert!(taken, "the API server does not serve ClusterNetworkPolicy");
        measure(&server, namespaces, ", with a cluster-wide policy", &[]);
    }
}

/// It refuses some, of everybody.
const TIER: &str = "\
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: clusternetworkpolicies.policy.networking.k8s.io, annotations: {api-approved.kubernetes.io: unapproved}}
spec:
  group: policy.networking.k8s.io
  names: {kind: ClusterNetworkPolicy, plural: clusternetworkpolicies, singular: clusternetworkpolicy}
  scope: Cluster
  versions: [{name: v1alpha2, served: true, storage: true,
    schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}}]
";
const REFUSING: &str = "\
apiVersion: policy.networking.k8s.io/v1alpha2
kind: ClusterNetworkPolicy
metadata: {name: some}
spec:
  tier: Admin
  priority: 5
  subject: {namespaces: {}}
  ingress: [{action: Deny, from: [{namespaces: {matchLabels: {zone: outer}}}]}]
";

/// All pods, those of some namespaces, and single ones.
const PROMISES: &str = "\
version: 1
groups:
  apps: {pods: app}
promises:
  - {name: nothing outside reaches an app, who: internet, cannot reach: apps}
  - {name: nobody but its own namespace reaches the first, only: n0/*, can reach: n0/*, may match nothing: true}
  - {name: the second is reached from its namespace, who: n1/*, can reach: n1/*, on ports: TCP/8080}
";

fn measure(server: &Server, namespaces: usize, what: &str, options: &[&str]) {
    let how = ["--secret", "default/bench", "--host", "127.0.0.1", "--audit-every", "0"];
    let mut door = Door::start(server, &[&how, options].concat());
    let begun = Instant::now();
    door.wait_for("the whole cluster is known");
    println!("  the whole cluster known{what} {:.2} s after it listens", begun.elapsed().as_secs_f64());
    door.trusts(&server.secret("bench")["ca.crt"]);
    let mut times = [const { Vec::new() }; 3];
    for round in 0..ROUNDS {
        let home = round * 7 % namespaces;
        let (app, other) = (round % APPS, (round + 3) % APPS);
        let before = policy(home, app, app + 1);
        let mut mistaken = policy(home, app, other);
        mistaken["spec"]["ingress"][0]["from"][1]["namespaceSelector"]["matchLabels"] =
            json!({"zone": "nowhere"});
        let asked_of = [before.clone(), policy(home, app, other), mistaken];
        for (after, times) in asked_of.iter().zip(&mut times) {
            let asked = review(&before, after);
            let since = Instant::now();
            let answer = door.posts(&asked);
            times.push(since.elapsed());
            assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
            assert_eq!(answer.contains("SK"), after == &asked_of[2], "{answer}");
        }
    }
    let [mut nothing, mut good, mut mistaken] = times;
    row("about nothing", &mut nothing);
    row(&format!("a policy{what}"), &mut good);
    row(&format!("a mistaken one{what}"), &mut mistaken);
    println!("  memory {} MiB at most", memory(door.pid()));
}

fn row(what: &str, times: &mut [Duration]) {
    times.sort();
    let at = |share: usize| times[(times.len() * share / 100).min(times.len() - 1)].as_secs_f64() * 1000.0;
    println!("  {what:<44}  p50 {:7.2} ms   p90 {:7.2} ms   p99 {:7.2} ms", at(50), at(90), at(99));
}

fn memory(pid: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() / 1024
}

fn review(before: &Value, after: &Value) -> String {
    let kind = json!({"group": "networking.k8s.io", "version": "v1", "kind": "NetworkPolicy"});
    json!({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": {
        "uid": "1", "kind": kind, "operation": "UPDATE", "userInfo": {"username": "hanako", "groups": []},
        "namespace": after["metadata"]["namespace"], "name": after["metadata"]["name"],
        "object": after, "oldObject": before, "dryRun": false,
    }})
    .to_string()
}

/// The objects of some namespaces, those of a kind together: so they are written beside each other.
fn objects(homes: Range<usize>) -> String {
    let mut objects: Vec<Value> = homes.flat_map(objects_of).collect();
    objects.sort_by_key(|object| object["kind"].to_string());
    objects.iter().map(|object| format!("---\n{object}\n")).collect()
}

fn objects_of(home: usize) -> Vec<Value> {
    let name = format!("n{home}");
    let mut objects = vec![
        json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": {"zone": "inner"}}}),
    ];
    for app in 0..APPS {
        let labels = json!({"app": format!("a{app}")});
        let kind = if app == 0 { "LoadBalancer" } else { "ClusterIP" };
        objects.push(json!({"apiVersion": "v1", "kind": "Service",
            "metadata": {"name": format!("a{app}"), "namespace": name},
            "spec": {"type": kind, "selector": labels, "ports": [{"port": 80, "targetPort": 8080}]}}));
        objects.push(policy(home, app, app + 1));
        objects.extend((0..3).map(|pod| {
            let at = app * 3 + pod + 1;
            let address = format!("10.{}.{}.{at}", home / 250, home % 250);
            json!({"apiVersion": "v1", "kind": "Pod",
                "metadata": {"name": format!("a{app}-{pod}"), "namespace": name, "labels": labels},
                "spec": {"nodeName": "node-1", "containers": [{"name": "c", "image": "none", "ports": [{"containerPort": 8080}]}]},
                "status": {"phase": "Running", "podIP": address, "podIPs": [{"ip": address}]}})
        }));
    }
    objects
}

/// The policy of an application: it lets in two others, one of another namespace.
fn policy(home: usize, app: usize, from: usize) -> Value {
    let label = |app: usize| json!({"matchLabels": {"app": format!("a{}", app % APPS)}});
    let other = json!({"matchLabels": {"kubernetes.io/metadata.name": format!("n{}", from * 31 % SIZES[0])}});
    json!({"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
    "metadata": {"name": format!("a{app}"), "namespace": format!("n{home}")},
    "spec": {"podSelector": label(app), "policyTypes": ["Ingress"], "ingress": [{
        "from": [{"podSelector": label(from)}, {"namespaceSelector": other, "podSelector": label(from + 1)}],
        "ports": [{"port": 8080}],
    }]}})
}
