//! A peer that lets in, or out to, a whole namespace where pods could be named.
//!
//! ## Why
//!
//! Every pod of the namespace gets through, those that nobody thought of and those to come. Callers are named by their
//! labels beside the `namespaceSelector`, in the same entry.
//!
//! ## Wrong
//!
//! ```yaml
//! - namespaceSelector:
//!     matchLabels:
//!       kubernetes.io/metadata.name: trading
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
//! Name the pods that call. `--fix --unsafe-fixes` writes those that the catalog says call, or else every workload of
//! the namespace whose own egress lets it come, by its labels: narrower for all that comes later. Where a whole
//! namespace is meant, such as that of monitoring, name it in the `peers` of `sekisho.yaml`.
//!
//! ## Sources
//!
//! S6.

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
    object::{Direction, LabelSelector, Peer, PeerKind, Pod, Requirement},
    standard::End,
};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// How many entries are written in place of one: nobody reviews more.
const MOST: usize = 12;
/// Of more pods nobody wants each workload named.
const MOST_PODS: u64 = 500;

pub(crate) static RULE: Rule = Rule {
    code: "SK301",
    name: "whole-namespace",
    category: Category::LeastPrivilege,
    severity: Severity::Warning,
    yields_to: &["SK103", "SK105", "SK206"],
    source: include_str!("whole_namespace.rs"),
    run,
};

fn run(world: &World<'_>, report: &mut Report<'_>) {
    for (at, peer) in world.peers() {
        let namespaces = match &peer.kind {
            PeerKind::Namespaces(namespaces) => namespaces,
            PeerKind::PodsInNamespaces { namespaces, pods } if pods.is_everything() => namespaces,
            _ => continue,
        };
        let is_agreed = || world.is_agreed(at, &peer.kind);
        if !namespaces.is_everything() && world.is_guarded(at) && !is_agreed() {
            report.push(finding(world, report, at, peer, namespaces));
        }
    }
}

fn finding(
    world: &World<'_>,
    report: &Report<'_>,
    at: RuleAt<'_>,
    peer: &Peer,
    namespaces: &LabelSelector,
) -> Finding {
    let pods = world.selected_by(at.policy, &peer.kind);
    let through = match at.direction {
        Direction::Ingress => "comes in",
        Direction::Egress => "is reached",
    };
    let whom = match World::named(namespaces) {
        Some(names) => words::list(names),
        None => format!("the namespaces with {}", words::list(namespaces.requirements())),
    };
    let message = format!("every pod of {whom} {through}, now and later");
    let found = report
        .of_policy(&at.policy.key, &peer.origin, message)
        .help("name the pods by a `podSelector` in the same entry; or name the peer in `sekisho.yaml`");
    if pods.len() > MOST_PODS {
        return found;
    }
    let users = users(world, at, &pods);
    let with = narrowed(world, &users);
    if with.is_empty() || with.len() > MOST {
        return found;
    }
    let title = format!("name the pods: {}", words::workloads(world.pods(&users)));
    found.mend(Mend::risky(title, [Edit::Peers { at: peer.origin.clone(), with }]))
}

/// The pods that use the peer: those that the catalog says do, or else those that the other side lets.
fn users(world: &World<'_>, at: RuleAt<'_>, pods: &RoaringBitmap) -> RoaringBitmap {
    let declared: RoaringBitmap = pods.iter().filter(|id| is_declared(world, at, *id)).collect();
    if !declared.is_empty() {
        return declared;
    }
    let subjects = world.subjects(at.policy);
    let closed = world.spoken_of(pods, at.direction.other());
    (pods - &closed) | world.met(at.direction, &closed, subjects)
}

fn is_declared(world: &World<'_>, at: RuleAt<'_>, id: u32) -> bool {
    let Some(own) = world.components().of_policy(at.policy) else { return false };
    let Some(peer) = world.component_of(id) else { return false };
    let (own, peer) = (End::Component(own.key.clone()), End::Component(peer.key.clone()));
    let ends = match at.direction {
        Direction::Ingress => (&peer, &own),
        Direction::Egress => (&own, &peer),
    };
    world.standard.edges.iter().any(|edge| (&edge.from, &edge.to) == ends)
}

/// The peer as pods: one entry for each set of labels.
fn narrowed(world: &World<'_>, users: &RoaringBitmap) -> Vec<PeerKind> {
    let mut found: BTreeMap<(Arc<str>, LabelSelector), ()> = BTreeMap::new();
    for (_, pod) in world.workloads(users).into_values() {
        let Some(labels) = labels(world, pod) else { return Vec::new() };
        found.insert((Arc::clone(&pod.key.namespace), labels), ());
    }
    found
        .into_keys()
        .map(|(namespace, pods)| PeerKind::PodsInNamespaces {
            namespaces: crate::elsewhere::namespace(&namespace),
            pods,
        })
        .collect()
}

/// The labels that name a pod: those of the standard, or of the usual ones those that it has.
fn labels(world: &World<'_>, pod: &Pod) -> Option<LabelSelector> {
    const USUAL: [&str; 5] = [
        "app.kubernetes.io/name",
        "app.kubernetes.io/component",
        "app.kubernetes.io/part-of",
        "app",
        "k8s-app",
    ];
    let standard: Vec<&str> =
        world.standard.naming.iter().flat_map(|naming| naming.keys()).map(AsRef::as_ref).collect();
    let keys = if standard.is_empty() { USUAL.to_vec() } else { standard };
    let named = |keys: &[&str]| -> LabelSelector {
        let labels = keys.iter().filter_map(|key| Some((*key, pod.labels.get(key)?)));
        labels.map(|(key, value)| Requirement::In(key.into(), BTreeSet::from([Arc::from(value)]))).collect()
    };
    [named(&keys), named(&USUAL)].into_iter().find(|labels| !labels.is_everything())
}
