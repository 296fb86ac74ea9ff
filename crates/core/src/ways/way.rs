//! A way in, and where it leads.

use crate::{
    object::{BalancerTargets, Origin, PodUid, Provider, Workload},
    set::{AddressSet, Protocol},
};
use std::{collections::BTreeSet, sync::Arc};

/// Who may begin at the outer end of a way.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Clients {
    /// The internet.
    Internet,
    /// These addresses: `loadBalancerSourceRanges`.
    Ranges(AddressSet),
    /// The network that the cluster is in, of an internal load balancer.
    InnerNetwork,
    /// Whoever reaches an address of a node: a firewall decides, and no manifest tells.
    NodeNetwork,
    /// Whoever reaches the pods of the controller; no Service among the manifests tells who does.
    Controller,
}

impl Clients {
    /// The addresses that they may have.
    #[must_use]
    pub fn addresses(&self) -> AddressSet {
        match self {
            Self::Internet => AddressSet::internet(),
            Self::Ranges(ranges) => ranges.clone(),
            Self::InnerNetwork => AddressSet::inner_network(),
            Self::NodeNetwork | Self::Controller => AddressSet::full(),
        }
    }
}

/// An object or a proxy on the way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hop {
    /// Its kind, such as `Ingress`; `Pod` for the workload of a proxy.
    pub kind: Arc<str>,
    /// Its `namespace/name`.
    pub name: Arc<str>,
    /// What of it: host names and paths, listeners, a port. May be empty.
    pub detail: Arc<str>,
    /// Where it was written.
    pub origin: Origin,
}

/// What is not to be found in the manifests, so that nobody can tell who comes to the pods.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Missing {
    /// From which addresses a load balancer, of this provider where it is known, sends to the pods.
    BalancerAddresses(Option<Provider>),
    /// The proxy-only subnet from which a regional or internal load balancer of Google Cloud sends.
    ProxySubnet,
    /// Which controller serves the object: it names no class, and none is the default.
    Class,
    /// Who serves a class that is not known.
    Controller(Arc<str>),
    /// The pods of a controller that runs in the cluster.
    ControllerPods(Arc<str>),
    /// The addresses of the nodes.
    Nodes,
}

/// Who comes to the pods at the inner end of a way.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Source {
    /// The clients, with their own addresses.
    Clients(AddressSet),
    /// A load balancer outside the cluster, with addresses of its own: traffic, health checks or both.
    Balancer {
        /// The addresses that are known.
        ranges: AddressSet,
        /// What of them is not.
        missing: Option<Missing>,
    },
    /// The node that took the packet in, which masquerades it: the pod's own or another (S20).
    Nodes,
    /// The pods of a controller in the cluster.
    Pods {
        /// What they belong to.
        workloads: BTreeSet<Workload>,
        /// The pods.
        pods: Vec<PodUid>,
    },
    /// Nobody can tell.
    Unknown(Missing),
}

/// Some of those who come to a pod.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Sender {
    /// From these addresses.
    Addresses(AddressSet),
    /// The pod's own node, which no policy stops (S20).
    OwnNode,
    /// Another node, by name.
    Node(Arc<str>),
    /// Any other node, where none is known.
    OtherNodes,
    /// Pods of a workload.
    Workload(Workload),
}

/// How it ends for those who come to a pod.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Answer {
    /// Policy admits none of them.
    Unreachable,
    /// Policy admits some of them.
    Partly,
    /// The manifests do not tell who comes, and policy does not admit everybody or nobody.
    Unknown,
    /// Policy admits all of them.
    Reachable,
}

/// A workload that a way leads to, and what its policies say to those who come that way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arrival {
    /// The workload.
    pub workload: Workload,
    /// The names of the pods that this is said of; empty where it is all of the workload's that the
    /// way leads to.
    pub pods: Vec<Arc<str>>,
    /// The protocol.
    pub protocol: Protocol,
    /// The port of the pods (S16).
    pub port: u16,
    /// The answer.
    pub answer: Answer,
    /// Who is admitted.
    pub admitted: Vec<Sender>,
    /// Who is not.
    pub refused: Vec<Sender>,
    /// What would have to be known to say more.
    pub missing: Option<Missing>,
    /// A packet that is refused, to ask the evaluator about.
    pub witness: Option<crate::packet::Packet>,
}

/// Why a way leads to no pod.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DeadEnd {
    /// There is no such Service: `namespace/name`.
    NoService(Arc<str>),
    /// The Service has no such port.
    NoPort {
        /// The Service.
        service: Arc<str>,
        /// The port that is asked for, by number or by name.
        port: Arc<str>,
        /// Those that it has, as a person writes them.
        has: Vec<Arc<str>>,
    },
    /// The Service selects no pod.
    NoPods {
        /// The Service.
        service: Arc<str>,
        /// Its selector.
        selector: Arc<str>,
    },
    /// No pod that the Service selects has a port of this name.
    NoNamedPort {
        /// The Service.
        service: Arc<str>,
        /// The name.
        name: Arc<str>,
    },
    /// The Service selects nothing by labels: its endpoints are written elsewhere.
    NoSelector(Arc<str>),
    /// The Service stands for a name outside the cluster.
    ExternalName(Arc<str>),
    /// The backend is no Service: `Kind namespace/name`.
    Other(Arc<str>),
    /// There is no such Gateway: `namespace/name`.
    NoGateway(Arc<str>),
    /// No listener of the Gateway takes the route.
    NoListener {
        /// The Gateway.
        gateway: Arc<str>,
        /// Why not, of the listener that comes nearest.
        why: NotTaken,
    },
    /// No ReferenceGrant lets the route name a Service of another namespace.
    NoGrant {
        /// The Service.
        service: Arc<str>,
    },
}

/// Why a listener does not take a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NotTaken {
    /// None has the name or the port that the route asks for.
    NotAsked,
    /// It takes other kinds of routes.
    Kind,
    /// It takes no routes of the namespace.
    Namespace,
    /// Its host name and those of the route have nothing in common.
    Hostname,
}

impl DeadEnd {
    /// Whether somebody made a mistake; else the way goes on where it is not followed.
    #[must_use]
    pub fn is_mistake(&self) -> bool {
        !matches!(self, Self::NoSelector(_) | Self::ExternalName(_) | Self::Other(_))
    }
}

/// Where a way leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Inner {
    /// To these workloads; at least one.
    Pods(Vec<Arrival>),
    /// To none, and the place that says so.
    Nowhere(DeadEnd, Origin),
}

/// A way in from outside: who may begin it, what lies on it, who comes to the pods, and what their
/// policies say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WayIn {
    /// Who may begin it.
    pub clients: Clients,
    /// What lies on it, outermost first; at least one.
    pub hops: Vec<Hop>,
    /// Who comes to the pods; `None` where it leads to none.
    pub source: Option<Source>,
    /// Where it leads.
    pub inner: Inner,
}

impl WayIn {
    /// Whether somebody has to do something: it leads nowhere, or policy refuses what it brings.
    #[must_use]
    pub fn is_broken(&self) -> bool {
        match &self.inner {
            Inner::Nowhere(end, _) => end.is_mistake(),
            Inner::Pods(arrivals) => arrivals.iter().any(|arrival| self.is_refused(arrival)),
        }
    }

    /// Whether policy refuses what it should admit. That it chooses among clients is what it is for;
    /// but a balancer, a node or a controller that is refused in part works now and then.
    #[must_use]
    pub fn is_refused(&self, arrival: &Arrival) -> bool {
        match arrival.answer {
            Answer::Unreachable => true,
            Answer::Partly => !matches!(self.source, Some(Source::Clients(_))),
            Answer::Unknown | Answer::Reachable => false,
        }
    }
}

/// What a person can tell beyond the manifests.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Told {
    /// Addresses of load balancers outside the cluster, as pods see them.
    pub balancers: AddressSet,
    /// Workloads that serve Ingresses and Gateways, where labels do not tell: `(namespace, name)`.
    pub controllers: BTreeSet<crate::object::ObjectKey>,
}

/// How a proxy outside or inside the cluster sends on what it takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Proxy {
    /// Google Cloud: to what the Service's annotation says; from ranges that Google publishes, and for
    /// an internal or regional one from a subnet of the user's.
    Google {
        regional: bool,
        internal: bool,
    },
    /// Another provider's, outside the cluster.
    Outside {
        provider: Provider,
        targets: BalancerTargets,
        internal: bool,
    },
    /// Pods of the cluster.
    Inside {
        workloads: BTreeSet<Workload>,
        pods: Vec<PodUid>,
    },
    Unknown(Missing),
}
