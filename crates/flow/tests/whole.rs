//! From what another tool wrote to our own lines: read, named, counted, written and read again.
#![allow(clippy::unwrap_used)]

use sekisho_flow::{
    attribution::{Attribution, Book, Nobody},
    merge::merge,
    record::Flow,
    source::{Foreign, Observations},
    text::{Flows, line},
    window::{Limits, Windows},
};

/// The flows of a recording, by the minute, without a cluster to look things up in.
fn flows(format: Foreign, text: &str) -> Vec<Flow> {
    let mut attribution = Attribution::new(Book::default(), Nobody);
    let mut windows = Windows::new(60.try_into().unwrap(), Limits::default());
    let mut closed = Vec::new();
    for observation in Observations::new(format, text.as_bytes()) {
        closed.extend(windows.replay(attribution.name(&observation.unwrap())));
    }
    closed.extend(windows.close());
    merge(closed.into_iter().flat_map(|closed| closed.flows))
}

fn told(flow: &Flow) -> String {
    let side = flow.key.side.map(|side| format!(" at {side}")).unwrap_or_default();
    format!("{} {}x{side}\n    {}", flow.key, flow.seen.count, flow.key.leave)
}

#[test]
fn what_others_wrote_becomes_records() {
    let mut all = Vec::new();
    for (name, format, text) in [
        ("Hubble", Foreign::Hubble, include_str!("fixtures/hubble/export.jsonl")),
        ("GKE", Foreign::Gke, include_str!("fixtures/gke/lines.jsonl")),
        ("VPC", Foreign::Vpc, include_str!("fixtures/vpc/custom.log")),
    ] {
        let flows = flows(format, text);
        let lines: String = flows.iter().map(|flow| line(flow) + "\n").collect();
        let again: Vec<Flow> = Flows::new(lines.as_bytes()).map(Result::unwrap).collect();
        assert_eq!(again, flows);
        all.push(format!("# {name}"));
        all.extend(flows.iter().map(told));
    }
    insta::assert_snapshot!(all.join("\n"));
}
