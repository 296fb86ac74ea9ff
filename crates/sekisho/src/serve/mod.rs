//! What serves a cluster.

pub(crate) mod admission;
pub(crate) mod hub;
mod listen;
mod process;
mod tls;
