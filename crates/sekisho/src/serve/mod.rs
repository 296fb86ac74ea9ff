//! What serves a cluster.

pub(crate) mod admission;
