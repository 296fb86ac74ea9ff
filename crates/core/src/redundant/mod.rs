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
    object::{Cluster, NetworkPolicy, Origin},
};
use always::Wider;
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
    search_among(cluster, &Index::of(cluster.changes()), scope, |_| true)
}

/// The same where the index of `cluster` is there already, of the namespaces that are asked for: what adds nothing
/// in one depends on no other.
#[must_use]
pub fn search_among(
    cluster: &Cluster,
    index: &Index,
    scope: Scope,
    is_asked: impl Fn(&str) -> bool,
) -> Vec<Redundancy> {
    let policies = cluster.policies.values().filter(|policy| is_asked(&policy.key.namespace));
    let policies: Vec<&NetworkPolicy> = policies.collect();
    let search = Search { cluster, index, is_asked: &is_asked, scope, wider: Wider::default() };
    let (mut removed, mut proof) = (Removed::default(), None);
    for part in part::candidates(&policies) {
        let Some(policy) = cluster.policies.get(&part.policy) else { continue };
        if !removed.can_lose(policy, &part) {
            continue;
        }
        removed.add(&part);
        if !search.take(&mut proof, &removed, policy, &part) {
            removed.restore(&part);
        }
    }
    search.tell(proof, &removed)
}

/// A search for what adds nothing.
struct Search<'c> {
    cluster: &'c Cluster,
    index: &'c Index,
    is_asked: &'c dyn Fn(&str) -> bool,
    scope: Scope,
    wider: Wider<'c>,
}

impl<'c> Search<'c> {
    /// Whether `part`, which `removed` has, adds nothing; then what is left of its policy takes its place in the
    /// proof, which is begun when it is first needed.
    fn take(
        &self,
        proof: &mut Option<Proof<'c>>,
        removed: &Removed,
        policy: &NetworkPolicy,
        part: &Part,
    ) -> bool {
        // The cheaper question first: it looks at no pod.
        if self.scope == Scope::Always
            && always::containers(self.cluster, &self.wider, removed, part).is_none()
        {
            return false;
        }
        let proof = proof.get_or_insert_with(|| Proof::new(self.index, self.is_asked));
        let selects = || proof.groups_of(&part.policy).next().is_some();
        if part.at == At::Policy && selects() && always::guards(self.cluster, &self.wider, removed, policy) {
            return false;
        }
        let left = removed.strip(policy).map(|left| PolicyRules::compile(&left));
        let is_nothing = proof.adds_nothing(&part.policy, left.as_ref());
        if is_nothing {
            proof.put(&part.policy, left);
        }
        is_nothing
    }

    /// What was found, and why.
    fn tell(&self, proof: Option<Proof<'_>>, removed: &Removed) -> Vec<Redundancy> {
        // Without a proof nothing was found. Parts are sorted.
        let Some(proof) = proof else { return Vec::new() };
        let told = removed.parts().filter_map(|part| {
            let origin = part.origin(self.cluster)?;
            let always = always::containers(self.cluster, &self.wider, removed, &part);
            let (why, always) = why::tell(self.cluster, &proof, removed, &part, always);
            Some(Redundancy { part, origin, why, always })
        });
        told.collect()
    }
}
