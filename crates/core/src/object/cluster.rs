//! All objects together, and the changes that bring them in and out.

use super::{
    ClusterPolicy, ClusterPolicyName, Entrances, Namespace, NetworkPolicy, Node, ObjectKey, Pod, PodUid,
    Service, Workload,
};
use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// One step from one state of the cluster to the next. A folder of manifests is many.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// A namespace came or its labels changed (S28).
    PutNamespace(Namespace),
    /// A namespace went. Its pods and policies go by changes of their own (S29).
    RemoveNamespace(Arc<str>),
    /// A node came or changed.
    PutNode(Node),
    /// A node went.
    RemoveNode(Arc<str>),
    /// A pod came or changed.
    PutPod(Arc<Pod>),
    /// A pod went.
    RemovePod(PodUid),
    /// A policy came or changed.
    PutPolicy(NetworkPolicy),
    /// A policy went.
    RemovePolicy(ObjectKey),
    /// A cluster-wide policy came or changed.
    PutClusterPolicy(ClusterPolicy),
    /// A cluster-wide policy went.
    RemoveClusterPolicy(ClusterPolicyName),
}

/// The objects as they were told, in plain sorted maps: what the plain evaluator reads.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cluster {
    /// Namespaces by name. One that has pods but is not here is [implied](Namespace::implied) (S9).
    pub namespaces: BTreeMap<Arc<str>, Namespace>,
    /// Nodes by name.
    pub nodes: BTreeMap<Arc<str>, Node>,
    /// Pods by UID (S26): shared with the [index](crate::index::Index), for there are many.
    pub pods: BTreeMap<PodUid, Arc<Pod>>,
    /// Workloads that have no pod now, each as the pod that it would make: scaled to none, or a job that is done. No
    /// verdict depends on them.
    pub idle: BTreeMap<Workload, Arc<Pod>>,
    /// Policies by namespace and name.
    pub policies: BTreeMap<ObjectKey, NetworkPolicy>,
    /// Cluster-wide policies by name and kind.
    pub cluster_policies: BTreeMap<ClusterPolicyName, ClusterPolicy>,
    /// Services by namespace and name. No verdict depends on them (S16).
    pub services: BTreeMap<ObjectKey, Service>,
    /// What leads in from outside besides Services. No verdict depends on it.
    pub entrances: Entrances,
}

impl Cluster {
    /// Makes `change`. Removing what is not there changes nothing.
    pub fn apply(&mut self, change: Change) {
        match change {
            Change::PutNamespace(namespace) => {
                self.namespaces.insert(Arc::clone(namespace.name()), namespace);
            }
            Change::RemoveNamespace(name) => drop(self.namespaces.remove(&name)),
            Change::PutNode(node) => drop(self.nodes.insert(Arc::clone(&node.name), node)),
            Change::RemoveNode(name) => drop(self.nodes.remove(&name)),
            Change::PutPod(pod) => drop(self.pods.insert(pod.uid.clone(), pod)),
            Change::RemovePod(uid) => drop(self.pods.remove(&uid)),
            Change::PutPolicy(policy) => drop(self.policies.insert(policy.key.clone(), policy)),
            Change::RemovePolicy(key) => drop(self.policies.remove(&key)),
            Change::PutClusterPolicy(policy) => {
                self.cluster_policies.insert(policy.name.clone(), policy);
            }
            Change::RemoveClusterPolicy(name) => drop(self.cluster_policies.remove(&name)),
        }
    }

    /// The changes that make this cluster out of an empty one. Policies come before pods: a pod then
    /// finds its profile once, and not once for each policy.
    pub fn changes(&self) -> impl Iterator<Item = Change> + '_ {
        let namespaces = self.namespaces.values().cloned().map(Change::PutNamespace);
        let nodes = self.nodes.values().cloned().map(Change::PutNode);
        let pods = self.pods.values().cloned().map(Change::PutPod);
        let policies = self.policies.values().cloned().map(Change::PutPolicy);
        let tiers = self.cluster_policies.values().cloned().map(Change::PutClusterPolicy);
        namespaces.chain(nodes).chain(policies).chain(tiers).chain(pods)
    }
}

impl Cluster {
    /// The namespace of this name; one that no manifest writes still carries its name as a label (S9).
    #[must_use]
    pub fn namespace(&self, name: &Arc<str>) -> Cow<'_, Namespace> {
        match self.namespaces.get(name) {
            Some(namespace) => Cow::Borrowed(namespace),
            None => Cow::Owned(Namespace::implied(Arc::clone(name))),
        }
    }

    /// The policies of a namespace, by name.
    pub fn policies_in<'m>(
        &'m self,
        namespace: &Arc<str>,
    ) -> impl Iterator<Item = &'m NetworkPolicy> + use<'m> {
        within(&self.policies, namespace).map(|(_, policy)| policy)
    }

    /// Some of the pods with all that verdicts about them depend on: the policies of their namespaces, and of `homes` (S1), all
    /// cluster-wide ones (S38), and the nodes. A packet between two of them, or between one and an address that no pod bears,
    /// has the same verdict here, where every pod that bears the address of one is among them (S26).
    #[must_use]
    pub fn part(&self, pods: Vec<Arc<Pod>>, homes: impl IntoIterator<Item = Arc<str>>) -> Self {
        let homes: BTreeSet<Arc<str>> =
            pods.iter().map(|pod| Arc::clone(&pod.key.namespace)).chain(homes).collect();
        let namespaces = homes.iter().filter_map(|name| self.namespaces.get_key_value(name));
        let policies = homes.iter().flat_map(|name| self.policies_in(name));
        Self {
            namespaces: namespaces.map(|(name, namespace)| (Arc::clone(name), namespace.clone())).collect(),
            nodes: self.nodes.clone(),
            policies: policies.map(|policy| (policy.key.clone(), policy.clone())).collect(),
            cluster_policies: self.cluster_policies.clone(),
            pods: pods.into_iter().map(|pod| (pod.uid.clone(), pod)).collect(),
            ..Self::default()
        }
    }

    /// The Services of a namespace, by name.
    pub fn services_in<'m>(&'m self, namespace: &Arc<str>) -> impl Iterator<Item = &'m Service> + use<'m> {
        within(&self.services, namespace).map(|(_, service)| service)
    }
}

/// The objects of a namespace.
pub(crate) fn within<'m, T>(
    objects: &'m BTreeMap<ObjectKey, T>,
    namespace: &Arc<str>,
) -> impl Iterator<Item = (&'m ObjectKey, &'m T)> + use<'m, T> {
    let first = ObjectKey::new(Arc::clone(namespace), "");
    let namespace = Arc::clone(namespace);
    objects.range(first..).take_while(move |(key, _)| key.namespace == namespace)
}
