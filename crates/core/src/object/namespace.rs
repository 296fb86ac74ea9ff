//! A namespace.

use super::{Labels, NAME_LABEL, Origin};
use std::sync::Arc;

/// A namespace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Namespace {
    name: Arc<str>,
    labels: Labels,
    /// Where it was written.
    pub origin: Origin,
}

impl Namespace {
    /// The namespace `name` with `labels` and the label that every namespace has (S9).
    #[must_use]
    pub fn new(name: impl Into<Arc<str>>, labels: Labels, origin: Origin) -> Self {
        let (name, mut labels) = (name.into(), labels);
        labels.set(NAME_LABEL, Arc::clone(&name));
        Self { name, labels, origin }
    }

    /// The namespace as it is when no manifest writes it: its name is its only label (S9).
    #[must_use]
    pub fn implied(name: impl Into<Arc<str>>) -> Self {
        Self::new(name, Labels::new(), Origin::default())
    }

    /// The name.
    #[must_use]
    pub fn name(&self) -> &Arc<str> {
        &self.name
    }

    /// The labels, `kubernetes.io/metadata.name` included.
    #[must_use]
    pub fn labels(&self) -> &Labels {
        &self.labels
    }
}
