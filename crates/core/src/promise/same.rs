//! What two pods may have in common.

use crate::object::{Labels, Pod};
use std::{fmt, sync::Arc};

/// What is compared. A pod that has no such value has nothing in common with any other.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Same {
    /// The value of a label of the pods.
    Label(Arc<str>),
    /// The namespace.
    Namespace,
    /// The value of a label of their namespaces.
    NamespaceLabel(Arc<str>),
}

impl Same {
    /// What is compared, of `pod`, whose namespace has these labels.
    #[must_use]
    pub fn value<'a>(&self, pod: &'a Pod, namespace: &'a Labels) -> Option<&'a str> {
        match self {
            Self::Label(key) => pod.labels.get(key),
            Self::Namespace => Some(&pod.key.namespace),
            Self::NamespaceLabel(key) => namespace.get(key),
        }
    }
}

impl fmt::Display for Same {
    /// As a promise writes it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Label(key) => f.write_str(key),
            Self::Namespace => f.write_str("namespace"),
            Self::NamespaceLabel(key) => write!(f, "namespace label {key}"),
        }
    }
}
