//! What the door says of what is there already, in the kinds of reports that the cluster has.

use crate::{
    cluster::{namespace, pod, policy},
    process::Door,
    server::Server,
    support::root,
};
use serde_json::Value;
use std::{
    fs,
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

const WIDE: &str = "{ipBlock: {cidr: 0.0.0.0/0}}";
const HOW: [&str; 6] = ["--secret", "default/audit", "--host", "127.0.0.1", "--audit-every", "1"];

/// The kinds of openreports.io as their module has them; with names of wgpolicyk8s.io, whose reports have the same fields.
fn kinds(is_old: bool) -> String {
    let found = Command::new(root().join("scripts/openreports")).stderr(Stdio::inherit()).output().unwrap();
    assert!(found.status.success());
    let text = fs::read_to_string(String::from_utf8(found.stdout).unwrap().trim()).unwrap();
    if !is_old {
        return text;
    }
    let renamed = [
        ("openreports.io", "wgpolicyk8s.io"),
        ("v1alpha1", "v1alpha2"),
        ("ClusterReport", "ClusterPolicyReport"),
        ("clusterreport", "clusterpolicyreport"),
        ("kind: Report", "kind: PolicyReport"),
        ("listKind: Report", "listKind: PolicyReport"),
        ("plural: reports", "plural: policyreports"),
        ("singular: report", "singular: policyreport"),
        ("name: reports.", "name: policyreports."),
        ("- reps", "- polr"),
        ("- creps", "- cpolr"),
    ];
    renamed.iter().fold(text, |text, (from, to)| text.replace(from, to))
}

impl Server {
    fn has_kinds(&self, is_old: bool) {
        let made = self.create(&kinds(is_old), &[]);
        assert_eq!(made.code, Some(0), "{}", made.err);
        let all = ["wait", "--for=condition=Established", "crd", "--all", "--timeout=30s"];
        assert_eq!(self.kubectl_run(&all).code, Some(0));
    }

    /// A report, once it is there and says so.
    fn reported(&self, kind: &str, namespace: &str, is_so: impl Fn(&Value) -> bool) -> Value {
        let end = Instant::now() + Duration::from_secs(30);
        loop {
            let run = self.kubectl_run(&["get", kind, "sekisho", "-n", namespace, "-o", "json"]);
            let report = serde_json::from_str(&run.out).unwrap_or_default();
            if is_so(&report) {
                return report;
            }
            assert!(Instant::now() < end, "{report} {}", run.err);
            thread::sleep(Duration::from_millis(200));
        }
    }
}

/// What a report says of a rule.
fn said(report: &Value, code: &str) -> Value {
    let mut results = report["results"].as_array().into_iter().flatten();
    results.find(|one| one["policy"] == code).cloned().unwrap_or_default()
}

#[test]
fn what_is_there_already_is_reported() {
    let Some(mut server) = Server::start(&[]) else { return };
    let objects = [
        namespace("shop", ""),
        namespace("quiet", "sekisho.dev/admission: \"off\""),
        pod("shop", "db"),
        pod("quiet", "db"),
        policy("wide", "shop", WIDE),
        policy("wide", "quiet", WIDE),
    ];
    server.apply_text(&objects.join("---\n"));
    let door = Door::start(&server, &HOW);
    door.wait_for("the cluster has no kind of reports that is wanted");
    server.has_kinds(false);
    let first = server.reported("reports.openreports.io", "shop", |report| report["results"].is_array());
    it_says_what_is_wrong_and_where(&first);
    let run = server.kubectl_run(&["get", "reports.openreports.io", "-A", "-o", "name"]);
    assert_eq!(run.out.trim(), "report.openreports.io/sekisho", "nothing is said where the door is off");
    let metrics = door.asks("/metrics");
    for line in [
        "audit_findings{rule=\"SK307\",result=\"fail\"} 1",
        "audits_total{outcome=\"done\"}",
        "audit_duration_seconds",
    ] {
        assert!(metrics.contains(&format!("sekisho_admission_{line}")), "{line}: {metrics}");
    }
    // Others say the same, and nobody writes what is there.
    let replica = Door::start(&server, &[&HOW[..], &["--reports", "auto"]].concat());
    replica.wait_for("\"audited\"");
    thread::sleep(Duration::from_secs(3));
    let same = server.reported("reports.openreports.io", "shop", |_| true);
    assert_eq!(same["metadata"]["resourceVersion"], first["metadata"]["resourceVersion"]);
    // What is mended is no longer told, and the rest is told since it was found.
    server.delete_text(&policy("wide", "shop", WIDE));
    let open = |report: &Value| said(report, "SK201")["resources"][0]["name"] == "db";
    let after = server.reported("reports.openreports.io", "shop", open);
    assert_eq!(said(&after, "SK307"), Value::Null);
    assert_eq!(after["summary"]["fail"], 0);
    server.delete_text(&pod("shop", "db"));
    server.reported("reports.openreports.io", "shop", |report| *report == Value::Null);
    drop((door, replica));
    an_older_kind_is_written_too(&mut server);
}

fn it_says_what_is_wrong_and_where(report: &Value) {
    let found = said(report, "SK307");
    assert_eq!((&found["result"], &found["severity"]), (&"fail".into(), &"high".into()), "{report}");
    assert_eq!((&found["rule"], &found["source"]), (&"open-to-internet".into(), &"sekisho".into()));
    assert_eq!(found["properties"]["path"], "spec.ingress[0].from[0].ipBlock.cidr");
    let object = serde_json::json!(
        {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "namespace": "shop", "name": "wide"}
    );
    assert_eq!(found["resources"][0], object);
    let message = found["message"].as_str().unwrap();
    assert!(message.contains("`shop/db` is open to the whole internet; admit the ranges"), "{message}");
    assert!(found["timestamp"]["seconds"].as_i64().unwrap() > 1_700_000_000);
}

fn an_older_kind_is_written_too(server: &mut Server) {
    server.has_kinds(true);
    server.apply_text(&[pod("shop", "db"), policy("wide", "shop", WIDE)].join("---\n"));
    let _door = Door::start(server, &[&HOW[..], &["--reports", "wgpolicyk8s"]].concat());
    let told = |report: &Value| said(report, "SK307")["result"] == "fail";
    let report = server.reported("policyreports.wgpolicyk8s.io", "shop", told);
    assert_eq!(report["apiVersion"], "wgpolicyk8s.io/v1alpha2");
}
