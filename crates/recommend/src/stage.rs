//! Policies that are first tried: an audit takes what is enforced and what is tried together, so what lets everything
//! pass must go before something narrower can be tried beside it (`docs/agent.md`).

use crate::{
    existing::{opens_all, rules_mut, types, without},
    plan::{Left, Plan, PolicyAdvice},
};
use sekisho_core::{
    eval,
    object::{
        Cluster, Direction, NetworkPolicy, ObjectKey,
        annotation::{AUDIT, MODE},
    },
};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// Makes of `plan` what can be applied without denying anything yet.
///
/// A policy that is new is tried. One whose place would be taken stays enforced in the directions in which it lets
/// everything pass to pods that nothing else isolates: without that direction it means the same, and what closes it
/// is tried under a name of its own. Where it lets some pass, a narrower one cannot be tried beside it.
pub(crate) fn stage(plan: &mut Plan, cluster: &Cluster) {
    let planned = std::mem::take(&mut plan.policies);
    for (key, advice) in planned {
        match &advice.replaces {
            Some(known) if !known.is_audited() => beside(plan, cluster, known.clone(), advice),
            _ => drop(plan.policies.insert(key, tried(advice))),
        }
    }
}

fn tried(mut advice: PolicyAdvice) -> PolicyAdvice {
    advice.policy.annotations.set(MODE, AUDIT);
    advice
}

fn beside(plan: &mut Plan, cluster: &Cluster, known: NetworkPolicy, advice: PolicyAdvice) {
    let mut opened = BTreeSet::new();
    for direction in advice.rules.keys().copied() {
        // It isolates in the direction for the first time: that is tried as something new.
        let is_new = !known.isolates(direction);
        if is_new || (opens_all(&known, direction) && is_alone(cluster, &known, direction)) {
            opened.insert(direction);
        } else {
            plan.left.insert(Left::Unstaged(known.key.clone(), direction));
        }
    }
    let left = without(&known, &opened);
    if opened.is_empty() || left.types.is_empty() {
        // Nothing would be left of it, and a policy that isolates in no direction cannot be written.
        for direction in opened {
            plan.left.insert(Left::Unstaged(known.key.clone(), direction));
        }
        return;
    }
    for direction in &opened {
        let name = format!("{}-{direction}", known.key.name);
        let key = ObjectKey::new(Arc::clone(&known.key.namespace), name);
        if cluster.policies.get(&key).is_some_and(|other| !other.is_audited()) {
            plan.left.insert(Left::Unstaged(known.key.clone(), *direction));
            return;
        }
    }
    for direction in &opened {
        let name = format!("{}-{direction}", known.key.name);
        let mut policy = advice.policy.clone();
        policy.key = ObjectKey::new(Arc::clone(&known.key.namespace), name);
        policy.types = [*direction].into();
        let others: BTreeSet<Direction> =
            types(&advice.policy).into_iter().filter(|one| one != direction).collect();
        others.into_iter().for_each(|other| rules_mut(&mut policy, other).clear());
        let rules = advice.rules.get(direction).cloned().unwrap_or_default();
        let key = policy.key.clone();
        let alone = PolicyAdvice {
            policy,
            about: advice.about.clone(),
            rules: BTreeMap::from([(*direction, rules)]),
            replaces: cluster.policies.get(&key).cloned(),
        };
        plan.policies.insert(key, tried(alone));
    }
    if opened.iter().any(|direction| known.isolates(*direction)) {
        let enforced = PolicyAdvice {
            policy: left,
            about: advice.about.clone(),
            rules: BTreeMap::new(),
            replaces: Some(known.clone()),
        };
        plan.policies.insert(known.key.clone(), enforced);
    }
}

/// Whether no other enforced policy isolates a pod of `policy` in `direction`.
fn is_alone(cluster: &Cluster, policy: &NetworkPolicy, direction: Direction) -> bool {
    let of_namespace = cluster.policies.values().filter(|other| other.key.namespace == policy.key.namespace);
    let mut others = of_namespace
        .filter(|other| other.key != policy.key && other.isolates(direction) && !other.is_audited());
    let pods: Vec<_> = cluster.pods.values().filter(|pod| eval::selects(policy, pod)).collect();
    !others.any(|other| pods.iter().any(|pod| eval::selects(other, pod)))
}
