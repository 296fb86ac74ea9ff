//! Manifests, written: texts of YAML that a person would have typed so, with comments.

mod flow;
mod policy;
mod scalar;
mod yaml;

pub use policy::{Place, Remark, Remarks, peer, policy};
pub(crate) use policy::{port, rule, types};
pub use yaml::{Item, Value};
