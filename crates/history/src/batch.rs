//! What a node tells at once.

use sekisho_flow::{
    Timestamp,
    record::{Flow, Window},
};
use std::sync::Arc;

/// Which of the things that a node tells a batch has: the numbers from `first` to `last`, both included.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Mark {
    /// The node.
    pub node: Arc<str>,
    /// Which run of its agent: numbers begin anew with each.
    pub boot: Arc<str>,
    /// The first number.
    pub first: u64,
    /// The last number; not before the first.
    pub last: u64,
}

/// What a node tells at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch {
    /// Which of the things that the node tells these are.
    pub mark: Mark,
    /// When it was told, by the node's clock.
    pub at: Timestamp,
    /// What flowed.
    pub flows: Vec<Flow>,
    /// What is not among the flows of the node, though it happened.
    pub lost: Vec<Lost>,
}

/// Connections of a node that nobody has a record of.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Lost {
    /// When. As it is kept, grown to whole minutes.
    pub window: Window,
    /// The node.
    pub node: Arc<str>,
    /// Why, in few words that do not differ from one time to the next: what is lost for the same reason is added up.
    pub why: Arc<str>,
    /// How many connections; `None` where nobody counted them.
    pub connections: Option<u64>,
}

/// What became of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Put {
    /// It was taken.
    Kept,
    /// It was taken before, and nothing was done.
    Known,
}
