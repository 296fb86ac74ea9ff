//! Rules of a direction that `policyTypes` leaves out.
//!
//! ## Why
//!
//! They have no effect: a policy speaks only of the directions in its `policyTypes`. Whoever wrote the rules thinks that
//! they restrict something.
//!
//! ## Wrong
//!
//! ```yaml
//! policyTypes: [Ingress]
//! egress:
//!   - to:
//!       - podSelector: {}
//! ```
//!
//! ## Right
//!
//! ```yaml
//! policyTypes: [Ingress, Egress]
//! egress:
//!   - to:
//!       - podSelector: {}
//! ```
//!
//! ## How to mend
//!
//! Add the direction, which closes what the rules do not open; or delete the rules.
//!
//! ## Sources
//!
//! S2, S3; the API comment of `NetworkPolicySpec.policyTypes`.

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
    code: "SK109",
    name: "types-contradict-rules",
    category: Category::Correctness,
    severity: Severity::Error,
    yields_to: &[],
    source: include_str!("types_contradict_rules.rs"),
    run,
};

fn run(world: &World<'_>, report: &mut Report<'_>) {
    for policy in world.policies() {
        for direction in Direction::ALL {
            let Some(first) = policy.rules(direction).first().filter(|_| !policy.isolates(direction)) else {
                continue;
            };
            let message =
                format!("the {direction} rules have no effect: `policyTypes` leaves {direction} out");
            let found = report.of_policy(&policy.key, &first.origin, message);
            let edit = Edit::Types { policy: policy.origin.clone(), types: Direction::ALL.into() };
            let title = "write `policyTypes: [Ingress, Egress]`";
            report.push(found.help(format!("{title}, or delete the rules")).mend(Mend::risky(title, [edit])));
        }
    }
}
