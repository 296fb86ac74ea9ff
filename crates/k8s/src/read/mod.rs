//! One file per kind of object, what they share, and what makes a cluster of them.

pub(crate) mod assemble;
pub(crate) mod context;
pub(crate) mod dispatch;
pub(crate) mod entrance;
pub(crate) mod gather;
pub(crate) mod meta;
pub(crate) mod names;
pub(crate) mod namespace;
pub(crate) mod node;
mod overlay;
pub(crate) mod pod;
pub(crate) mod service;
pub(crate) mod workload;
