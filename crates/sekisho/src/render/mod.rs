//! How answers are shown: for people as text and tables, for programs as JSON.

pub(crate) mod check;
pub(crate) mod csv;
pub(crate) mod diff;
mod excerpt;
pub(crate) mod exposure;
pub(crate) mod graph;
pub(crate) mod json;
pub(crate) mod junit;
pub(crate) mod markdown;
mod names;
pub(crate) mod observe;
pub(crate) mod promises;
pub(crate) mod recommend;
pub(crate) mod redundant;
pub(crate) mod rego;
pub(crate) mod rules;
pub(crate) mod table;
pub(crate) mod text;
mod tiers;
pub(crate) mod unified;
