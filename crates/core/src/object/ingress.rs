//! Ingresses and their classes. Policies never see one: it is read to know who comes in, and how.

use super::{Balancer, ObjectKey, Origin};
use std::{fmt, sync::Arc};

/// A port of a Service as an Ingress names it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ServicePortRef {
    /// By its number.
    Number(u16),
    /// By its name.
    Name(Arc<str>),
}

impl fmt::Display for ServicePortRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => number.fmt(f),
            Self::Name(name) => f.write_str(name),
        }
    }
}

/// Where an Ingress leads.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum IngressTarget {
    /// To a port of a Service of its namespace.
    Service(Arc<str>, ServicePortRef),
    /// To an object of another kind, such as a bucket: `kind/name`.
    Resource(Arc<str>),
}

/// One way through an Ingress.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IngressPath {
    /// The host name; `None` for every host, and for the default backend.
    pub host: Option<Arc<str>>,
    /// The path; `None` for every path, and for the default backend.
    pub path: Option<Arc<str>>,
    /// Where it leads.
    pub target: IngressTarget,
    /// Where the backend was written.
    pub origin: Origin,
}

/// An Ingress of `networking.k8s.io/v1`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ingress {
    /// Namespace and name.
    pub key: ObjectKey,
    /// Its class, by field or by annotation.
    pub class: Option<Arc<str>>,
    /// The ways through it, as written; the default backend last.
    pub paths: Vec<IngressPath>,
    /// What its annotations say about the load balancer.
    pub balancer: Balancer,
    /// Where it was written.
    pub origin: Origin,
}

/// An IngressClass or a GatewayClass: who makes the way that the objects of the class describe.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Class {
    /// Its name.
    pub name: Arc<str>,
    /// The controller, such as `k8s.io/ingress-nginx`.
    pub controller: Arc<str>,
    /// Whether Ingresses that name no class are of this one.
    pub is_default: bool,
    /// Where it was written.
    pub origin: Origin,
}
