//! A policy for one component that is not called after it.
//!
//! ## Why
//!
//! Policies are looked for by the name of what they protect. One with another name is written a second time by whoever
//! does not find it.
//!
//! ## Wrong
//!
//! ```yaml
//! metadata:
//!   name: allow-lb
//! spec:
//!   podSelector:
//!     matchLabels:
//!       app.kubernetes.io/name: trading-bff
//! ```
//!
//! ## Right
//!
//! ```yaml
//! metadata:
//!   name: trading-bff
//! spec:
//!   podSelector:
//!     matchLabels:
//!       app.kubernetes.io/name: trading-bff
//! ```
//!
//! ## How to mend
//!
//! Call it after the label, or after the label with something behind it, such as `trading-bff-egress`. A policy of
//! another name is another object: apply the new one before the old one is deleted.
//!
//! ## Sources
//!
//! The `naming` of `sekisho.yaml`.

use crate::{
    finding::Report,
    rule::{Category, Rule},
    world::World,
};
use sekisho_core::{
    diagnostic::Severity,
    object::{NetworkPolicy, Requirement},
};
use std::sync::Arc;

pub(crate) static RULE: Rule = Rule {
    code: "SK603",
    name: "name-not-standard",
    category: Category::Hygiene,
    severity: Severity::Warning,
    yields_to: &["SK602"],
    source: include_str!("name_not_standard.rs"),
    run,
};

fn run(world: &World<'_>, report: &mut Report<'_>) {
    let Some(naming) = &world.standard.naming else { return };
    for policy in world.policies() {
        let Some(label) = pinned(policy, &naming.name) else { continue };
        // What the catalog calls otherwise is called so.
        let is_agreed = world
            .standard
            .component_for(policy)
            .is_some_and(|component| is_after(&policy.key.name, &component.key.name));
        if is_agreed || world.is_exempt(&policy.key.namespace) || is_after(&policy.key.name, label) {
            continue;
        }
        let message = format!("`{}` is the policy of `{label}`, and not called so", policy.key.name);
        let found = report.of_policy(&policy.key, &policy.origin, message).field(&["metadata", "name"]);
        report.push(found.help(format!("call it `{label}`, or `{label}-` with what it is for")));
    }
}

/// The one value of `key` that the pods of a policy have.
fn pinned<'p>(policy: &'p NetworkPolicy, key: &Arc<str>) -> Option<&'p Arc<str>> {
    policy.subjects.requirements().find_map(|requirement| match requirement {
        Requirement::In(of, values) if of == key && values.len() == 1 => values.first(),
        _ => None,
    })
}

fn is_after(name: &str, label: &str) -> bool {
    name.strip_prefix(label).is_some_and(|rest| rest.is_empty() || (rest.len() > 1 && rest.starts_with('-')))
}

#[cfg(test)]
mod tests {
    use crate::testing::*;

    #[test]
    fn policies_are_called_after_what_they_protect() {
        let of = |name: &str, labels: &str| {
            found("SK603", &cluster([], [policy(10, name, labels, vec![])]), &standard())
        };
        for (name, is_standard) in [
            ("trading/trading-bff", true),
            ("trading/trading-bff-egress", true),
            ("trading/trading-bffs", false),
            ("trading/trading-bff-", false),
            ("trading/allow-lb", false),
        ] {
            assert_eq!(of(name, BFF).is_empty(), is_standard, "{name}");
        }
        let message = "10: `allow-lb` is the policy of `trading-bff`, and not called so";
        assert_eq!(of("trading/allow-lb", BFF), [message]);
        // Of several components it has no one name.
        assert!(of("trading/allow-lb", "part-of=trading").is_empty());
    }
}
