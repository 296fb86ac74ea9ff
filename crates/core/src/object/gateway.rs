//! Gateways, and the routes through them. Policies never see one: they are read to know who comes in,
//! and how.

use super::{Balancer, LabelSelector, ObjectKey, Origin};
use std::sync::Arc;

/// The routes of which namespaces a listener takes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum RoutesFrom {
    /// Of the Gateway's own.
    #[default]
    Same,
    /// Of all.
    All,
    /// Of those with these labels.
    Selector(LabelSelector),
    /// Of none.
    None,
}

/// A listener of a Gateway.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listener {
    /// Its name, which a route may ask for.
    pub name: Arc<str>,
    /// The host name it is for; `None` for every one.
    pub hostname: Option<Arc<str>>,
    /// The port it listens on.
    pub port: u16,
    /// `HTTP`, `HTTPS`, `TLS`, `TCP`, `UDP`, or a name that only its controller knows.
    pub protocol: Arc<str>,
    /// The routes of which namespaces it takes.
    pub routes_from: RoutesFrom,
    /// The kinds of routes it takes; empty for those that its protocol implies.
    pub kinds: Vec<Arc<str>>,
    /// Where it was written.
    pub origin: Origin,
}

impl Listener {
    /// Whether it takes routes of `kind`, by its own list or by what its protocol implies.
    #[must_use]
    pub fn takes(&self, kind: &str) -> bool {
        if !self.kinds.is_empty() {
            return self.kinds.iter().any(|taken| &**taken == kind);
        }
        match &*self.protocol {
            "HTTP" | "HTTPS" => matches!(kind, "HTTPRoute" | "GRPCRoute"),
            "TLS" => matches!(kind, "TLSRoute" | "TCPRoute"),
            "TCP" => kind == "TCPRoute",
            "UDP" => kind == "UDPRoute",
            _ => true,
        }
    }
}

/// A Gateway of `gateway.networking.k8s.io`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gateway {
    /// Namespace and name.
    pub key: ObjectKey,
    /// The name of its GatewayClass.
    pub class: Arc<str>,
    /// Its listeners.
    pub listeners: Vec<Listener>,
    /// What its annotations say about the load balancer.
    pub balancer: Balancer,
    /// Where it was written.
    pub origin: Origin,
}

/// What a route hangs on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RouteParent {
    /// `Gateway`, or the kind of something else: a mesh's `Service`.
    pub kind: Arc<str>,
    /// Its namespace and name.
    pub key: ObjectKey,
    /// The one listener that is meant, by name.
    pub section: Option<Arc<str>>,
    /// The one port that is meant.
    pub port: Option<u16>,
    /// Where it was written.
    pub origin: Origin,
}

/// Where a rule of a route leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RouteBackend {
    /// `Service`, or the kind of something else.
    pub kind: Arc<str>,
    /// Its namespace and name.
    pub key: ObjectKey,
    /// The port of the Service.
    pub port: Option<u16>,
    /// Its share of the traffic; 0 for none.
    pub weight: u32,
    /// Where it was written.
    pub origin: Origin,
}

/// A rule of a route.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RouteRule {
    /// What it matches, as a person writes it: paths, or methods of gRPC. Empty for everything.
    pub matches: Vec<Arc<str>>,
    /// Where it leads. Empty for what answers by itself, such as a redirect.
    pub backends: Vec<RouteBackend>,
    /// Where it was written.
    pub origin: Origin,
}

/// A route of `gateway.networking.k8s.io`: HTTPRoute, GRPCRoute, TLSRoute, TCPRoute or UDPRoute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// Its kind.
    pub kind: Arc<str>,
    /// Namespace and name.
    pub key: ObjectKey,
    /// What it hangs on.
    pub parents: Vec<RouteParent>,
    /// Its host names; empty for those of the listener.
    pub hostnames: Vec<Arc<str>>,
    /// Its rules.
    pub rules: Vec<RouteRule>,
    /// Where it was written.
    pub origin: Origin,
}

/// A ReferenceGrant: which objects of other namespaces may name objects of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReferenceGrant {
    /// Namespace and name.
    pub key: ObjectKey,
    /// Who may: kind and namespace.
    pub from: Vec<(Arc<str>, Arc<str>)>,
    /// Whom: kind, and the one name where one is meant.
    pub to: Vec<(Arc<str>, Option<Arc<str>>)>,
    /// Where it was written.
    pub origin: Origin,
}
