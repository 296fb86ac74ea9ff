//! Texts that many objects have in common, such as label keys and namespaces, kept once.

use std::{collections::HashSet, sync::Arc};

/// The texts so far.
#[derive(Debug, Default)]
pub(crate) struct Names(HashSet<Arc<str>>);

impl Names {
    /// `text`, in one piece of memory with all that equal it.
    pub(crate) fn share(&mut self, text: &str) -> Arc<str> {
        if let Some(known) = self.0.get(text) {
            return Arc::clone(known);
        }
        let new: Arc<str> = text.into();
        self.0.insert(Arc::clone(&new));
        new
    }
}
