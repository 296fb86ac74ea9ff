//! An ingress rule that names nobody and no port: it lets everybody in, on every port.
//!
//! ## Why
//!
//! What a rule does not name it does not narrow. `ingress: [{}]` looks like nothing and is everything; nothing is
//! `ingress: []`, or no `ingress` at all.
//!
//! An empty egress rule is how a namespace's baseline leaves egress open, and is not reported.
//!
//! ## Wrong
//!
//! ```yaml
//! policyTypes: [Ingress]
//! ingress:
//!   - {}
//! ```
//!
//! ## Right
//!
//! ```yaml
//! policyTypes: [Ingress]
//! ingress: []
//! ```
//!
//! ## How to mend
//!
//! Name who is to get in, and on which ports; or delete the rule, so that nobody does.
//!
//! ## Sources
//!
//! S4, S5.

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
    code: "SK114",
    name: "empty-rule",
    category: Category::Correctness,
    severity: Severity::Error,
    yields_to: &[],
    source: include_str!("empty_rule.rs"),
    run,
};

fn run(world: &World<'_>, report: &mut Report<'_>) {
    for at in world.rules() {
        let is_empty = at.rule.peers.is_empty() && at.rule.ports.is_empty();
        if !is_empty || at.direction == Direction::Egress {
            continue;
        }
        let message = "this rule names nobody and no port: it lets everybody in, on every port";
        let found = report.of_policy(&at.policy.key, &at.rule.origin, message);
        let mend = Mend::risky("delete the rule", [Edit::Remove(at.rule.origin.clone())]);
        report.push(found.help("name who is to get in, or delete the rule, so that nobody does").mend(mend));
    }
}
