//! A whole cluster at once: each selector is evaluated when all pods are there, and each profile is put
//! together when all policies are. What comes of it is what [`Index::apply`] makes change by change.

use super::{
    Index, ProfileKey,
    endpoints::{self, Seat},
    pods::PodId,
    rules::PolicyRules,
    selectors::Selector,
    tiers,
};
use crate::object::{Change, NetworkPolicy, Pod};
use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

impl Index {
    /// The index of the cluster that `changes` make.
    #[must_use]
    pub fn of(changes: impl IntoIterator<Item = Change>) -> Self {
        let mut index = Self::new();
        let (mut pods, mut policies) = (Vec::new(), Vec::new());
        let mut changes = changes.into_iter();
        for change in changes.by_ref() {
            match change {
                Change::PutNamespace(namespace) => index.namespaces.put(namespace),
                Change::PutNode(node) => drop(index.nodes.insert(Arc::clone(&node.name), node)),
                Change::PutPod(pod) => pods.push(pod),
                Change::PutPolicy(policy) => policies.push(policy),
                Change::PutClusterPolicy(policy) => {
                    index.cluster_policies.insert(policy.name.clone(), policy);
                }
                // What goes again is rare in a whole cluster; from here on it is change by change.
                other => {
                    index.load(std::mem::take(&mut pods), std::mem::take(&mut policies));
                    index.apply(other);
                    changes.for_each(|change| drop(index.apply(change)));
                    return index;
                }
            }
        }
        index.load(pods, policies);
        index
    }

    /// Takes in pods and policies, where there were none, and the cluster-wide policies that were put. Of two with one key the later stays.
    fn load(&mut self, pods: Vec<Pod>, policies: Vec<NetworkPolicy>) {
        // S22, S24: pods of the host network and finished pods are not there.
        self.pods.load(last_of_each(pods).into_iter().filter(Pod::is_policed));
        for policy in policies {
            let rules = Arc::new(PolicyRules::compile(&policy));
            self.policies.insert(rules.key.clone(), rules);
        }
        for policy in self.cluster_policies.values() {
            let rules = Arc::new(tiers::compile(policy, &self.nodes));
            self.policies.insert(rules.key.clone(), rules);
        }
        let policies: Vec<Arc<PolicyRules>> = self.policies.values().cloned().collect();
        for policy in policies {
            for set in policy.sets() {
                self.selectors.acquire_set(&set, &mut self.pods, &self.namespaces);
            }
            self.selectors.acquire_subjects(&policy.subjects, &policy.key, &mut self.pods, &self.namespaces);
        }
        self.load_endpoints();
    }

    fn load_endpoints(&mut self) {
        let profiles = self.profiles();
        let mut seats: Vec<(Seat, PodId)> = Vec::new();
        for (id, pod) in self.pods.iter() {
            seats.extend(endpoints::seats(pod).map(|seat| (seat, id)));
        }
        seats.sort_unstable();
        for chunk in seats.chunk_by(|a, b| a.0 == b.0) {
            let here = chunk.iter().filter_map(|(_, id)| profiles.get(*id as usize)).cloned().collect();
            if let Some(((node, address), _)) = chunk.first() {
                self.endpoints.put(node, *address, &here);
            }
        }
    }

    /// The profile of every pod, by number. Pods that the same selectors select share one.
    fn profiles(&self) -> Vec<ProfileKey> {
        let mut selectors: Vec<&Selector> = self.selectors.with_subjects().collect();
        selectors.sort_unstable_by(|a, b| a.key.cmp(&b.key));
        let pods = self.pods.all().max().map_or(0, |last| last as usize + 1);
        let mut selecting: Vec<Vec<u32>> = vec![Vec::new(); pods];
        for (number, selector) in (0..).zip(&selectors) {
            for id in &selector.pods {
                if let Some(selecting) = selecting.get_mut(id as usize) {
                    selecting.push(number);
                }
            }
        }
        let mut known: HashMap<Vec<u32>, ProfileKey> = HashMap::new();
        let profile = |numbers: &Vec<u32>| -> ProfileKey {
            let selectors = numbers.iter().filter_map(|number| selectors.get(*number as usize));
            self.endpoints.key(selectors.flat_map(|selector| &selector.subjects_of).cloned().collect())
        };
        let shared = |numbers| Arc::clone(known.entry(numbers).or_insert_with_key(profile));
        selecting.into_iter().map(shared).collect()
    }
}

/// The last pod of each UID, sorted by it.
fn last_of_each(mut pods: Vec<Pod>) -> Vec<Pod> {
    let is_sorted = pods.windows(2).all(|pair| matches!(pair, [a, b] if a.uid < b.uid));
    if !is_sorted {
        pods.reverse();
        let mut seen = BTreeSet::new();
        pods.retain(|pod| seen.insert(pod.uid.clone()));
        pods.sort_by(|a, b| a.uid.cmp(&b.uid));
    }
    pods
}
