//! A whole cluster at once: each selector is evaluated when all pods are there, and each profile is put
//! together when all policies are. What comes of it is what [`Index::apply`] makes change by change.

use super::{
    Index, Input,
    endpoints::{self, EndpointTable, Seat},
    pods::PodId,
    rules::PolicyRules,
    tiers,
};
use crate::{
    object::{Change, Cluster, NetworkPolicy, Pod, PodUid},
    threads,
};
use std::{collections::BTreeSet, sync::Arc};

/// More changes than this cost more one by one than a fresh index does.
const FEW: usize = 64;

impl Index {
    /// The index of the cluster that `inputs` make.
    #[must_use]
    pub fn of<I: Into<Input>>(inputs: impl IntoIterator<Item = I>) -> Self {
        let mut index = Self::new();
        let (mut pods, mut policies) = (Vec::new(), Vec::new());
        let mut inputs = inputs.into_iter().map(Into::into);
        for input in inputs.by_ref() {
            let change = match input {
                Input::Told(change) => change,
                Input::Compiled(rules) => {
                    policies.push(Policy::Compiled(rules));
                    continue;
                }
            };
            match change {
                Change::PutNamespace(namespace) => index.namespaces.put(namespace),
                Change::PutNode(node) => drop(index.nodes.insert(Arc::clone(&node.name), node)),
                Change::PutPod(pod) => pods.push(pod),
                Change::PutPolicy(policy) => policies.push(Policy::Told(policy)),
                Change::PutClusterPolicy(policy) => {
                    index.cluster_policies.insert(policy.name.clone(), policy);
                }
                // What goes again is rare in a whole cluster; from here on it is change by change.
                other => {
                    index.load(std::mem::take(&mut pods), std::mem::take(&mut policies));
                    index.apply(other);
                    inputs.for_each(|input| drop(index.apply(input)));
                    return index;
                }
            }
        }
        index.load(pods, policies);
        index
    }

    /// Makes of the index of `before` that of `now`, to which `changes` lead, in which every pod has the number that it has in a fresh one: change
    /// by change, or from the beginning where pods come or go, or where much has changed.
    #[must_use]
    pub fn follow(mut self, before: &Cluster, now: &Cluster, changes: Vec<Change>) -> Self {
        let is_policed = |uid: &PodUid| before.pods.get(uid).is_some_and(|pod| pod.is_policed());
        let keeps_numbers = |change: &Change| match change {
            Change::PutPod(pod) => is_policed(&pod.uid) == pod.is_policed(),
            Change::RemovePod(uid) => !is_policed(uid),
            _ => true,
        };
        if changes.len() > FEW || !changes.iter().all(keeps_numbers) {
            return Self::of(now.changes());
        }
        for change in changes {
            // INVARIANT: a pod that is put again goes first, and gets the number back that it leaves.
            self.apply(change);
        }
        self
    }

    /// Takes in pods and policies, where there were none, and the cluster-wide policies that were put. Of two
    /// with one key the later stays.
    fn load(&mut self, pods: Vec<Arc<Pod>>, policies: Vec<Policy>) {
        // S22, S24: pods of the host network and finished pods are not there.
        let pods = last_of_each(pods).into_iter().filter(|pod| pod.is_policed());
        let compiled = || policies.iter().map(Policy::rules).collect();
        let ((), compiled): ((), Vec<_>) = threads::both(|| self.pods.load(pods), compiled);
        self.policies.extend(compiled.into_iter().map(|rules| (rules.key.clone(), rules)));
        for policy in self.cluster_policies.values() {
            let rules = Arc::new(tiers::compile(policy, &self.nodes));
            self.policies.insert(rules.key.clone(), rules);
        }
        for policy in self.policies.values_mut() {
            for set in policy.sets() {
                self.selectors.acquire_set(&set, &mut self.pods, &self.namespaces);
            }
            self.selectors.acquire_subjects(&policy.subjects, &policy.key, &mut self.pods, &self.namespaces);
            self.selectors.share_with(policy);
        }
    }

    /// Which profiles police which address.
    pub(super) fn endpoint_table(&self) -> &EndpointTable {
        self.endpoints.get_or_init(|| self.all_endpoints())
    }

    fn all_endpoints(&self) -> EndpointTable {
        let profiles = self.profiles();
        let mut seats: Vec<(Seat, PodId)> = Vec::new();
        for (id, pod) in self.pods.iter() {
            seats.extend(endpoints::seats(pod).map(|seat| (seat, id)));
        }
        seats.sort_unstable();
        let policed = seats.chunk_by(|a, b| a.0 == b.0).filter_map(|chunk| {
            let here = chunk.iter().filter_map(|(_, id)| profiles.of(*id)).cloned().collect();
            chunk.first().map(|(seat, _)| (seat.clone(), here))
        });
        EndpointTable::of(policed)
    }
}

/// A policy as it is given.
enum Policy {
    Told(NetworkPolicy),
    Compiled(Arc<PolicyRules>),
}

impl Policy {
    fn rules(&self) -> Arc<PolicyRules> {
        match self {
            Self::Told(policy) => Arc::new(PolicyRules::compile(policy)),
            Self::Compiled(rules) => Arc::clone(rules),
        }
    }
}

/// The last pod of each UID, sorted by it.
fn last_of_each(mut pods: Vec<Arc<Pod>>) -> Vec<Arc<Pod>> {
    let is_sorted = pods.windows(2).all(|pair| matches!(pair, [a, b] if a.uid < b.uid));
    if !is_sorted {
        pods.reverse();
        let mut seen = BTreeSet::new();
        pods.retain(|pod| seen.insert(pod.uid.clone()));
        pods.sort_by(|a, b| a.uid.cmp(&b.uid));
    }
    pods
}
