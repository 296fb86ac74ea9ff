//! Flows as log records of OpenTelemetry.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use proptest::{
    collection::vec,
    strategy::{Strategy, ValueTree},
    test_runner::TestRunner,
};
use sekisho_core::testing::skipped;
use sekisho_flow::{
    otlp::{Teller, request},
    record::Flow,
    testing::flow,
    text::read_line,
};
use serde_json::{Value, json};
use std::{
    io::Write,
    path::Path,
    process::{Command, Stdio},
};

const LINE: &str = include_str!("fixtures/flow.jsonl");

fn teller() -> Teller {
    Teller { version: "0.1.0".to_owned(), cluster: Some("production".to_owned()) }
}

fn record(flow: &str) -> Value {
    let flow = read_line(1, flow.as_bytes()).unwrap();
    let request: Value = serde_json::from_str(&request(&[flow], &teller())).unwrap();
    request["resourceLogs"][0]["scopeLogs"][0]["logRecords"][0].clone()
}

/// Written by hand after the OTLP specification (JSON Protobuf Encoding) and the semantic conventions.
#[test]
fn a_denial_is_told_with_its_ends_and_why() {
    let line = LINE.lines().next().unwrap();
    let request: Value =
        serde_json::from_str(&request(&[read_line(1, line.as_bytes()).unwrap()], &teller())).unwrap();
    let text = |key: &str, value: &str| json!({"key": key, "value": {"stringValue": value}});
    assert_eq!(
        request["resourceLogs"][0]["resource"],
        json!({"attributes": [
            text("service.name", "sekisho"),
            text("service.version", "0.1.0"),
            text("k8s.cluster.name", "production"),
        ]})
    );
    assert_eq!(
        request["resourceLogs"][0]["scopeLogs"][0]["scope"],
        json!({"name": "sekisho.flow", "version": "0.1.0"})
    );
    insta::assert_snapshot!(serde_json::to_string_pretty(&record(line)).unwrap());
}

fn attribute(record: &Value, key: &str) -> Option<Value> {
    let attributes = record["attributes"].as_array().unwrap();
    attributes.iter().find(|one| one["key"] == key).map(|one| one["value"].clone())
}

#[test]
fn what_has_a_convention_goes_by_it() {
    let line = |from: &str, to: &str, carried: &str, side: &str| {
        record(&format!(
            r#"{{"version":"sekisho.flow/1","window":{{"from":"2026-11-27T10:00:00Z","to":"2026-11-27T10:01:00Z"}},"from":{from},"to":{to},"carried":"{carried}","outcome":"allowed","observer":"agent",{side}"count":18446744073709551615,"first":"2026-11-27T10:00:01.5Z","last":"2026-11-27T10:00:02Z","nodes":{{"names":["node-1"]}}}}"#
        ))
    };
    let shop = r#"{"workload":{"namespace":"shop","kind":"StatefulSet","name":"db"}}"#;
    let api = r#"{"workload":{"namespace":"api","kind":"Deployment","name":"web"}}"#;
    let host = r#"{"external":{"block":"203.0.113.7/32","names":{"names":["api.example.com"]}}}"#;
    let block = r#"{"external":{"block":"2001:db8::/64"}}"#;
    let told = line(host, shop, "TCP/5432", r#""side":"ingress","#);
    for (key, expected) in [
        ("source.address", json!({"stringValue": "203.0.113.7"})),
        ("sekisho.source.names", json!({"arrayValue": {"values": [{"stringValue": "api.example.com"}]}})),
        ("destination.port", json!({"intValue": "5432"})),
        ("network.transport", json!({"stringValue": "tcp"})),
        ("network.type", json!({"stringValue": "ipv4"})),
        ("k8s.namespace.name", json!({"stringValue": "shop"})),
        ("k8s.statefulset.name", json!({"stringValue": "db"})),
        ("k8s.node.name", json!({"stringValue": "node-1"})),
        // No more than 64 bits with a sign have room for.
        ("sekisho.flow.count", json!({"intValue": "9223372036854775807"})),
    ] {
        assert_eq!(attribute(&told, key), Some(expected), "{key}");
    }
    assert_eq!(told["timeUnixNano"], "1795773601500000000");
    assert_eq!(told["severityNumber"], 9);
    // The pod that it is about is the one whose policies looked.
    let egress = line(api, shop, "UDP/53", r#""side":"egress","#);
    assert_eq!(attribute(&egress, "k8s.deployment.name"), Some(json!({"stringValue": "web"})));
    let unknown = line(api, shop, "UDP/53", "");
    assert_eq!(attribute(&unknown, "k8s.namespace.name"), Some(json!({"stringValue": "shop"})));
    let outside = line(api, block, "ICMPv6/128/0", r#""side":"ingress","#);
    assert_eq!(attribute(&outside, "k8s.namespace.name"), Some(json!({"stringValue": "api"})));
    assert_eq!(attribute(&outside, "network.type"), Some(json!({"stringValue": "ipv6"})));
    assert_eq!(attribute(&outside, "destination.address"), None);
    assert_eq!(
        attribute(&outside, "sekisho.destination.block"),
        Some(json!({"stringValue": "2001:db8::/64"}))
    );
    assert_eq!(attribute(&outside, "sekisho.icmp.type"), Some(json!({"intValue": "128"})));
}

/// OpenTelemetry's own messages read it, whatever flows.
#[test]
fn the_published_messages_read_it() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let installed =
        Command::new(root.join("scripts/opentelemetry")).stderr(Stdio::inherit()).output().unwrap();
    if !installed.status.success() {
        skipped("OpenTelemetry's messages cannot be had (scripts/opentelemetry says why)");
        return;
    }
    let flows: Vec<Flow> = vec(flow(), 500).new_tree(&mut TestRunner::deterministic()).unwrap().current();
    let mut reads = Command::new(String::from_utf8(installed.stdout).unwrap().trim())
        .arg(root.join("tests/opentelemetry/read.py"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut to = reads.stdin.take().unwrap();
    for flows in flows.chunks(100) {
        writeln!(to, "{}", request(flows, &teller())).unwrap();
    }
    drop(to);
    let read = reads.wait_with_output().unwrap();
    assert!(read.status.success());
    assert_eq!(String::from_utf8(read.stdout).unwrap().trim(), "500");
}
