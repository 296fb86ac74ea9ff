//! Steps from state to state, there and back.

use super::{About, Effects};
use crate::{
    index::PolicyKey,
    object::{Change, Cluster, ClusterPolicyName},
};
use std::sync::Arc;

/// The change that takes `change` of `cluster` back.
pub(super) fn undoing(cluster: &Cluster, change: &Change) -> Change {
    match change {
        Change::PutNamespace(namespace) => of_namespace(cluster, namespace.name()),
        Change::RemoveNamespace(name) => of_namespace(cluster, name),
        Change::PutNode(node) => of_node(cluster, &node.name),
        Change::RemoveNode(name) => of_node(cluster, name),
        Change::PutPod(pod) => of_pod(cluster, &pod.uid),
        Change::RemovePod(uid) => of_pod(cluster, uid),
        Change::PutPolicy(policy) => of_policy(cluster, &policy.key),
        Change::RemovePolicy(key) => of_policy(cluster, key),
        Change::PutClusterPolicy(policy) => of_cluster_policy(cluster, &policy.name),
        Change::RemoveClusterPolicy(name) => of_cluster_policy(cluster, name),
    }
}

fn of_namespace(cluster: &Cluster, name: &Arc<str>) -> Change {
    let before = cluster.namespaces.get(name).cloned();
    before.map_or_else(|| Change::RemoveNamespace(Arc::clone(name)), Change::PutNamespace)
}

fn of_node(cluster: &Cluster, name: &Arc<str>) -> Change {
    let before = cluster.nodes.get(name).cloned();
    before.map_or_else(|| Change::RemoveNode(Arc::clone(name)), Change::PutNode)
}

fn of_pod(cluster: &Cluster, uid: &crate::object::PodUid) -> Change {
    let before = cluster.pods.get(uid).cloned();
    before.map_or_else(|| Change::RemovePod(uid.clone()), Change::PutPod)
}

fn of_policy(cluster: &Cluster, key: &crate::object::ObjectKey) -> Change {
    let before = cluster.policies.get(key).cloned();
    before.map_or_else(|| Change::RemovePolicy(key.clone()), Change::PutPolicy)
}

fn of_cluster_policy(cluster: &Cluster, name: &ClusterPolicyName) -> Change {
    let before = cluster.cluster_policies.get(name).cloned();
    before.map_or_else(|| Change::RemoveClusterPolicy(name.clone()), Change::PutClusterPolicy)
}

impl Effects {
    /// Makes a change everywhere.
    pub(super) fn apply(&mut self, change: Change) {
        self.note(&change, false);
        self.cluster.apply(change.clone());
        self.index.apply(change.clone());
        self.note(&change, true);
    }

    /// Takes what the change is about out of the books, or into them.
    fn note(&mut self, change: &Change, is_there: bool) {
        for key in self.policies(change) {
            let Some(policy) = self.index.policy(&key) else { continue };
            if is_there {
                self.readers.add(policy);
            } else {
                self.readers.remove(policy);
            }
            if let Some(subjects) = self.index.selected_pods(&policy.subjects) {
                self.book.isolate(policy, subjects, is_there);
            }
        }
        match change {
            Change::PutPod(pod) => self.note_pod(&pod.uid, is_there),
            Change::RemovePod(uid) => self.note_pod(uid, is_there),
            Change::PutNode(node) => self.note_node(&node.name, is_there),
            Change::RemoveNode(name) => self.note_node(name, is_there),
            _ => {}
        }
    }

    fn note_pod(&mut self, uid: &crate::object::PodUid, is_there: bool) {
        let Some(id) = self.index.pod_id(uid) else { return };
        let Some(pod) = self.index.pod(id) else { return };
        if is_there {
            self.book.add_pod(id, pod);
            self.roster.add(id, pod);
        } else {
            self.book.drop_pod(id, pod);
            self.roster.remove(id, pod);
        }
        for key in self.index.policies_selecting(id) {
            if let Some(policy) = self.index.policy(&key) {
                self.book.isolate(policy, &[id].into_iter().collect(), is_there);
            }
        }
    }

    fn note_node(&mut self, name: &str, is_there: bool) {
        let Some(node) = self.cluster.nodes.get(name) else { return };
        if is_there { self.book.add_node(node) } else { self.book.drop_node(node) }
    }

    /// The policies that a change is about, as they are called now.
    fn policies(&self, change: &Change) -> Vec<PolicyKey> {
        let called = |name: &ClusterPolicyName| self.cluster_wide(name);
        match change {
            Change::PutPolicy(policy) => vec![policy.key.clone().into()],
            Change::RemovePolicy(key) => vec![key.clone().into()],
            Change::PutClusterPolicy(policy) => called(&policy.name),
            Change::RemoveClusterPolicy(name) => called(name),
            // What names nodes is compiled anew (S42).
            Change::PutNode(_) | Change::RemoveNode(_) => {
                let policies = self.cluster.cluster_policies.values().filter(|policy| policy.names_nodes());
                policies.flat_map(|policy| called(&policy.name)).collect()
            }
            Change::PutNamespace(_)
            | Change::RemoveNamespace(_)
            | Change::PutPod(_)
            | Change::RemovePod(_) => Vec::new(),
        }
    }

    /// The key of a cluster-wide policy; none while it is not there.
    fn cluster_wide(&self, name: &ClusterPolicyName) -> Vec<PolicyKey> {
        let policy = self.cluster.cluster_policies.get(name);
        policy.map(|policy| PolicyKey::of_tier(policy.tier, policy.rank())).into_iter().collect()
    }

    /// What a change is about in the present state.
    pub(super) fn about(&self, change: &Change) -> About {
        let mut about = About::default();
        for key in self.policies(change) {
            let Some(policy) = self.index.policy(&key) else { continue };
            if let Some(subjects) = self.index.selected_pods(&policy.subjects) {
                about.pods |= subjects;
            }
            about.policies.push(Arc::clone(policy));
        }
        match change {
            Change::PutPod(pod) => about.pods.extend(self.index.pod_id(&pod.uid)),
            Change::RemovePod(uid) => about.pods.extend(self.index.pod_id(uid)),
            Change::PutNamespace(namespace) => about.pods |= self.index.pods_in(namespace.name()),
            Change::RemoveNamespace(name) => about.pods |= self.index.pods_in(name),
            Change::PutNode(node) => about.hosts.extend(self.addresses_of(&node.name)),
            Change::RemoveNode(name) => about.hosts.extend(self.addresses_of(name)),
            _ => {}
        }
        for pod in about.pods.iter().filter_map(|id| self.index.pod(id)) {
            about.workloads.extend(self.roster.workload(&pod.workload).cloned());
            about.hosts.extend(&pod.host_addresses);
        }
        about
    }

    fn addresses_of(&self, node: &str) -> impl Iterator<Item = std::net::IpAddr> + '_ {
        self.cluster.nodes.get(node).into_iter().flat_map(|node| &node.addresses).copied()
    }
}
