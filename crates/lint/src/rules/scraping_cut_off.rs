//! A component that monitoring is to reach, and whose policies do not let it in.
//!
//! ## Why
//!
//! Metrics stop without an error anywhere: the graphs end, and alarms that wait for values stay silent.
//!
//! ## Wrong
//!
//! ```yaml
//! # the catalog says that `datadog` is admitted
//! ingress:
//!   - from:
//!       - ipBlock:
//!           cidr: 35.191.0.0/16
//! ```
//!
//! ## Right
//!
//! ```yaml
//! ingress:
//!   - from:
//!       - ipBlock:
//!           cidr: 35.191.0.0/16
//!       - namespaceSelector:
//!           matchLabels:
//!             kubernetes.io/metadata.name: datadog
//! ```
//!
//! ## How to mend
//!
//! Let monitoring in on the component's port; or, where it has nothing to ask there, take it out of what the tier admits
//! in `sekisho.yaml`.
//!
//! ## Sources
//!
//! S2, S10; the named peers of `sekisho.yaml` with the role of monitoring.

use crate::{
    far::{Far, has_port_of},
    finding::Report,
    rule::{Category, Rule},
    world::World,
};
use sekisho_core::{
    diagnostic::Severity,
    index::PodId,
    object::{Direction, NetworkPolicy, Pod, Rule as PolicyRule},
    standard::{Component, Role},
};
use std::{collections::BTreeMap, sync::Arc};

pub(crate) static RULE: Rule = Rule {
    code: "SK504",
    name: "scraping-cut-off",
    category: Category::Breakage,
    severity: Severity::Warning,
    yields_to: &["SK102", "SK206"],
    source: include_str!("scraping_cut_off.rs"),
    run,
};

fn run(world: &World<'_>, report: &mut Report<'_>) {
    let environment = world.standard.environment.as_deref();
    let peers = world.standard.peers.iter();
    let monitoring = peers.filter(|(_, peer)| peer.role == Role::Monitoring && peer.is_of(environment));
    let monitoring: BTreeMap<&Arc<str>, Far> =
        monitoring.map(|(name, peer)| (name, Far::of(world, &peer.whom))).collect();
    if monitoring.is_empty() {
        return;
    }
    let components = world.standard.components.iter();
    for component in components.filter(|one| world.looks_at(&one.key.namespace)) {
        let pods = world.pods_of(&component.key);
        let Some((id, pod)) = pods.min().and_then(|id| Some((id, world.index.pod(id)?))) else { continue };
        let isolating = world.isolating(id, Direction::Ingress);
        let Some(policy) = isolating.first() else { continue };
        for (name, far) in monitoring.iter().filter(|(name, _)| component.admits.contains(**name)) {
            if isolating.iter().any(|policy| lets_in(policy, far, component, (id, pod))) {
                continue;
            }
            let message = format!("`{name}` is to reach `{}`, and no policy lets it in", component.key);
            let found = report.of_policy(&policy.key, &policy.origin, message).field(&["spec", "ingress"]);
            let found = found.essence(format!("{name} {}", component.key));
            let found = found.beside(&component.origin, "the component admits it");
            report.push(found.help("let it in on a port of the component"));
        }
    }
}

/// Whether a policy lets somebody reach some port of a component.
fn lets_in(policy: &NetworkPolicy, far: &Far, component: &Component, (id, pod): (PodId, &Arc<Pod>)) -> bool {
    let is_own = far.pods.contains(id);
    let own_rule = PolicyRule { ports: component.ports.clone(), ..PolicyRule::default() };
    let of_component =
        pod.ports.iter().filter(|port| has_port_of(&own_rule, pod, port.protocol, port.number));
    let ports: Vec<_> = of_component.collect();
    let on_port = |rule: &PolicyRule| {
        let some = || ports.iter().any(|port| has_port_of(rule, pod, port.protocol, port.number));
        ports.is_empty() || some()
    };
    is_own || policy.ingress.iter().any(|rule| far.is_named(policy, rule) && on_port(rule))
}

#[cfg(test)]
mod tests {
    use crate::testing::*;
    use sekisho_core::{
        object::{LabelSelector, PeerKind},
        standard::{NamedPeer, Role, Standard, Whom},
    };

    fn datadog() -> LabelSelector {
        selector("kubernetes.io/metadata.name=datadog")
    }

    fn agreed(environment: &str) -> Standard {
        let whom = Whom::Pods { namespaces: datadog(), pods: None };
        let environments = Some(["production".into()].into());
        let monitoring = NamedPeer { whom, role: Role::Monitoring, environments, origin: line(901) };
        let mut bff = component("trading/trading-bff", BFF, &[8080]);
        bff.admits = ["datadog".into()].into();
        Standard {
            environment: Some(environment.into()),
            peers: [("datadog".into(), monitoring)].into(),
            components: vec![bff],
            ..standard()
        }
    }

    #[test]
    fn monitoring_gets_in_where_the_component_admits_it() {
        let of = |peer: PeerKind, port: u16, environment: &str| {
            let own = policy(10, "trading/trading-bff", BFF, vec![rule(11, &[peer], &[port])]);
            let cluster = cluster([pod(1, "trading/a", BFF, &[8080])], [own]);
            found("SK504", &cluster, &agreed(environment))
        };
        let message = "10: `datadog` is to reach `trading/trading-bff`, and no policy lets it in";
        assert_eq!(of(pods("app=b"), 8080, "production"), [message]);
        assert_eq!(of(PeerKind::Namespaces(datadog()), 9999, "production"), [message]);
        assert!(of(PeerKind::Namespaces(datadog()), 8080, "production").is_empty());
        assert!(of(pods("app=b"), 8080, "development").is_empty(), "it is not admitted there");
    }

    #[test]
    fn who_is_not_isolated_is_reached() {
        let cluster = cluster([pod(1, "trading/a", BFF, &[8080])], []);
        assert!(found("SK504", &cluster, &agreed("production")).is_empty());
    }
}
