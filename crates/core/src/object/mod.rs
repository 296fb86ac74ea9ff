//! The objects that a verdict depends on, each narrowed to the fields that matter.
//!
//! Whoever builds them has validated them: inside the core every object is valid (S43 is the
//! reader's duty). Each carries the [`Origin`] of its text, so that an answer can point at a line.

pub mod annotation;
mod balancer;
mod cluster;
mod cluster_network_policy;
mod entrances;
mod exchange;
mod gateway;
mod ingress;
mod labels;
mod namespace;
mod network_policy;
mod node;
mod origin;
mod pod;
mod selector;
mod service;
mod since;

pub use balancer::{Balancer, BalancerTargets, Provider};
pub(crate) use cluster::within;
pub use cluster::{Change, Cluster};
pub use cluster_network_policy::{
    ClusterPeer, ClusterPeerKind, ClusterPods, ClusterPolicy, ClusterPolicyKind, ClusterPolicyName,
    ClusterRule, Effective, Rank, RuleAction, Tier,
};
pub use entrances::Entrances;
pub use gateway::{
    Gateway, Listener, ReferenceGrant, Route, RouteBackend, RouteParent, RouteRule, RoutesFrom,
};
pub use ingress::{Class, Ingress, IngressPath, IngressTarget, ServicePortRef};
pub use labels::{Labels, NAME_LABEL};
pub use namespace::Namespace;
pub use network_policy::{
    Direction, IpBlock, IpBlockError, NetworkPolicy, Peer, PeerKind, PolicyPort, PortMatch, Rule,
};
pub use node::Node;
pub use origin::{ObjectKey, Origin, Span};
pub use pod::{ContainerPort, Pod, PodUid, Workload};
pub use selector::{LabelSelector, Requirement};
pub use service::{Service, ServicePort, TargetPort};
