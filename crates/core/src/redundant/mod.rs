//! Policies, rules and entries that add nothing: without them every packet is decided as it is with
//! them.
//!
//! What is found may be deleted all together: each part is proved to add nothing to what is left when
//! those found before it are gone. Two policies that say the same are so not both found.
//!
//! A policy that selects pods, and alone isolates those of its selector that are yet to come, is not
//! said to add nothing, though others may isolate each of those that are there: a baseline is for the
//! pods that somebody forgets.

mod always;
mod part;
mod proof;
mod space;
mod why;

pub use part::{At, Part, without};
pub use why::{Place, Why};

use crate::{
    index::{Index, PolicyRules},
    object::{Cluster, Origin},
};
use part::Removed;
use proof::Proof;

/// For which pods a part is to add nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// For those that are there.
    Today,
    /// For any that may ever be: another rule contains it, whatever labels pods and namespaces have.
    Always,
}

/// A part that adds nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Redundancy {
    /// What adds nothing.
    pub part: Part,
    /// Where it was written.
    pub origin: Origin,
    /// Why it adds nothing.
    pub why: Why,
    /// Whether it adds nothing to any pods that may ever be, as long as what contains it stays.
    pub always: bool,
}

/// What adds nothing in `cluster`, sorted by policy and place. Deleting all of it changes no verdict.
#[must_use]
pub fn search(cluster: &Cluster, scope: Scope) -> Vec<Redundancy> {
    search_in(cluster, &Index::of(cluster.changes()), scope)
}

/// The same where the index of `cluster` is there already.
#[must_use]
pub fn search_in(cluster: &Cluster, index: &Index, scope: Scope) -> Vec<Redundancy> {
    let mut proof = Proof::new(index);
    let mut removed = Removed::default();
    for part in part::candidates(cluster) {
        let Some(policy) = cluster.policies.get(&part.policy) else { continue };
        if !removed.can_lose(policy, &part) {
            continue;
        }
        removed.add(&part);
        match adds_nothing(cluster, &proof, &removed, &part, scope) {
            Some(left) => proof.put(&part.policy, left),
            None => removed.restore(&part),
        }
    }
    let mut found: Vec<Redundancy> = removed
        .parts()
        .filter_map(|part| {
            let origin = part.origin(cluster)?;
            let always = always::containers(cluster, &removed, part);
            let (why, always) = why::tell(cluster, &proof, &removed, part, always);
            Some(Redundancy { part: part.clone(), origin, why, always })
        })
        .collect();
    found.sort_by(|a, b| a.part.cmp(&b.part));
    found
}

/// What is left of the policy of `part`, compiled, when that is gone; `None` where `part` adds something.
/// `removed` has the part.
fn adds_nothing(
    cluster: &Cluster,
    proof: &Proof<'_>,
    removed: &Removed,
    part: &Part,
    scope: Scope,
) -> Option<Option<PolicyRules>> {
    let policy = cluster.policies.get(&part.policy)?;
    let selects = || proof.groups_of(&part.policy).next().is_some();
    if part.at == At::Policy && selects() && always::guards(cluster, removed, policy) {
        return None;
    }
    // The cheaper question first: it looks at no pod.
    if scope == Scope::Always && always::containers(cluster, removed, part).is_none() {
        return None;
    }
    let left = removed.strip(policy).map(|left| PolicyRules::compile(&left));
    proof.adds_nothing(&part.policy, left.as_ref()).then_some(left)
}
