//! Two entries of a list where one with both selectors was meant.
//!
//! ## Why
//!
//! One dash too many: `namespaceSelector` and `podSelector` in two entries are two peers, and either will do. The first
//! is every pod of the namespace, the second pods of the policy's own namespace, where none has the labels. In one
//! entry both must hold.
//!
//! ## Wrong
//!
//! ```yaml
//! from:
//!   - namespaceSelector:
//!       matchLabels:
//!         kubernetes.io/metadata.name: trading
//!   - podSelector:
//!       matchLabels:
//!         app: trading-bff
//! ```
//!
//! ## Right
//!
//! ```yaml
//! from:
//!   - namespaceSelector:
//!       matchLabels:
//!         kubernetes.io/metadata.name: trading
//!     podSelector:
//!       matchLabels:
//!         app: trading-bff
//! ```
//!
//! ## How to mend
//!
//! Take the dash away. `--fix --unsafe-fixes` makes one entry of the two, which closes connections that only the first
//! let in.
//!
//! ## Sources
//!
//! S6; "Behavior of `to` and `from` selectors" in the Kubernetes documentation of network policies.

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
    object::{LabelSelector, Peer, PeerKind},
};

pub(crate) static RULE: Rule = Rule {
    code: "SK105",
    name: "two-entries",
    category: Category::Correctness,
    severity: Severity::Error,
    yields_to: &[],
    source: include_str!("two_entries.rs"),
    run,
};

fn run(world: &World<'_>, report: &mut Report<'_>) {
    for at in world.rules() {
        for pair in at.rule.peers.windows(2) {
            let [first, second] = pair else { continue };
            let selectors = match (&first.kind, &second.kind) {
                (PeerKind::Namespaces(namespaces), PeerKind::Pods(pods))
                | (PeerKind::Pods(pods), PeerKind::Namespaces(namespaces)) => (namespaces, pods),
                _ => continue,
            };
            if let Some(found) = finding(world, report, at, (first, second), selectors) {
                report.push(found);
            }
        }
    }
}

/// The pods that both selectors together mean, where the second alone means none: then one entry was meant.
fn meant(
    world: &World<'_>,
    at: RuleAt<'_>,
    (namespaces, pods): (&LabelSelector, &LabelSelector),
) -> RoaringBitmap {
    let own = PeerKind::Pods(pods.clone());
    let is_somebody =
        || !world.selected_by(at.policy, &own).is_empty() || world.absent(at.policy, &own).is_some();
    if pods.is_everything() || is_somebody() {
        return RoaringBitmap::new();
    }
    world.pods_with(pods) & world.selected_by(at.policy, &PeerKind::Namespaces(namespaces.clone()))
}

fn finding(
    world: &World<'_>,
    report: &Report<'_>,
    at: RuleAt<'_>,
    (first, second): (&Peer, &Peer),
    (namespaces, pods): (&LabelSelector, &LabelSelector),
) -> Option<Finding> {
    let meant = meant(world, at, (namespaces, pods));
    let all = world.selected_by(at.policy, &PeerKind::Namespaces(namespaces.clone()));
    if meant.is_empty() {
        return None;
    }
    let too_many = &all - &meant;
    let let_in = if too_many.is_empty() {
        "every pod of the namespace".to_owned()
    } else {
        format!("{} too", words::workloads(world.pods(&too_many)))
    };
    let message = format!(
        "two entries, of which either will do: they let in {let_in}, where {} is meant",
        words::workloads(world.pods(&meant))
    );
    let edit = Edit::Join { first: first.origin.clone(), second: second.origin.clone() };
    let found = report.of_policy(&at.policy.key, &first.origin, message);
    Some(
        found
            .and(
                &second.origin,
                "and this one means pods of the policy's own namespace, where none has the labels",
            )
            .help("make one entry of them, with both selectors: then both must hold")
            .mend(Mend::risky("make one entry of the two", [edit])),
    )
}
