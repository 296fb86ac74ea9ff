//! Texts that many objects have in common, such as label keys and namespaces, kept once.

use sekisho_core::object::Labels;
use std::{
    collections::{HashMap, HashSet},
    hash::BuildHasher,
    sync::Arc,
};

/// The texts so far.
#[derive(Debug, Default)]
pub(crate) struct Names {
    texts: HashSet<Arc<str>>,
    /// Labels in order, by a digest of how they were written.
    labels: HashMap<u64, Labels>,
}

impl Names {
    /// `text`, in one piece of memory with all that equal it.
    pub(crate) fn share(&mut self, text: &str) -> Arc<str> {
        if let Some(known) = self.texts.get(text) {
            return Arc::clone(known);
        }
        let new: Arc<str> = text.into();
        self.texts.insert(Arc::clone(&new));
        new
    }

    /// The labels that were [kept](Self::keep) as `written`.
    pub(crate) fn labels(&self, written: &[(&str, &str)]) -> Option<Labels> {
        let known = self.labels.get(&self.labels.hasher().hash_one(written))?;
        let is_same = known.iter().len() == written.len()
            && written.iter().all(|(key, value)| known.get(key) == Some(*value));
        is_same.then(|| known.clone())
    }

    /// Keeps labels for the next object that has the same.
    pub(crate) fn keep(&mut self, written: &[(&str, &str)], labels: &Labels) {
        let digest = self.labels.hasher().hash_one(written);
        self.labels.insert(digest, labels.clone());
    }
}
