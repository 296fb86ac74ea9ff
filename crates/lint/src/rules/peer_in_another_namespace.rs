//! A `podSelector` that looks for pods of another namespace in its own.
//!
//! ## Why
//!
//! A `podSelector` without a `namespaceSelector` means pods of the policy's own namespace. The pods that the labels
//! describe live elsewhere, so the rule is valid and lets nobody in.
//!
//! ## Wrong
//!
//! ```yaml
//! # in the namespace `market-data`
//! - podSelector:
//!     matchLabels:
//!       app: trading-bff # lives in `trading`
//! ```
//!
//! ## Right
//!
//! ```yaml
//! - namespaceSelector:
//!     matchLabels:
//!       kubernetes.io/metadata.name: trading
//!   podSelector:
//!     matchLabels:
//!       app: trading-bff
//! ```
//!
//! ## How to mend
//!
//! Name the namespace in the same entry of the list. `--fix --unsafe-fixes` does so where the pods are all in one.
//!
//! ## Sources
//!
//! S6; the API comment of `NetworkPolicyPeer.podSelector`.

use crate::{
    elsewhere::namespace,
    finding::{Finding, Report},
    focus::RuleAt,
    rule::{Category, Rule},
    words,
    world::World,
};
use sekisho_core::{
    diagnostic::Severity,
    mend::{Edit, Mend},
    object::{LabelSelector, Peer, PeerKind},
};
use std::{collections::BTreeSet, sync::Arc};

pub(crate) static RULE: Rule = Rule {
    code: "SK104",
    name: "peer-in-another-namespace",
    category: Category::Correctness,
    severity: Severity::Error,
    yields_to: &["SK102", "SK105", "SK206"],
    source: include_str!("peer_in_another_namespace.rs"),
    run,
};

fn run(world: &World<'_>, report: &mut Report<'_>) {
    for (at, peer) in world.peers() {
        let PeerKind::Pods(pods) = &peer.kind else { continue };
        if pods.is_everything() || !world.selected_by(at.policy, &peer.kind).is_empty() {
            continue;
        }
        if !world.is_seen(&at.policy.key.namespace) || world.absent(at.policy, &peer.kind).is_some() {
            continue;
        }
        let homes = homes(world, pods);
        if !homes.is_empty() && !homes.contains(&at.policy.key.namespace) {
            report.push(finding(report, at, peer, pods, &homes));
        }
    }
}

/// The namespaces where pods with these labels live, or components are said to.
fn homes(world: &World<'_>, pods: &LabelSelector) -> BTreeSet<Arc<str>> {
    let living = world.pods_with(pods);
    let mut homes: BTreeSet<Arc<str>> =
        world.pods(&living).map(|pod| Arc::clone(&pod.key.namespace)).collect();
    if homes.is_empty() {
        let meant = world.standard.components.iter().filter(|component| component.pods == *pods);
        homes.extend(meant.map(|component| Arc::clone(&component.key.namespace)));
    }
    homes
}

fn finding(
    report: &Report<'_>,
    at: RuleAt<'_>,
    peer: &Peer,
    pods: &LabelSelector,
    homes: &BTreeSet<Arc<str>>,
) -> Finding {
    let own = &at.policy.key.namespace;
    let message = format!(
        "this peer means pods of `{own}`, and none has {}: the pods that do are in {}",
        words::list(pods.requirements()),
        words::list(homes)
    );
    let found = report.of_policy(&at.policy.key, &peer.origin, message);
    let mut names = homes.iter();
    let (Some(home), None) = (names.next(), names.next()) else {
        return found.help("name the namespace by a `namespaceSelector` in the same entry");
    };
    let with = PeerKind::PodsInNamespaces { namespaces: namespace(home), pods: pods.clone() };
    let edit = Edit::Peers { at: peer.origin.clone(), with: vec![with] };
    found
        .help(format!(
            "write in the same entry: `namespaceSelector: {{matchLabels: {{kubernetes.io/metadata.name: {home}}}}}`"
        ))
        .mend(Mend::risky(format!("look for the pods in `{home}`"), [edit]))
}
