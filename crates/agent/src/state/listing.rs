//! What a list has told so far.

use sekisho_core::object::ObjectKey;
use std::collections::BTreeSet;

/// How far the lists of a kind are.
#[derive(Debug, Default)]
pub(super) struct Listing {
    complete: bool,
    seen: Option<BTreeSet<ObjectKey>>,
}

impl Listing {
    /// Whether a list was told to the end.
    pub(super) fn is_complete(&self) -> bool {
        self.complete
    }

    /// A list begins. One before it that did not end says nothing of what is not there.
    pub(super) fn begin(&mut self) {
        self.seen = Some(BTreeSet::new());
    }

    /// An object was told.
    pub(super) fn see(&mut self, key: &ObjectKey) {
        if let Some(seen) = &mut self.seen {
            seen.insert(key.clone());
        }
    }

    /// The list ends: what it has told is all there is.
    pub(super) fn end(&mut self) -> BTreeSet<ObjectKey> {
        self.complete = true;
        self.seen.take().unwrap_or_default()
    }
}
