//! Pods and a node as network namespaces, and traffic between them.

mod load;
mod namespace;
mod path;
pub(crate) mod queue;

pub(crate) use load::Load;
pub(crate) use namespace::Namespace;
pub(crate) use path::{CLIENT, NODE_TO_CLIENT, NODE_TO_SERVER, Path, Paths, SERVER};
