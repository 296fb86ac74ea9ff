//! Namespaces and their labels.

use super::{key::NamespaceScope, pods::PodTable, selectors::Scope};
use crate::object::{Labels, Namespace};
use roaring::RoaringBitmap;
use std::{borrow::Cow, collections::BTreeMap, sync::Arc};

/// The namespaces that were told.
#[derive(Debug, Default)]
pub(super) struct NamespaceTable {
    told: BTreeMap<Arc<str>, Namespace>,
}

impl NamespaceTable {
    /// The labels of a namespace; one that was not told has its name (S9).
    pub(super) fn labels(&self, name: &Arc<str>) -> Cow<'_, Labels> {
        match self.told.get(name) {
            Some(namespace) => Cow::Borrowed(namespace.labels()),
            None => Cow::Owned(Namespace::implied(Arc::clone(name)).labels().clone()),
        }
    }

    /// Takes a namespace in, whatever it was.
    pub(super) fn put(&mut self, namespace: Namespace) {
        self.told.insert(Arc::clone(namespace.name()), namespace);
    }

    /// Lets a namespace go.
    pub(super) fn remove(&mut self, name: &Arc<str>) {
        self.told.remove(name);
    }
}

impl Scope for NamespaceTable {
    fn pods_of(&self, scope: &NamespaceScope, pods: &PodTable) -> RoaringBitmap {
        let selector = match scope {
            NamespaceScope::One(name) => return pods.in_namespace(name),
            NamespaceScope::Matching(selector) if selector.is_everything() => return pods.all().clone(),
            NamespaceScope::Matching(selector) => selector,
        };
        let names = scope.names().unwrap_or_else(|| pods.namespaces().collect());
        let matching = names.into_iter().filter(|name| selector.matches(&self.labels(name)));
        matching.fold(RoaringBitmap::new(), |all, name| all | pods.in_namespace(name))
    }
}
