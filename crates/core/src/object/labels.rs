//! Labels of a namespace or a pod.

use std::{collections::BTreeMap, sync::Arc};

/// The label that every namespace carries, with its name as the value (S9).
pub const NAME_LABEL: &str = "kubernetes.io/metadata.name";

/// Labels. A clone costs nothing: the pods of a workload have the same.
///
/// INVARIANT: sorted by key, each key once; in one piece, for there are many.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Labels(Arc<[(Arc<str>, Arc<str>)]>);

impl Labels {
    /// No labels.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The value of `key`.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&str> {
        let at = self.0.binary_search_by(|(known, _)| (**known).cmp(key)).ok()?;
        self.0.get(at).map(|(_, value)| &**value)
    }

    /// Sets `key` to `value`, whatever it was.
    pub fn set(&mut self, key: impl Into<Arc<str>>, value: impl Into<Arc<str>>) {
        let (key, value) = (key.into(), value.into());
        let at = self.0.binary_search_by(|(known, _)| known.cmp(&key));
        let (at, behind) = at.map_or_else(|at| (at, at), |at| (at, at + 1));
        let (before, after) = (self.0.iter().take(at), self.0.iter().skip(behind));
        self.0 = before.cloned().chain([(key, value)]).chain(after.cloned()).collect();
    }

    /// The labels, ascending by key.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&Arc<str>, &Arc<str>)> {
        self.0.iter().map(|(key, value)| (key, value))
    }

    /// Whether nobody else has these very labels.
    #[must_use]
    pub fn is_unshared(&self) -> bool {
        Arc::strong_count(&self.0) == 1
    }

    /// What tells these from labels that are other memory, as long as they live: equal labels may differ in it.
    pub(crate) fn memory(&self) -> usize {
        Arc::as_ptr(&self.0).cast::<()>().addr()
    }
}

impl<K: Into<Arc<str>>, V: Into<Arc<str>>> FromIterator<(K, V)> for Labels {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(iter: I) -> Self {
        let sorted: BTreeMap<Arc<str>, Arc<str>> =
            iter.into_iter().map(|(key, value)| (key.into(), value.into())).collect();
        Self(sorted.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_sorted_and_the_last_of_a_key_counts() {
        let mut labels: Labels = [("b", "1"), ("c", "2"), ("a", "3"), ("c", "4")].into_iter().collect();
        let before = labels.clone();
        labels.set("b", "5");
        labels.set("d", "6");
        labels.set("", "7");
        let shown: Vec<String> = labels.iter().map(|(key, value)| format!("{key}={value}")).collect();
        assert_eq!(shown, ["=7", "a=3", "b=5", "c=4", "d=6"]);
        assert_eq!((labels.get("b"), labels.get("e"), before.get("b")), (Some("5"), None, Some("1")));
        assert_eq!(before, [("a", "3"), ("b", "1"), ("c", "4")].into_iter().collect());
    }
}
