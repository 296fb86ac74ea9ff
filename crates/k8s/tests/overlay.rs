//! Manifests laid over a cluster.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test says what must hold")]

use sekisho_core::object::{Cluster, ObjectKey, Pod};
use sekisho_k8s::{Options, Reading, read_over};

const CLUSTER: &str = r"
apiVersion: v1
kind: Namespace
metadata: {name: shop, labels: {team: blue, stage: old}}
---
apiVersion: v1
kind: Node
metadata: {name: n1}
status: {addresses: [{type: InternalIP, address: 10.0.0.1}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  template:
    metadata: {labels: {app: web, version: one}}
    spec: {containers: [{name: c, ports: [{containerPort: 80}]}]}
---
apiVersion: apps/v1
kind: ReplicaSet
metadata: {name: web-5d4, namespace: shop, ownerReferences: [{kind: Deployment, name: web, controller: true}]}
spec:
  template:
    metadata: {labels: {app: web, version: one, pod-template-hash: 5d4}}
    spec: {containers: [{name: c, ports: [{containerPort: 80}]}]}
---
apiVersion: v1
kind: Pod
metadata:
  name: web-5d4-abc
  namespace: shop
  uid: u1
  labels: {app: web, version: one, pod-template-hash: 5d4, injected: yes-please}
  ownerReferences: [{kind: ReplicaSet, name: web-5d4, controller: true}]
spec: {nodeName: n1, containers: [{name: c, ports: [{containerPort: 80}]}, {name: sidecar, ports: [{containerPort: 15000}]}]}
status: {podIP: 10.1.0.7, hostIP: 10.0.0.1}
---
apiVersion: v1
kind: Pod
metadata: {name: lone, namespace: shop, uid: u2, labels: {app: lone}}
spec: {nodeName: n1, containers: [{name: c}]}
status: {podIP: 10.1.0.8, hostIP: 10.0.0.1}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: web, namespace: shop}
spec: {podSelector: {matchLabels: {app: web}}, ingress: [{}]}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: stays, namespace: shop}
spec: {podSelector: {matchLabels: {app: lone}}}
";

fn over(manifests: &str) -> Reading {
    let cluster = [("cluster".to_owned(), CLUSTER.to_owned())];
    let manifests = vec![("new".to_owned(), manifests.as_bytes().to_vec())];
    read_over(&cluster, &[], manifests, &Options::default()).unwrap()
}

fn applied(manifests: &str) -> Cluster {
    let reading = over(manifests);
    assert_eq!(reading.diagnostics, [], "{manifests}");
    reading.cluster
}

fn pod<'c>(cluster: &'c Cluster, name: &str) -> &'c Pod {
    cluster.pods.values().find(|pod| &*pod.key.name == name).unwrap()
}

#[test]
fn nothing_over_a_cluster_is_the_cluster() {
    let cluster = applied("");
    assert_eq!((cluster.pods.len(), cluster.policies.len(), cluster.nodes.len()), (2, 2, 1));
}

#[test]
fn a_policy_takes_the_place_of_its_namesake_and_deletes_no_other() {
    let cluster = applied(
        "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: web, namespace: shop}\n\
         spec: {podSelector: {}}\n",
    );
    assert_eq!(cluster.policies.len(), 2);
    let web = &cluster.policies[&ObjectKey::new("shop", "web")];
    assert!(web.ingress.is_empty() && &*web.origin.source == "new", "{web:?}");
}

#[test]
fn a_new_template_reaches_the_pods_that_run() {
    let cluster = applied(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web, namespace: shop}\nspec:\n  template:\n    \
         metadata: {labels: {app: web, version: two}}\n    \
         spec: {containers: [{name: c, ports: [{containerPort: 8080}]}]}\n",
    );
    assert_eq!(cluster.pods.len(), 2);
    let web = pod(&cluster, "web-5d4-abc");
    let labels = ["app", "version", "pod-template-hash", "injected"].map(|key| web.labels.get(key));
    assert_eq!(labels, [Some("web"), Some("two"), Some("5d4"), Some("yes-please")]);
    assert_eq!(web.ports.iter().map(|port| port.number).collect::<Vec<_>>(), [8080, 15000]);
    assert_eq!((web.addresses.len(), web.node.as_deref()), (1, Some("n1")));
}

#[test]
fn a_controller_that_is_scaled_to_none_takes_its_pods_along() {
    let reading = over(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web, namespace: shop}\nspec:\n  replicas: 0\n  \
         template:\n    metadata: {labels: {app: web}}\n    spec: {containers: [{name: c}]}\n",
    );
    assert_eq!(reading.cluster.pods.len(), 1, "{:?}", reading.cluster.pods);
}

#[test]
fn what_the_cluster_alone_knows_stays() {
    let cluster = applied(
        "apiVersion: v1\nkind: Pod\nmetadata: {name: lone, namespace: shop, labels: {app: new}}\n\
         spec: {containers: [{name: c}]}\n---\n\
         apiVersion: v1\nkind: Namespace\nmetadata: {name: shop, labels: {stage: new}}\n---\n\
         apiVersion: v1\nkind: Node\nmetadata: {name: n1, labels: {pool: a}}\n",
    );
    let lone = pod(&cluster, "lone");
    assert_eq!(
        (lone.labels.get("app"), lone.addresses.len(), lone.node.as_deref()),
        (Some("new"), 1, Some("n1"))
    );
    let shop = &cluster.namespaces["shop"];
    assert_eq!((shop.labels().get("team"), shop.labels().get("stage")), (Some("blue"), Some("new")));
    assert_eq!(cluster.nodes["n1"].addresses.len(), 1);
}

#[test]
fn an_object_that_stands_twice_in_the_manifests_is_still_an_error() {
    let pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: lone, namespace: shop}\nspec: {containers: [{name: c}]}\n";
    let reading = over(&format!("{pod}---\n{pod}"));
    assert_eq!(reading.diagnostics.len(), 1, "{:?}", reading.diagnostics);
}
