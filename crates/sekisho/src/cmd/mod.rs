//! The verbs, one file each.

pub(crate) mod catalog;
pub(crate) mod check;
pub(crate) mod completions;
pub(crate) mod diff;
pub(crate) mod explain;
pub(crate) mod exposure;
pub(crate) mod generate;
pub(crate) mod lab;
pub(crate) mod lsp;
pub(crate) mod man;
pub(crate) mod observe;
pub(crate) mod reach;
pub(crate) mod recommend;
pub(crate) mod redundant;
pub(crate) mod rego;
pub(crate) mod render;
pub(crate) mod rule;
pub(crate) mod schema;
pub(crate) mod serve;
pub(crate) mod snapshot;
pub(crate) mod test;
