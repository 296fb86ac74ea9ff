//! Profiles: what polices a pod, and what polices several pods on one address.

use super::{
    ChainPart, Compiled,
    base::{allow, names},
    isolating, list,
    policy::{jump, policy_rules},
};
use crate::tree::{Action, Family, Name, Rule, digest};
use sekisho_core::{
    index::{Index, ProfileKey},
    object::{Direction, ObjectKey},
};
use std::collections::BTreeSet;

/// The longest prefix of a log entry (`NF_LOG_PREFIXLEN`, with its terminator: 128).
const LONGEST_PREFIX: usize = 127;

/// The chain that an address leads to, and what it is made of.
pub(crate) type Target = (Name, ChainPart);

/// Where the packets of an address with these profiles go in a direction; `None` when no pod that
/// bears it is isolated.
pub(crate) fn target(
    index: &Index,
    direction: Direction,
    family: Family,
    profiles: &BTreeSet<ProfileKey>,
) -> Option<Target> {
    let isolating = profiles.iter().map(|profile| isolating(index, direction, profile));
    // A pod that is not isolated allows everything, so it has no say where another is.
    let profiles: BTreeSet<Vec<ObjectKey>> = isolating.filter(|policies| !policies.is_empty()).collect();
    let mut profiles: Vec<Vec<ObjectKey>> = profiles.into_iter().collect();
    if profiles.len() > 1 {
        return Some(stage(direction, family, profiles));
    }
    let policies = profiles.pop()?;
    let name = Name::of_content(&format!("{direction}{family}"), &list(&policies));
    Some((name, ChainPart::Profile { direction, family, policies }))
}

fn stage(direction: Direction, family: Family, profiles: Vec<Vec<ObjectKey>>) -> Target {
    let content: Vec<String> = profiles.iter().map(|profile| list(profile)).collect();
    let name = Name::of_content(&format!("shared-{direction}{family}"), &content.join("; "));
    (name, ChainPart::Stage { direction, family, profiles })
}

/// A profile: through each policy, then out.
pub(super) fn profile_rules(direction: Direction, family: Family, policies: &[ObjectKey]) -> Compiled {
    let mut compiled = Compiled::default();
    for policy in policies {
        compiled.append(jump(direction, family, policy));
    }
    compiled.rules.extend(denied(direction, family, policies));
    compiled
}

/// S26: the first of several profiles; what it allows goes on to the next, and from the last to
/// where a single profile's would. The policies' chains cannot be shared here: they do not come back.
pub(super) fn stage_rules(
    index: &Index,
    direction: Direction,
    family: Family,
    profiles: &[Vec<ObjectKey>],
) -> Compiled {
    let Some((policies, rest)) = profiles.split_first() else { return Compiled::default() };
    let next = (!rest.is_empty()).then(|| stage(direction, family, rest.to_vec()));
    let allow = next.as_ref().map_or_else(|| allow(direction), |(name, _)| Action::Goto(name.clone()));
    let mut compiled = Compiled::default();
    for policy in policies {
        compiled.append(policy_rules(index, direction, family, policy, &allow));
    }
    if let Some(next) = next {
        compiled.chains = compiled.rules.iter().map(|_| next.clone()).collect();
    }
    compiled.rules.extend(denied(direction, family, policies));
    compiled
}

/// What no rule allowed.
fn denied(direction: Direction, family: Family, policies: &[ObjectKey]) -> [Rule; 3] {
    [
        Rule::always(Action::Jump(names::exempt(family))),
        Rule::always(Action::Log { prefix: log_prefix(direction, policies) }),
        Rule::always(Action::Drop),
    ]
}

/// What a denial's log entry begins with: the direction and the policies that isolate the pod.
fn log_prefix(direction: Direction, policies: &[ObjectKey]) -> String {
    let names: Vec<String> = policies.iter().map(ToString::to_string).collect();
    let whole = format!("sekisho deny {direction} {} ", names.join(","));
    if whole.len() <= LONGEST_PREFIX {
        return whole;
    }
    // INVARIANT: names of Kubernetes objects are ASCII, so any cut is between characters.
    let mark = format!("..#{} ", digest(&whole));
    let kept: String = whole.chars().take(LONGEST_PREFIX - mark.len()).collect();
    kept + &mark
}
