//! `sekisho observe` as people run it.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test says what must hold")]

mod ran;
mod support;

use ran::Run;
use std::{
    io::{BufRead, BufReader, Write},
    process::{Command, Stdio},
};
use support::{assert_refused, run};

const FLOWS: &str = "examples/flows/exchange.jsonl";
const EXCHANGE: &str = "examples/exchange/production";

fn observe(arguments: &[&str]) -> Run {
    run(&[&["observe", "--flows", FLOWS][..], arguments].concat())
}

/// The lines of a table that begin with an outcome.
fn rows(arguments: &[&str]) -> Vec<String> {
    let printed = observe(arguments).out;
    let is_row =
        |line: &&str| ["allowed ", "denied ", "audited "].iter().any(|start| line.starts_with(start));
    printed.lines().filter(is_row).map(str::to_owned).collect()
}

#[test]
fn what_was_denied_comes_first_and_says_by_which_policies() {
    let all = rows(&[EXCHANGE]);
    assert!(all.len() > 30, "{all:?}");
    let denied = all.first().unwrap();
    assert!(denied.starts_with("denied") && denied.contains("wallet/wallet-bff"), "{denied}");
    assert!(denied.contains("no rule of trading/baseline, trading/trading-backend allows it"), "{denied}");
    let allowed = all.iter().find(|row| row.contains("trading/trading-bff") && row.contains("TCP/9090"));
    assert!(allowed.unwrap().contains("trading/trading-backend spec.ingress[0].from[0]"), "{allowed:?}");
}

#[test]
fn ends_ports_and_outcomes_narrow_it() {
    let all = rows(&[]);
    let denied = rows(&["--outcome", "denied"]);
    assert_eq!(denied.len(), 1, "{denied:?}");
    let outside = rows(&["--to", "internet"]);
    assert!(!outside.is_empty() && outside.len() < all.len());
    assert!(rows(&["--to", "api.clearing.example"]).iter().all(|row| row.contains("203.0.113.4")));
    assert_eq!(rows(&["--to", "203.0.113.40/30", "--port", "TCP/443"]).len(), 4);
    assert_eq!(rows(&["--to", "203.0.113.40/30", "--port", "ICMP/8"]).len(), 1);
    let both = rows(&["--from", "wallet/*", "--to", "ledger/ledger"]);
    assert!(both.len() == 2 && both.iter().all(|row| row.contains("wallet/wallet-backend")), "{both:?}");
}

/// A change of the policies since: what they would decide otherwise is said.
#[test]
fn what_the_policies_would_decide_otherwise_is_said() {
    let workload = |kind: &str, name: &str| {
        format!(
            "---\napiVersion: apps/v1\nkind: {kind}\nmetadata: {{name: {name}, namespace: ledger}}\nspec:\n  \
             selector: {{matchLabels: {{app: {name}}}}}\n  serviceName: {name}\n  template:\n    \
             metadata: {{labels: {{app: {name}}}}}\n    spec: {{containers: [{{name: main, image: none}}]}}\n"
        )
    };
    let ledger = workload("Deployment", "ledger").replace("  serviceName: ledger\n", "");
    let closed = "---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\n\
                  metadata: {name: closed, namespace: ledger}\nspec: {podSelector: {}, policyTypes: [Egress]}\n";
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.yaml");
    std::fs::write(&path, ledger + &workload("StatefulSet", "ledger-db") + closed).unwrap();
    let run = observe(&["--from", "ledger/ledger", "--to", "ledger/ledger-db", path.to_str().unwrap()]);
    let why = "the policies here deny it: egress: no rule of ledger/closed allows it";
    assert!(run.out.contains(why), "{}{}", run.out, run.err);
    let differ = "1 row was decided otherwise than by the policies that were read";
    assert!(run.out.contains(differ), "{}", run.out);
    // One that is only tried denies nothing.
    let text = std::fs::read_to_string(&path).unwrap();
    let tried = text.replace("{name: closed,", "{name: closed, annotations: {sekisho.dev/mode: audit},");
    std::fs::write(&path, tried).unwrap();
    let run = observe(&["--from", "ledger/ledger", "--to", "ledger/ledger-db", path.to_str().unwrap()]);
    assert!(!run.out.contains("otherwise") && run.out.contains("ledger/ledger-db"), "{}{}", run.out, run.err);
}

/// What is printed as records is read again, and says the same.
#[test]
fn records_are_read_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("flows.jsonl");
    let records = observe(&["-o", "jsonl", EXCHANGE]).out;
    std::fs::write(&path, &records).unwrap();
    let again = run(&["observe", "--flows", path.to_str().unwrap(), "-o", "jsonl", EXCHANGE]).out;
    assert_eq!(again, records);
    let lines = records.lines().count();
    assert_eq!(lines, rows(&[]).len(), "a line for each row");
}

#[test]
fn what_makes_no_sense_is_refused() {
    assert_refused(&run(&["observe"]), &["which flows? name files of them by `--flows`"]);
    let refused = |arguments: &[&str], why: &str| assert_refused(&observe(arguments), &[why]);
    refused(&["--to", "nonsense"], "`nonsense` is no end of flows");
    refused(&["--port", "http"], "`http` is nothing that a flow carries");
    refused(&["--flows", "no-such-file"], "cannot read `no-such-file`");
}

/// Each line of standard input is a row before the next one comes.
#[test]
fn what_comes_on_standard_input_is_told_as_it_comes() {
    let text = std::fs::read_to_string(support::root().join(FLOWS)).unwrap();
    let mut child = Command::new(env!("CARGO_BIN_EXE_sekisho"))
        .args(["observe", "--flows", "-", "--follow", "--to", "trading/*", EXCHANGE])
        .current_dir(support::root())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    let mut rows = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut told = 0;
    for line in
        text.lines().filter(|line| line.contains("\"to\":{\"workload\":{\"namespace\":\"trading\"")).take(5)
    {
        writeln!(input, "{line}").unwrap();
        let row = rows.next().unwrap().unwrap();
        assert!(row.contains(" -> trading/") && row.contains("gress: trading/"), "{row}");
        told += 1;
    }
    assert_eq!(told, 5, "the example has as many");
    writeln!(input, "no flow").unwrap();
    drop(input);
    assert!(rows.next().is_none());
    let ended = child.wait_with_output().unwrap();
    assert_eq!(ended.status.code(), Some(2), "a line was none");
    assert!(String::from_utf8(ended.stderr).unwrap().contains("-:6:"));
    let refused = |arguments: &[&str], why: &str| assert_refused(&observe(arguments), &[why]);
    refused(&["--follow"], "what is in a file does not come: `--follow` is for `--flows -`");
    refused(&["--follow", "-o", "json"], "what does not end is no document");
}

#[test]
fn log_records_are_what_flowed() {
    let records = observe(&["-o", "otlp", "--outcome", "denied"]).out;
    let [line] = records.lines().collect::<Vec<_>>()[..] else { panic!("one request: {records}") };
    assert!(line.starts_with("{\"resourceLogs\":[{\"resource\":"), "{line}");
    assert!(
        line.contains("{\"key\":\"sekisho.flow.outcome\",\"value\":{\"stringValue\":\"denied\"}}"),
        "{line}"
    );
    let all = observe(&["-o", "otlp"]).out;
    assert_eq!(all.matches("\"timeUnixNano\"").count(), rows(&[]).len());
}
