//! Snapshots: what of a cluster is kept, and that neither keeping nor hiding changes a verdict.

#![allow(clippy::indexing_slicing, clippy::unwrap_used, reason = "a test says what must hold")]

use sekisho_core::diagnostic::Severity;
use sekisho_core::{
    eval,
    object::{Cluster, ObjectKey, PodUid},
    packet::{End, Packet},
};
use sekisho_k8s::{
    Options, Reading,
    expectation::read_expectations,
    read_paths, read_text, read_texts, render,
    snapshot::{Redactor, Snapshot},
};
use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn redactor() -> Redactor {
    Redactor::new(b"a secret")
}

fn snapshot(reading: &Reading, redactor: Option<Redactor>) -> Snapshot {
    let mut snapshot = Snapshot::new(redactor);
    snapshot.add_texts(&reading.sources, "default");
    snapshot
}

/// Reads the files of a snapshot, which must be free of errors.
fn reread(snapshot: &Snapshot) -> Cluster {
    let reading = read_texts(snapshot.files(), &Options::default());
    let errors = reading.diagnostics.iter().filter(|found| found.severity == Severity::Error);
    let errors: Vec<String> = errors.map(|found| render(found, &reading.sources, false)).collect();
    assert!(errors.is_empty(), "{}", errors.join("\n"));
    reading.cluster
}

/// Names and addresses as they are, or hidden.
#[derive(Clone, Copy)]
struct Names<'r>(Option<&'r Redactor>);

impl Names<'_> {
    fn name(self, text: &str) -> String {
        self.0.map_or_else(|| text.to_owned(), |redactor| redactor.name(text))
    }

    fn key(self, key: &ObjectKey) -> ObjectKey {
        ObjectKey::new(self.name(&key.namespace), self.name(&key.name))
    }

    fn end(self, end: &End, old: &Cluster, new: &Cluster) -> End {
        match end {
            End::Address(address) => {
                let text = address.to_string();
                let text = self.0.map_or_else(|| text.clone(), |redactor| redactor.address(&text));
                End::Address(text.parse().unwrap())
            }
            End::Pod(uid) => {
                let pod = &old.pods[uid];
                let key = self.key(&pod.key);
                let same = new.pods.values().filter(|other| other.key == key);
                let same = same.filter(|other| other.workload.kind == pod.workload.kind);
                let uids: Vec<&PodUid> = same.map(|other| &other.uid).collect();
                assert_eq!(uids.len(), 1, "{uid}");
                End::Pod(uids[0].clone())
            }
        }
    }

    fn packet(self, packet: &Packet, old: &Cluster, new: &Cluster) -> Packet {
        let end = |end| self.end(end, old, new);
        Packet { from: end(&packet.from), to: end(&packet.to), traffic: packet.traffic }
    }
}

#[test]
fn every_case_of_the_corpus_has_the_same_answers_as_a_snapshot() {
    let redactor = redactor();
    let mut packets = 0;
    for entry in fs::read_dir(root().join("tests/corpus")).unwrap() {
        let case = entry.unwrap().path();
        let reading = read_paths(&[case.join("input")], &Options::default()).unwrap();
        for hidden in [None, Some(&redactor)] {
            let kept = reread(&snapshot(&reading, hidden.cloned()));
            let names = Names(hidden);
            let expected = read_expectations("expect.yaml", &fs::read(case.join("expect.yaml")).unwrap());
            for expectation in expected.expectations {
                for packet in expectation.packets(&reading.cluster) {
                    let same = names.packet(&packet, &reading.cluster, &kept);
                    let (before, after) =
                        (eval::decide(&reading.cluster, &packet), eval::decide(&kept, &same));
                    assert_eq!(before.decision, after.decision, "{}: {packet}, {same}", case.display());
                    packets += 1;
                }
            }
        }
    }
    assert!(packets > 100, "{packets}");
}

/// All that a snapshot says, as one text.
fn all(snapshot: &Snapshot) -> String {
    snapshot.files().into_iter().map(|(name, text)| format!("{name}\n{text}")).collect()
}

const POD: &str = r#"{"apiVersion": "v1", "kind": "PodList", "metadata": {"resourceVersion": "77"}, "items": [{
    "metadata": {"name": "web-0", "namespace": "shop", "uid": "u1", "labels": {"app": "web", "team": "blue"},
      "annotations": {"secret": "hunter2", "sekisho.dev/addresses": "10.1.2.3"},
      "managedFields": [{"manager": "kubelet"}],
      "ownerReferences": [{"kind": "StatefulSet", "name": "web", "uid": "u2", "controller": true}]},
    "spec": {"nodeName": "node-1", "serviceAccountName": "web", "containers": [{"name": "c", "image": "private/image",
      "command": ["serve", "--password=hunter2"], "env": [{"name": "TOKEN", "value": "hunter2"}],
      "ports": [{"name": "http", "containerPort": 8080, "hostIP": "1.2.3.4"}]}]},
    "status": {"phase": "Running", "podIP": "10.1.2.3", "message": "hunter2", "hostIP": "192.0.2.1"}}]}"#;

#[test]
fn only_what_is_read_is_kept() {
    let reading = read_text("pods", POD.as_bytes(), &Options::default());
    insta::assert_snapshot!(all(&snapshot(&reading, None)));
}

#[test]
fn what_is_hidden_cannot_be_read() {
    let reading = read_text("pods", POD.as_bytes(), &Options::default());
    let text = all(&snapshot(&reading, Some(redactor())));
    for told in ["web", "shop", "blue", "team", "http", "node-1", "10.1.2.3", "192.0.2.1", "hunter2", "u1"] {
        assert!(!text.contains(told), "{told} in\n{text}");
    }
    // What the answers rest on is there.
    for kept in ["\"app\"", "8080", "Running", "StatefulSet", &redactor().name("web")] {
        assert!(text.contains(kept), "{kept} not in\n{text}");
    }
}

/// What a team says to us in a policy counts of a cluster as of manifests; why it says so is nobody's business.
#[test]
fn a_policy_keeps_what_its_team_says_to_us() {
    let policy = r#"{"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": {"name": "web",
      "namespace": "shop", "annotations": {"sekisho.dev/ignore": "SK301: of hunter2; SK305", "sekisho.dev/mode": "audit",
        "other": "hunter2"}}, "spec": {"podSelector": {}}}"#;
    let reading = read_text("policy", policy.as_bytes(), &Options::default());
    let annotations = |kept: &Cluster| -> Vec<(String, String)> {
        let policy = kept.policies.values().next().unwrap();
        policy.annotations.iter().map(|(key, value)| (key.to_string(), value.to_string())).collect()
    };
    let pair = |key: &str, value: &str| (key.to_owned(), value.to_owned());
    let mode = pair("sekisho.dev/mode", "audit");
    let open = annotations(&reread(&snapshot(&reading, None)));
    assert_eq!(open, [pair("sekisho.dev/ignore", "SK301: of hunter2; SK305"), mode.clone()]);
    let hidden = annotations(&reread(&snapshot(&reading, Some(redactor()))));
    assert_eq!(hidden, [pair("sekisho.dev/ignore", "SK301: hidden; SK305"), mode]);
}

#[test]
fn the_reference_scenario_reaches_as_far_hidden_as_open() {
    let folder = root().join("examples/exchange/production");
    let reading = read_paths(&[folder], &Options::default()).unwrap();
    let redactor = redactor();
    let hidden = reread(&snapshot(&reading, Some(redactor.clone())));
    let open = &reading.cluster;
    assert_eq!(open.pods.len(), hidden.pods.len());
    let names = Names(Some(&redactor));
    let ports: Vec<_> = open.pods.values().flat_map(|pod| pod.ports.iter().cloned()).collect();
    let mut decisions = BTreeMap::new();
    for from in open.pods.keys() {
        for to in open.pods.keys() {
            for port in &ports {
                let traffic = sekisho_core::packet::Traffic::Port(port.protocol, port.number);
                let packet = Packet { from: End::Pod(from.clone()), to: End::Pod(to.clone()), traffic };
                let same = names.packet(&packet, open, &hidden);
                let decision = eval::decide(open, &packet).decision;
                assert_eq!(decision, eval::decide(&hidden, &same).decision, "{packet}");
                *decisions.entry(decision.is_allow()).or_insert(0) += 1;
            }
        }
    }
    assert_eq!(decisions.len(), 2, "some are allowed and some are not: {decisions:?}");
}

#[test]
fn a_snapshot_is_the_same_each_time() {
    let reading = read_text("pods", POD.as_bytes(), &Options::default());
    let first = snapshot(&reading, Some(redactor())).files();
    let kept = read_texts(first.clone(), &Options::default());
    assert_eq!(first, snapshot(&reading, Some(redactor())).files());
    // Of a snapshot, the snapshot is itself.
    let plain = snapshot(&reading, None).files();
    let again = read_texts(plain.clone(), &Options::default());
    assert_eq!(plain, snapshot(&again, None).files());
    assert_eq!(kept.cluster.pods.len(), 1);
}

#[test]
fn a_policy_that_a_newer_cluster_wrote_is_read_and_allows_no_more() {
    let policy = r#"{"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
      "metadata": {"name": "one", "namespace": "shop"},
      "spec": {"podSelector": {}, "policyTypes": ["Ingress"], "ingress": [
        {"from": [{"podSelector": {}, "onlyOnSundays": true}]},
        {"ports": [{"port": 80}]}]}}"#;
    // Written by hand it is a mistake.
    assert!(read_text("policy", policy.as_bytes(), &Options::default()).has_errors());
    let mut texts = BTreeMap::new();
    texts.insert("policy".into(), policy.into());
    let mut snapshot = Snapshot::new(None);
    snapshot.add_texts(&texts, "default");
    let reading = read_texts(snapshot.texts("cluster"), &Options::default());
    assert!(!reading.has_errors());
    let messages: Vec<String> =
        reading.diagnostics.iter().map(|found| format!("{}: {}", found.origin, found.message)).collect();
    insta::assert_snapshot!(messages.join("\n"));
    let policy = reading.cluster.policies.values().next().unwrap();
    assert_eq!(policy.ingress.len(), 1);
    assert!(policy.ingress[0].peers.is_empty());
}

#[test]
fn a_policy_that_is_only_tried_is_so_in_a_snapshot() {
    let policy = |mode: &str| {
        format!(
            "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\n\
             metadata: {{name: web, namespace: shop, annotations: {{sekisho.dev/mode: {mode}, owner: me}}}}\n\
             spec: {{podSelector: {{}}}}\n"
        )
    };
    for redactor in [None, Some(redactor())] {
        let kept = |mode| {
            let reading = read_text("policy", policy(mode).as_bytes(), &Options::default());
            let cluster = reread(&snapshot(&reading, redactor.clone()));
            let annotations = &cluster.policies.values().next().unwrap().annotations;
            annotations.iter().map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>()
        };
        assert_eq!(kept("audit"), ["sekisho.dev/mode=audit"]);
        assert!(
            kept("by-order-of-jane").is_empty(),
            "it is enforced, and what is written is nobody's business"
        );
    }
}
