//! What other tools observe, in the formats that they document.
#![allow(clippy::unwrap_used)]

use proptest::{collection::vec, prelude::*};
use sekisho_core::testing::config;
use sekisho_flow::{
    observation::{Observation, Party, Told},
    source::{Foreign, Format, Observations, Skip},
};
use std::io::BufReader;

const HUBBLE: &str = include_str!("fixtures/hubble/export.jsonl");
const GKE_ARRAY: &str = include_str!("fixtures/gke/array.json");
const GKE_LINES: &str = include_str!("fixtures/gke/lines.jsonl");
const GKE_NODE: &str = include_str!("fixtures/gke/node.log");
const VPC: &str = include_str!("fixtures/vpc/default.log");
const VPC_CUSTOM: &str = include_str!("fixtures/vpc/custom.log");

type Read = Result<Observation, String>;

fn observed(format: Foreign, text: &str) -> (Vec<Read>, Vec<(Skip, u64)>) {
    // A small buffer, so that lines lie in several.
    let mut observations = Observations::new(format, BufReader::with_capacity(11, text.as_bytes()));
    let found = observations.by_ref().map(|read| read.map_err(|error| error.to_string())).collect();
    (found, observations.skipped().iter().collect())
}

/// As people read it: a line for each observation, and what was left out.
fn told(format: Foreign, text: &str) -> String {
    let (found, skipped) = observed(format, text);
    let observed =
        found.into_iter().map(|read| read.map_or_else(|error| error, |observation| line(&observation)));
    let skipped = skipped.into_iter().map(|(why, events)| format!("left out: {events}, {why}"));
    observed.chain(skipped).collect::<Vec<_>>().join("\n")
}

fn line(observation: &Observation) -> String {
    let Observation { at, count, from, to, carried, outcome, leave, observer, side, node } = observation;
    let side = side.map(|side| format!(" at {side}")).unwrap_or_default();
    let node = node.as_ref().map(|node| format!(" on {node}")).unwrap_or_default();
    format!(
        "{at} {observer}{node}{side}: {} -> {} {carried} {outcome} {count}x\n    {leave}",
        party(from),
        party(to)
    )
}

fn party(party: &Party) -> String {
    let mut words = vec![party.address.unwrap().to_string()];
    match &party.told {
        Told::Nothing => {}
        Told::External => words.push("external".to_owned()),
        Told::Node(name) => words.push(format!("node {}", name.as_deref().unwrap_or("?"))),
        Told::Service(key) => words.push(format!("service {key}")),
        Told::Pod(pod) => {
            let workload = pod.workload.as_ref().map(|(kind, name)| format!(" of {kind} {name}"));
            let labels = pod.labels.iter().map(|(key, value)| format!(" {key}={value}")).collect::<String>();
            let name = pod.name.as_deref().unwrap_or("?");
            words.push(format!("pod {}/{name}{}{labels}", pod.namespace, workload.unwrap_or_default()));
        }
    }
    words.extend(party.names.iter().map(|name| name.to_string()));
    words.join(", ")
}

#[test]
fn hubble_is_read() {
    insta::assert_snapshot!(told(Foreign::Hubble, HUBBLE));
}

#[test]
fn the_logs_of_gke_are_read() {
    insta::assert_snapshot!(told(Foreign::Gke, GKE_ARRAY));
}

#[test]
fn the_logs_of_gke_say_the_same_in_each_form() {
    let array = observed(Foreign::Gke, GKE_ARRAY);
    assert_eq!(observed(Foreign::Gke, GKE_LINES), array);
    assert_eq!(observed(Foreign::Gke, &GKE_ARRAY.replace('\n', "")), array, "without line breaks");
    let without_node =
        |read: &Read| read.clone().map(|observation| Observation { node: None, ..observation });
    let node = observed(Foreign::Gke, GKE_NODE);
    assert_eq!(node.0, array.0.iter().map(without_node).collect::<Vec<_>>());
}

#[test]
fn flow_logs_of_a_vpc_are_read() {
    insta::assert_snapshot!(told(Foreign::Vpc, VPC));
}

#[test]
fn flow_logs_of_a_vpc_are_read_in_a_format_of_its_own() {
    insta::assert_snapshot!(told(Foreign::Vpc, VPC_CUSTOM));
    // As it is asked for, and as CloudWatch Logs exports it.
    let asked: String = VPC_CUSTOM
        .lines()
        .enumerate()
        .map(|(at, line)| {
            if at == 0 {
                line.split(' ').map(|field| format!("${{{field}}} ")).collect::<String>() + "\n"
            } else {
                format!("2026-11-27T10:01:{at:02}.000Z {line}\n")
            }
        })
        .collect();
    assert_eq!(observed(Foreign::Vpc, &asked), observed(Foreign::Vpc, VPC_CUSTOM));
}

#[test]
fn formats_are_told_by_how_they_begin() {
    let foreign = |format| Some(Format::Foreign(format));
    for (text, format) in [
        (HUBBLE, foreign(Foreign::Hubble)),
        (HUBBLE.lines().next_back().unwrap(), foreign(Foreign::Hubble)),
        ("{\"lost_events\":{}}", foreign(Foreign::Hubble)),
        (GKE_ARRAY, foreign(Foreign::Gke)),
        (GKE_LINES, foreign(Foreign::Gke)),
        (GKE_NODE, foreign(Foreign::Gke)),
        (VPC, foreign(Foreign::Vpc)),
        (VPC_CUSTOM, foreign(Foreign::Vpc)),
        (include_str!("fixtures/flow.jsonl"), Some(Format::Flows)),
        ("", None),
        ("kind: NetworkPolicy\n", None),
        ("{\"kind\":\"NetworkPolicy\"}", None),
        ("2 of 14 lines", None),
    ] {
        assert_eq!(Format::detect(format!("\n {text}").as_bytes()), format, "{text:.40}");
    }
}

#[test]
fn a_wrong_line_says_where_and_the_next_is_read() {
    let mut said = Vec::new();
    for (format, text, wrong) in [
        (Foreign::Hubble, HUBBLE, ("10.244.1.11", "10.244.1")),
        (Foreign::Hubble, HUBBLE, ("\"verdict\":\"FORWARDED\"", "\"verdict\":7")),
        (Foreign::Hubble, HUBBLE, ("10:00:01.100000000Z", "soon")),
        (Foreign::Hubble, HUBBLE, ("}\n", "\n")),
        (Foreign::Gke, GKE_LINES, ("\"dest_port\":9090", "\"dest_port\":90900")),
        (Foreign::Gke, GKE_LINES, ("\"count\":1", "\"count\":1.5")),
        (Foreign::Gke, GKE_ARRAY, ("\"10.244.2.12\"", "\"here\"")),
        (Foreign::Gke, GKE_ARRAY, ("[\n", "[\nx ")),
        (Foreign::Gke, &*GKE_ARRAY.replace('\n', ""), ("\"10.244.2.13\"", "\"here\"")),
        (Foreign::Vpc, VPC, ("10.244.2.12", "10.244.2.256")),
        (Foreign::Vpc, VPC, ("9090", "90900")),
        (Foreign::Vpc, VPC, (" ACCEPT OK", "")),
    ] {
        let broken = text.replacen(wrong.0, wrong.1, 1);
        assert_ne!(broken, text);
        let (found, _) = observed(format, &broken);
        let (wrong, right): (Vec<_>, Vec<_>) = found.into_iter().partition(Result::is_err);
        assert!(right.len() >= 3, "{broken}");
        said.extend(wrong.into_iter().map(Result::unwrap_err));
    }
    let (found, _) = observed(Foreign::Vpc, "\u{1f}\u{8b}");
    said.extend(found.into_iter().filter_map(Result::err));
    insta::assert_snapshot!(said.join("\n"));
}

proptest! {
    #![proptest_config(config(64))]

    #[test]
    fn no_text_stops_a_reader(bytes in vec(any::<u8>(), 0..12), at in any::<prop::sample::Index>()) {
        for (format, text) in [
            (Foreign::Hubble, HUBBLE),
            (Foreign::Gke, GKE_ARRAY),
            (Foreign::Gke, GKE_LINES),
            (Foreign::Vpc, VPC_CUSTOM),
        ] {
            let mut text = text.as_bytes().to_vec();
            let at = at.index(text.len());
            text.splice(at..(at + 3).min(text.len()), bytes.iter().copied());
            let pieces = text.iter().filter(|byte| matches!(byte, b'\n' | b'{')).count();
            let read = Observations::new(format, &text[..]).count();
            prop_assert!(read <= 1 + pieces);
            let _ = Format::detect(&text);
        }
    }
}
