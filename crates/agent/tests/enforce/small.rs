//! A small cluster.

use crate::rig::Rig;
use sekisho_core::object::Cluster;
use sekisho_k8s::{Options, read_text};
use std::net::IpAddr;

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

/// Its policy.
pub(crate) fn policy() -> &'static str {
    SMALL.rsplit("---\n").next().unwrap()
}

/// What its manifests say.
pub(crate) fn cluster() -> Cluster {
    let reading = read_text("small", SMALL.as_bytes(), &Options::default());
    assert!(!reading.has_errors(), "{:?}", reading.diagnostics);
    reading.cluster
}

/// The addresses of one of its pods.
pub(crate) fn addresses(rig: &Rig, name: &str) -> Vec<IpAddr> {
    let pods = &rig.lab.current_plan().cluster.pods;
    pods.values().find(|pod| &*pod.key.name == name).unwrap().addresses.iter().copied().collect()
}
