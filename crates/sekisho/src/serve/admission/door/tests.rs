use super::*;
use crate::{args::AdmissionArgs, check::settings::Settings, serve::admission::promised::Promises};
use clap::Parser;
use sekisho_catalog::Catalog;
use sekisho_k8s::{
    promise::read_promises,
    watch::{Mirrored, mirrored},
};
use sekisho_lint::config::Config;
use serde_json::json;
use std::{path::Path, time::Duration};

#[derive(Parser)]
struct Cli {
    #[command(flatten)]
    arguments: AdmissionArgs,
}

/// A door that is told so on the command line.
fn door(options: &[&str]) -> Door {
    let words = ["door", "--tls-cert", "c", "--tls-key", "k"].iter().chain(options);
    let how = Cli::try_parse_from(words).unwrap().arguments.verdict;
    let settings = Settings::team(Config::default(), (Path::new("."), None)).unwrap();
    let standard = Catalog::builtin().standard(None);
    Door { how, judge: Judge { standard, settings, rules: None, promises: Promises::default() } }
}

fn namespace(name: &str, mode: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": {LABEL: mode}}})
}

/// A policy whose namespace selector selects nobody's pods, or everybody's: mistakes, whatever the settings.
fn policy(namespace: &str, peers: &Value) -> Value {
    json!({
        "apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
        "metadata": {"name": "web", "namespace": namespace},
        "spec": {"podSelector": {}, "policyTypes": ["Ingress"], "ingress": [{"from": peers}]},
    })
}

fn wide() -> Value {
    json!([{"ipBlock": {"cidr": "0.0.0.0/0"}}])
}

fn standing(objects: &[Value]) -> Standing {
    let mut standing = Standing::default();
    let pieces = objects.iter().map(|object| Piece::of(object.clone()).unwrap());
    pieces.for_each(|piece| standing.hear(Mirrored::Put(piece)));
    mirrored().for_each(|kind| standing.hear(Mirrored::ListEnds(kind)));
    standing.renew();
    standing
}

fn request(operation: &str, object: Value) -> Request {
    let text = |path: &str| object.pointer(path).and_then(Value::as_str).unwrap_or_default().to_owned();
    let mut request = Request {
        operation: operation.to_owned(),
        namespace: text("/metadata/namespace"),
        name: text("/metadata/name"),
        ..Request::default()
    };
    request.kind.kind = text("/kind");
    request.user_info.username = "somebody".to_owned();
    let place = if operation == "DELETE" { &mut request.old_object } else { &mut request.object };
    *place = object;
    request
}

fn decided(door: &mut Door, standing: &mut Standing, request: &Request) -> Verdict {
    let until = Instant::now() + Duration::from_secs(60);
    match step(request) {
        Some(step) => door.decide(standing, request, &step, until),
        None => Verdict::skipped(),
    }
}

const STRICT: [&str; 2] = ["--deny", "warning"];

#[test]
fn what_is_wrong_is_refused_and_what_was_there_before_is_not() {
    let mut there = standing(&[namespace("a", ""), namespace("b", "")]);
    let mut door = door(&STRICT);
    let verdict = decided(&mut door, &mut there, &request("CREATE", policy("a", &wide())));
    assert_eq!(verdict.outcome, Outcome::Refused, "{verdict:?}");
    let refusal = verdict.refusal.unwrap();
    assert!(refusal.contains("at spec.ingress[0].from[0].ipBlock.cidr"), "{refusal}");
    // It is there, and something else of it changes.
    let mut there = standing(&[namespace("a", ""), policy("a", &wide())]);
    let mut changed = policy("a", &wide());
    changed["metadata"]["labels"] = json!({"team": "x"});
    let verdict = decided(&mut door, &mut there, &request("UPDATE", changed));
    assert_eq!(verdict.outcome, Outcome::Allowed, "{verdict:?}");
    // Another mistake beside it is new.
    let two = json!([{"ipBlock": {"cidr": "0.0.0.0/0"}}, {"ipBlock": {"cidr": "::/0"}}]);
    let verdict = decided(&mut door, &mut there, &request("UPDATE", policy("a", &two)));
    assert_eq!(verdict.outcome, Outcome::Refused, "{verdict:?}");
}

#[test]
fn the_namespace_says_what_the_door_does_there() {
    let mut there =
        standing(&[namespace("deny", "deny"), namespace("warn", "warn"), namespace("off", "off")]);
    for (mode, namespace, outcome) in [
        ("deny", "warn", Outcome::Warned),
        ("deny", "off", Outcome::Skipped),
        ("deny", "new", Outcome::Refused),
        ("warn", "new", Outcome::Warned),
        ("warn", "deny", Outcome::Refused),
    ] {
        let mut door = door(&["--deny", "warning", "--mode", mode]);
        let verdict = decided(&mut door, &mut there, &request("CREATE", policy(namespace, &wide())));
        assert_eq!(verdict.outcome, outcome, "{mode} {namespace} {verdict:?}");
        assert_eq!(verdict.warnings.is_empty(), outcome != Outcome::Warned, "{verdict:?}");
    }
    // Nobody is let off by the change that is judged.
    let mut there = standing(&[namespace("a", "deny")]);
    let mut door = door(&STRICT);
    let verdict = decided(&mut door, &mut there, &request("UPDATE", namespace("a", "off")));
    assert_ne!(verdict.outcome, Outcome::Skipped, "{verdict:?}");
}

#[test]
fn some_may_pass_with_a_reason() {
    let mut there = standing(&[namespace("a", "")]);
    let mut door = door(&["--deny", "warning", "--bypass-group", "on-call"]);
    let mut ask = |reason: Value, group: &str| {
        let mut object = policy("a", &wide());
        object["metadata"]["annotations"] = json!({BYPASS: reason});
        let mut request = request("CREATE", object);
        request.user_info.groups = vec![group.to_owned()];
        decided(&mut door, &mut there, &request)
    };
    let passed = ask(json!("the payments are down"), "on-call");
    assert_eq!(
        (passed.outcome, passed.reason.as_deref()),
        (Outcome::Bypassed, Some("the payments are down"))
    );
    assert!(passed.warnings.len() > 1 && !passed.codes.is_empty(), "{passed:?}");
    let other = ask(json!("the payments are down"), "others");
    assert!(other.refusal.unwrap().contains("`somebody` may not use the annotation"));
    for nothing in [json!(""), json!("  "), json!(7)] {
        assert!(ask(nothing, "on-call").refusal.unwrap().contains("needs a reason"));
    }
}

#[test]
fn what_cannot_be_judged_fails_as_it_was_chosen() {
    let asked = request("CREATE", policy("a", &json!([])));
    let mut broken = policy("a", &wide());
    broken["spec"]["ingress"] = json!("no list");
    for (fail, outcome) in [("open", Outcome::Unjudged), ("closed", Outcome::UnjudgedRefused)] {
        let mut door = door(&["--fail", fail]);
        let early = decided(&mut door, &mut Standing::default(), &asked);
        assert_eq!(early.outcome, outcome, "{early:?}");
        let mut there = standing(&[]);
        let unreadable = decided(&mut door, &mut there, &request("CREATE", broken.clone()));
        assert_eq!(unreadable.outcome, outcome, "{unreadable:?}");
        let late = door.decide(&mut there, &asked, &step(&asked).unwrap(), Instant::now());
        assert_eq!(late.outcome, outcome, "{late:?}");
    }
}

#[test]
fn what_changes_nothing_is_not_looked_at() {
    let mut object = policy("a", &wide());
    let mut same = request("UPDATE", object.clone());
    same.old_object = policy("a", &wide());
    same.object["metadata"]["managedFields"] = json!([{"manager": "kubectl"}]);
    assert_eq!(step(&same), None);
    let mut status = request("UPDATE", object.clone());
    status.sub_resource = "status".to_owned();
    assert_eq!(step(&status), None);
    object["metadata"]["deletionTimestamp"] = json!("2026-11-27T00:00:00Z");
    assert_eq!(step(&request("UPDATE", object)), None, "somebody deleted it");
    assert_eq!(step(&request("CONNECT", policy("a", &wide()))), None);
    assert_eq!(step(&request("CREATE", json!({"kind": "Secret", "apiVersion": "v1"}))), None);
    for hostile in [Value::Null, json!([]), json!("x"), json!({"metadata": 1})] {
        assert_eq!(step(&request("CREATE", hostile.clone())), None, "{hostile}");
    }
}

#[test]
fn pods_of_controllers_were_judged_and_others_only_say_so() {
    let pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web-1", "namespace": "a",
        "ownerReferences": [{"kind": "ReplicaSet", "name": "web", "controller": true}]}});
    let mut asked = request("CREATE", pod);
    assert!(step(&asked).is_some());
    asked.user_info.username = "system:serviceaccount:kube-system:replicaset-controller".to_owned();
    assert_eq!(step(&asked), None);
    let mut gone = request("DELETE", policy("a", &wide()));
    assert!(step(&gone).is_some());
    gone.user_info.username = "system:serviceaccount:kube-system:namespace-controller".to_owned();
    assert_eq!(step(&gone), None, "a namespace that goes takes all with it");
}

fn pod(namespace: &str, app: &str, address: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": app, "namespace": namespace, "labels": {"app": app}},
        "spec": {"containers": [{"name": "c", "image": "none"}]},
        "status": {"phase": "Running", "podIP": address, "podIPs": [{"ip": address}]}})
}

/// The policy of `to` that lets in one app of its namespace.
fn letting_in(namespace: &str, to: &str, from: &str) -> Value {
    json!({"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": {"name": to, "namespace": namespace},
        "spec": {"podSelector": {"matchLabels": {"app": to}}, "policyTypes": ["Ingress"],
            "ingress": [{"from": [{"podSelector": {"matchLabels": {"app": from}}}]}]}})
}

#[test]
fn a_promise_is_told_where_it_breaks_and_not_where_it_was_broken_already() {
    let mut there = standing(&[
        namespace("a", ""),
        namespace("b", ""),
        pod("a", "web", "10.0.0.1"),
        pod("a", "db", "10.0.0.2"),
        pod("a", "job", "10.0.0.3"),
        pod("b", "db", "10.0.1.1"),
        letting_in("a", "db", "web"),
        letting_in("b", "db", "web"),
    ]);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("promises.yaml");
    let text = "version: 1\npromises:\n  - name: the database is for the web\n    only: a/web\n    can reach: [a/db, b/db]\n";
    std::fs::write(&file, text).unwrap();
    let mut door = door(&[]);
    door.judge.promises = Promises::new(read_promises(&[file]).unwrap().promises);
    let ask = |door: &mut Door, there: &mut Standing, policy: Value| {
        let verdict = decided(door, there, &request("UPDATE", policy));
        (verdict.outcome, verdict.refusal.unwrap_or_default())
    };
    // The pods that `b/db` lets in are not there yet, and would not be `a/web`: it was broken before anybody asked.
    for _ in 0..2 {
        // What is known of it the second time says the same.
        assert_eq!(ask(&mut door, &mut there, letting_in("a", "db", "job")).0, Outcome::Allowed);
        let (_, refusal) = ask(&mut door, &mut there, letting_in("b", "db", "job"));
        assert!(!refusal.contains("promise"), "{refusal}");
    }
    there.hear(Mirrored::Gone(Piece::of(letting_in("b", "db", "web")).unwrap()));
    there.hear(Mirrored::Put(Piece::of(letting_in("b", "db", "none")).unwrap()));
    let empty = json!({"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
        "metadata": {"name": "db", "namespace": "b"}, "spec": {"podSelector": {}, "policyTypes": ["Ingress"]}});
    there.hear(Mirrored::Put(Piece::of(empty).unwrap()));
    there.renew();
    let (outcome, refusal) = ask(&mut door, &mut there, letting_in("a", "db", "job"));
    assert_eq!(outcome, Outcome::Refused);
    assert!(
        refusal.contains("`the database is for the web` would be broken")
            && refusal.contains("10.0.0.3 -> 10.0.0.2"),
        "{refusal}"
    );
    assert_eq!(ask(&mut door, &mut there, letting_in("a", "db", "web")).0, Outcome::Allowed);
    // In another namespace than the promise is about, what leaves it counts as well.
    let (outcome, refusal) = ask(&mut door, &mut there, letting_in("b", "db", "web"));
    assert_eq!(outcome, Outcome::Refused, "{refusal}");
}
