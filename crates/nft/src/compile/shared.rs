//! What polices several pods on one address: each must allow (S26).
//!
//! A packet goes through a check of each pod's profile and comes back where that allows. The chains of
//! policies and tiers cannot be shared with other pods here, for they do not come back. However many pods
//! there are, chains nest no deeper: the kernel sets a limit.

use super::{
    ChainPart, Compiled, Target, Tiers,
    base::allow,
    content,
    policy::policy_rules,
    profile::denied,
    tier::{self, Fates},
};
use crate::tree::{Action, Family, Name, Rule};
use sekisho_core::{
    index::{Index, PolicyKey},
    object::Direction,
};

/// The chain of several profiles.
pub(super) fn shared(direction: Direction, family: Family, profiles: Vec<Vec<PolicyKey>>) -> Target {
    let contents: Vec<String> = profiles.iter().map(|profile| content(profile)).collect();
    let name = Name::of_content(&format!("shared-{direction}{family}"), &contents.join("; "));
    (name, ChainPart::Shared { direction, family, profiles })
}

/// Through each check, and on where all allow.
pub(super) fn shared_rules(direction: Direction, family: Family, profiles: &[Vec<PolicyKey>]) -> Compiled {
    let mut compiled = Compiled::default();
    for policies in profiles {
        compiled.lead(Action::Jump, check(direction, family, policies));
    }
    compiled.rules.push(Rule::always(allow(direction)));
    compiled
}

fn check(direction: Direction, family: Family, policies: &[PolicyKey]) -> Target {
    let name = Name::of_content(&format!("check-{direction}{family}"), &content(policies));
    (name, ChainPart::Check { direction, family, policies: policies.to_vec() })
}

/// One profile: what it allows comes back.
pub(super) fn check_rules(
    index: &Index,
    direction: Direction,
    family: Family,
    policies: &[PolicyKey],
) -> Compiled {
    let Tiers { admin, namespaced, baseline } = Tiers::of(policies);
    if !admin.is_empty() {
        // What the Admin tier leaves to others is for a check without it.
        let rest = policies.get(admin.len()..).unwrap_or_default();
        let rest = (!rest.is_empty()).then(|| check(direction, family, rest));
        let pass = rest.as_ref().map_or(Action::Return, |(name, _)| Action::Goto(name.clone()));
        let fates = Fates { accept: Action::Return, pass, passed_to: rest.clone() };
        let mut compiled = tier::rules(index, direction, family, admin, &fates);
        if let Some(rest) = rest {
            compiled.lead(Action::Goto, rest);
        }
        return compiled;
    }
    if namespaced.is_empty() {
        let fates = Fates { accept: Action::Return, pass: Action::Return, passed_to: None };
        return tier::rules(index, direction, family, baseline, &fates);
    }
    let mut compiled = Compiled::default();
    for policy in namespaced {
        compiled.append(policy_rules(index, direction, family, policy, &Action::Return));
    }
    compiled.rules.extend(denied(direction, family, namespaced));
    compiled
}
