//! From the record to its line.

use super::{
    VERSION,
    wire::{
        At, Details, Direction, End, Flow, Key, Leave, List, Name, Nearest, Observer, Outcome, Policy, Rule,
        Text, TierRule, Time, Why, Window,
    },
};
use crate::record;
use sekisho_core::{object, verdict};
use std::{
    collections::BTreeSet,
    io::{self, Write},
    sync::Arc,
};

/// The record as a line, without what ends it.
#[must_use]
pub fn line(flow: &record::Flow) -> String {
    // INVARIANT: no key of a map is anything but a string, so nothing here can fail.
    serde_json::to_string(&wire(flow)).unwrap_or_default()
}

/// Writes the record as a line to `to`.
///
/// # Errors
/// When it cannot be written.
pub fn write(mut to: impl Write, flow: &record::Flow) -> io::Result<()> {
    serde_json::to_writer(&mut to, &wire(flow))?;
    to.write_all(b"\n")
}

fn wire(flow: &record::Flow) -> Flow {
    let record::Flow { window, key: of, seen } = flow;
    let Key { from, to, carried, outcome, leave, observer, side } = key(of);
    let Details { nodes, from_pods, to_pods, nearest } = details(seen);
    Flow {
        version: VERSION.to_owned(),
        window: Window { from: Time(window.from()), to: Time(window.to()) },
        from,
        to,
        carried,
        outcome,
        leave,
        observer,
        side,
        count: seen.count,
        first: Time(seen.first),
        last: Time(seen.last),
        nodes,
        from_pods,
        to_pods,
        nearest,
    }
}

pub(super) fn key(key: &record::Key) -> Key {
    Key {
        from: end(&key.from),
        to: end(&key.to),
        carried: Text(key.carried),
        outcome: match key.outcome {
            record::Outcome::Allowed => Outcome::Allowed,
            record::Outcome::Denied => Outcome::Denied,
            record::Outcome::Audited => Outcome::Audited,
        },
        leave: Leave { egress: why(&key.leave.egress), ingress: why(&key.leave.ingress) },
        observer: match key.observer {
            record::Observer::Agent => Observer::Agent,
            record::Observer::Hubble => Observer::Hubble,
            record::Observer::Gke => Observer::Gke,
            record::Observer::Vpc => Observer::Vpc,
        },
        side: key.side.map(direction),
    }
}

pub(super) fn details(seen: &record::Seen) -> Details {
    Details {
        nodes: list(&seen.nodes),
        from_pods: list(&seen.from_pods),
        to_pods: list(&seen.to_pods),
        nearest: seen.nearest.as_ref().map(nearest),
    }
}

fn end(end: &record::End) -> End {
    match end {
        record::End::Workload(record::WorkloadEnd { workload, labels }) => End::Workload {
            namespace: Arc::clone(&workload.key.namespace),
            kind: Arc::clone(&workload.kind),
            name: Arc::clone(&workload.key.name),
            labels: labels.iter().map(|(key, value)| (Arc::clone(key), Arc::clone(value))).collect(),
        },
        record::End::Node(name) => End::Node { name: name.clone() },
        record::End::Service(key) => End::Service(key.into()),
        record::End::External { block, names } => End::External { block: Text(*block), names: list(names) },
        record::End::Anyone => End::Anyone,
    }
}

fn why(why: &record::Why) -> Option<Why> {
    let because = match why {
        record::Why::Unknown => return None,
        record::Why::AllowedBy(by) => return Some(Why::AllowedBy(policies(by))),
        record::Why::DeniedBy(by) => return Some(Why::DeniedBy(policies(by))),
        record::Why::Because(because) => because,
    };
    Some(match because {
        verdict::Because::NoPod => Why::NoPod,
        verdict::Because::Itself => Why::Itself,
        verdict::Because::OwnNode => Why::OwnNode,
        verdict::Because::NeighbourDiscovery => Why::NeighbourDiscovery,
        verdict::Because::NotIsolated => Why::NotIsolated,
        verdict::Because::Rule(path) => Why::Rule(Rule {
            policy: Name::from(&path.policy),
            rule: path.rule,
            peer: path.peer,
            port: path.port,
        }),
        verdict::Because::TierAccept(rule) => Why::TierAccept(tier_rule(rule)),
        verdict::Because::TierDeny(rule) => Why::TierDeny(tier_rule(rule)),
        verdict::Because::NoRule(policies) => Why::NoRule(policies.iter().map(Name::from).collect()),
    })
}

fn policies(policies: &BTreeSet<record::PolicyRef>) -> Vec<Policy> {
    let policy = |policy: &record::PolicyRef| Policy {
        namespace: policy.namespace.clone(),
        name: Arc::clone(&policy.name),
        kind: Arc::clone(&policy.kind),
    };
    policies.iter().map(policy).collect()
}

fn tier_rule(rule: &verdict::TierRule) -> TierRule {
    TierRule {
        tier: rule.tier,
        kind: rule.policy.kind,
        name: Arc::clone(&rule.policy.name),
        rule: rule.rule,
        peer: rule.peer,
    }
}

fn direction(direction: object::Direction) -> Direction {
    match direction {
        object::Direction::Ingress => Direction::Ingress,
        object::Direction::Egress => Direction::Egress,
    }
}

fn list<const MOST: usize>(few: &record::Few<Arc<str>, MOST>) -> List {
    List { names: few.iter().cloned().collect(), more: few.has_more() }
}

fn nearest(nearest: &record::Nearest) -> Nearest {
    let at = nearest.path.as_ref().map(|path| At {
        direction: direction(path.direction),
        rule: path.rule,
        peer: path.peer,
        port: path.port,
    });
    Nearest { policy: Name::from(&nearest.policy), at, lacks: Arc::clone(&nearest.lacks) }
}
