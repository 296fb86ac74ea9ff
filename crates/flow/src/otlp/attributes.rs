//! What is told of a flow, each under its name.
//!
//! Names without `sekisho.` are those of OpenTelemetry's semantic conventions. They know one pod that something is
//! about: that is the end whose policies looked, which is where the flow was seen.

use super::Attribute;
use crate::record::{Carried, End, Few, Flow, Key, Nearest, Seen};
use sekisho_core::{object::Direction, set::Protocol};
use std::sync::Arc;

pub(super) fn of(flow: &Flow) -> Vec<Attribute> {
    let Flow { window, key, seen } = flow;
    let mut told = vec![
        Attribute::text("sekisho.flow.outcome", key.outcome.to_string()),
        Attribute::int("sekisho.flow.count", i64::try_from(seen.count).unwrap_or(i64::MAX)),
        Attribute::text("sekisho.flow.observer", key.observer.to_string()),
        Attribute::text("sekisho.flow.last", seen.last.to_string()),
        Attribute::text("sekisho.flow.window.from", window.from().to_string()),
        Attribute::text("sekisho.flow.window.to", window.to().to_string()),
    ];
    told.extend(key.side.map(|side| Attribute::text("sekisho.flow.side", word(side))));
    told.extend(end(&SOURCE, &key.from, &seen.from_pods));
    told.extend(end(&DESTINATION, &key.to, &seen.to_pods));
    told.extend(carried(key.carried));
    told.extend(network_type(key));
    told.extend(subject(key));
    told.extend(nodes(seen));
    told.extend(why(key));
    told.extend(seen.nearest.as_ref().map(nearest));
    told
}

fn word(direction: Direction) -> &'static str {
    match direction {
        Direction::Ingress => "ingress",
        Direction::Egress => "egress",
    }
}

/// What is told of an end is called so.
struct Names {
    address: &'static str,
    block: &'static str,
    names: &'static str,
    namespace: &'static str,
    kind: &'static str,
    name: &'static str,
    pods: &'static str,
}

const SOURCE: Names = Names {
    address: "source.address",
    block: "sekisho.source.block",
    names: "sekisho.source.names",
    namespace: "sekisho.source.namespace",
    kind: "sekisho.source.kind",
    name: "sekisho.source.name",
    pods: "sekisho.source.pods",
};

const DESTINATION: Names = Names {
    address: "destination.address",
    block: "sekisho.destination.block",
    names: "sekisho.destination.names",
    namespace: "sekisho.destination.namespace",
    kind: "sekisho.destination.kind",
    name: "sekisho.destination.name",
    pods: "sekisho.destination.pods",
};

fn end<const MOST: usize>(called: &Names, end: &End, pods: &Few<Arc<str>, MOST>) -> Vec<Attribute> {
    let kind = |kind: &str| Attribute::text(called.kind, kind);
    let mut told = match end {
        End::Workload(end) => {
            let of = &end.workload;
            vec![
                kind(&of.kind),
                Attribute::text(called.namespace, &*of.key.namespace),
                Attribute::text(called.name, &*of.key.name),
            ]
        }
        End::Service(key) => vec![
            kind("Service"),
            Attribute::text(called.namespace, &*key.namespace),
            Attribute::text(called.name, &*key.name),
        ],
        End::Node(name) => {
            let name = name.iter().map(|name| Attribute::text(called.name, &**name));
            [kind("Node")].into_iter().chain(name).collect()
        }
        End::External { block, names } => {
            let is_one = block.first() == block.last();
            let place = if is_one {
                Attribute::text(called.address, block.first().to_string())
            } else {
                Attribute::text(called.block, block.to_string())
            };
            let names =
                (!names.is_empty()).then(|| Attribute::list(called.names, names.iter().map(AsRef::as_ref)));
            [kind("External"), place].into_iter().chain(names).collect()
        }
        End::Anyone => Vec::new(),
    };
    if !pods.is_empty() {
        told.push(Attribute::list(called.pods, pods.iter().map(AsRef::as_ref)));
    }
    told
}

fn carried(carried: Carried) -> Vec<Attribute> {
    let transport =
        |protocol: Protocol| Attribute::text("network.transport", protocol.to_string().to_lowercase());
    let icmp = |kind: u8, code: Option<u8>| {
        let code = code.map(|code| Attribute::int("sekisho.icmp.code", code));
        [Attribute::int("sekisho.icmp.type", kind)].into_iter().chain(code)
    };
    let number = |number: u8| Attribute::int("sekisho.ip.protocol", number);
    match carried {
        Carried::Port(protocol, port) => vec![transport(protocol), Attribute::int("destination.port", port)],
        Carried::AnyPort(protocol) => vec![transport(protocol)],
        Carried::Icmp(kind, code) => [number(Carried::ICMP)].into_iter().chain(icmp(kind, code)).collect(),
        Carried::Icmpv6(kind, code) => {
            [number(Carried::ICMPV6)].into_iter().chain(icmp(kind, code)).collect()
        }
        Carried::Other(other) => vec![number(other)],
        Carried::Anything => Vec::new(),
    }
}

/// `ipv4` or `ipv6`, where an end or the protocol says it.
fn network_type(key: &Key) -> Option<Attribute> {
    let of_end = |end: &End| match end {
        End::External { block, .. } => Some(block.first().is_ipv6()),
        _ => None,
    };
    let of_carried = match key.carried {
        Carried::Icmp(..) => Some(false),
        Carried::Icmpv6(..) => Some(true),
        _ => None,
    };
    let is_ipv6 = of_end(&key.from).or_else(|| of_end(&key.to)).or(of_carried)?;
    Some(Attribute::text("network.type", if is_ipv6 { "ipv6" } else { "ipv4" }))
}

/// The pod that it is about, as the conventions know one: that of the end where it was seen, or which refused.
fn subject(key: &Key) -> Vec<Attribute> {
    let side = key.side.or_else(|| key.refused_by().map(|(_, side)| side));
    let ends = match side {
        Some(Direction::Egress) => [&key.from, &key.to],
        Some(Direction::Ingress) | None => [&key.to, &key.from],
    };
    let Some(of) = ends.into_iter().find_map(End::workload) else { return Vec::new() };
    let of = &of.workload;
    let name = match &*of.kind {
        "CronJob" => Some("k8s.cronjob.name"),
        "DaemonSet" => Some("k8s.daemonset.name"),
        "Deployment" => Some("k8s.deployment.name"),
        "Job" => Some("k8s.job.name"),
        "Pod" => Some("k8s.pod.name"),
        "ReplicaSet" => Some("k8s.replicaset.name"),
        "StatefulSet" => Some("k8s.statefulset.name"),
        _ => None,
    };
    let name = name.map(|name| Attribute::text(name, &*of.key.name));
    [Attribute::text("k8s.namespace.name", &*of.key.namespace)].into_iter().chain(name).collect()
}

fn nodes(seen: &Seen) -> Option<Attribute> {
    let mut names = seen.nodes.iter();
    match (names.len(), names.next()) {
        (1, Some(only)) if !seen.nodes.has_more() => Some(Attribute::text("k8s.node.name", &**only)),
        (0, _) => None,
        _ => Some(Attribute::list("sekisho.nodes", seen.nodes.iter().map(AsRef::as_ref))),
    }
}

fn why(key: &Key) -> Vec<Attribute> {
    let names = [
        (Direction::Egress, "sekisho.egress.reason", "sekisho.egress.policies"),
        (Direction::Ingress, "sekisho.ingress.reason", "sekisho.ingress.policies"),
    ];
    let mut told = Vec::new();
    for (direction, reason, policies) in names {
        let why = key.leave.side(direction);
        if why.denies().is_none() {
            continue;
        }
        told.push(Attribute::text(reason, why.to_string()));
        let named: Vec<String> = why.policies().iter().map(ToString::to_string).collect();
        if !named.is_empty() {
            told.push(Attribute::list(policies, named.iter().map(String::as_str)));
        }
    }
    told
}

fn nearest(nearest: &Nearest) -> Attribute {
    let rule = nearest.path.as_ref().map_or_else(|| nearest.policy.to_string(), ToString::to_string);
    Attribute::text("sekisho.nearest", format!("{rule}: {}", nearest.lacks))
}
