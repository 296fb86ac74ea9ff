//! The plugin as runtimes call it, with a stand-in for the agent.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

#[path = "support/plugin.rs"]
mod support;

use serde_json::{Value, json};
use std::{
    process::Output,
    thread,
    time::{Duration, Instant},
};
use support::{Answer, Node};

/// As the `ptp` plugin writes it, for both families.
const RESULT: &str = r#"{ "cniVersion": "1.0.0",
  "interfaces": [
    { "name": "veth1f3a", "mac": "6a:22:0e:41:5b:90" },
    { "name": "eth0", "mac": "0e:11:a2:3c:9d:01", "sandbox": "/run/netns/c1" }
  ],
  "ips": [
    { "interface": 1, "address": "10.244.1.7/24", "gateway": "10.244.1.1" },
    { "interface": 1, "address": "fd00:10:244:1::7/64", "gateway": "fd00:10:244:1::1" }
  ],
  "routes": [ { "dst": "0.0.0.0/0" }, { "dst": "::/0" } ],
  "dns": {} }"#;

fn config(node: &Node, version: &str, fields: &str) -> String {
    let socket = node.socket();
    format!(
        r#"{{"cniVersion": "{version}", "name": "pods", "type": "sekisho-cni", "socket": "{}", "timeoutSeconds": 1, "runtimeConfig": {{"x": 1}}{fields}}}"#,
        socket.display()
    )
}

fn with_result(node: &Node) -> String {
    config(node, "1.0.0", &format!(r#", "prevResult": {RESULT}"#))
}

fn done() -> Answer {
    Answer::Say(json!("done"))
}

fn not_ready(why: &str) -> Answer {
    Answer::Say(json!({"not-ready": {"why": why}}))
}

fn succeeded(output: &Output) -> String {
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// The number of the error, and what it says.
fn failed(output: &Output) -> (u64, String) {
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let error: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(error["cniVersion"].is_string() && error["msg"].is_string(), "{error}");
    (error["code"].as_u64().unwrap(), format!("{}\n{}", error["msg"], error["details"]))
}

fn attachment() -> Value {
    json!({"network": "pods", "container": "c1", "interface": "eth0"})
}

#[test]
fn add_asks_for_all_addresses_and_passes_the_result_on() {
    let node = Node::answering(&[done()]);
    assert_eq!(succeeded(&node.call("ADD", &[], &with_result(&node))), format!("{RESULT}\n"));
    let pod = json!({"namespace": "shop", "name": "web", "uid": "u1"});
    let addresses = json!(["10.244.1.7", "fd00:10:244:1::7"]);
    let asked = json!({"add": {"pod": pod, "attachment": attachment(), "addresses": addresses}});
    assert_eq!(node.asked(), [asked]);
}

#[test]
fn add_speaks_the_version_of_the_network() {
    let node = Node::answering(&[done()]);
    let passed_on = |version: &str| -> Value {
        let config = config(&node, version, &format!(r#", "prevResult": {RESULT}"#));
        serde_json::from_str(&succeeded(&node.call("ADD", &[], &config))).unwrap()
    };
    let result = passed_on("0.3.1");
    assert_eq!((&result["cniVersion"], &result["ips"][1]["version"]), (&json!("0.3.1"), &json!("6")));
    let result = passed_on("1.1.0");
    assert_eq!((&result["cniVersion"], &result["ips"][1]["version"]), (&json!("1.1.0"), &Value::Null));
    assert_eq!(result["ips"][0]["address"], json!("10.244.1.7/24"));
}

#[test]
fn add_names_a_pod_without_uid_by_its_name() {
    let node = Node::answering(&[done()]);
    let arguments = [("CNI_ARGS", Some("K8S_POD_NAMESPACE=shop;K8S_POD_NAME=web"))];
    succeeded(&node.call("ADD", &arguments, &with_result(&node)));
    assert_eq!(node.asked()[0]["add"]["pod"], json!({"namespace": "shop", "name": "web"}));
}

#[test]
fn add_refuses_what_is_no_pod_or_has_no_addresses() {
    let node = Node::answering(&[done()]);
    let code = |changed: &[(&str, Option<&str>)], config: &str| failed(&node.call("ADD", changed, config)).0;
    let good = with_result(&node);
    for name in ["CNI_CONTAINERID", "CNI_NETNS", "CNI_IFNAME", "CNI_ARGS"] {
        assert_eq!(code(&[(name, None)], &good), 4, "{name}");
    }
    assert_eq!(code(&[], &config(&node, "1.0.0", "")), 7, "no result");
    assert_eq!(code(&[], &config(&node, "1.0.0", r#", "prevResult": {"cniVersion": "1.0.0"}"#)), 7);
    assert_eq!(code(&[], &config(&node, "1.0.0", r#", "prevResult": []"#)), 6);
    assert_eq!(code(&[], &config(&node, "0.2.0", "")), 1);
    assert_eq!(code(&[], "{"), 6);
    assert_eq!(node.asked(), [Value::Null; 0]);
}

#[test]
fn add_is_refused_where_no_agent_answers() {
    let node = Node::new();
    let (code, why) = failed(&node.call("ADD", &[], &with_result(&node)));
    assert_eq!(code, 11);
    for part in ["shop/web", "agent.sock", "sekisho-agent", "tried again"] {
        assert!(why.contains(part), "`{part}`: {why}");
    }
}

#[test]
fn add_is_refused_where_the_agent_is_silent_or_late() {
    for answer in [Answer::Silent, Answer::Late(Duration::from_secs(3), json!("done"))] {
        let node = Node::answering(&[answer]);
        let begun = Instant::now();
        let (code, why) = failed(&node.call("ADD", &[], &with_result(&node)));
        assert_eq!((code, why.contains("within 1 s")), (11, true), "{why}");
        assert!(begun.elapsed() < Duration::from_millis(2900), "{:?}", begun.elapsed());
        assert_eq!(node.asked().len(), 1);
    }
}

#[test]
fn add_waits_for_an_agent_that_is_away_for_a_moment() {
    let node = Node::answering(&[Answer::HangUp, not_ready("the agent is about to stop"), done()]);
    succeeded(&node.call("ADD", &[], &with_result(&node)));
    assert_eq!(node.asked().len(), 3);
    let node = Node::new();
    thread::scope(|scope| {
        scope.spawn(|| {
            thread::sleep(Duration::from_millis(300));
            node.answer(&[done()]);
        });
        let config = with_result(&node).replace("\"timeoutSeconds\": 1", "\"timeoutSeconds\": 20");
        succeeded(&node.call("ADD", &[], &config));
    });
}

#[test]
fn an_agent_of_another_version_is_told_as_that() {
    let refused = Answer::Say(json!({"refused": {"why": "unknown variant `add`"}}));
    for answer in [refused, Answer::Say(json!({"dump": ""})), Answer::Words("{"), Answer::Words("\u{0}")] {
        let node = Node::answering(&[answer]);
        let (code, why) = failed(&node.call("ADD", &[], &with_result(&node)));
        assert_eq!((code, why.contains("install-cni")), (100, true), "{why}");
    }
}

#[test]
fn check_asks_whether_the_rules_are_there() {
    let node = Node::answering(&[not_ready("the rules of pod `shop/web` are not in the kernel"), done()]);
    assert_eq!(succeeded(&node.call("CHECK", &[], &with_result(&node))), "");
    assert_eq!(node.asked()[1]["check"]["addresses"], json!(["10.244.1.7", "fd00:10:244:1::7"]));
    let node = Node::answering(&[not_ready("the rules of pod `shop/web` are not in the kernel")]);
    let (code, why) = failed(&node.call("CHECK", &[], &with_result(&node)));
    assert_eq!((code, why.contains("not in the kernel")), (11, true), "{why}");
    let config = config(&node, "0.3.1", &format!(r#", "prevResult": {RESULT}"#));
    assert_eq!(failed(&node.call("CHECK", &[], &config)).0, 1, "there is no CHECK in that version");
}

#[test]
fn delete_tells_the_agent_what_is_gone() {
    let node = Node::answering(&[done()]);
    assert_eq!(succeeded(&node.call("DEL", &[], &with_result(&node))), "");
    let bare = [("CNI_NETNS", None), ("CNI_ARGS", None)];
    succeeded(&node.call("DEL", &bare, &config(&node, "1.0.0", "")));
    let pod = json!({"namespace": "shop", "name": "web", "uid": "u1"});
    let addresses = json!(["10.244.1.7", "fd00:10:244:1::7"]);
    let all = json!({"delete": {"pod": pod, "attachment": attachment(), "addresses": addresses}});
    let least = json!({"delete": {"pod": null, "attachment": attachment(), "addresses": []}});
    assert_eq!(node.asked(), [all, least]);
}

#[test]
fn delete_succeeds_whatever_the_agent_does() {
    let node = Node::new();
    for _ in 0..2 {
        assert_eq!(succeeded(&node.call("DEL", &[], &with_result(&node))), "");
    }
    let odd = config(&node, "1.0.0", r#", "prevResult": {"ips": 7}"#);
    assert_eq!(succeeded(&node.call("DEL", &[], &odd)), "");
    for answer in [Answer::Silent, Answer::HangUp, Answer::Words("?"), not_ready("it stops")] {
        let node = Node::answering(&[answer]);
        assert_eq!(succeeded(&node.call("DEL", &[], &with_result(&node))), "");
        assert_eq!(node.asked().len(), 1);
    }
}

#[test]
fn collect_keeps_what_is_valid() {
    let node = Node::answering(&[done()]);
    let valid = r#", "cni.dev/valid-attachments": [{"containerID": "c1", "ifname": "eth0"}]"#;
    let bare = [("CNI_CONTAINERID", None), ("CNI_NETNS", None), ("CNI_IFNAME", None), ("CNI_ARGS", None)];
    assert_eq!(succeeded(&node.call("GC", &bare, &config(&node, "1.1.0", valid))), "");
    assert_eq!(node.asked(), [json!({"keep": {"network": "pods", "attachments": [attachment()]}})]);
    assert_eq!(failed(&node.call("GC", &bare, &config(&node, "1.1.0", ""))).0, 7, "not told is not none");
    assert_eq!(failed(&node.call("GC", &bare, &config(&node, "1.0.0", valid))).0, 1);
    assert_eq!(node.asked().len(), 1);
    let node = Node::new();
    assert_eq!(failed(&node.call("GC", &bare, &config(&node, "1.1.0", valid))).0, 11);
}

#[test]
fn status_is_that_of_the_agent() {
    let bare = [("CNI_CONTAINERID", None), ("CNI_NETNS", None), ("CNI_IFNAME", None), ("CNI_ARGS", None)];
    let status = |node: &Node| node.call("STATUS", &bare, &config(node, "1.1.0", ""));
    let node = Node::answering(&[done()]);
    assert_eq!(succeeded(&status(&node)), "");
    assert_eq!(node.asked(), [json!("ready")]);
    let node = Node::answering(&[Answer::HangUp, not_ready("it begins"), done()]);
    assert_eq!(succeeded(&status(&node)), "", "an agent that is restarted goes unnoticed");
    for node in [
        Node::answering(&[not_ready("what was told is not programmed yet")]),
        Node::answering(&[Answer::Silent]),
        Node::new(),
    ] {
        assert_eq!(failed(&status(&node)).0, 50);
    }
}

#[test]
fn version_tells_what_is_spoken() {
    let node = Node::new();
    let version =
        |text: &str| -> Value { serde_json::from_str(&succeeded(&node.call("VERSION", &[], text))).unwrap() };
    let all = json!(["0.3.0", "0.3.1", "0.4.0", "1.0.0", "1.1.0"]);
    assert_eq!(
        version(r#"{"cniVersion": "0.4.0"}"#),
        json!({"cniVersion": "0.4.0", "supportedVersions": all})
    );
    for odd in ["", "{", r#"{"cniVersion": "9.0.0"}"#] {
        assert_eq!(version(odd), json!({"cniVersion": "1.1.0", "supportedVersions": all}));
    }
}

#[test]
fn errors_are_of_the_version_of_the_network() {
    let node = Node::new();
    let error = |changed: &[(&str, Option<&str>)], config: &str| -> Value {
        serde_json::from_slice(&node.call("ADD", changed, config).stdout).unwrap()
    };
    assert_eq!(error(&[], &config(&node, "0.4.0", ""))["cniVersion"], json!("0.4.0"));
    assert_eq!(error(&[], "")["cniVersion"], json!("1.1.0"));
    let error = error(&[("CNI_COMMAND", None)], "");
    assert_eq!(error["code"], json!(4));
    assert!(error["msg"].as_str().unwrap().contains("CNI_COMMAND"));
}
