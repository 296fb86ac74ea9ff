//! A cluster as platform teams have them, to look at pictures of.

use super::{Graph, Roll};
use sekisho_core::{
    index::Index,
    object::Cluster,
    reach::{Connection, Filter, Grain, Reach, connections},
};
use std::fmt::Write;

const PRODUCTS: [&str; 8] =
    ["accounts", "billing", "catalog", "exchange", "fraud", "ledger", "orders", "search"];
const SERVICES: [&str; 8] = ["api", "worker", "cache", "jobs", "store", "audit", "export", "mail"];
const BALANCERS: &str = "{ipBlock: {cidr: 35.191.0.0/16}}, {ipBlock: {cidr: 130.211.0.0/22}}";

/// Manifests of ten namespaces with about a hundred workloads: products that call each other, behind
/// load balancers, and what they share.
pub(super) fn manifests() -> String {
    let mut text = String::new();
    for (at, name) in PRODUCTS.iter().enumerate() {
        workloads(&mut text, name, &["frontend", "bff", "backend"]);
        workloads(&mut text, name, &SERVICES);
        policy(&mut text, name, "baseline", "{}", "policyTypes: [Ingress, Egress], egress: [{}]");
        let caller = PRODUCTS[(at + 1) % PRODUCTS.len()];
        let other = PRODUCTS[(at + 3) % PRODUCTS.len()];
        let of = |product: &str, tier: &str| {
            let labels = format!("podSelector: {{matchLabels: {{app: {product}-{tier}}}}}");
            format!("{{namespaceSelector: {}, {labels}}}", named(product))
        };
        let monitored = format!("{BALANCERS}, {{namespaceSelector: {}}}", named("datadog"));
        admit(&mut text, name, "frontend", &monitored, 3000);
        admit(&mut text, name, "bff", BALANCERS, 8080);
        admit(&mut text, name, "backend", &of(name, "bff"), 9090);
        admit(&mut text, name, "store", &of(name, "backend"), 5432);
        admit(&mut text, name, "cache", "{podSelector: {}}", 6379);
        admit(&mut text, name, "api", &format!("{}, {}", of(caller, "bff"), of(other, "backend")), 50051);
    }
    admit(&mut text, "catalog", "export", "{ipBlock: {cidr: 198.51.100.0/24}}", 8443);
    for shared in ["datadog", "dns"] {
        workloads(&mut text, shared, &["agent", "cluster", "metrics"]);
        admit(&mut text, shared, "agent", "{namespaceSelector: {}}", 53);
    }
    text
}

fn named(namespace: &str) -> String {
    format!("{{matchLabels: {{kubernetes.io/metadata.name: {namespace}}}}}")
}

fn workloads(text: &mut String, namespace: &str, tiers: &[&str]) {
    for tier in tiers {
        let labels = format!("{{app: {namespace}-{tier}}}");
        let meta = format!("metadata: {{name: {namespace}-{tier}, namespace: {namespace}}}");
        let template =
            format!("template: {{metadata: {{labels: {labels}}}, spec: {{containers: [{{name: main}}]}}}}");
        let spec = format!("spec: {{selector: {{matchLabels: {labels}}}, {template}}}");
        writeln!(text, "---\napiVersion: apps/v1\nkind: Deployment\n{meta}\n{spec}").unwrap();
    }
}

fn admit(text: &mut String, namespace: &str, tier: &str, from: &str, port: u16) {
    let rule = format!("policyTypes: [Ingress], ingress: [{{from: [{from}], ports: [{{port: {port}}}]}}]");
    policy(text, namespace, tier, &format!("{{matchLabels: {{app: {namespace}-{tier}}}}}"), &rule);
}

fn policy(text: &mut String, namespace: &str, name: &str, selector: &str, rules: &str) {
    let meta = format!("metadata: {{name: {name}, namespace: {namespace}}}");
    let spec = format!("spec: {{podSelector: {selector}, {rules}}}");
    writeln!(text, "---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\n{meta}\n{spec}").unwrap();
}

/// The cluster that manifests make.
pub(super) fn cluster(text: &str) -> Cluster {
    let reading = sekisho_k8s::read_texts([("sample.yaml", text)], &sekisho_k8s::Options::default());
    assert!(!reading.has_errors(), "{:?}", reading.diagnostics);
    reading.cluster
}

/// Everything that is allowed in a cluster, and who is there.
pub(super) fn answer(cluster: &Cluster) -> (Vec<Connection>, Roll) {
    let index = Index::of(cluster.changes());
    let list = connections(&Reach::of(&index), &Filter::default());
    (list, Roll::of(&index, Grain::Workload, false, true))
}

/// The picture of the sample.
pub(super) fn graph() -> Graph {
    let (connections, roll) = answer(&cluster(&manifests()));
    Graph::of(&connections, &roll)
}
