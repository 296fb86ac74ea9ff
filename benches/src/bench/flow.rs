//! What watching costs: flows named, given their reason and counted, on one core.

use crate::{
    Result, cluster,
    measure::{quantile, seconds},
    memory,
    report::{Goal, Row, count},
};
use sekisho_core::{index::Index, object::Cluster, set::Protocol};
use sekisho_flow::{
    Timestamp,
    attribution::{Attribution, Book, Policies},
    observation::{Observation, Party},
    record::{Carried, Leave, Observer, Outcome},
    source::{Foreign, Observations},
    text,
    window::{Limits, Windows},
};
use std::{fmt::Write, hint::black_box, net::IpAddr, num::NonZeroU32};

/// So many flows come in a second, and are told on one core: the goal.
const FLOWS: usize = 100_000;
const PODS: usize = 3_000;
const POLICIES: usize = 1_000;
/// A second in which a window is open.
const SECOND: i64 = 1_795_773_600;

/// What is observed.
#[derive(Clone, Copy)]
enum Traffic {
    /// Pods that call the same others, and a few addresses outside, again and again.
    Usual,
    /// A scan from outside: each flow from an address of its own, to a port of its own.
    Scan,
    /// Each pod calls each other.
    Mesh,
}

/// Names and counts.
pub(crate) fn run() -> Result<Vec<Row>> {
    let mut cluster = Cluster::default();
    cluster::Usual { pods: PODS, policies: POLICIES }
        .changes()
        .into_iter()
        .for_each(|change| cluster.apply(change));
    let index = Index::of(cluster.changes());
    let pods: Vec<IpAddr> = cluster.pods.values().flat_map(|pod| pod.addresses.iter().copied()).collect();
    let mut rows = Vec::new();
    for (what, traffic) in [
        ("100,000 flows of a usual day", Traffic::Usual),
        ("100,000 flows between all pods", Traffic::Mesh),
        ("100,000 flows of a scan from outside", Traffic::Scan),
    ] {
        let observations: Vec<Observation> =
            (0..FLOWS).filter_map(|number| observation(&pods, traffic, number)).collect();
        let (bytes, mut counted) = memory::held(|| counted(&cluster, &index, &observations));
        let best = quantile(&mut counted.times, 0.0);
        let note = format!("{} records", counted.windows.held());
        rows.push(Row::new(what, best, "s").goal(Goal::AtMost(1.0)).note(note));
        rows.push(
            Row::new("the memory of it", bytes / 1024.0 / 1024.0, "MiB")
                .goal(Goal::AtMost(100.0))
                .note("the window, the address book, and answers that are remembered"),
        );
    }
    rows.extend(read(&cluster, &index, &pods)?);
    Ok(rows)
}

/// What came of counting.
struct Counted<'a> {
    /// How long each of three rounds took.
    times: Vec<f64>,
    /// The window after the last.
    windows: Windows,
    /// Who gave names; it is held for its memory.
    _attribution: Attribution<Policies<'a>>,
}

fn counted<'a>(cluster: &'a Cluster, index: &'a Index, observations: &[Observation]) -> Counted<'a> {
    let fresh = || Attribution::new(Book::of(cluster), Policies::of(cluster, index));
    let empty = || Windows::new(NonZeroU32::MIN, Limits::default());
    let (mut times, mut attribution, mut windows) = (Vec::new(), fresh(), empty());
    for _ in 0..3 {
        (attribution, windows) = (fresh(), empty());
        let (time, ()) = seconds(|| {
            for observation in observations {
                windows.add(attribution.name(observation));
            }
        });
        times.push(time);
    }
    Counted { times, windows, _attribution: attribution }
}

/// Observation `number`; what policies forbid is among what is said to be allowed, so that both are asked for.
fn observation(pods: &[IpAddr], traffic: Traffic, number: usize) -> Option<Observation> {
    let pod = |number: usize| pods.get(number % pods.len()).copied();
    let outside = |number: usize| {
        let number = u32::try_from(number).unwrap_or_default();
        IpAddr::from((0xcb00_0000 | (number & 0x00ff_ffff)).to_be_bytes())
    };
    let low = |number: usize| u16::try_from(number % 60_000).unwrap_or_default();
    let (from, to, port) = match traffic {
        Traffic::Usual if number.is_multiple_of(10) => (pod(number)?, outside(number % 50), 443),
        Traffic::Usual => (pod(number)?, pod(number % PODS * 7 + number % 3)?, 8080),
        Traffic::Mesh => (pod(number)?, pod(number / PODS + number)?, 8080),
        Traffic::Scan => (outside(number), pod(number)?, low(number)),
    };
    Some(Observation {
        at: Timestamp::from_second(SECOND).ok()?,
        count: 1,
        from: Party::at(from),
        to: Party::at(to),
        carried: Carried::Port(Protocol::Tcp, port),
        outcome: if number.is_multiple_of(3) { Outcome::Denied } else { Outcome::Allowed },
        leave: Leave::default(),
        observer: Observer::Agent,
        side: None,
        node: Some("node-1".into()),
    })
}

/// Reading what others observed, and our own records.
fn read(cluster: &Cluster, index: &Index, pods: &[IpAddr]) -> Result<Vec<Row>> {
    let mut lines = String::new();
    for number in 0..FLOWS / 10 {
        let (from, to) = (pods.get(number % pods.len()), pods.get((number * 7 + 1) % pods.len()));
        let (Some(from), Some(to)) = (from, to) else { continue };
        writeln!(
            lines,
            r#"{{"flow":{{"time":"2026-11-27T10:00:00.000000000Z","verdict":"FORWARDED","IP":{{"source":"{from}","destination":"{to}","ipVersion":"IPv4"}},"l4":{{"TCP":{{"source_port":{},"destination_port":8080,"flags":{{"SYN":true}}}}}},"source":{{"ID":1,"identity":2,"namespace":"team-1","labels":["k8s:app=app-1","k8s:io.kubernetes.pod.namespace=team-1"],"pod_name":"app-1-{number}","workloads":[{{"name":"app-1","kind":"Deployment"}}]}},"destination":{{"ID":3,"identity":4,"namespace":"team-2","labels":["k8s:app=app-2"],"pod_name":"app-2-{number}"}},"Type":"L3_L4","node_name":"node-1","event_type":{{"type":5}},"traffic_direction":"INGRESS","is_reply":false}},"node_name":"node-1","time":"2026-11-27T10:00:00Z"}}"#,
            1024 + number % 60_000
        )?;
    }
    let (hubble, read) = seconds(|| Observations::new(Foreign::Hubble, lines.as_bytes()).flatten().count());
    let observations: Vec<Observation> =
        (0..FLOWS).filter_map(|number| observation(pods, Traffic::Mesh, number)).collect();
    let flows =
        counted(cluster, index, &observations).windows.close().map(|closed| closed.flows).unwrap_or_default();
    let mut written = Vec::new();
    let (write, done) = seconds(|| flows.iter().try_for_each(|flow| text::write(&mut written, flow)));
    done?;
    let (own, again) = seconds(|| text::Flows::new(&written[..]).flatten().count());
    if black_box(again) != flows.len() || black_box(read) == 0 {
        return Err("what was written is not read".into());
    }
    let each = |seconds: f64, records: usize| seconds / count(records) * 1e6;
    Ok(vec![
        Row::new("a line of Hubble, read", each(hubble, FLOWS / 10), "us"),
        Row::new("a record, read", each(own, flows.len()), "us").against(
            "written",
            each(write, flows.len()),
            "us",
        ),
    ])
}
