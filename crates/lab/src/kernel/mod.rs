//! What the lab asks of the kernel: privilege, namespaces, links and routes.

pub(crate) mod namespace;
pub(crate) mod privilege;
pub(crate) mod rtnl;
pub(crate) mod sysctl;
