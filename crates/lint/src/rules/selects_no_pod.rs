//! A policy that selects no pod.
//!
//! ## Why
//!
//! Whom the policy was to protect it does not protect: it lies in another namespace, a label is not as the pods wear
//! it, or the pods are gone. An empty `podSelector` selects every pod of the namespace and is no mistake.
//!
//! Pods on the network of their node are never selected, whatever their labels. Where the labels are those of a workload
//! that has no replicas now, or of pods that have finished, this is a note: the policy waits for them.
//!
//! ## Wrong
//!
//! ```yaml
//! metadata:
//!   name: api
//!   namespace: default # the pods are in `shop`
//! spec:
//!   podSelector:
//!     matchLabels:
//!       app: api
//! ```
//!
//! ## Right
//!
//! ```yaml
//! metadata:
//!   name: api
//!   namespace: shop
//! spec:
//!   podSelector:
//!     matchLabels:
//!       app: api
//! ```
//!
//! ## How to mend
//!
//! Write the namespace or the labels of the pods, or delete the policy with them.
//!
//! ## Sources
//!
//! S1, S22, S24. A policy selects pods of its own namespace.

use crate::{
    absent::Absent,
    finding::{Finding, Report},
    rule::{Category, Rule},
    words,
    world::{Extent, World},
};
use sekisho_core::{
    diagnostic::Severity,
    mend::{Edit, Mend},
    object::{NetworkPolicy, PeerKind},
};
use std::{collections::BTreeSet, sync::Arc};

pub(crate) static RULE: Rule = Rule {
    code: "SK102",
    name: "selects-no-pod",
    category: Category::Correctness,
    severity: Severity::Warning,
    yields_to: &["SK206"],
    source: include_str!("selects_no_pod.rs"),
    run,
};

fn run(world: &World<'_>, report: &mut Report<'_>) {
    if !world.has_pods() {
        return;
    }
    for policy in world.policies() {
        // Of an empty namespace every pod to come is selected.
        if policy.subjects.is_everything() || !world.subjects(policy).is_empty() {
            continue;
        }
        if let Some(absent) = world.absent(policy, &PeerKind::Pods(policy.subjects.clone())) {
            report.push(unseen(report, policy, &absent));
            continue;
        }
        let elsewhere = namespaces(world, policy);
        let is_known =
            world.extent == Extent::Whole || world.namespaces().contains_key(&policy.key.namespace);
        if is_known || !elsewhere.is_empty() {
            report.push(finding(report, policy, &elsewhere));
        }
    }
}

/// The namespaces that have pods such as the policy selects.
fn namespaces(world: &World<'_>, policy: &NetworkPolicy) -> BTreeSet<Arc<str>> {
    let pods = world.pods_with(&policy.subjects);
    world.pods(&pods).map(|pod| Arc::clone(&pod.key.namespace)).collect()
}

/// What is said where the labels are right, and policies do not see those who have them.
fn unseen(report: &Report<'_>, policy: &NetworkPolicy, absent: &Absent<'_>) -> Finding {
    let name = &policy.key.name;
    let message = if absent.is_for_now() {
        format!("`{name}` selects no pod today: {}", absent.sentence())
    } else {
        format!("`{name}` protects nobody: {}", absent.sentence())
    };
    let rules = policy.ingress.iter().chain(&policy.egress);
    let found = report
        .of_policy(&policy.key, &policy.origin, message)
        .field(&["spec", "podSelector"])
        .over(rules.flat_map(crate::world::places));
    if absent.is_for_now() {
        found.severity(Severity::Note).help("it is in force when they run again")
    } else {
        found.help("take `hostNetwork` away from the pods, or delete the policy and guard the nodes")
    }
}

fn finding(report: &Report<'_>, policy: &NetworkPolicy, elsewhere: &BTreeSet<Arc<str>>) -> Finding {
    let message = format!(
        "`{}` selects no pod of `{}`: none has {}",
        policy.key.name,
        policy.key.namespace,
        labels(policy)
    );
    let rules = policy.ingress.iter().chain(&policy.egress);
    let found = report
        .of_policy(&policy.key, &policy.origin, message)
        .field(&["spec", "podSelector"])
        .over(rules.flat_map(crate::world::places));
    let mut names = elsewhere.iter();
    match (names.next(), names.next()) {
        (None, _) => found.help("write the labels of the pods that it is for, or delete it with them"),
        (Some(only), None) => {
            let edit = Edit::Namespace { policy: policy.origin.clone(), to: Arc::clone(only) };
            found
                .field(&["metadata", "namespace"])
                .help(format!("pods of `{only}` have them: write `namespace: {only}`"))
                .mend(Mend::risky(format!("move it to the namespace `{only}`"), [edit]))
        }
        _ => found.help(format!(
            "pods of {} have them: a policy selects pods of its own namespace",
            words::list(elsewhere)
        )),
    }
}

fn labels(policy: &NetworkPolicy) -> String {
    words::list(policy.subjects.requirements())
}
