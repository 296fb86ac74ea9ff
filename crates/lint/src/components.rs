//! The components of the standard, looked up by their namespace: there may be as many as policies.

use crate::world::World;
use sekisho_core::{
    index::{PodId, RoaringBitmap},
    object::{LabelSelector, NetworkPolicy, ObjectKey},
    standard::{Component, Standard},
};
use std::{collections::HashMap, sync::Arc};

/// The components of the standard.
pub(crate) struct Components<'c> {
    /// In the order of the standard: the first that fits is meant.
    by_namespace: HashMap<&'c Arc<str>, Vec<&'c Component>>,
}

impl<'c> Components<'c> {
    pub(crate) fn of(standard: &'c Standard) -> Self {
        let mut by_namespace: HashMap<_, Vec<&Component>> = HashMap::new();
        for component in &standard.components {
            by_namespace.entry(&component.key.namespace).or_default().push(component);
        }
        Self { by_namespace }
    }

    fn of_namespace(&self, name: &Arc<str>) -> impl Iterator<Item = &'c Component> + '_ {
        self.by_namespace.get(name).into_iter().flatten().copied()
    }

    /// The component that `policy` is about: the one whose pods it selects by the same labels.
    pub(crate) fn of_policy(&self, policy: &NetworkPolicy) -> Option<&'c Component> {
        self.of_namespace(&policy.key.namespace).find(|one| one.pods == policy.subjects)
    }

    /// Whether a component of `namespace` has pods with these labels.
    pub(crate) fn has(&self, namespace: &Arc<str>, labels: &LabelSelector) -> bool {
        self.of_namespace(namespace).any(|one| one.pods == *labels)
    }

    fn named(&self, key: &ObjectKey) -> Option<&'c Component> {
        self.of_namespace(&key.namespace).find(|one| one.key == *key)
    }
}

impl<'c> World<'c> {
    /// The component that the pod with this number is of.
    pub(crate) fn component_of(&self, id: PodId) -> Option<&'c Component> {
        let pod = self.index.pod(id)?;
        self.components().of_namespace(&pod.key.namespace).find(|one| one.pods.matches(&pod.labels))
    }

    /// The pods of the component with this key.
    pub(crate) fn pods_of(&self, key: &ObjectKey) -> RoaringBitmap {
        let found = self.components().named(key).map(|component| {
            self.index.pods_with(&component.pods) & self.index.pods_in(&component.key.namespace)
        });
        found.unwrap_or_default()
    }
}
