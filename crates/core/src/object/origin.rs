//! Names of objects, and where their text stands.

use std::{fmt, sync::Arc};

/// The key of a namespaced object, shown as `namespace/name`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectKey {
    /// The namespace.
    pub namespace: Arc<str>,
    /// The name within the namespace.
    pub name: Arc<str>,
}

impl ObjectKey {
    /// The key of `namespace/name`.
    #[must_use]
    pub fn new(namespace: impl Into<Arc<str>>, name: impl Into<Arc<str>>) -> Self {
        Self { namespace: namespace.into(), name: name.into() }
    }
}

impl fmt::Display for ObjectKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.namespace, self.name)
    }
}

/// A stretch of a text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// The line of the first character, counted from 1; 0 when there is no text.
    pub line: u32,
    /// The column of the first character, counted from 1 in characters.
    pub column: u32,
    /// The offset of the first byte.
    pub start: usize,
    /// The offset after the last byte.
    pub end: usize,
}

/// Where an object, a rule or a peer was written.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Origin {
    /// The file as the user named it, `-` for standard input, or the empty text when there is none
    /// (an object that came from the API).
    pub source: Arc<str>,
    /// The place in it.
    pub span: Span,
}

impl Origin {
    /// Whether there is a text to point at.
    #[must_use]
    pub fn is_known(&self) -> bool {
        self.span.line > 0
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_known() {
            write!(f, "{}:{}:{}", self.source, self.span.line, self.span.column)
        } else {
            f.write_str(&self.source)
        }
    }
}
