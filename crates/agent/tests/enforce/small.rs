//! A small cluster.

use crate::rig::{Rig, agent::Agent, traffic::Traffic};
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

/// It on a rig, enforced, and past the time in which connections show themselves (S32).
pub(crate) fn enforced() -> Rig {
    let mut rig = Rig::build(&cluster(), 2).unwrap();
    rig.server.apply_text(policy());
    rig.start(&[]);
    rig.agents.iter().for_each(Agent::settled);
    rig
}

/// What `web` may send to `api`, and what nobody may.
pub(crate) fn traffic(rig: &Rig) -> Traffic {
    let mut traffic = Traffic::new();
    for address in addresses(rig, "api") {
        let api = ("shop/api", address);
        traffic.allow(&rig.lab, "shop/web", api, 7000);
        traffic.forbid(&rig.lab, "shop/web", api, 7001);
        traffic.forbid(&rig.lab, "jobs/cron", api, 7002);
    }
    traffic
}
