//! What a change of policies closes, of what flowed.

use sekisho_core::{
    index::Index,
    object::{Cluster, Direction, NetworkPolicy, Origin},
    verdict::Verdict,
};
use sekisho_flow::{
    attribution::{Book, Judge, Policies},
    record::{Flow, Leave, Outcome, PolicyRef},
};
use std::collections::BTreeSet;

/// A state of the cluster, without policies that are only tried.
#[derive(Clone, Copy, Debug)]
pub struct State<'c> {
    /// Its objects.
    pub cluster: &'c Cluster,
    /// Their index.
    pub index: &'c Index,
}

/// Something that flowed and does not pass any more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    /// What flowed.
    pub flow: Flow,
    /// The policies of the change that closed it.
    pub by: BTreeSet<PolicyRef>,
    /// Why it does not pass now, in words.
    pub why: String,
}

/// The policies that are not in both states, or not the same, wherever they were written.
#[must_use]
pub fn changed(before: &Cluster, after: &Cluster) -> BTreeSet<PolicyRef> {
    let keys = before.policies.keys().chain(after.policies.keys());
    let differ = keys.filter(|key| {
        let [one, other] = [before, after].map(|cluster| cluster.policies.get(*key).map(placeless));
        one != other
    });
    let names = before.cluster_policies.keys().chain(after.cluster_policies.keys());
    let cluster_wide =
        names.filter(|name| before.cluster_policies.get(*name) != after.cluster_policies.get(*name));
    let cluster_wide = cluster_wide.map(|name| PolicyRef {
        namespace: None,
        name: name.name.clone(),
        kind: name.kind.to_string().into(),
    });
    differ.cloned().map(PolicyRef::network_policy).chain(cluster_wide).collect()
}

/// The policy without where its parts were written: that moves when a text before it grows.
fn placeless(policy: &NetworkPolicy) -> NetworkPolicy {
    let mut policy = policy.clone();
    policy.origin = Origin::default();
    for rule in policy.ingress.iter_mut().chain(&mut policy.egress) {
        rule.origin = Origin::default();
        rule.peers.iter_mut().for_each(|peer| peer.origin = Origin::default());
        rule.ports.iter_mut().for_each(|port| port.origin = Origin::default());
    }
    policy
}

/// Which of `flows`, that were allowed, passed before and do not after. Those of which it cannot be said, because an end is not there or
/// was folded, are none.
pub fn broken<'f>(
    before: State<'_>,
    after: State<'_>,
    flows: impl IntoIterator<Item = &'f Flow>,
) -> Vec<Broken> {
    let changed = changed(before.cluster, after.cluster);
    if changed.is_empty() {
        return Vec::new();
    }
    let (old, new) = (View::of(before), View::of(after));
    let allowed = flows.into_iter().filter(|flow| flow.key.outcome == Outcome::Allowed);
    let broken = allowed.filter_map(|flow| {
        let (was, is) = (old.verdict(flow)?, new.verdict(flow)?);
        (was.decision.is_allow() && !is.decision.is_allow()).then(|| {
            let why = words(&is);
            let by = closers(&Leave::from(was), &Leave::from(is), &changed);
            Broken { flow: flow.clone(), by, why }
        })
    });
    broken.collect()
}

/// Whether what `flow` is of passes now; `None` where it cannot be said.
pub(super) fn passes(state: &View<'_>, flow: &Flow) -> Option<bool> {
    state.verdict(flow).map(|verdict| verdict.decision.is_allow())
}

/// Who is asked.
pub(super) struct View<'c> {
    book: Book,
    policies: Policies<'c>,
}

impl<'c> View<'c> {
    pub(super) fn of(state: State<'c>) -> Self {
        Self { book: Book::of(state.cluster), policies: Policies::of(state.cluster, state.index) }
    }

    fn verdict(&self, flow: &Flow) -> Option<Verdict> {
        self.policies.judge(&self.book.packet(&flow.key)?)
    }
}

/// The policies that closed it: of the changed ones those that let it pass before, or isolate the pod that refuses it now.
fn closers(was: &Leave, is: &Leave, changed: &BTreeSet<PolicyRef>) -> BTreeSet<PolicyRef> {
    let refuses = Direction::ALL.into_iter().filter(|direction| is.side(*direction).denies() == Some(true));
    let named: BTreeSet<PolicyRef> = refuses
        .flat_map(|direction| was.side(direction).policies().into_iter().chain(is.side(direction).policies()))
        .collect();
    let closers: BTreeSet<PolicyRef> = named.intersection(changed).cloned().collect();
    // What was changed may have been about whom a policy selects.
    if closers.is_empty() { named } else { closers }
}

fn words(verdict: &Verdict) -> String {
    let sides = [Direction::Egress, Direction::Ingress];
    let refuses = sides.into_iter().filter(|direction| !verdict.side(*direction).decision.is_allow());
    let words = refuses.map(|direction| format!("{direction}: {}", verdict.side(direction).because));
    words.collect::<Vec<_>>().join("; ")
}
