//! Tiers.

use super::{Layer, ends, tell::Tell};
use crate::{
    document,
    model::{Peer, Tier, TierCaller},
};
use std::sync::Arc;

/// The tier of what fits no other: its name is no value of a label.
pub(super) const OTHER: &str = "other";
/// What a component is called where its tier says nothing.
const PATTERN: &str = "{service}-{component}";

/// All of them: what is built in first, each in the place where its name stands first.
pub(super) fn all(layers: &[Layer<'_>; 2], peers: &[Peer], tell: &mut Tell) -> Vec<Tier> {
    let names: Vec<&str> = layers.iter().flat_map(|layer| layer.standard.tiers.names()).collect();
    let mut tiers: Vec<Tier> = Vec::new();
    for layer in layers {
        for (name, tier) in layer.standard.tiers.iter() {
            let origin = layer.origin(name.span);
            if let Err(reason) = sekisho_k8s::syntax::dns_label(&name.value) {
                tell.error("invalid-name", &origin, format!("the tier's name {reason}"));
            }
            let tier = Tier {
                name: name.value.as_str().into(),
                callers: callers(layer, tier, &names, peers, tell),
                pattern: pattern(layer, tier, tell),
                dns: tier.dns.unwrap_or(true),
            };
            match tiers.iter_mut().find(|other| other.name == tier.name) {
                Some(other) => *other = tier,
                None => tiers.push(tier),
            }
        }
    }
    tiers
}

fn pattern(layer: &Layer<'_>, tier: &document::Tier, tell: &mut Tell) -> Arc<str> {
    let Some(pattern) = &tier.name else { return PATTERN.into() };
    let filled = fill(&pattern.value, "a", "a");
    if filled == pattern.value || sekisho_k8s::syntax::dns_label(&filled).is_err() {
        let message = format!("`{}` makes no name of each service", pattern.value);
        let help = format!("write `{PATTERN}`, or `{{service}}` with what is to stand around it");
        tell.error_help("invalid-name", &layer.origin(pattern.span), message, help);
    }
    pattern.value.as_str().into()
}

/// The name that `pattern` makes.
pub(super) fn fill(pattern: &str, service: &str, component: &str) -> String {
    pattern.replace("{service}", service).replace("{component}", component)
}

fn callers(
    layer: &Layer<'_>,
    tier: &document::Tier,
    tiers: &[&str],
    peers: &[Peer],
    tell: &mut Tell,
) -> Vec<TierCaller> {
    let mut callers = Vec::with_capacity(tier.callers.0.len());
    for caller in &tier.callers.0 {
        let name = caller.value.as_str();
        if tiers.contains(&name) {
            callers.push(TierCaller::Tier(name.into()));
        } else if let Some(found) = ends::peers(name, peers) {
            callers.push(TierCaller::Peers { name: name.into(), peers: found });
        } else {
            let names =
                peers.iter().map(|peer| &*peer.name).chain(ends::role_names()).chain(tiers.iter().copied());
            tell.unknown("peer, role or tier", name, names, &layer.origin(caller.span));
        }
    }
    callers
}
