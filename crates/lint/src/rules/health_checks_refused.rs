//! A workload that a load balancer leads to, and whose policies do not admit the balancer.
//!
//! ## Why
//!
//! A pod behind a load balancer sees the balancer and never the client. Where policy refuses it, health checks fail,
//! and the balancer answers 502 to everybody. The same goes for a controller whose pods stand in between, and for nodes
//! that hand on what a Service takes in.
//!
//! ## Wrong
//!
//! ```yaml
//! # behind an Ingress of Google Cloud
//! - from:
//!     - ipBlock:
//!         cidr: 203.0.113.0/24 # the office, whose address the pod never sees
//! ```
//!
//! ## Right
//!
//! ```yaml
//! - from:
//!     - ipBlock:
//!         cidr: 35.191.0.0/16
//!     - ipBlock:
//!         cidr: 130.211.0.0/22
//! ```
//!
//! ## How to mend
//!
//! Admit those who come to the pods, on their port; `--fix --unsafe-fixes` adds the rule for ranges of a balancer. Who
//! may open the page is for the balancer to decide.
//!
//! ## Sources
//!
//! S16, S20, S37; `docs/ways-in.md` says who comes to the pods, and from where that is known.

use crate::{
    finding::{Finding, Report, Subject},
    rule::{Category, Rule},
    words,
    world::World,
};
use sekisho_core::{
    diagnostic::Severity,
    index::PodId,
    mend::{Edit, Mend},
    object::{
        Direction, IpBlock, Origin, Peer, PeerKind, Pod, PolicyPort, PortMatch, Rule as PolicyRule, Workload,
    },
    set::{AddressSet, PortRange, Protocol},
    ways::{Answer, Arrival, Inner, Sender, Source, WayIn},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

pub(crate) static RULE: Rule = Rule {
    code: "SK502",
    name: "health-checks-refused",
    category: Category::Breakage,
    severity: Severity::Error,
    yields_to: &["SK102"],
    source: include_str!("health_checks_refused.rs"),
    run,
};

fn run(world: &World<'_>, report: &mut Report<'_>) {
    let refused: Vec<(&WayIn, &Arrival)> = world.ways().iter().flat_map(refused).collect();
    if refused.is_empty() {
        return;
    }
    let pods = pods(world);
    let mut told: BTreeSet<(&Workload, Protocol, u16)> = BTreeSet::new();
    for (way, arrival) in refused {
        let mut own = pods.get(&arrival.workload).into_iter().flatten();
        let is_meant = |pod: &Pod| arrival.pods.is_empty() || arrival.pods.contains(&pod.key.name);
        let Some((id, pod)) = own.find(|(_, pod)| is_meant(pod)) else { continue };
        if told.insert((&arrival.workload, arrival.protocol, arrival.port)) {
            report.push(finding(world, report, way, arrival, (*id, pod)));
        }
    }
}

/// The workloads that a way leads to in vain. Clients with their own addresses are for policy to choose among.
fn refused(way: &WayIn) -> Vec<(&WayIn, &Arrival)> {
    let Inner::Pods(arrivals) = &way.inner else { return Vec::new() };
    let is_told = |arrival: &&Arrival| match way.source {
        Some(Source::Balancer { .. } | Source::Pods { .. }) => way.is_refused(arrival),
        Some(Source::Nodes) => arrival.answer == Answer::Unreachable,
        Some(Source::Clients(_) | Source::Unknown(_)) | None => false,
    };
    arrivals.iter().filter(is_told).map(|arrival| (way, arrival)).collect()
}

/// The pods of each workload that rules look at.
fn pods<'w>(world: &'w World<'_>) -> BTreeMap<&'w Workload, Vec<(PodId, &'w Arc<Pod>)>> {
    let mut pods: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for (id, pod) in world.own().iter().filter_map(|id| Some((id, world.index.pod(id)?))) {
        pods.entry(&pod.workload).or_default().push((id, pod));
    }
    pods
}

fn finding(
    world: &World<'_>,
    report: &Report<'_>,
    way: &WayIn,
    arrival: &Arrival,
    (id, pod): (PodId, &Arc<Pod>),
) -> Finding {
    let ranges = arrival.refused.iter().filter_map(|sender| match sender {
        Sender::Addresses(addresses) => Some(addresses),
        _ => None,
    });
    let ranges = ranges.fold(AddressSet::empty(), |all, addresses| all.union(addresses));
    let port = format!("{} {}", arrival.protocol, arrival.port);
    let who = who(way, arrival, &ranges);
    let message = format!("{who} comes to `{}` on {port}, and policy refuses it", arrival.workload.key);
    let isolating = world.isolating(id, Direction::Ingress);
    let found = match isolating.first() {
        Some(policy) => report.of_policy(&policy.key, &policy.origin, message).field(&["spec", "ingress"]),
        None => report.finding(Subject::Workload(arrival.workload.clone()), &pod.origin, message),
    };
    let found = way.hops.iter().fold(found, |found, hop| {
        found.beside(&hop.origin, format!("the way in leads through the {} `{}`", hop.kind, hop.name))
    });
    let found = found
        .essence(format!("{} {port}", arrival.workload.key))
        .help(format!("admit those who come to the pods, on {port}"));
    let is_balancer = matches!(way.source, Some(Source::Balancer { .. }));
    match isolating.first().zip(PortRange::single(arrival.port)) {
        Some((policy, range)) if is_balancer && !ranges.is_empty() => {
            let rule = rule(&ranges, (arrival.protocol, range));
            let edit = Edit::AddRule { policy: policy.origin.clone(), direction: Direction::Ingress, rule };
            found.mend(Mend::risky(format!("admit {}", words::list(ranges.cidrs())), [edit]))
        }
        _ => found,
    }
}

/// Who comes, in words.
fn who(way: &WayIn, arrival: &Arrival, ranges: &AddressSet) -> String {
    match &way.source {
        Some(Source::Balancer { .. }) => {
            format!("a load balancer ({})", sekisho_core::ways::addresses(ranges))
        }
        Some(Source::Pods { workloads, .. }) => {
            format!("the controller {}", words::list(workloads.iter().map(|workload| &workload.key)))
        }
        _ if arrival.refused.contains(&Sender::OtherNodes) => "any other node".to_owned(),
        _ => "a node".to_owned(),
    }
}

/// The rule that admits addresses on a port.
fn rule(addresses: &AddressSet, (protocol, range): (Protocol, PortRange)) -> PolicyRule {
    let origin = Origin::default;
    let blocks = addresses.cidrs().into_iter().filter_map(|cidr| IpBlock::new(cidr, []).ok());
    PolicyRule {
        peers: blocks.map(|block| Peer { kind: PeerKind::Block(block), origin: origin() }).collect(),
        ports: vec![PolicyPort { protocol, port: PortMatch::Range(range), origin: origin() }],
        origin: origin(),
    }
}
