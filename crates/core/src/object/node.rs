//! A node.

use super::{Labels, Origin};
use crate::set::Cidr;
use std::{collections::BTreeSet, net::IpAddr, sync::Arc};

/// A node of the cluster.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Node {
    /// The name.
    pub name: Arc<str>,
    /// Its labels, by which `nodes` of cluster-wide policies name it (S42).
    pub labels: Labels,
    /// Every address the node itself bears: what S20 calls the pod's own node.
    pub addresses: BTreeSet<IpAddr>,
    /// The ranges that its pods' addresses come from, where known (S23).
    pub pod_cidrs: BTreeSet<Cidr>,
    /// Where it was written.
    pub origin: Origin,
}
