//! A Service. Policies never see one (S16, S37): it is read to build the translation that stands
//! before them.

use super::{Balancer, LabelSelector, Labels, ObjectKey, Origin};
use crate::set::{Cidr, Protocol};
use std::{collections::BTreeSet, net::IpAddr, sync::Arc};

/// Where a Service port leads on the pods behind it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TargetPort {
    /// A port number.
    Number(u16),
    /// The name of a container port, which may differ in number from pod to pod.
    Name(Arc<str>),
}

/// One port of a Service.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ServicePort {
    /// Its name, when there is more than one.
    pub name: Option<Arc<str>>,
    /// The protocol.
    pub protocol: Protocol,
    /// The port of the Service's own addresses.
    pub port: u16,
    /// The port of the pods.
    pub target: TargetPort,
    /// The port on every node, for NodePort and LoadBalancer.
    pub node_port: Option<u16>,
}

/// A Service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Service {
    /// Namespace and name.
    pub key: ObjectKey,
    /// Which pods stand behind it; `None` when it selects none by labels.
    pub selector: Option<LabelSelector>,
    /// Its type as Kubernetes writes it: `ClusterIP`, `NodePort`, `LoadBalancer`, `ExternalName`.
    pub kind: Arc<str>,
    /// Cluster addresses; empty when headless or not assigned yet.
    pub cluster_addresses: BTreeSet<IpAddr>,
    /// Addresses outside the cluster: `externalIPs` and the load balancer's.
    pub external_addresses: BTreeSet<IpAddr>,
    /// Whether `clusterIP: None` was written.
    pub headless: bool,
    /// The ports.
    pub ports: Vec<ServicePort>,
    /// Whether `externalTrafficPolicy: Local` keeps what comes from outside on the node it came to,
    /// and so the client's address.
    pub external_local: bool,
    /// `loadBalancerSourceRanges`: the only clients that the load balancer takes; empty for all.
    pub source_ranges: BTreeSet<Cidr>,
    /// What its annotations say about the load balancer.
    pub balancer: Balancer,
    /// Its labels.
    pub labels: Labels,
    /// Where it was written.
    pub origin: Origin,
}
