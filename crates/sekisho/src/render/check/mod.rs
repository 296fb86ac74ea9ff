//! What `sekisho check` found.

pub(crate) mod human;
