//! What the index costs: time and memory for each pod, what one change costs in it, and a verdict.

use crate::{
    Result, cluster,
    measure::{quantile, seconds},
    memory,
    report::{Goal, Row, count},
};
use sekisho_core::{
    eval,
    index::Index,
    object::{Change, Cluster},
    packet::{End, Packet, Traffic},
    set::Protocol,
};
use std::hint::black_box;

const POLICIES: usize = 10_000;

/// Builds indices and asks them.
pub(crate) fn run() -> Result<Vec<Row>> {
    let resolved = build(10_000, POLICIES);
    let mut rows = vec![
        Row::new("index of 10,000 pods and 10,000 policies", resolved.seconds, "s").goal(Goal::AtMost(2.0)),
    ];
    drop(resolved);
    let small = build(3_000, POLICIES / 10);
    let large = build(30_000, POLICIES);
    let each = |built: &Built| built.seconds / count(built.pods) * 1e6;
    rows.push(Row::new("index of 30,000 pods and 10,000 policies", large.seconds, "s"));
    rows.push(
        Row::new("the same for each pod", each(&large), "us")
            .against("3,000 pods and 1,000 policies", each(&small), "us")
            .note("both grow tenfold: 1 is linear"),
    );
    rows.push(
        Row::new("its memory for each pod", large.bytes / count(large.pods) / 1024.0, "KiB")
            .against("3,000 pods and 1,000 policies", small.bytes / count(small.pods) / 1024.0, "KiB")
            .note("policies included; the objects as read are not"),
    );
    rows.push(verdicts(&large)?);
    Ok(rows)
}

/// An index and what it cost.
struct Built {
    pods: usize,
    changes: Vec<Change>,
    index: Index,
    seconds: f64,
    bytes: f64,
}

fn build(pods: usize, policies: usize) -> Built {
    let changes = cluster::Usual { pods, policies }.changes();
    let mut times: Vec<f64> = (0..3).map(|_| time(changes.clone())).collect();
    let (bytes, index) = memory::held(|| Index::of(changes.iter().cloned()));
    Built { pods, index, seconds: quantile(&mut times, 0.0), bytes, changes }
}

fn time(changes: Vec<Change>) -> f64 {
    seconds(|| Index::of(changes)).0
}

/// A verdict of the index beside the plain evaluator's, which looks at every policy.
fn verdicts(built: &Built) -> Result<Row> {
    let mut cluster = Cluster::default();
    built.changes.iter().cloned().for_each(|change| cluster.apply(change));
    let packets: Vec<Packet> = (0..200).filter_map(|number| packet(built, number)).collect();
    let (fast, allowed) =
        seconds(|| packets.iter().map(|packet| built.index.decide(packet)).collect::<Vec<_>>());
    let (slow, plain) =
        seconds(|| packets.iter().map(|packet| eval::decide(&cluster, packet).decision).collect::<Vec<_>>());
    if black_box(&allowed) != black_box(&plain) {
        return Err("index and evaluator disagree".into());
    }
    let each = |seconds: f64| seconds / count(packets.len()) * 1e6;
    Ok(Row::new("a verdict of it", each(fast), "us").against("the plain evaluator", each(slow), "us"))
}

/// A packet between two pods far apart in the list.
fn packet(built: &Built, number: usize) -> Option<Packet> {
    let pod = |number: usize| built.index.pods().nth(number % built.pods).map(|(_, pod)| pod);
    let address = |number| pod(number)?.addresses.first().copied();
    let (from, to) = (address(number * 149)?, address(number * 149 + 1)?);
    Some(Packet {
        from: End::Address(from),
        to: End::Address(to),
        traffic: Traffic::Port(Protocol::Tcp, 8080),
    })
}
