//! A workload that no policy protects: everybody may connect to its pods.
//!
//! ## Why
//!
//! A pod that no policy isolates for ingress allows everything in: every pod of every namespace, and whatever else
//! reaches its address. Policies protect those whom they select and nobody else.
//!
//! Pods of the host network are never selected, and not reported. A cluster-wide policy counts as protection where it
//! denies every namespace, and not where it only accepts, or denies some: by itself it isolates nobody.
//!
//! ## Wrong
//!
//! ```yaml
//! kind: Deployment
//! metadata:
//!   name: trading-bff
//! # and no NetworkPolicy that selects its pods
//! ```
//!
//! ## Right
//!
//! ```yaml
//! kind: NetworkPolicy
//! metadata:
//!   name: baseline
//! spec:
//!   podSelector: {}
//!   policyTypes: [Ingress]
//! ```
//!
//! ## How to mend
//!
//! Give the namespace a baseline, which selects every pod and lets nobody in, and each component a policy that lets
//! in those who call it.
//!
//! ## Sources
//!
//! S2, S22, S39, S40.

use crate::{
    finding::{Report, Subject},
    rule::{Category, Rule},
    tiers,
    world::World,
};
use sekisho_core::{diagnostic::Severity, object::Direction};

pub(crate) static RULE: Rule = Rule {
    code: "SK201",
    name: "pod-not-isolated",
    category: Category::Coverage,
    severity: Severity::Warning,
    yields_to: &[],
    source: include_str!("pod_not_isolated.rs"),
    run,
};

fn run(world: &World<'_>, report: &mut Report<'_>) {
    if world.has_gaps {
        return;
    }
    let open = world.asked() - world.isolated(Direction::Ingress);
    let narrowed = tiers::narrowed(world.index, Direction::Ingress);
    for (workload, (id, pod)) in world.workloads(&open) {
        let who = if narrowed.contains(id) { "whoever no cluster-wide policy refuses" } else { "everybody" };
        let message = format!("no policy isolates `{}` for ingress: {who} may connect to it", workload.key);
        let found = report.finding(Subject::Workload(workload.clone()), &pod.origin, message);
        let namespace = &workload.key.namespace;
        report.push(found.help(format!(
            "write a policy of `{namespace}` that selects it, or one that selects every pod and lets nobody in"
        )));
    }
}
