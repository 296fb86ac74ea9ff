//! What the index takes.

use super::PolicyRules;
use crate::object::Change;
use std::sync::Arc;

/// A change, in one of the forms in which it can be given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// As it was told.
    Told(Change),
    /// A NetworkPolicy that came or changed, compiled: who keeps it so shares it with the index, and neither keeps
    /// what it was compiled of.
    Compiled(Arc<PolicyRules>),
}

impl From<Change> for Input {
    fn from(change: Change) -> Self {
        Self::Told(change)
    }
}
