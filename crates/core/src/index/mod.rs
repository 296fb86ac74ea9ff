//! The incremental index: what policies permit, kept true change by change.
//!
//! [`Index::apply`] is the only way in, and its [`Delta`] says what a dataplane must do. Each
//! distinct selector is evaluated once into a bitmap of pods and shared by all policies that write
//! it; a change costs what it touches, not what there is.

mod bulk;
mod decide;
mod delta;
mod endpoints;
mod input;
mod intern;
mod key;
mod labels;
mod model;
mod namespaces;
mod pods;
mod profiles;
mod query;
mod rules;
mod selectors;
mod tiers;

pub use delta::{Delta, Effect};
pub use input::Input;
pub use key::{Member, NamespaceScope, PodSelectorKey, PolicyKey, ProfileKey, SetKey};
pub use model::Model;
pub use pods::PodId;
pub(crate) use profiles::{Profiles, memberships};
pub use roaring::RoaringBitmap;
pub use rules::{CompiledRule, Peers, PolicyRules, Ports};

use crate::object::{Change, ClusterPolicy, ClusterPolicyName, Namespace, Node, Pod, PodUid};
use delta::DeltaBuilder;
use endpoints::{EndpointTable, Seat};
use namespaces::NamespaceTable;
use pods::PodTable;
use selectors::{Selector, SelectorTable};
use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    net::IpAddr,
    sync::{Arc, OnceLock},
};

/// The state of the cluster as policies see it.
#[derive(Debug, Default)]
pub struct Index {
    namespaces: NamespaceTable,
    nodes: BTreeMap<Arc<str>, Node>,
    pods: PodTable,
    selectors: SelectorTable,
    policies: BTreeMap<PolicyKey, Arc<PolicyRules>>,
    /// Cluster-wide policies as told: what one is compiled to depends on its rank and on nodes.
    cluster_policies: BTreeMap<ClusterPolicyName, ClusterPolicy>,
    /// Looked up when first asked for: who asks what is permitted never does.
    endpoints: OnceLock<EndpointTable>,
}

impl Index {
    /// The index of an empty cluster.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Makes `change` and says what it asks of a dataplane. Removing what is not there, and putting
    /// what is there already, change nothing.
    pub fn apply(&mut self, input: impl Into<Input>) -> Delta {
        self.endpoint_table();
        match input.into() {
            Input::Told(change) => self.make(change),
            Input::Compiled(rules) => self.put_rules(rules),
        }
    }

    fn make(&mut self, change: Change) -> Delta {
        match change {
            Change::PutNamespace(namespace) => {
                let name = Arc::clone(namespace.name());
                self.replace_namespace(&name, Some(namespace))
            }
            Change::RemoveNamespace(name) => self.replace_namespace(&name, None),
            Change::PutNode(node) => {
                let name = Arc::clone(&node.name);
                self.replace_node(name, Some(node))
            }
            Change::RemoveNode(name) => self.replace_node(name, None),
            Change::PutPod(pod) => {
                let uid = pod.uid.clone();
                self.replace_pod(&uid, Some(pod))
            }
            Change::RemovePod(uid) => self.replace_pod(&uid, None),
            Change::PutPolicy(policy) => self.put_rules(Arc::new(PolicyRules::compile(&policy))),
            Change::RemovePolicy(key) => self.replace_policy(&key.into(), None).finish(),
            Change::PutClusterPolicy(policy) => {
                let name = policy.name.clone();
                self.replace_cluster_policy(&name, Some(policy))
            }
            Change::RemoveClusterPolicy(name) => self.replace_cluster_policy(&name, None),
        }
    }

    /// S28: a namespace's labels change membership at once.
    fn replace_namespace(&mut self, name: &Arc<str>, new: Option<Namespace>) -> Delta {
        let before = self.namespaces.labels(name).into_owned();
        match new {
            Some(namespace) => self.namespaces.put(namespace),
            None => self.namespaces.remove(name),
        }
        let after = self.namespaces.labels(name).into_owned();
        let touched = self.selectors.depending_on(name, &before, &after);
        let pods = self.pods.in_namespace(name);
        let addresses: BTreeSet<IpAddr> =
            pods.iter().filter_map(|id| self.pods.get(id)).flat_map(|pod| &pod.addresses).copied().collect();
        let mut delta = self.change_members(&touched, &addresses, |index| {
            for key in &touched {
                index.selectors.reevaluate(key, &pods, &index.pods, &after);
            }
        });
        // Subjects of cluster-wide policies are selected by their namespace's labels.
        if touched.iter().any(|key| self.selectors.get(key).is_some_and(Selector::has_subjects)) {
            let seats = pods
                .iter()
                .filter_map(|id| self.pods.get(id))
                .flat_map(|pod| endpoints::seats(pod))
                .collect();
            self.refresh_endpoints(seats, &mut delta);
        }
        delta.finish()
    }

    fn replace_node(&mut self, name: Arc<str>, new: Option<Node>) -> Delta {
        let meaning = |node: &Node| (node.addresses.clone(), node.pod_cidrs.clone());
        let before = self.nodes.get(&name).map(meaning);
        let after = new.as_ref().map(meaning);
        match new {
            Some(node) => drop(self.nodes.insert(Arc::clone(&name), node)),
            None => drop(self.nodes.remove(&name)),
        }
        let mut delta = DeltaBuilder::default();
        if before != after {
            delta.push(Effect::Node { name });
        }
        self.recompile_for_nodes(&mut delta);
        delta.finish()
    }

    fn replace_pod(&mut self, uid: &PodUid, new: Option<Arc<Pod>>) -> Delta {
        // S22, S24: pods of the host network and finished pods are not there.
        let new = new.filter(|pod| pod.is_policed());
        let old = self.pods.id(uid).and_then(|id| self.pods.get(id)).cloned();
        let both = || old.iter().chain(&new);
        let addresses: BTreeSet<IpAddr> = both().flat_map(|pod| &pod.addresses).copied().collect();
        let seats: BTreeSet<Seat> = both().flat_map(|pod| endpoints::seats(pod)).collect();
        let selecting_old = old.as_ref().map(|pod| self.selecting(pod)).unwrap_or_default();
        let selecting_new = new.as_ref().map(|pod| self.selecting(pod)).unwrap_or_default();
        let touched = selecting_old.union(&selecting_new).cloned().collect();
        let mut delta = self.change_members(&touched, &addresses, |index| {
            if let Some(id) = index.pods.id(uid) {
                for key in &selecting_old {
                    index.selectors.set_member(key, id, false);
                }
                index.pods.remove(uid);
            }
            if let Some(pod) = new {
                let id = index.pods.insert(pod);
                for key in &selecting_new {
                    index.selectors.set_member(key, id, true);
                }
            }
        });
        self.refresh_endpoints(seats, &mut delta);
        delta.finish()
    }

    fn put_rules(&mut self, rules: Arc<PolicyRules>) -> Delta {
        self.replace_policy(&rules.key.clone(), Some(rules)).finish()
    }

    fn replace_policy(&mut self, key: &PolicyKey, mut new: Option<Arc<PolicyRules>>) -> DeltaBuilder {
        let old = self.policies.get(key).cloned();
        let mut delta = DeltaBuilder::default();
        if old == new {
            return delta;
        }
        delta.push(Effect::Policy { key: key.clone() });
        let subjects = |policy: &Option<Arc<PolicyRules>>| policy.as_ref().map(|p| Arc::clone(&p.subjects));
        let (old_subjects, new_subjects) = (subjects(&old), subjects(&new));
        if let Some(policy) = &new {
            for set in policy.sets() {
                self.selectors.acquire_set(&set, &mut self.pods, &self.namespaces);
            }
        }
        let mut moved = RoaringBitmap::new();
        if old_subjects != new_subjects {
            moved = self.selected(old_subjects.as_ref());
            if let Some(subjects) = &new_subjects {
                self.selectors.acquire_subjects(subjects, key, &mut self.pods, &self.namespaces);
            }
            moved ^= self.selected(new_subjects.as_ref());
            if let Some(subjects) = &old_subjects {
                self.selectors.release_subjects(subjects, key, &mut self.pods);
            }
        }
        if let Some(policy) = &mut new {
            self.selectors.share_with(policy);
        }
        if let Some(policy) = &old {
            for set in policy.sets() {
                self.selectors.release_set(&set, &mut self.pods);
            }
        }
        match new {
            Some(policy) => drop(self.policies.insert(key.clone(), policy)),
            None => drop(self.policies.remove(key)),
        }
        let seats =
            moved.iter().filter_map(|id| self.pods.get(id)).flat_map(|pod| endpoints::seats(pod)).collect();
        self.refresh_endpoints(seats, &mut delta);
        delta
    }

    /// Makes a change that moves pods in and out of the `touched` selectors, and notes how their sets
    /// differ at `addresses`. Membership is counted by pod: an address leaves a set with the last pod
    /// that brought it (S26).
    fn change_members(
        &mut self,
        touched: &BTreeSet<Arc<PodSelectorKey>>,
        addresses: &BTreeSet<IpAddr>,
        change: impl FnOnce(&mut Self),
    ) -> DeltaBuilder {
        let sets: Vec<SetKey> =
            touched.iter().filter_map(|key| self.selectors.get(key)).flat_map(|s| s.sets()).collect();
        let picture = |index: &Self| -> Vec<BTreeSet<Member>> {
            let at = |set| addresses.iter().flat_map(|address| index.members_at(set, *address)).collect();
            sets.iter().map(at).collect()
        };
        let before = picture(self);
        change(self);
        let after = picture(self);
        let mut delta = DeltaBuilder::default();
        for (set, (before, after)) in sets.into_iter().zip(before.iter().zip(&after)) {
            delta.set(set, before, after);
        }
        delta
    }

    /// Looks up the profiles of `seats` anew. Pods that the same selectors select share a profile,
    /// which is put together once: a policy may select thousands.
    fn refresh_endpoints(&mut self, seats: BTreeSet<Seat>, delta: &mut DeltaBuilder) {
        // INVARIANT: they were looked up before the change.
        let Some(mut endpoints) = self.endpoints.take() else { return };
        let mut known: HashMap<Vec<Arc<PodSelectorKey>>, ProfileKey> = HashMap::new();
        for (node, address) in seats {
            let here = self
                .pods
                .at(address)
                .filter(|id| self.pods.get(*id).is_some_and(|pod| pod.node.as_ref() == Some(&node)));
            let mut after = BTreeSet::new();
            for id in here {
                let selectors = self.subject_selectors(id);
                let keys = selectors.iter().map(|selector| Arc::clone(&selector.key)).collect();
                let profile =
                    known.entry(keys).or_insert_with(|| endpoints.key(query::subjects_of(&selectors)));
                after.insert(Arc::clone(profile));
            }
            let before = endpoints.put(&node, address, &after);
            if before != after {
                delta.push(Effect::Endpoint { node, address, before, after });
            }
        }
        self.endpoints = endpoints.into();
    }

    /// The selectors that select `pod`, whether it is in the index or not.
    fn selecting(&mut self, pod: &Pod) -> BTreeSet<Arc<PodSelectorKey>> {
        let labels = self.pods.labels.acquire(&pod.labels);
        let namespace = self.namespaces.labels(&pod.key.namespace);
        let selecting = self.selectors.selecting(pod, &labels, &namespace);
        self.pods.labels.release(&labels);
        selecting
    }
}
