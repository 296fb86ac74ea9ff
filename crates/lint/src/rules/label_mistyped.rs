//! A selector that selects nobody for a wrong letter in one of its labels.
//!
//! ## Why
//!
//! Any label is valid, so nothing complains: a policy that selects nobody protects nobody, and a peer that is nobody
//! lets nobody in.
//!
//! It is reported where correcting a letter or two of one label, key or value, makes the selector select pods that
//! are there, or a namespace. Values that differ in a number or in a short part alone, `v1` and `v2`, `team-a` and
//! `team-b`, are no slips.
//!
//! ## Wrong
//!
//! ```yaml
//! podSelector:
//!   matchLabels:
//!     app.kubernetes.io/component: bbf
//! ```
//!
//! ## Right
//!
//! ```yaml
//! podSelector:
//!   matchLabels:
//!     app.kubernetes.io/component: bff
//! ```
//!
//! ## How to mend
//!
//! Write the label as the pods wear it. `--fix --unsafe-fixes` does so.
//!
//! ## Sources
//!
//! S6, S8.

use crate::{
    finding::{Finding, Report},
    focus::RuleAt,
    rule::{Category, Rule},
    world::World,
};
use sekisho_core::{
    diagnostic::Severity,
    index::RoaringBitmap,
    mend::{Edit, Mend},
    near,
    object::{LabelSelector, Labels, NetworkPolicy, Origin, Peer, PeerKind, Requirement},
};
use std::{collections::BTreeSet, sync::Arc};

pub(crate) static RULE: Rule = Rule {
    code: "SK206",
    name: "label-mistyped",
    category: Category::Correctness,
    severity: Severity::Error,
    yields_to: &[],
    source: include_str!("label_mistyped.rs"),
    run,
};

/// A label.
type Label = (Arc<str>, Arc<str>);

/// A label as it is written, and as it was meant.
type Slip = (Label, Label);

fn run(world: &World<'_>, report: &mut Report<'_>) {
    for policy in world.policies() {
        if let Some(slip) = of_subjects(world, policy) {
            let whom = format!("pods of `{}`", policy.key.namespace);
            let found = finding(report, policy, &policy.origin, &slip, &whom);
            report.push(found.field(&["spec", "podSelector"]));
        }
    }
    for (at, peer) in world.peers() {
        // Of a policy that selects nobody its peers are not worth a word.
        if is_alive(world, at.policy)
            && let Some(found) = of_peer(world, report, at, peer)
        {
            report.push(found);
        }
    }
}

fn is_alive(world: &World<'_>, policy: &NetworkPolicy) -> bool {
    policy.subjects.is_everything()
        || !world.subjects(policy).is_empty()
        || world.index.pods_in(&policy.key.namespace).is_empty()
            && world.pods_with(&policy.subjects).is_empty()
}

fn of_subjects(world: &World<'_>, policy: &NetworkPolicy) -> Option<Slip> {
    let known = world.components().of_policy(policy).is_some();
    if policy.subjects.is_everything() || known || !world.subjects(policy).is_empty() {
        return None;
    }
    // Somebody has it, whom policies do not see.
    if world.absent(policy, &PeerKind::Pods(policy.subjects.clone())).is_some() {
        return None;
    }
    pod_label(world, &policy.subjects, || world.index.pods_in(&policy.key.namespace))
}

fn of_peer(world: &World<'_>, report: &Report<'_>, at: RuleAt<'_>, peer: &Peer) -> Option<Finding> {
    if matches!(peer.kind, PeerKind::Block(_))
        || !world.selected_by(at.policy, &peer.kind).is_empty()
        || world.standard.named(&peer.kind).next().is_some()
        || world.absent(at.policy, &peer.kind).is_some()
    {
        return None;
    }
    let everything = LabelSelector::everything();
    let (namespaces, pods) = match &peer.kind {
        PeerKind::Pods(pods) => (None, pods),
        PeerKind::Namespaces(namespaces) => (Some(namespaces), &everything),
        PeerKind::PodsInNamespaces { namespaces, pods } => (Some(namespaces), pods),
        PeerKind::Block(_) => return None,
    };
    let in_scope = |name: &Arc<str>, labels: &Labels| match namespaces {
        None => *name == at.policy.key.namespace,
        Some(namespaces) => namespaces.matches(labels),
    };
    let scope: Vec<&Arc<str>> = world
        .namespaces()
        .iter()
        .filter(|(name, labels)| in_scope(name, labels))
        .map(|(name, _)| name)
        .collect();
    if let (Some(namespaces), true) = (namespaces, scope.is_empty()) {
        let slip = namespace_label(world, namespaces, pods)?;
        return Some(
            finding(report, at.policy, &peer.origin, &slip, "a namespace").field(&["namespaceSelector"]),
        );
    }
    if scope.iter().any(|name| world.components().has(name, pods)) {
        return None;
    }
    let slip = pod_label(world, pods, || {
        scope.iter().map(|name| world.index.pods_in(name)).fold(RoaringBitmap::new(), |all, pods| all | pods)
    })?;
    let whom = match scope.as_slice() {
        [only] => format!("pods of `{only}`"),
        _ => "pods of those namespaces".to_owned(),
    };
    Some(finding(report, at.policy, &peer.origin, &slip, &whom).field(&["podSelector"]))
}

/// The slip in a selector that selects none of the pods of `scope`, and none anywhere.
fn pod_label(world: &World<'_>, selector: &LabelSelector, scope: impl Fn() -> RoaringBitmap) -> Option<Slip> {
    if selector.is_everything() || !world.pods_with(selector).is_empty() {
        return None;
    }
    let scope = scope();
    slips(selector, |rest| {
        let pods = world.pods_with(rest) & &scope;
        world.pods(&pods).map(|pod| pod.labels.clone()).collect()
    })
}

/// The slip in a selector that selects no namespace, such that the right one has pods that `pods` selects.
fn namespace_label(world: &World<'_>, selector: &LabelSelector, pods: &LabelSelector) -> Option<Slip> {
    slips(selector, |rest| {
        let named = world.namespaces().iter().filter(|(_, labels)| rest.matches(labels));
        let meant = named.filter(|(name, _)| {
            pods.is_everything() || !world.pods_with(pods).is_disjoint(&world.index.pods_in(name))
        });
        meant.map(|(_, labels)| labels.clone()).collect()
    })
}

/// The slip in one label of `selector`; `worn` says which labels those wear that the others select.
fn slips(selector: &LabelSelector, worn: impl Fn(&LabelSelector) -> BTreeSet<Labels>) -> Option<Slip> {
    let labels = selector.requirements().filter_map(|requirement| match requirement {
        Requirement::In(key, values) if values.len() == 1 => Some((requirement, key, values.first()?)),
        _ => None,
    });
    let mut labels = labels;
    labels.find_map(|(requirement, key, value)| {
        let rest: LabelSelector =
            selector.requirements().filter(|other| *other != requirement).cloned().collect();
        let worn = worn(&rest);
        let written = (Arc::clone(key), Arc::clone(value));
        let values = worn.iter().filter_map(|labels| labels.get(key));
        if let Some(meant) = near::slip(value, values) {
            return Some((written, (Arc::clone(key), meant.into())));
        }
        let same = worn.iter().flat_map(Labels::iter).filter(|(_, other)| *other == value);
        let meant = near::slip(key, same.map(|(key, _)| &**key))?;
        Some((written, (meant.into(), Arc::clone(value))))
    })
}

fn finding(
    report: &Report<'_>,
    policy: &NetworkPolicy,
    origin: &Origin,
    (written, meant): &Slip,
    whom: &str,
) -> Finding {
    let show = |(key, value): &Label| format!("`{key}: {value}`");
    let message = format!("{} is nobody's label: did you mean {}, of {whom}?", show(written), show(meant));
    let edit = Edit::Label { at: origin.clone(), from: written.clone(), to: meant.clone() };
    report
        .of_policy(&policy.key, origin, message)
        .essence(show(written))
        .help(format!("write {}", show(meant)))
        .mend(Mend::risky(format!("write {}", show(meant)), [edit]))
}
