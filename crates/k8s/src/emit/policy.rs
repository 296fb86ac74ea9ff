//! A NetworkPolicy as a manifest.

use super::yaml::{Item, Value};
use sekisho_core::{
    object::{Direction, LabelSelector, Labels, NetworkPolicy, Peer, PeerKind, PortMatch, Requirement, Rule},
    set::{PortRange, Protocol},
};
use std::{collections::BTreeMap, sync::Arc};

/// What is said beside the values of a policy.
pub type Remarks = BTreeMap<Place, Remark>;

/// A part of a policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// The policy itself.
    Policy,
    /// A rule.
    Rule(Direction, usize),
    /// A peer of a rule.
    Peer(Direction, usize, usize),
}

/// What is said beside a value.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Remark {
    /// Lines above it, as they are: comments with their `#`, or what a templating language reads.
    pub above: Vec<String>,
    /// A comment beside it, without its `#`.
    pub beside: Option<String>,
    /// Lines below it, as they are.
    pub below: Vec<String>,
}

/// The manifest of `policy`, with `remarks`.
#[must_use]
pub fn policy(policy: &NetworkPolicy, remarks: &Remarks) -> Value {
    let mut metadata = vec![
        Item::of("name", Value::text(&*policy.key.name)),
        Item::of("namespace", Value::text(&*policy.key.namespace)),
    ];
    for (field, labels) in [("labels", &policy.labels), ("annotations", &policy.annotations)] {
        if labels.iter().len() > 0 {
            metadata.push(Item::of(field, mapping(labels)));
        }
    }
    let mut spec = vec![Item::of("podSelector", selector(&policy.subjects))];
    if !policy.types.is_empty() {
        spec.push(Item::of("policyTypes", types(policy.types.iter().copied())));
    }
    for direction in Direction::ALL {
        let rules = policy.rules(direction);
        if !rules.is_empty() {
            let rules = rules.iter().enumerate().map(|(at, one)| rule_item(direction, at, one, remarks));
            spec.push(Item::of(direction.to_string(), Value::List(rules.collect())));
        }
    }
    let head = remarks.get(&Place::Policy).cloned().unwrap_or_default();
    Value::Map(vec![
        Item::of("apiVersion", Value::text("networking.k8s.io/v1")).below(head.above),
        Item::of("kind", Value::text("NetworkPolicy")).beside(head.beside),
        Item::of("metadata", Value::Map(metadata)),
        Item::of("spec", Value::Map(spec)).above(head.below),
    ])
}

/// The value of `policyTypes`.
pub(crate) fn types(types: impl IntoIterator<Item = Direction>) -> Value {
    Value::texts(types.into_iter().map(|direction| match direction {
        Direction::Ingress => "Ingress",
        Direction::Egress => "Egress",
    }))
}

/// The entry of `ingress` or `egress` that `rule` is, without comments.
pub(crate) fn rule(direction: Direction, rule: &Rule) -> Value {
    rule_item(direction, 0, rule, &Remarks::new()).value().clone()
}

fn rule_item(direction: Direction, at: usize, rule: &Rule, remarks: &Remarks) -> Item {
    let mut fields = Vec::new();
    if !rule.peers.is_empty() {
        let peers = rule.peers.iter().enumerate();
        let peers = peers.map(|(index, one)| {
            peer_item(one, remarks.get(&Place::Peer(direction, at, index)).cloned().unwrap_or_default())
        });
        fields.push(Item::of(direction.peer_field(), Value::List(peers.collect())));
    }
    if !rule.ports.is_empty() {
        let ports = rule.ports.iter().map(|one| Item::new(port(one.protocol, &one.port)));
        fields.push(Item::of("ports", Value::List(ports.collect())));
    }
    let remark = remarks.get(&Place::Rule(direction, at)).cloned().unwrap_or_default();
    Item::new(Value::Map(fields)).below(remark.above).above(remark.below)
}

fn peer_item(one: &Peer, remark: Remark) -> Item {
    Item::new(peer(&one.kind, remark.beside)).below(remark.above).above(remark.below)
}

/// The entry of `from` or `to` that `kind` is, with a comment `beside` it.
#[must_use]
pub fn peer(kind: &PeerKind, beside: Option<String>) -> Value {
    Value::Map(match kind {
        PeerKind::Pods(pods) => vec![Item::of("podSelector", selector(pods)).beside(beside)],
        PeerKind::Namespaces(namespaces) => {
            vec![Item::of("namespaceSelector", selector(namespaces)).beside(beside)]
        }
        PeerKind::PodsInNamespaces { namespaces, pods } => vec![
            Item::of("namespaceSelector", selector(namespaces)).beside(beside),
            Item::of("podSelector", selector(pods)),
        ],
        PeerKind::Block(block) => {
            let mut fields = vec![Item::of("cidr", Value::text(block.cidr().to_string())).beside(beside)];
            if block.except().len() > 0 {
                let except = block.except().map(|inner| inner.to_string());
                fields.push(Item::of("except", Value::texts(except)));
            }
            vec![Item::of("ipBlock", Value::Map(fields))]
        }
    })
}

/// The entry of `ports` that they are.
pub(crate) fn port(protocol: Protocol, port: &PortMatch) -> Value {
    let mut fields = vec![Item::of("protocol", Value::text(protocol.to_string()))];
    match port {
        PortMatch::All => {}
        PortMatch::Named(name) => fields.push(Item::of("port", Value::text(&**name))),
        PortMatch::Range(range) => {
            fields.push(Item::of("port", Value::Raw(range.first().to_string())));
            if PortRange::single(range.first()) != Some(*range) {
                fields.push(Item::of("endPort", Value::Raw(range.last().to_string())));
            }
        }
    }
    Value::Map(fields)
}

/// Labels as people write them: what names the pod before what it is a part of.
fn mapping(labels: &Labels) -> Value {
    let mut labels: Vec<(&Arc<str>, &Arc<str>)> = labels.iter().collect();
    labels.sort_by_key(|(key, _)| rank(key));
    Value::Map(labels.into_iter().map(|(key, value)| Item::of(&**key, Value::text(&**value))).collect())
}

/// The recommended labels in the order in which everybody writes them; the others behind them, by name.
fn rank(key: &str) -> (usize, &str) {
    let recommended = ["name", "instance", "version", "component", "part-of", "managed-by"];
    let at = key
        .strip_prefix("app.kubernetes.io/")
        .and_then(|name| recommended.iter().position(|recommended| *recommended == name));
    (at.unwrap_or(recommended.len()), key)
}

fn selector(selector: &LabelSelector) -> Value {
    let (mut labels, mut expressions) = (Labels::new(), Vec::new());
    for requirement in selector.requirements() {
        match requirement {
            Requirement::In(key, values) if values.len() == 1 && labels.get(key).is_none() => {
                values.iter().for_each(|value| labels.set(Arc::clone(key), Arc::clone(value)));
            }
            other => expressions.push(expression(other)),
        }
    }
    let mut fields = Vec::new();
    if labels.iter().len() > 0 {
        fields.push(Item::of("matchLabels", mapping(&labels)));
    }
    if !expressions.is_empty() {
        fields.push(Item::of("matchExpressions", Value::List(expressions)));
    }
    Value::Map(fields)
}

fn expression(requirement: &Requirement) -> Item {
    let (operator, values) = match requirement {
        Requirement::In(_, values) => ("In", Some(values)),
        Requirement::NotIn(_, values) => ("NotIn", Some(values)),
        Requirement::Exists(_) => ("Exists", None),
        Requirement::DoesNotExist(_) => ("DoesNotExist", None),
    };
    let mut fields =
        vec![Item::of("key", Value::text(&**requirement.key())), Item::of("operator", Value::text(operator))];
    if let Some(values) = values {
        fields.push(Item::of("values", Value::texts(values.iter().map(|value| &**value))));
    }
    Item::new(Value::Map(fields))
}
