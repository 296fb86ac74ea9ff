//! Clusters made to measure: as many pods and policies as a question needs, and always the same ones.

mod beside_load;
mod parts;
mod realistic;
mod usual;

pub(crate) use beside_load::{BesideLoad, NODE, beside_load};
pub(crate) use realistic::{Realistic, Size};
pub(crate) use usual::{Usual, WORKLOADS};
