//! A rule with peers and without ports, or with an entry that is every port of a protocol.
//!
//! ## Why
//!
//! Who is let in to one port is let in to all of them: to debug and metrics ports, and to what the next version listens
//! on. A rule without ports also lets in what has none, such as ICMP.
//!
//! It is reported in ingress, and in egress that is to be closed.
//!
//! ## Wrong
//!
//! ```yaml
//! - from:
//!     - podSelector:
//!         matchLabels:
//!           app: web
//! ```
//!
//! ## Right
//!
//! ```yaml
//! - from:
//!     - podSelector:
//!         matchLabels:
//!           app: web
//!   ports:
//!     - port: http
//! ```
//!
//! ## How to mend
//!
//! Write the ports that are called; the finding says which ones the pods declare. `--fix --unsafe-fixes` writes them
//! where an entry of `ports` stands without a number.
//!
//! ## Sources
//!
//! S5, S12, S33.

use crate::{
    finding::{Finding, Report},
    focus::RuleAt,
    rule::{Category, Rule},
    words,
    world::World,
};
use sekisho_core::{
    diagnostic::Severity,
    mend::{Edit, Mend},
    object::{ContainerPort, Direction, PolicyPort, PortMatch},
    set::{PortRange, Protocol},
};
use std::{collections::BTreeSet, sync::Arc};

pub(crate) static RULE: Rule = Rule {
    code: "SK305",
    name: "all-ports",
    category: Category::LeastPrivilege,
    severity: Severity::Warning,
    yields_to: &["SK114"],
    source: include_str!("all_ports.rs"),
    run,
};

fn run(world: &World<'_>, report: &mut Report<'_>) {
    for at in world.rules().filter(|at| world.is_guarded(*at)) {
        let peers = &at.rule.peers;
        if !peers.is_empty() && peers.iter().all(|peer| world.is_agreed(at, &peer.kind)) {
            continue;
        }
        if at.rule.ports.is_empty() && !peers.is_empty() {
            report.push(of_rule(world, report, at));
        }
        let all = at.rule.ports.iter().filter(|port| port.port == PortMatch::All);
        for port in all.filter(|port| !is_meant(world, at, port)) {
            report.push(of_entry(world, report, at, port));
        }
    }
}

/// Whether the catalog says that the component is called on every port of the protocol.
fn is_meant(world: &World<'_>, at: RuleAt<'_>, port: &PolicyPort) -> bool {
    let component = world.components().of_policy(at.policy).filter(|_| at.direction == Direction::Ingress);
    let mut listed = component.into_iter().flat_map(|component| &component.ports);
    listed.any(|one| (one.protocol, &one.port) == (port.protocol, &port.port))
}

/// The ports that the destinations declare.
fn declared(world: &World<'_>, at: RuleAt<'_>) -> BTreeSet<ContainerPort> {
    world.pods(&world.destinations(at)).flat_map(|pod| pod.ports.iter().cloned()).collect()
}

fn of_rule(world: &World<'_>, report: &Report<'_>, at: RuleAt<'_>) -> Finding {
    let message = "this rule lists no ports: its peers get through on every port of every protocol";
    let found = report.of_policy(&at.policy.key, &at.rule.origin, message);
    let ports = declared(world, at);
    if ports.is_empty() {
        return found.help("list the ports that are called");
    }
    let shown = ports.iter().map(|port| format!("{} {}", port.protocol, port.number));
    found.help(format!("list the ports that are called: the pods declare {}", words::list(shown)))
}

fn of_entry(world: &World<'_>, report: &Report<'_>, at: RuleAt<'_>, port: &PolicyPort) -> Finding {
    let message = format!("this entry has no number: it is every port of {}", port.protocol);
    let found = report.of_policy(&at.policy.key, &port.origin, message);
    let same = declared(world, at).into_iter().filter(|one| one.protocol == port.protocol);
    let with: BTreeSet<(Protocol, PortMatch)> = same.filter_map(written).collect();
    if with.is_empty() {
        return found.help("write the port that is called");
    }
    let shown = with.iter().filter_map(|(_, port)| match port {
        PortMatch::Named(name) => Some(name.to_string()),
        PortMatch::Range(range) => Some(range.to_string()),
        PortMatch::All => None,
    });
    let title = format!("write {}", words::list(shown));
    let edit = Edit::Ports { at: port.origin.clone(), with: with.into_iter().collect() };
    found.help(format!("{title}: the pods declare no others")).mend(Mend::risky(title, [edit]))
}

/// A port as a policy writes it: by its name where it has one.
fn written(port: ContainerPort) -> Option<(Protocol, PortMatch)> {
    let meant = match port.name {
        Some(name) => PortMatch::Named(Arc::clone(&name)),
        None => PortMatch::Range(PortRange::single(port.number)?),
    };
    Some((port.protocol, meant))
}

#[cfg(test)]
mod tests {
    use crate::testing::*;
    use sekisho_core::{
        object::{PolicyPort, PortMatch},
        set::Protocol,
        standard::Standard,
    };

    #[test]
    fn what_the_catalog_says_is_meant() {
        let all = |protocol| PolicyPort { protocol, port: PortMatch::All, origin: line(13) };
        let of = |protocol| {
            let mut rule = rule(11, &[pods("app=b")], &[]);
            rule.ports = vec![all(protocol)];
            cluster([], [policy(10, "trading/trading-bff", BFF, vec![rule])])
        };
        let mut bff = component("trading/trading-bff", BFF, &[8080]);
        bff.ports.push(all(Protocol::Udp));
        let agreed = Standard { components: vec![bff], ..standard() };
        assert!(found("SK305", &of(Protocol::Udp), &agreed).is_empty());
        assert_eq!(found("SK305", &of(Protocol::Udp), &standard()).len(), 1, "nobody said so");
        assert_eq!(found("SK305", &of(Protocol::Tcp), &agreed).len(), 1, "of another protocol");
    }
}
