//! A port that none of the destination pods listens on.
//!
//! ## Why
//!
//! Policy sees a packet when the Service has translated it: on its way to a pod, on the pod's port. A rule with the
//! port of the Service, or one that the containers left long ago, opens nothing.
//!
//! Pods are asked what their containers declare. Of pods that declare no ports nothing is said.
//!
//! ## Wrong
//!
//! ```yaml
//! ports:
//!   - port: 80 # of the Service; the pods listen on 8080
//! ```
//!
//! ## Right
//!
//! ```yaml
//! ports:
//!   - port: 8080
//! ```
//!
//! ## How to mend
//!
//! Write the port of the pods, by number or by name.
//!
//! ## Sources
//!
//! S16, S37.

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
    object::{ContainerPort, Direction, PeerKind, Pod, PolicyPort, PortMatch, Service, TargetPort},
    set::PortRange,
};
use std::{collections::BTreeSet, sync::Arc};

pub(crate) static RULE: Rule = Rule {
    code: "SK107",
    name: "port-nobody-listens-on",
    category: Category::Correctness,
    severity: Severity::Warning,
    yields_to: &["SK501", "SK503"],
    source: include_str!("port_nobody_listens_on.rs"),
    run,
};

fn run(world: &World<'_>, report: &mut Report<'_>) {
    for at in world.rules() {
        // Whoever names nobody, or addresses, may mean somebody outside.
        if at.rule.peers.is_empty() && at.direction == Direction::Egress {
            continue;
        }
        let ranges = at.rule.ports.iter().filter_map(|port| match port.port {
            PortMatch::Range(range) => Some((port, range)),
            PortMatch::All | PortMatch::Named(_) => None,
        });
        let mut ranges = ranges.peekable();
        if ranges.peek().is_none() {
            continue;
        }
        let Some(pods) = world.all_destinations(at) else { continue };
        if pods.is_empty() || has_blocks(at) || world.pods(&pods).any(|pod| pod.ports.is_empty()) {
            continue;
        }
        for (port, range) in ranges {
            if !world.pods(&pods).any(|pod| listens(pod, port, range)) {
                report.push(finding(world, report, at, &pods, (port, range)));
            }
        }
    }
}

fn has_blocks(at: RuleAt<'_>) -> bool {
    at.direction == Direction::Egress
        && at.rule.peers.iter().any(|peer| matches!(peer.kind, PeerKind::Block(_)))
}

fn listens(pod: &Pod, port: &PolicyPort, range: PortRange) -> bool {
    pod.ports
        .iter()
        .any(|one| one.protocol == port.protocol && (range.first()..=range.last()).contains(&one.number))
}

fn finding(
    world: &World<'_>,
    report: &Report<'_>,
    at: RuleAt<'_>,
    pods: &RoaringBitmap,
    (port, range): (&PolicyPort, PortRange),
) -> Finding {
    let listening: BTreeSet<&ContainerPort> = world.pods(pods).flat_map(|pod| &pod.ports).collect();
    let who = words::workloads(world.pods(pods));
    let listen = words::number(world.workloads(pods).len(), "listens", "listen");
    let ports: BTreeSet<String> =
        listening.iter().map(|one| format!("{} {}", one.protocol, one.number)).collect();
    let message = format!("nobody listens on {port}: {who} {listen} on {}", words::list(ports));
    let found = report.of_policy(&at.policy.key, &port.origin, message);
    let found = match service(world, pods, port, range) {
        Some(service) => found.help(format!(
            "{} is the port of the Service `{}`: write the port of the pods behind it",
            range.first(),
            service.key
        )),
        None => found.help("write the port of the pods, by number or by name"),
    };
    let mut same = listening.iter().filter(|one| one.protocol == port.protocol);
    match (same.next(), same.next()) {
        (Some(only), None) => {
            let meant = match &only.name {
                Some(name) => PortMatch::Named(Arc::clone(name)),
                None => PortRange::new(only.number, only.number).map_or(PortMatch::All, PortMatch::Range),
            };
            let title = match &only.name {
                Some(name) => format!("write `{name}`"),
                None => format!("write {}", only.number),
            };
            let edit = Edit::Ports { at: port.origin.clone(), with: vec![(port.protocol, meant)] };
            found.mend(Mend::risky(title, [edit]))
        }
        _ => found,
    }
}

/// A Service whose port this is, and that leads to some of the pods on another.
fn service<'w>(
    world: &'w World<'_>,
    pods: &RoaringBitmap,
    port: &PolicyPort,
    range: PortRange,
) -> Option<&'w Service> {
    world.cluster.services.values().find(|service| {
        let leads = service.selector.as_ref().is_some_and(|selector| {
            world
                .pods(pods)
                .any(|pod| pod.key.namespace == service.key.namespace && selector.matches(&pod.labels))
        });
        leads
            && service.ports.iter().any(|one| {
                one.protocol == port.protocol
                    && (range.first(), range.last()) == (one.port, one.port)
                    && one.target != TargetPort::Number(one.port)
            })
    })
}
