//! `sekisho recommend` and `sekisho diff --flows` as people run them, on the exchange.

#![allow(clippy::unwrap_used, reason = "a test says what must hold")]

mod ran;
mod state;
mod support;

use ran::Run;
use state::{EXCHANGE, State, documents};
use std::fs;
use support::{assert_refused, root, run};

const FLOWS: &str = "examples/flows/exchange.jsonl";
const CATALOG: [&str; 4] = ["-c", "examples/exchange/sekisho.yaml", "-e", "production"];

fn recommend(arguments: &[&str]) -> Run {
    run(&[&["recommend"][..], arguments].concat())
}

#[test]
fn what_is_recommended_lets_pass_what_was_seen_and_is_recommended_no_more_once_it_is_there() {
    let first = recommend(&["--flows", FLOWS, EXCHANGE]);
    // Two kinds cannot become rules, and are told.
    assert_eq!(first.code, Some(1), "{}", first.err);
    let state = State::applied(&first.out);
    let again = recommend(&[&["--flows", FLOWS, &state.path()], &CATALOG[..]].concat());
    let policies = again.out.lines().filter(|line| *line == "kind: NetworkPolicy").count();
    assert_eq!(policies, 0, "{}", again.out);
    assert!(again.out.contains("under these policies all of it passes"), "{}", again.out);
}

#[test]
fn the_policies_of_one_service() {
    let run = recommend(&["--egress", "--workload", "wallet/wallet-backend", "--flows", FLOWS, EXCHANGE]);
    insta::assert_snapshot!(run.out);
}

#[test]
fn an_exfiltration_that_was_not_seen_does_not_pass() {
    let found = recommend(&["--egress", "--flows", FLOWS, EXCHANGE]);
    let state = State::applied(&found.out);
    let path = state.path();
    for (to, port, code) in [
        ("198.51.100.66", "TCP/443", 1),
        ("198.51.100.9", "TCP/443", 0),
        ("198.51.100.9", "TCP/22", 1),
        ("ledger/ledger", "TCP/50051", 0),
        ("ledger/ledger-db", "TCP/5432", 1),
    ] {
        let run = run(&["explain", "--from", "wallet/wallet-backend", "--to", to, "--port", port, &path]);
        assert_eq!(run.code, Some(code), "{to} {port}: {}{}", run.out, run.err);
    }
}

#[test]
fn what_is_tried_changes_nothing_that_is_enforced() {
    let found = recommend(&["--egress", "--staged", "--flows", FLOWS, EXCHANGE]);
    let state = State::applied(&found.out);
    let before = run(&["reach", EXCHANGE]);
    let after = run(&["reach", &state.enforced().path()]);
    assert_eq!(before.out, after.out);
    // Enforced it is what is recommended without a trial.
    let all = recommend(&["--egress", "--flows", FLOWS, EXCHANGE]);
    let enforced = run(&["reach", &State::applied(&all.out).path()]);
    assert_eq!(run(&["reach", &state.path()]).out, enforced.out);
}

#[test]
fn ingress_that_is_enforced_cannot_be_tried_narrower() {
    let found = recommend(&["--ingress", "--staged", "--flows", FLOWS, EXCHANGE]);
    assert!(!found.out.contains("\nkind: NetworkPolicy"), "{}", found.out);
    let told = "trading/trading-frontend: it is enforced, and its ingress lets more pass than was seen";
    assert!(found.out.contains(told), "{}", found.out);
}

#[test]
fn what_is_tried_is_safe_when_nothing_that_was_seen_would_be_denied() {
    let found = recommend(&["--egress", "--staged", "--flows", FLOWS, EXCHANGE]);
    let state = State::applied(&found.out);
    let path = state.path();
    let status = |more: &[&str]| {
        let asked = ["--status", "--flows", FLOWS, "-n", "wallet", &path];
        recommend(&[&asked[..], &CATALOG[..], more].concat())
    };
    // The frontend and nobody else was seen to call nobody.
    let few = status(&[]);
    assert_eq!(few.code, Some(1), "{}", few.err);
    insta::assert_snapshot!(few.out);
    let safe = status(&["--enough", "0"]);
    assert_eq!(safe.code, Some(0), "{}", safe.out);

    // Somebody calls what nobody called before.
    let planted = tempfile::tempdir().unwrap();
    let planted = planted.path().join("planted.jsonl");
    fs::create_dir_all(planted.parent().unwrap()).unwrap();
    let seen = fs::read_to_string(root().join(FLOWS)).unwrap();
    let line = seen.lines().find(|line| line.contains("payments.example.com")).unwrap();
    let line = line
        .replace("198.51.100.9", "198.51.100.66")
        .replace("\"outcome\":\"allowed\"", "\"outcome\":\"audited\"");
    let leave = r#""leave":{"egress":{"noRule":[{"namespace":"wallet","name":"wallet-backend-egress"}]}},"#;
    fs::write(&planted, line.replace("\"observer\"", &format!("{leave}\"observer\""))).unwrap();
    let run = status(&["--enough", "0", "--flows", planted.to_str().unwrap()]);
    assert_eq!(run.code, Some(1), "{}", run.out);
    assert!(run.out.contains("it would deny 1 kind of connection that was seen"), "{}", run.out);
    let json = status(&["--enough", "0", "--flows", planted.to_str().unwrap(), "-o", "json"]);
    let json: serde_json::Value = serde_json::from_str(&json.out).unwrap();
    let of = |name: &str| {
        json["policies"].as_array().unwrap().iter().find(|one| one["name"] == name).unwrap().clone()
    };
    let backend = of("wallet/wallet-backend-egress");
    assert_eq!((backend["safe"].clone(), backend["audited"].clone()), (false.into(), 4.into()));
    assert_eq!(backend["refused"][0]["to"], "198.51.100.66");
    assert_eq!(of("wallet/wallet-bff-egress")["safe"], true);
}

#[test]
fn a_whole_namespace_becomes_the_pods_that_came() {
    let run = recommend(&["--narrow", "-n", "trading", "--flows", FLOWS, EXCHANGE]);
    assert_eq!(run.code, Some(0), "{}", run.err);
    insta::assert_snapshot!(run.out);
}

#[test]
fn the_catalog_that_is_recommended_gives_policies_under_which_what_was_seen_passes() {
    let run_catalog = recommend(&["-o", "catalog", "--flows", FLOWS, EXCHANGE]);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("sekisho.yaml");
    fs::write(&file, &run_catalog.out).unwrap();
    assert!(run_catalog.out.contains("calls: range-203-0-113-40-30"), "{}", run_catalog.out);
    let made = run(&["generate", "-c", file.to_str().unwrap(), "-e", "production"]);
    assert_eq!(made.code, Some(0), "{}", made.err);
    let state = State::applied(&made.out);
    let broken = run(&["diff", "--flows", FLOWS, EXCHANGE, &state.path()]);
    assert_eq!(broken.code, Some(0), "{}{}", broken.out, broken.err);
    assert_refused(
        &recommend(&["-o", "catalog", "--staged", "--flows", FLOWS, EXCHANGE]),
        &["leave out `--staged`"],
    );
}

#[test]
fn load_balancers_are_let_in_also_where_none_was_seen() {
    let folder = tempfile::tempdir().unwrap();
    let flows = folder.path().join("flows.jsonl");
    let seen = fs::read_to_string(root().join(FLOWS)).unwrap();
    let rest: String = seen
        .lines()
        .filter(|line| !line.contains("35.191.") && !line.contains("130.211."))
        .map(|line| format!("{line}\n"))
        .collect();
    fs::write(&flows, rest).unwrap();
    let run = recommend(&[
        "--ingress",
        "--workload",
        "wallet/wallet-bff",
        "--flows",
        flows.to_str().unwrap(),
        EXCHANGE,
    ]);
    // Nothing came to it otherwise, and so its policy stays as the standard writes it.
    assert!(run.out.contains("As they should be") || run.out.contains("asks for health"), "{}", run.out);
    let run = recommend(&[
        "--ingress",
        "--workload",
        "wallet/wallet-frontend",
        "--flows",
        flows.to_str().unwrap(),
        EXCHANGE,
    ]);
    assert!(
        run.out.contains("the load balancer of Ingress wallet/wallet-frontend asks for health"),
        "{}",
        run.out
    );
    assert!(run.out.contains("cidr: 35.191.0.0/16 # google-load-balancers"), "{}", run.out);
}

#[test]
fn what_hubble_saw_is_read_and_the_baseline_goes_on_for_who_was_not_asked_about() {
    let run = recommend(&[
        "--egress",
        "--workload",
        "trading/trading-bff",
        "--flows",
        "examples/flows/hubble.jsonl",
        EXCHANGE,
    ]);
    assert_eq!(run.code, Some(0), "{}", run.err);
    let backend = run.out.split("---\n").find(|text| text.contains("name: trading-backend-egress")).unwrap();
    assert!(backend.starts_with("# trading/trading-backend: its egress stays as it was."), "{backend}");
    assert!(backend.contains("  egress:\n    - {}\n"), "{backend}");
    assert!(run.out.contains("by hubble"), "{}", run.out);
}

#[test]
fn what_was_denied_is_let_pass_on_request_alone() {
    let asked = ["--ingress", "--workload", "trading/trading-backend", "--flows", FLOWS, EXCHANGE];
    assert!(!recommend(&asked).out.contains("wallet-bff"));
    let run = recommend(&[&asked[..], &["--include-denied"]].concat());
    assert!(run.out.contains("# wallet/wallet-bff"), "{}", run.out);
    assert!(run.out.contains("denied until now"), "{}", run.out);
}

#[test]
fn names_from_outside_end_no_comment() {
    let folder = tempfile::tempdir().unwrap();
    let flows = folder.path().join("flows.jsonl");
    let seen = fs::read_to_string(root().join(FLOWS)).unwrap();
    let hostile = seen.replace("payments.example.com", "a\\n    - {}\\n# \\u2028x");
    fs::write(&flows, hostile).unwrap();
    let run = recommend(&[
        "--egress",
        "--workload",
        "wallet/wallet-backend",
        "--flows",
        flows.to_str().unwrap(),
        EXCHANGE,
    ]);
    let policy = run.out.split("---\n").find(|text| text.contains("name: wallet-backend-egress")).unwrap();
    assert!(!policy.lines().any(|line| line == "    - {}"), "{policy}");
    assert!(policy.contains("cidr: 198.51.100.9/32 # a?    - {}?# ?x"), "{policy}");
}

#[test]
fn mistakes_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let line = fs::read_to_string(root().join(FLOWS)).unwrap().lines().next().unwrap().to_owned();
    let wrong = file("wrong.jsonl", &format!("{line}\n{}\n", line.replace("TCP/3000", "TCP/x")));
    let run = recommend(&["--flows", &wrong, EXCHANGE]);
    assert_refused(&run, &["wrong.jsonl:2:", "`TCP/x` is nothing that a flow carries", "1 line is no flows"]);
    let other = file("other.txt", "hello\n");
    assert_refused(&recommend(&["--flows", &other, EXCHANGE]), &["none of the formats", "docs/flows.md"]);
    assert_refused(&recommend(&["--flows", "missing.jsonl", EXCHANGE]), &["cannot read `missing.jsonl`"]);
    assert_refused(&recommend(&[EXCHANGE]), &["which flows?"]);
    let misspelt = recommend(&["--workload", "wallet/wallet-bf", "--flows", FLOWS, EXCHANGE]);
    assert_refused(&misspelt, &["did you mean `wallet/wallet-bff`?"]);
}

#[test]
fn only_the_time_that_is_asked_about_counts() {
    let asked = ["--egress", "--workload", "wallet/wallet-backend", "--flows", FLOWS, EXCHANGE];
    let until = ["--since", "2d", "--until", "2026-11-20T00:00:00Z"];
    let run = recommend(&[&asked[..], &until[..]].concat());
    assert!(!run.out.contains("payments.example.com"), "{}", run.out);
    assert!(run.out.contains("2 days from 2026-11-18T00:00:00Z to 2026-11-20T00:00:00Z"), "{}", run.out);
}

#[test]
fn a_change_breaks_what_flowed() {
    let ledger = fs::read_to_string(root().join(EXCHANGE).join("ledger/ledger.yaml")).unwrap();
    let (_, policy) = documents(&ledger).find(|(name, _)| name.as_deref() == Some("ledger/ledger")).unwrap();
    let changed =
        policy.replace("app.kubernetes.io/name: wallet-backend", "app.kubernetes.io/name: wallet-backends");
    assert_ne!(policy, changed);
    let state = State::applied(&changed);
    let broken = run(&["diff", "--flows", FLOWS, EXCHANGE, &state.path()]);
    assert_eq!(broken.code, Some(1), "{}", broken.err);
    insta::assert_snapshot!(broken.out);
    let json = run(&["diff", "-o", "json", "--flows", FLOWS, EXCHANGE, &state.path()]);
    let json: serde_json::Value = serde_json::from_str(&json.out).unwrap();
    assert_eq!(json["breaks"], true);
    assert_eq!(json["broken"][0]["from"], "wallet/wallet-backend");
    assert_eq!(json["broken"][0]["policies"][1], "ledger/ledger");
    // What was denied before is no news.
    let back = run(&["diff", "--flows", FLOWS, &state.path(), EXCHANGE]);
    assert_eq!(back.code, Some(0), "{}", back.out);
    let refused = run(&["diff", "-o", "md", "--flows", FLOWS, EXCHANGE, &state.path()]);
    assert_refused(&refused, &["leave out `-o`"]);
}
