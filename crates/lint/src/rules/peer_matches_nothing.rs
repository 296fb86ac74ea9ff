//! A peer that is nobody: no namespace, or no pod in it, has the labels.
//!
//! ## Why
//!
//! The rule was to let somebody in, and lets nobody in. Often a `namespaceSelector` names a label that nobody gave the
//! namespace; the one label that every namespace has is `kubernetes.io/metadata.name`.
//!
//! Pods on the network of their node are nobody to a selector, whatever their labels: they come with the node's address.
//! Where the labels are those of a workload that has no replicas now, or of pods that have finished, this is a note.
//!
//! ## Wrong
//!
//! ```yaml
//! - namespaceSelector:
//!     matchLabels:
//!       name: monitoring # no namespace has it
//! ```
//!
//! ## Right
//!
//! ```yaml
//! - namespaceSelector:
//!     matchLabels:
//!       kubernetes.io/metadata.name: monitoring
//! ```
//!
//! ## How to mend
//!
//! Write the labels that the peer has, or delete the entry.
//!
//! Where only some manifests are looked at, a namespace of which none is among them may be elsewhere, and nothing is
//! said of it. Give a whole cluster (`--cluster`, or a snapshot) to have such peers checked as well.
//!
//! ## Sources
//!
//! S6, S9, S22, S24.

use crate::{
    absent::Absent,
    finding::{Finding, Report},
    focus::RuleAt,
    rule::{Category, Rule},
    words,
    world::World,
};
use sekisho_core::{
    diagnostic::Severity,
    mend::{Edit, Mend},
    object::{LabelSelector, NAME_LABEL, Peer, PeerKind, Requirement},
};
use std::sync::Arc;

pub(crate) static RULE: Rule = Rule {
    code: "SK103",
    name: "peer-matches-nothing",
    category: Category::Correctness,
    severity: Severity::Warning,
    yields_to: &["SK102", "SK104", "SK105", "SK206"],
    source: include_str!("peer_matches_nothing.rs"),
    run,
};

fn run(world: &World<'_>, report: &mut Report<'_>) {
    if !world.has_pods() {
        return;
    }
    for (at, peer) in world.peers() {
        let found = match &peer.kind {
            PeerKind::Block(_) => None,
            // Of one's own namespace, every pod to come.
            PeerKind::Pods(pods) if pods.is_everything() || !world.is_seen(&at.policy.key.namespace) => None,
            PeerKind::Pods(pods) => nobody(world, at, peer).then(|| no_pod(world, report, at, peer, pods)),
            PeerKind::Namespaces(namespaces) | PeerKind::PodsInNamespaces { namespaces, .. }
                if world.may_be_elsewhere(namespaces) =>
            {
                None
            }
            PeerKind::Namespaces(namespaces) => no_namespace(world, report, at, peer, namespaces),
            PeerKind::PodsInNamespaces { namespaces, pods } => {
                no_namespace(world, report, at, peer, namespaces)
                    .or_else(|| nobody(world, at, peer).then(|| no_pod(world, report, at, peer, pods)))
            }
        };
        if let Some(found) = found {
            report.push(found);
        }
    }
}

/// Whether the peer is nobody, and nobody has agreed that it is somewhere.
fn nobody(world: &World<'_>, at: RuleAt<'_>, peer: &Peer) -> bool {
    world.selected_by(at.policy, &peer.kind).is_empty() && world.standard.named(&peer.kind).next().is_none()
}

fn no_pod(
    world: &World<'_>,
    report: &Report<'_>,
    at: RuleAt<'_>,
    peer: &Peer,
    pods: &LabelSelector,
) -> Finding {
    if let Some(absent) = world.absent(at.policy, &peer.kind) {
        return unseen(report, at, peer, &absent);
    }
    let place = match &peer.kind {
        PeerKind::Pods(_) => format!("`{}`", at.policy.key.namespace),
        _ => "those namespaces".to_owned(),
    };
    let message = format!("this peer is nobody: no pod of {place} has {}", words::list(pods.requirements()));
    report
        .of_policy(&at.policy.key, &peer.origin, message)
        .help("write the labels of the pods that are meant, or delete the entry")
}

/// What is said where the labels are right, and policies do not see those who have them.
fn unseen(report: &Report<'_>, at: RuleAt<'_>, peer: &Peer, absent: &Absent<'_>) -> Finding {
    let today = if absent.is_for_now() { " today" } else { "" };
    let message = format!("this peer is nobody{today}: {}", absent.sentence());
    let found = report.of_policy(&at.policy.key, &peer.origin, message);
    if absent.is_for_now() {
        found.severity(Severity::Note).help("the entry is for them when they run again")
    } else {
        found.help("they have the addresses of their nodes: name those by an `ipBlock`, or delete the entry")
    }
}

fn no_namespace(
    world: &World<'_>,
    report: &Report<'_>,
    at: RuleAt<'_>,
    peer: &Peer,
    namespaces: &LabelSelector,
) -> Option<Finding> {
    let is_there = world.namespaces().values().any(|labels| namespaces.matches(labels));
    if is_there || world.standard.named(&peer.kind).next().is_some() {
        return None;
    }
    let message = format!("this peer is nobody: no namespace has {}", words::list(namespaces.requirements()));
    let found = report.of_policy(&at.policy.key, &peer.origin, message).field(&["namespaceSelector"]);
    Some(match by_name(world, namespaces) {
        Some((key, name)) => {
            let to = (Arc::from(NAME_LABEL), Arc::clone(&name));
            let edit = Edit::Label { at: peer.origin.clone(), from: (key, Arc::clone(&name)), to };
            found
                .help(format!("the label that every namespace has of itself: `{NAME_LABEL}: {name}`"))
                .mend(Mend::risky(format!("write `{NAME_LABEL}: {name}`"), [edit]))
        }
        None => found.help("write a label that the namespace has, such as `kubernetes.io/metadata.name`"),
    })
}

/// The label that a selector writes where it means a namespace that is there by its name.
fn by_name(world: &World<'_>, namespaces: &LabelSelector) -> Option<(Arc<str>, Arc<str>)> {
    namespaces.requirements().find_map(|requirement| {
        let Requirement::In(key, values) = requirement else { return None };
        let (value, is_one) = (values.first()?, values.len() == 1);
        let is_name = is_one && **key != *NAME_LABEL && world.namespaces().contains_key(value);
        is_name.then(|| (Arc::clone(key), Arc::clone(value)))
    })
}
