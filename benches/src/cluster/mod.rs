//! Clusters made to measure: as many pods and policies as a question needs, and always the same ones.

mod parts;
mod usual;

pub(crate) use usual::usual;
