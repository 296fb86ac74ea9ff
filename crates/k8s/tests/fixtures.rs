//! Every folder of `fixtures`: what is said about its manifests, and what is read of them.

#![allow(clippy::unwrap_used, reason = "a test says what must hold")]

use sekisho_core::object::{Cluster, Direction, NetworkPolicy, Pod};
use sekisho_k8s::{Options, Reading, read_paths, render};
use std::{
    fmt::Display,
    fs,
    path::{Path, PathBuf},
};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")
}

/// All there is to see of a reading.
fn shown(reading: &Reading, prefix: &str) -> String {
    let mut parts: Vec<String> =
        reading.diagnostics.iter().map(|found| render(found, &reading.sources, false)).collect();
    parts.push(cluster(&reading.cluster));
    if !reading.skipped.is_empty() {
        parts.push(format!("skipped: {:?}", reading.skipped));
    }
    parts.join("\n\n").replace(prefix, "").replace("\r", "")
}

fn cluster(cluster: &Cluster) -> String {
    let mut lines = vec!["read:".to_owned()];
    lines.extend(cluster.namespaces.keys().map(|name| format!("  Namespace {name}")));
    for node in cluster.nodes.values() {
        lines.push(format!("  Node {} {} {}", node.name, list(&node.addresses), list(&node.pod_cidrs)));
    }
    lines.extend(cluster.pods.values().map(pod));
    lines.extend(cluster.policies.values().map(policy));
    for service in cluster.services.values() {
        let addresses = service.cluster_addresses.iter().chain(&service.external_addresses);
        lines.push(format!("  Service {} {}", service.key, list(addresses)));
    }
    lines.join("\n")
}

fn list<T: Display>(items: impl IntoIterator<Item = T>) -> String {
    let items: Vec<String> = items.into_iter().map(|item| item.to_string()).collect();
    format!("[{}]", items.join(" "))
}

fn pod(pod: &Pod) -> String {
    let ports = pod.ports.iter().map(|port| {
        let name = port.name.as_deref().map(|name| format!("{name}=")).unwrap_or_default();
        format!("{name}{}/{}", port.protocol, port.number)
    });
    let mut line = format!(
        "  Pod {} uid {} of {} {}, labels {}, addresses {}, ports {}",
        pod.key,
        pod.uid,
        pod.workload.kind,
        pod.workload.key,
        list(pod.labels.iter().map(|(key, value)| format!("{key}={value}"))),
        list(&pod.addresses),
        list(ports)
    );
    if let Some(node) = &pod.node {
        line += &format!(", on {node} {}", list(&pod.host_addresses));
    }
    for (flag, word) in [(pod.host_network, ", host network"), (pod.finished, ", finished")] {
        line += if flag { word } else { "" };
    }
    line
}

fn policy(policy: &NetworkPolicy) -> String {
    let mut lines = vec![format!("  NetworkPolicy {} of {}", policy.key, policy.subjects)];
    for direction in Direction::ALL.into_iter().filter(|direction| policy.isolates(*direction)) {
        lines.push(format!("    {direction}"));
        for rule in policy.rules(direction) {
            let peers = rule.peers.iter().map(|peer| format!("{:?}", peer.kind));
            lines.push(format!("      {} ports {}", list(peers), list(&rule.ports)));
        }
    }
    lines.join("\n")
}

#[test]
fn fixtures_read_as_shown() {
    let mut cases: Vec<PathBuf> = fs::read_dir(root()).unwrap().map(|entry| entry.unwrap().path()).collect();
    cases.sort();
    assert!(cases.len() >= 40, "only {} fixtures", cases.len());
    for case in cases {
        let reading = read_paths(std::slice::from_ref(&case), &Options::default()).unwrap();
        let name = case.file_name().unwrap().to_str().unwrap();
        let prefix = format!("{}/", case.display());
        insta::assert_snapshot!(name, shown(&reading, &prefix));
    }
}
