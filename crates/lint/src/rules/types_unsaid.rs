//! A policy that allows nothing and does not say in which directions.
//!
//! ## Why
//!
//! Without `policyTypes` a policy is about ingress, and about egress only when it has an egress rule. One without any
//! rules closes ingress and leaves egress open, whatever it is called. `ingress: []` and `egress: []` are no rules: the
//! API server does not even keep them, and a policy with `egress: []` alone leaves egress open.
//!
//! ## Wrong
//!
//! ```yaml
//! metadata:
//!   name: deny-all
//! spec:
//!   podSelector: {}
//! ```
//!
//! ## Right
//!
//! ```yaml
//! metadata:
//!   name: deny-all
//! spec:
//!   podSelector: {}
//!   policyTypes: [Ingress, Egress]
//! ```
//!
//! ## How to mend
//!
//! Say which: `[Ingress]` is what it does today, `[Ingress, Egress]` what a deny-all is thought to do.
//! `--fix --unsafe-fixes` writes both.
//!
//! ## Sources
//!
//! S3, S4.

use crate::{
    finding::Report,
    rule::{Category, Rule},
    world::World,
};
use sekisho_core::{
    diagnostic::Severity,
    mend::{Edit, Mend},
    object::Direction,
};

pub(crate) static RULE: Rule = Rule {
    code: "SK113",
    name: "types-unsaid",
    category: Category::Correctness,
    severity: Severity::Warning,
    yields_to: &["SK100"],
    source: include_str!("types_unsaid.rs"),
    run,
};

fn run(world: &World<'_>, report: &mut Report<'_>) {
    for policy in world.policies() {
        if !policy.types.is_empty() || !policy.ingress.is_empty() || !policy.egress.is_empty() {
            continue;
        }
        let message = format!(
            "`{}` closes ingress and leaves egress open: it has no rules, and no `policyTypes`",
            policy.key.name
        );
        let edit = Edit::Types { policy: policy.origin.clone(), types: Direction::ALL.into() };
        let found = report.of_policy(&policy.key, &policy.origin, message).field(&["spec"]);
        report.push(
            found
                .help("write `policyTypes: [Ingress]` if that is meant, `[Ingress, Egress]` to close both")
                .mend(Mend::risky("write `policyTypes: [Ingress, Egress]`", [edit])),
        );
    }
}
