//! Labels of a namespace or a pod.

use std::{collections::BTreeMap, sync::Arc};

/// The label that every namespace carries, with its name as the value (S9).
pub const NAME_LABEL: &str = "kubernetes.io/metadata.name";

/// Labels, sorted by key. A clone costs nothing: the pods of a workload have the same.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Labels(Arc<BTreeMap<Arc<str>, Arc<str>>>);

impl Labels {
    /// No labels.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The value of `key`.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key).map(AsRef::as_ref)
    }

    /// Sets `key` to `value`, whatever it was.
    pub fn set(&mut self, key: impl Into<Arc<str>>, value: impl Into<Arc<str>>) {
        Arc::make_mut(&mut self.0).insert(key.into(), value.into());
    }

    /// The labels, ascending by key.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&Arc<str>, &Arc<str>)> {
        self.0.iter()
    }

    /// Whether nobody else has these very labels.
    #[must_use]
    pub fn is_unshared(&self) -> bool {
        Arc::strong_count(&self.0) == 1
    }

    /// What tells these from labels that are other memory, as long as they live: equal labels may differ in it.
    pub(crate) fn memory(&self) -> usize {
        Arc::as_ptr(&self.0).addr()
    }
}

impl<K: Into<Arc<str>>, V: Into<Arc<str>>> FromIterator<(K, V)> for Labels {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(iter: I) -> Self {
        Self(Arc::new(iter.into_iter().map(|(key, value)| (key.into(), value.into())).collect()))
    }
}
