//! A port name that none of the destination pods has.
//!
//! ## Why
//!
//! A named port stands for the numbers that the pods behind it give that name. Where none gives it, the entry opens
//! nothing; and it never matches an address outside the cluster.
//!
//! ## Wrong
//!
//! ```yaml
//! ports:
//!   - port: http # the containers call it `grpc`
//! ```
//!
//! ## Right
//!
//! ```yaml
//! ports:
//!   - port: grpc
//! ```
//!
//! ## How to mend
//!
//! Write a name that the containers have, or their number.
//!
//! ## Sources
//!
//! S14; the API comment of `NetworkPolicyPort.port`.

use crate::{
    finding::{Finding, Report},
    focus::RuleAt,
    rule::{Category, Rule},
    words,
    world::World,
};
use sekisho_core::{
    diagnostic::Severity,
    index::RoaringBitmap,
    mend::{Edit, Mend},
    object::{Direction, PeerKind, PolicyPort, PortMatch},
};
use std::{collections::BTreeSet, sync::Arc};

pub(crate) static RULE: Rule = Rule {
    code: "SK106",
    name: "port-name-missing",
    category: Category::Correctness,
    severity: Severity::Error,
    yields_to: &[],
    source: include_str!("port_name_missing.rs"),
    run,
};

fn run(world: &World<'_>, report: &mut Report<'_>) {
    for at in world.rules() {
        let named = at.rule.ports.iter().filter_map(|port| match &port.port {
            PortMatch::Named(name) => Some((port, name)),
            PortMatch::All | PortMatch::Range(_) => None,
        });
        let mut named = named.peekable();
        if named.peek().is_none() {
            continue;
        }
        let Some(pods) = world.all_destinations(at) else { continue };
        for (port, name) in named {
            if let Some(found) = finding(world, report, at, &pods, (port, name)) {
                report.push(found);
            }
        }
    }
}

fn finding(
    world: &World<'_>,
    report: &Report<'_>,
    at: RuleAt<'_>,
    pods: &RoaringBitmap,
    (port, name): (&PolicyPort, &Arc<str>),
) -> Option<Finding> {
    if pods.is_empty() {
        let outside = |kind: &PeerKind| matches!(kind, PeerKind::Block(_));
        let is_outside = at.direction == Direction::Egress
            && !at.rule.peers.is_empty()
            && at.rule.peers.iter().all(|peer| outside(&peer.kind));
        return is_outside.then(|| {
            let message = format!("`{name}` opens nothing: addresses outside the cluster have no port names");
            report.of_policy(&at.policy.key, &port.origin, message).help("write the number of the port")
        });
    }
    if world.pods(pods).any(|pod| pod.named_ports(port.protocol, name).next().is_some()) {
        return None;
    }
    let message = format!(
        "`{name}` opens nothing: {} {} no {} port of this name",
        words::workloads(world.pods(pods)),
        has(world, pods),
        port.protocol
    );
    let names: BTreeSet<&Arc<str>> = world
        .pods(pods)
        .flat_map(|pod| &pod.ports)
        .filter(|one| one.protocol == port.protocol)
        .filter_map(|one| one.name.as_ref())
        .collect();
    let found = report.of_policy(&at.policy.key, &port.origin, message);
    Some(match names.first() {
        Some(only) if names.len() == 1 => {
            let with = vec![(port.protocol, PortMatch::Named(Arc::clone(only)))];
            let edit = Edit::Ports { at: port.origin.clone(), with };
            found.help(format!("they call it `{only}`")).mend(Mend::risky(format!("write `{only}`"), [edit]))
        }
        Some(_) => found.help(format!("their names are {}", words::list(names))),
        None => found.help("their ports have no names: write the number"),
    })
}

fn has(world: &World<'_>, pods: &RoaringBitmap) -> &'static str {
    words::number(world.workloads(pods).len(), "has", "have")
}
