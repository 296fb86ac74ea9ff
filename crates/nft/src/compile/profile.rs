//! Profiles: what polices a pod.

use super::{
    ChainPart, Compiled, Tiers,
    base::{allow, names},
    content, deciding,
    policy::jump,
    shared::shared,
    tier::tier,
};
use crate::{
    log,
    tree::{Action, Family, Name, Rule},
};
use sekisho_core::{
    index::{Index, PolicyKey, ProfileKey},
    object::Direction,
};
use std::collections::BTreeSet;

/// The chain that an address leads to, and what it is made of.
pub(crate) type Target = (Name, ChainPart);

/// Where the packets of an address with these profiles go in a direction; `None` when no policy has a
/// say about any pod that bears it.
pub(crate) fn target(
    index: &Index,
    direction: Direction,
    family: Family,
    profiles: &BTreeSet<ProfileKey>,
) -> Option<Target> {
    let deciding = profiles.iter().map(|profile| deciding(index, direction, profile));
    // A pod that no policy has a say about allows everything, so it has no say where another is.
    let profiles: BTreeSet<Vec<PolicyKey>> = deciding.filter(|policies| !policies.is_empty()).collect();
    let mut profiles: Vec<Vec<PolicyKey>> = profiles.into_iter().collect();
    if profiles.len() > 1 {
        return Some(shared(direction, family, profiles));
    }
    let policies = profiles.pop()?;
    let name = Name::of_content(&format!("{direction}{family}"), &content(&policies));
    Some((name, ChainPart::Profile { direction, family, policies }))
}

/// A profile: through the Admin tier, then each NetworkPolicy and out; or, where there is none,
/// through the Baseline tier and on (S38, S40).
pub(super) fn profile_rules(direction: Direction, family: Family, policies: &[PolicyKey]) -> Compiled {
    let Tiers { admin, namespaced, baseline } = Tiers::of(policies);
    let mut compiled = Compiled::default();
    if !admin.is_empty() {
        compiled.lead(Action::Jump, tier(direction, family, admin));
    }
    for policy in namespaced {
        compiled.append(jump(direction, family, policy));
    }
    if !namespaced.is_empty() {
        compiled.rules.extend(denied(direction, family, namespaced));
        return compiled;
    }
    if !baseline.is_empty() {
        compiled.lead(Action::Jump, tier(direction, family, baseline));
    }
    compiled.rules.push(Rule::always(allow(direction)));
    compiled
}

/// What no rule allowed, or one denied.
pub(super) fn denied(direction: Direction, family: Family, policies: &[PolicyKey]) -> [Rule; 4] {
    [
        Rule::always(Action::Jump(names::exempt(family))),
        Rule::always(Action::Count),
        Rule::always(Action::Log { prefix: log::denied(direction, policies) }),
        Rule::always(Action::Drop),
    ]
}
