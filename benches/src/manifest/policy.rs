//! A NetworkPolicy as the API shows it.

use sekisho_core::object::{
    Direction, LabelSelector, NetworkPolicy, Peer, PeerKind, PolicyPort, PortMatch, Requirement, Rule,
};
use serde_json::{Map, Value, json};

pub(super) fn json(policy: &NetworkPolicy) -> Value {
    let mut spec = Map::new();
    spec.insert("podSelector".into(), selector(&policy.subjects));
    let types: Vec<String> =
        Direction::ALL.iter().filter(|direction| policy.isolates(**direction)).map(direction_name).collect();
    spec.insert("policyTypes".into(), types.into());
    for direction in Direction::ALL {
        let rules: Vec<Value> = policy.rules(direction).iter().map(|one| rule(one, direction)).collect();
        if !rules.is_empty() {
            spec.insert(direction.to_string(), rules.into());
        }
    }
    json!({
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": *policy.key.name, "namespace": *policy.key.namespace},
        "spec": spec,
    })
}

fn direction_name(direction: &Direction) -> String {
    match direction {
        Direction::Ingress => "Ingress".to_owned(),
        Direction::Egress => "Egress".to_owned(),
    }
}

fn rule(rule: &Rule, direction: Direction) -> Value {
    let mut fields = Map::new();
    if !rule.peers.is_empty() {
        fields.insert(direction.peer_field().into(), rule.peers.iter().map(peer).collect());
    }
    if !rule.ports.is_empty() {
        fields.insert("ports".into(), rule.ports.iter().map(port).collect());
    }
    fields.into()
}

fn peer(peer: &Peer) -> Value {
    match &peer.kind {
        PeerKind::Pods(pods) => json!({"podSelector": selector(pods)}),
        PeerKind::Namespaces(namespaces) => json!({"namespaceSelector": selector(namespaces)}),
        PeerKind::PodsInNamespaces { namespaces, pods } => {
            json!({"namespaceSelector": selector(namespaces), "podSelector": selector(pods)})
        }
        PeerKind::Block(block) => {
            let except: Vec<String> = block.except().map(|inner| inner.to_string()).collect();
            let mut fields = Map::new();
            fields.insert("cidr".into(), block.cidr().to_string().into());
            if !except.is_empty() {
                fields.insert("except".into(), except.into());
            }
            json!({"ipBlock": fields})
        }
    }
}

fn port(port: &PolicyPort) -> Value {
    let protocol = port.protocol.to_string();
    match &port.port {
        PortMatch::All => json!({"protocol": protocol}),
        PortMatch::Named(name) => json!({"protocol": protocol, "port": **name}),
        PortMatch::Range(range) if range.first() == range.last() => {
            json!({"protocol": protocol, "port": range.first()})
        }
        PortMatch::Range(range) => {
            json!({"protocol": protocol, "port": range.first(), "endPort": range.last()})
        }
    }
}

/// A selector: what asks a key for one value as `matchLabels`, the rest as `matchExpressions`.
fn selector(selector: &LabelSelector) -> Value {
    let (mut labels, mut expressions) = (Map::new(), Vec::new());
    for requirement in selector.requirements() {
        match one_value(requirement) {
            Some(value) => {
                labels.insert(requirement.key().to_string(), value.into());
            }
            None => expressions.push(expression(requirement)),
        }
    }
    let mut fields = Map::new();
    if !labels.is_empty() {
        fields.insert("matchLabels".into(), labels.into());
    }
    if !expressions.is_empty() {
        fields.insert("matchExpressions".into(), expressions.into());
    }
    fields.into()
}

fn one_value(requirement: &Requirement) -> Option<&str> {
    match requirement {
        Requirement::In(_, values) if values.len() == 1 => values.first().map(AsRef::as_ref),
        _ => None,
    }
}

fn expression(requirement: &Requirement) -> Value {
    let (operator, values) = match requirement {
        Requirement::In(_, values) => ("In", Some(values)),
        Requirement::NotIn(_, values) => ("NotIn", Some(values)),
        Requirement::Exists(_) => ("Exists", None),
        Requirement::DoesNotExist(_) => ("DoesNotExist", None),
    };
    let mut fields = Map::new();
    fields.insert("key".into(), requirement.key().to_string().into());
    fields.insert("operator".into(), operator.into());
    if let Some(values) = values {
        fields.insert("values".into(), values.iter().map(|value| value.to_string()).collect());
    }
    fields.into()
}
