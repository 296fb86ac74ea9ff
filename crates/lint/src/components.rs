//! The components of the standard, looked up once for all rules: there may be as many as policies.

use sekisho_core::{
    index::{Index, PodId, RoaringBitmap},
    object::{LabelSelector, NetworkPolicy, ObjectKey},
    standard::{Component, Standard},
};
use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

/// The components of the standard, and their pods.
pub(crate) struct Components<'c> {
    by_labels: HashMap<(&'c Arc<str>, &'c LabelSelector), &'c Component>,
    of_pods: HashMap<PodId, &'c Component>,
    pods: BTreeMap<&'c ObjectKey, RoaringBitmap>,
}

impl<'c> Components<'c> {
    pub(crate) fn of(standard: &'c Standard, index: &Index) -> Self {
        let (mut by_labels, mut of_pods, mut pods) = (HashMap::new(), HashMap::new(), BTreeMap::new());
        for component in &standard.components {
            let namespace = &component.key.namespace;
            by_labels.entry((namespace, &component.pods)).or_insert(component);
            let own = index.pods_with(&component.pods) & index.pods_in(namespace);
            for id in &own {
                of_pods.entry(id).or_insert(component);
            }
            pods.insert(&component.key, own);
        }
        Self { by_labels, of_pods, pods }
    }

    /// The component that `policy` is about: the one whose pods it selects by the same labels.
    pub(crate) fn of_policy(&self, policy: &NetworkPolicy) -> Option<&'c Component> {
        self.by_labels.get(&(&policy.key.namespace, &policy.subjects)).copied()
    }

    /// Whether a component of `namespace` has pods with these labels.
    pub(crate) fn has(&self, namespace: &Arc<str>, labels: &LabelSelector) -> bool {
        self.by_labels.contains_key(&(namespace, labels))
    }

    /// The component that the pod with this number is of.
    pub(crate) fn of_pod(&self, id: PodId) -> Option<&'c Component> {
        self.of_pods.get(&id).copied()
    }

    /// The pods of the component with this key.
    pub(crate) fn pods(&self, key: &ObjectKey) -> RoaringBitmap {
        self.pods.get(key).cloned().unwrap_or_default()
    }
}
