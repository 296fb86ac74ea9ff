//! What agents recorded of the exchange (`examples/flows/recorded.jsonl`, of the agent's own tests), and what other
//! observers would have told of the same traffic: the same is recommended of it.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test says what must hold")]

mod observers;
mod ran;
mod state;
mod support;

use observers::{Event, gke, hubble, vpc};
use ran::Run;
use serde_json::Value;
use state::{EXCHANGE, State, documents};
use std::{collections::BTreeMap, fs, path::Path};
use support::{root, run};

const FLOWS: &str = "examples/flows/recorded.jsonl";
const CATALOG: [&str; 4] = ["-c", "examples/exchange/sekisho.yaml", "-e", "production"];
const SERVICES: [&str; 5] = ["datadog", "ledger", "market-data", "trading", "wallet"];

fn recommend(flows: &str, arguments: &[&str], state: &str) -> Run {
    run(&[&["recommend", "--flows", flows], arguments, &CATALOG[..], &[state]].concat())
}

/// The records.
fn records() -> Vec<Value> {
    let text = fs::read_to_string(root().join(FLOWS)).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The policies, without what is said about them.
fn policies(text: &str) -> BTreeMap<String, String> {
    let plain = |text: &str| -> String {
        let lines = text.lines().map(|line| line.split('#').next().unwrap().trim_end());
        lines.filter(|line| !line.is_empty()).map(|line| format!("{line}\n")).collect()
    };
    documents(text).filter_map(|(name, text)| Some((name?, plain(&text)))).collect()
}

#[test]
fn what_was_recorded_breaks_under_nothing_that_is_recommended_for_each_service() {
    let mut all = String::new();
    for service in SERVICES {
        let said = recommend(FLOWS, &["--egress", "-n", service], EXCHANGE);
        assert_eq!(said.code, Some(0), "{service}: {}{}", said.out, said.err);
        all += &format!("{}\n---\n", said.out);
    }
    let state = State::applied(&all);
    let broken = run(&["diff", "--flows", FLOWS, EXCHANGE, &state.path()]);
    assert_eq!(broken.code, Some(0), "{}{}", broken.out, broken.err);
    let again = recommend(FLOWS, &["--egress"], &state.path());
    assert_eq!((again.code, policies(&again.out).len()), (Some(0), 0), "{}{}", again.out, again.err);
    // Asked of all at once, it is the same.
    let at_once = recommend(FLOWS, &["--egress"], EXCHANGE);
    assert_eq!(policies(&at_once.out), policies(&all));
}

/// What is recommended of the same traffic, as `others` tell of it.
fn told_by(others: &str, name: &str, directions: &[&str], state: &str) -> BTreeMap<String, String> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join(name);
    fs::write(&file, others).unwrap();
    let said = recommend(file.to_str().unwrap(), directions, state);
    assert_eq!(said.code, Some(0), "{name}: {}{}", said.out, said.err);
    policies(&said.out)
}

#[test]
fn who_observed_it_makes_no_difference() {
    let events: Vec<Event> = records().iter().flat_map(Event::of).collect();
    assert!(events.len() > 500, "{}", events.len());
    for directions in [&["--egress"][..], &["--ingress"], &[]] {
        let expected = policies(&recommend(FLOWS, directions, EXCHANGE).out);
        assert!(!expected.is_empty());
        assert_eq!(told_by(&gke(&events), "policy_action.log", directions, EXCHANGE), expected, "GKE");
        assert_eq!(told_by(&hubble(&events), "hubble.jsonl", directions, EXCHANGE), expected, "Hubble");
    }
}

/// A VPC knows of addresses only, and of no NetworkPolicy: what these refuse passes there.
#[test]
fn a_vpc_tells_the_same_of_pods_whose_addresses_are_known() {
    let is_refused = |record: &Value| {
        records().iter().any(|other| {
            other["outcome"] == "denied"
                && ["from", "to", "carried"].into_iter().all(|field| other[field] == record[field])
        })
    };
    let records: Vec<Value> = records().into_iter().filter(|record| !is_refused(record)).collect();
    let events: Vec<Event> = records.iter().flat_map(Event::of).collect();
    let folder = tempfile::tempdir().unwrap();
    let state = addressed(folder.path());
    let expected = policies(&recommend(FLOWS, &["--egress"], EXCHANGE).out);
    assert_eq!(told_by(&vpc(&events), "vpc.log", &["--egress"], &state), expected);
}

/// The exchange, where the pods of each workload have the addresses that events know them by.
fn addressed(folder: &Path) -> String {
    let state = State::applied("");
    let text = fs::read_to_string(state.path()).unwrap();
    let mut all = String::new();
    for (_, text) in documents(&text) {
        let field = |name: &str| text.lines().find_map(|line| line.strip_prefix(&format!("  {name}: ")));
        let annotated = match (field("namespace"), field("name")) {
            (Some(namespace), Some(name)) => {
                let addresses = observers::addresses(namespace, name).join(",");
                text.replace(
                    "  template:\n    metadata:\n",
                    &format!("  template:\n    metadata:\n      annotations: {{sekisho.dev/addresses: \"{addresses}\"}}\n"),
                )
            }
            _ => text.clone(),
        };
        all += &format!("---\n{annotated}\n");
    }
    assert_eq!(all.matches("sekisho.dev/addresses").count(), 11);
    let file = folder.join("all.yaml");
    fs::write(&file, all).unwrap();
    file.to_str().unwrap().to_owned()
}
