//! What a part of a policy does today: for whoever points at it.

use crate::{focus::RuleAt, words, world::World};
use sekisho_core::{
    index::RoaringBitmap,
    object::{Direction, NetworkPolicy, Peer, PeerKind, PolicyPort, PortMatch, Span},
};
use std::collections::BTreeSet;

/// What a part of a policy does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Today {
    /// Where the part stands.
    pub span: Span,
    /// What it does, as sentences with names in backticks.
    pub lines: Vec<String>,
}

/// What the smallest part of a policy does that stands around an offset of the text called `source`.
#[must_use]
pub fn today(world: &World<'_>, source: &str, offset: usize) -> Option<Today> {
    let is_here =
        |policy: &&NetworkPolicy| *policy.origin.source == *source && has(policy.origin.span, offset);
    let policy = world.cluster.policies.values().find(is_here)?;
    for direction in Direction::ALL {
        for rule in policy.rules(direction) {
            if has(rule.origin.span, offset) {
                return Some(of_rule(world, RuleAt { policy, direction, rule }, offset));
            }
        }
    }
    Some(Today { span: policy.origin.span, lines: of_policy(world, policy) })
}

fn has(span: Span, offset: usize) -> bool {
    (span.start..span.end).contains(&offset)
}

fn of_policy(world: &World<'_>, policy: &NetworkPolicy) -> Vec<String> {
    let subjects = world.subjects(policy);
    if subjects.is_empty() {
        return vec![format!("selects no pod of `{}` today", policy.key.namespace)];
    }
    let mut lines = vec![format!("selects {}", pods(world, subjects))];
    for direction in Direction::ALL.into_iter().filter(|direction| policy.isolates(*direction)) {
        let beside: BTreeSet<_> = world
            .cluster
            .policies
            .values()
            .filter(|other| other.key.namespace == policy.key.namespace && other.key != policy.key)
            .filter(|other| other.isolates(direction) && !world.subjects(other).is_disjoint(subjects))
            .map(|other| &other.key.name)
            .collect();
        let others =
            if beside.is_empty() { String::new() } else { format!(", as {} does too", words::list(beside)) };
        lines.push(format!("closes their {direction}, but for what its rules open{others}"));
    }
    lines
}

fn of_rule(world: &World<'_>, at: RuleAt<'_>, offset: usize) -> Today {
    if let Some(peer) = at.rule.peers.iter().find(|peer| has(peer.origin.span, offset)) {
        let mut lines = of_peer(world, at, peer);
        lines.push(on_ports(world, at));
        return Today { span: peer.origin.span, lines };
    }
    if let Some(port) = at.rule.ports.iter().find(|port| has(port.origin.span, offset)) {
        return Today { span: port.origin.span, lines: vec![format!("is {}", of_port(world, at, port))] };
    }
    let everybody = || vec![format!("{} everybody, in the cluster and outside", verb(at.direction))];
    let mut lines: Vec<String> = at.rule.peers.iter().flat_map(|peer| of_peer(world, at, peer)).collect();
    if at.rule.peers.is_empty() {
        lines = everybody();
    }
    lines.push(on_ports(world, at));
    Today { span: at.rule.origin.span, lines }
}

fn verb(direction: Direction) -> &'static str {
    match direction {
        Direction::Ingress => "lets in",
        Direction::Egress => "lets out to",
    }
}

fn of_peer(world: &World<'_>, at: RuleAt<'_>, peer: &Peer) -> Vec<String> {
    let names: Vec<_> = world.standard.named(&peer.kind).map(|(name, _)| name).collect();
    let known =
        if names.is_empty() { String::new() } else { format!(" ({} of the catalog)", words::list(names)) };
    let PeerKind::Block(block) = &peer.kind else {
        let selected = world.selected_by(at.policy, &peer.kind);
        if selected.is_empty() {
            return vec![format!("{} nobody today{known}", verb(at.direction))];
        }
        let mut lines = vec![format!("{} {}{known}", verb(at.direction), pods(world, &selected))];
        lines.extend(refused(world, at, &selected));
        return lines;
    };
    let inside: RoaringBitmap = world
        .index
        .pods()
        .filter(|(_, pod)| pod.addresses.iter().any(|address| block.contains(*address)))
        .map(|(id, _)| id)
        .collect();
    let mut lines = vec![format!("{} whatever has an address of `{block}`{known}", verb(at.direction))];
    if !inside.is_empty() {
        lines.push(format!("pods have such addresses: {}", pods(world, &inside)));
    }
    lines
}

/// Those of the peer whom the other side, or a cluster-wide policy, refuses all the same.
fn refused(world: &World<'_>, at: RuleAt<'_>, selected: &RoaringBitmap) -> Option<String> {
    let subjects = world.subjects(at.policy);
    let met = world.met(at.direction, selected, subjects);
    let refused = selected - met;
    let side = match at.direction {
        Direction::Ingress => "their own egress",
        Direction::Egress => "their own ingress",
    };
    (!refused.is_empty() && !subjects.is_empty())
        .then(|| format!("of these {} cannot: {side} refuses it", pods(world, &refused)))
}

fn on_ports(world: &World<'_>, at: RuleAt<'_>) -> String {
    if at.rule.ports.is_empty() {
        return "on every port".to_owned();
    }
    let ports: Vec<String> = at.rule.ports.iter().map(|port| of_port(world, at, port)).collect();
    format!("on {}", ports.join("; "))
}

fn of_port(world: &World<'_>, at: RuleAt<'_>, port: &PolicyPort) -> String {
    match &port.port {
        PortMatch::All => format!("every {} port", port.protocol),
        PortMatch::Range(range) => format!("{} {range}", port.protocol),
        PortMatch::Named(name) => {
            let destinations = world.destinations(at);
            let numbers: BTreeSet<u16> =
                world.pods(&destinations).flat_map(|pod| pod.named_ports(port.protocol, name)).collect();
            if numbers.is_empty() {
                return format!("{} `{name}`, which none of the pods has", port.protocol);
            }
            let numbers: Vec<String> = numbers.iter().map(ToString::to_string).collect();
            format!("{} `{name}`, which is {}", port.protocol, numbers.join(", "))
        }
    }
}

/// `3 pods: `a/b` and `a/c``.
fn pods(world: &World<'_>, pods: &RoaringBitmap) -> String {
    let count = pods.len();
    let word = if count == 1 { "pod" } else { "pods" };
    format!("{count} {word} of {}", words::workloads(world.pods(pods)))
}
