//! Every folder of `fixtures`: what is said about its manifests, and what is read of them.

#![allow(clippy::unwrap_used, reason = "a test says what must hold")]

use sekisho_core::object::{
    Balancer, Cluster, ClusterPolicy, Direction, Entrances, Listener, NetworkPolicy, Origin, Pod,
    RouteBackend, RouteParent, Service,
};
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
        let labels = node.labels.iter().map(|(key, value)| format!(" {key}={value}"));
        let labels: String = labels.collect();
        lines.push(format!(
            "  Node {} {} {}{labels}",
            node.name,
            list(&node.addresses),
            list(&node.pod_cidrs)
        ));
    }
    lines.extend(cluster.pods.values().map(|one| pod(one)));
    lines.extend(cluster.policies.values().map(policy));
    lines.extend(cluster.cluster_policies.values().map(cluster_policy));
    for service in cluster.services.values() {
        let addresses = service.cluster_addresses.iter().chain(&service.external_addresses);
        lines.push(format!("  Service {} {}{}", service.key, list(addresses), balancing(service)));
    }
    lines.extend(entrances(&cluster.entrances));
    lines.join("\n")
}

/// What a Service says about its load balancer; nothing where it says nothing.
fn balancing(service: &Service) -> String {
    let mut text = if service.external_local { ", local" } else { "" }.to_owned();
    if !service.source_ranges.is_empty() {
        text += &format!(", only from {}", list(&service.source_ranges));
    }
    text + &balancer(&service.balancer)
}

fn balancer(balancer: &Balancer) -> String {
    let plain = *balancer == Balancer::default();
    if plain { String::new() } else { format!(", {balancer:?}") }
}

fn entrances(all: &Entrances) -> Vec<String> {
    let mut lines = Vec::new();
    for (kind, classes) in [("IngressClass", &all.ingress_classes), ("GatewayClass", &all.gateway_classes)] {
        for class in classes.values() {
            let default = if class.is_default { ", the default" } else { "" };
            lines.push(format!("  {kind} {} by {}{default}", class.name, class.controller));
        }
    }
    for ingress in all.ingresses.values() {
        lines.push(format!("  Ingress {} {:?}{}", ingress.key, ingress.class, balancer(&ingress.balancer)));
        lines.extend(ingress.paths.iter().map(|path| {
            format!("    {:?} {:?} to {:?} at {}", path.host, path.path, path.target, at(&path.origin))
        }));
    }
    for gateway in all.gateways.values() {
        lines.push(format!("  Gateway {} {}{}", gateway.key, gateway.class, balancer(&gateway.balancer)));
        lines.extend(gateway.listeners.iter().map(|listener| {
            let Listener { name, protocol, port, hostname, routes_from, kinds, origin } = listener;
            format!("    {name} {protocol}/{port} {hostname:?} {routes_from:?} {kinds:?} at {}", at(origin))
        }));
    }
    for route in all.routes.values() {
        lines.push(format!("  {} {} {:?}", route.kind, route.key, route.hostnames));
        lines.extend(route.parents.iter().map(|RouteParent { kind, key, section, port, origin }| {
            format!("    on {kind} {key} {section:?} {port:?} at {}", at(origin))
        }));
        for rule in &route.rules {
            lines.push(format!("    {:?}", rule.matches));
            lines.extend(rule.backends.iter().map(|RouteBackend { kind, key, port, weight, origin }| {
                format!("      to {kind} {key} {port:?} weight {weight} at {}", at(origin))
            }));
        }
    }
    let grants = all.grants.values();
    lines.extend(
        grants.map(|grant| format!("  ReferenceGrant {} {:?} {:?}", grant.key, grant.from, grant.to)),
    );
    lines
}

fn at(origin: &Origin) -> String {
    format!("{}:{}", origin.span.line, origin.span.column)
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

fn cluster_policy(policy: &ClusterPolicy) -> String {
    let ClusterPolicy { name, tier, priority, subjects, .. } = policy;
    let mut lines = vec![format!(
        "  {name} {tier} {priority} of pods {} in namespaces {}",
        subjects.pods, subjects.namespaces
    )];
    for direction in Direction::ALL {
        for rule in policy.rules(direction) {
            let peers = rule.peers.iter().map(|peer| format!("{:?}", peer.kind));
            let (action, name) = (rule.action, &rule.name);
            lines.push(format!(
                "    {direction} {action} {name:?} {} ports {}",
                list(peers),
                list(&rule.ports)
            ));
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
