//! What manifests say about the load balancer that stands before a Service, an Ingress or a Gateway.

use std::{collections::BTreeSet, fmt};

/// Whose load balancers they are, where an annotation tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Provider {
    /// Google Cloud.
    Google,
    /// Amazon Web Services.
    Amazon,
    /// Microsoft Azure.
    Azure,
}

impl fmt::Display for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Google => "Google Cloud",
            Self::Amazon => "AWS",
            Self::Azure => "Azure",
        })
    }
}

/// Where a load balancer sends what it takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum BalancerTargets {
    /// To the nodes, which send it on to the pods.
    Nodes,
    /// To the pods themselves (container-native: network endpoint groups, `ip` targets).
    Pods,
}

/// What the annotations of an object say about its load balancer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Balancer {
    /// Whose it is.
    pub provider: Option<Provider>,
    /// Where it sends what it takes.
    pub targets: Option<BalancerTargets>,
    /// Whether only the inner network reaches it.
    pub internal: bool,
    /// Ports of a Service that are made known to load balancers outside the cluster's own objects:
    /// `exposed_ports` of `cloud.google.com/neg`.
    pub exposed_ports: BTreeSet<u16>,
}
