//! The tiers of cluster-wide policies (S38).

use super::{
    ChainPart, Compiled, Target,
    base::allow,
    content,
    policy::{add_rule, rules_of},
    profile::denied,
};
use crate::tree::{Action, Family, Name};
use sekisho_core::{
    index::{Index, PolicyKey},
    object::{Direction, RuleAction},
};

/// What becomes of a packet that a rule of a tier matches (S39), but for what it denies.
pub(super) struct Fates {
    /// It is accepted.
    pub(super) accept: Action,
    /// The tier is left.
    pub(super) pass: Action,
    /// Where `pass` leads, where it leads to a chain.
    pub(super) passed_to: Option<Target>,
}

/// The chain of a tier's policies, which profiles share.
pub(super) fn tier(direction: Direction, family: Family, policies: &[PolicyKey]) -> Target {
    let name = Name::of_content(&format!("tier-{direction}{family}"), &content(policies));
    (name, ChainPart::Tier { direction, family, policies: policies.to_vec() })
}

/// The rules of a tier: what no rule matches, and what one passes, comes back.
pub(super) fn tier_rules(
    index: &Index,
    direction: Direction,
    family: Family,
    policies: &[PolicyKey],
) -> Compiled {
    let fates = Fates { accept: allow(direction), pass: Action::Return, passed_to: None };
    rules(index, direction, family, policies, &fates)
}

/// The rules of `policies` in order: the first that matches decides.
pub(super) fn rules(
    index: &Index,
    direction: Direction,
    family: Family,
    policies: &[PolicyKey],
    fates: &Fates,
) -> Compiled {
    let mut compiled = Compiled::default();
    for key in policies {
        let deny = deny(direction, family, key);
        for rule in rules_of(index, direction, key) {
            let (action, target) = match rule.action {
                RuleAction::Accept => (fates.accept.clone(), None),
                RuleAction::Deny => (Action::Goto(deny.0.clone()), Some(&deny)),
                RuleAction::Pass => (fates.pass.clone(), fates.passed_to.as_ref()),
            };
            let before = compiled.rules.len();
            add_rule(&mut compiled, rule, direction, family, &action);
            let added = compiled.rules.len() - before;
            compiled.chains.extend(target.into_iter().cycle().take(added).cloned());
        }
    }
    compiled
}

fn deny(direction: Direction, family: Family, key: &PolicyKey) -> Target {
    let name = Name::readable(&format!("deny-{direction}{family}"), &key.to_string());
    (name, ChainPart::Deny { direction, family, key: key.clone() })
}

/// What a rule of a cluster-wide policy denies: like what no rule of a NetworkPolicy allows, it is
/// looked at for what always passes (S21, S34), and logged.
pub(super) fn deny_rules(direction: Direction, family: Family, key: &PolicyKey) -> Compiled {
    let mut compiled = Compiled::default();
    compiled.rules.extend(denied(direction, family, std::slice::from_ref(key)));
    compiled
}
