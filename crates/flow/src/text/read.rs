//! From lines to records.

use super::{
    Line, Lines, ReadError, Trouble, VERSION,
    wire::{
        At, Details, Direction, End, Flow, Head, Key, Leave, List, Nearest, Observer, Outcome, Policy,
        TierRule, Why,
    },
};
use crate::record;
use sekisho_core::{
    object::{self, ClusterPolicyName, ObjectKey, Workload},
    verdict,
};
use std::{collections::BTreeSet, io::BufRead, sync::Arc};

/// The flows of a stream, one after another; lines that are empty are passed over. A wrong line is an
/// error, and those behind it can be read; when the stream itself fails, there is no more.
#[derive(Debug)]
pub struct Flows<R> {
    lines: Lines<R>,
    failed: bool,
}

impl<R: BufRead> Flows<R> {
    /// The flows of `from`.
    pub fn new(from: R) -> Self {
        Self { lines: Lines::new(from), failed: false }
    }
}

impl<R: BufRead> Iterator for Flows<R> {
    type Item = Result<record::Flow, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        while !self.failed {
            match self.lines.next_line() {
                Ok(None) => return None,
                Ok(Some((number, Line::TooLong))) => return Some(Err(Trouble::too_long(number).into())),
                Ok(Some((_, Line::Text(text)))) if text.trim_ascii().is_empty() => {}
                Ok(Some((number, Line::Text(text)))) => {
                    return Some(read_line(number, text).map_err(ReadError::from));
                }
                Err(error) => {
                    self.failed = true;
                    return Some(Err(error.into()));
                }
            }
        }
        None
    }
}

/// Reads `text`, which is line `number` of its file.
///
/// # Errors
/// When it is no flow of this version.
pub fn read_line(number: u64, text: &[u8]) -> Result<record::Flow, Trouble> {
    let read: Result<Flow, _> = serde_json::from_slice(text);
    match read {
        Ok(flow) if flow.version == VERSION => {
            record(flow).map_err(|message| Trouble::whole(number, message))
        }
        Ok(flow) => Err(Trouble::version(number, &flow.version)),
        // What is wrong with a line of another version is no news.
        Err(error) => match serde_json::from_slice(text) {
            Ok(Head { version }) if version != VERSION => Err(Trouble::version(number, &version)),
            _ => Err(Trouble::json(number, &error)),
        },
    }
}

fn record(flow: Flow) -> Result<record::Flow, String> {
    let window =
        record::Window::new(flow.window.from.0, flow.window.to.0).map_err(|error| error.to_string())?;
    if flow.count == 0 {
        return Err("`count` is 0, but a flow is of something that was seen".to_owned());
    }
    if flow.last.0 < flow.first.0 {
        return Err(format!("`last` must not be before `first`, `{}`", flow.first.0));
    }
    let mut seen = record::Seen::at(flow.first.0, flow.count);
    seen.last = flow.last.0;
    let Flow { nodes, from_pods, to_pods, nearest, .. } = flow;
    details(Details { nodes, from_pods, to_pods, nearest }, &mut seen);
    let Flow { from, to, carried, outcome, leave, observer, side, .. } = flow;
    let key = key(Key { from, to, carried, outcome, leave, observer, side });
    Ok(record::Flow { window, key, seen })
}

pub(super) fn key(key: Key) -> record::Key {
    record::Key {
        from: end(key.from),
        to: end(key.to),
        carried: key.carried.0,
        outcome: match key.outcome {
            Outcome::Allowed => record::Outcome::Allowed,
            Outcome::Denied => record::Outcome::Denied,
            Outcome::Audited => record::Outcome::Audited,
        },
        leave: leave(key.leave),
        observer: match key.observer {
            Observer::Agent => record::Observer::Agent,
            Observer::Hubble => record::Observer::Hubble,
            Observer::Gke => record::Observer::Gke,
            Observer::Vpc => record::Observer::Vpc,
        },
        side: key.side.map(direction),
    }
}

pub(super) fn details(details: Details, seen: &mut record::Seen) {
    seen.nodes = few(details.nodes);
    seen.from_pods = few(details.from_pods);
    seen.to_pods = few(details.to_pods);
    seen.nearest = details.nearest.map(nearest);
}

fn end(end: End) -> record::End {
    match end {
        End::Workload { namespace, kind, name, labels } => record::End::Workload(record::WorkloadEnd {
            workload: Workload { key: ObjectKey { namespace, name }, kind },
            labels: labels.into_iter().collect(),
        }),
        End::Node { name } => record::End::Node(name),
        End::Service(key) => record::End::Service(key.into()),
        End::External { block, names } => record::End::External { block: block.0, names: few(names) },
        End::Anyone => record::End::Anyone,
    }
}

fn leave(leave: Leave) -> record::Leave {
    let side = |side: Option<Why>, direction| side.map_or(record::Why::Unknown, |side| why(side, direction));
    record::Leave {
        egress: side(leave.egress, object::Direction::Egress),
        ingress: side(leave.ingress, object::Direction::Ingress),
    }
}

fn why(why: Why, direction: object::Direction) -> record::Why {
    record::Why::Because(match why {
        Why::AllowedBy(by) => return record::Why::AllowedBy(policies(by)),
        Why::DeniedBy(by) => return record::Why::DeniedBy(policies(by)),
        Why::NoPod => verdict::Because::NoPod,
        Why::Itself => verdict::Because::Itself,
        Why::OwnNode => verdict::Because::OwnNode,
        Why::NeighbourDiscovery => verdict::Because::NeighbourDiscovery,
        Why::NotIsolated => verdict::Because::NotIsolated,
        Why::Rule(rule) => verdict::Because::Rule(verdict::RulePath {
            policy: rule.policy.into(),
            direction,
            rule: rule.rule,
            peer: rule.peer,
            port: rule.port,
        }),
        Why::TierAccept(rule) => verdict::Because::TierAccept(tier_rule(rule, direction)),
        Why::TierDeny(rule) => verdict::Because::TierDeny(tier_rule(rule, direction)),
        Why::NoRule(policies) => {
            verdict::Because::NoRule(policies.into_iter().map(ObjectKey::from).collect())
        }
    })
}

fn policies(policies: Vec<Policy>) -> BTreeSet<record::PolicyRef> {
    let policies = policies.into_iter();
    policies.map(|Policy { namespace, name, kind }| record::PolicyRef { namespace, name, kind }).collect()
}

fn tier_rule(rule: TierRule, direction: object::Direction) -> verdict::TierRule {
    verdict::TierRule {
        tier: rule.tier,
        policy: ClusterPolicyName { name: rule.name, kind: rule.kind },
        direction,
        rule: rule.rule,
        peer: rule.peer,
    }
}

fn direction(direction: Direction) -> object::Direction {
    match direction {
        Direction::Ingress => object::Direction::Ingress,
        Direction::Egress => object::Direction::Egress,
    }
}

fn few<const MOST: usize>(list: List) -> record::Few<Arc<str>, MOST> {
    record::Few::of(list.names, list.more)
}

fn nearest(nearest: Nearest) -> record::Nearest {
    let policy = ObjectKey::from(nearest.policy);
    let path = |At { direction: of, rule, peer, port }| verdict::RulePath {
        policy: policy.clone(),
        direction: direction(of),
        rule,
        peer,
        port,
    };
    let path = nearest.at.map(path);
    record::Nearest { policy, path, lacks: nearest.lacks }
}
