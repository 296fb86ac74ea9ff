//! `sekisho reach -o json`.

use crate::args;
use schemars::JsonSchema;
use sekisho_core::reach::{self, Party, Term, WorkloadPods};
use serde::Serialize;
use std::borrow::Cow;

/// The allowed connections of a cluster, sorted: pods before addresses on either end.
#[derive(Debug, JsonSchema, Serialize)]
#[schemars(title = "sekisho reach")]
pub(super) struct Reach<'a> {
    /// What pods are named by. It decides how a row is to be read.
    by: By,
    /// Those that were asked for. What was asked for and is not listed is denied, but for what no policy can deny: a pod being reached from its own
    /// node, or by itself.
    connections: Vec<Connection<'a>>,
}

/// What pods are named by.
#[derive(Debug, JsonSchema, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum By {
    /// Each by itself: every pod of one end may reach every pod of the other.
    Pod,
    /// By their workloads, to the same effect.
    Workload,
    /// By their namespaces: some pod of one end may reach some pod of the other, in some family.
    Namespace,
}

impl From<args::By> for By {
    fn from(by: args::By) -> Self {
        match by {
            args::By::Pod => Self::Pod,
            args::By::Workload => Self::Workload,
            args::By::Namespace => Self::Namespace,
        }
    }
}

/// Connections that are allowed: from each of one end to each of the other, on each of the ports.
#[derive(Debug, JsonSchema, Serialize)]
pub(super) struct Connection<'a> {
    /// Who may open them: any of these.
    from: Vec<End<'a>>,
    /// To whom: any of these.
    to: Vec<End<'a>>,
    /// The only address family that this holds for. Missing where it holds for every family that both
    /// ends have.
    #[serde(skip_serializing_if = "Option::is_none")]
    family: Option<Family>,
    /// Each `TCP`, `UDP` or `SCTP` for every port of the protocol, or with a port or a range of ports
    /// (`TCP/80`, `TCP/8000-8100`); or `all` for every port of every protocol, and protocols without
    /// ports.
    ports: Vec<String>,
}

/// An address family.
#[derive(Debug, JsonSchema, Serialize)]
pub(super) enum Family {
    /// IPv4.
    #[serde(rename = "IPv4")]
    V4,
    /// IPv6.
    #[serde(rename = "IPv6")]
    V6,
}

/// Ends of connections.
#[derive(Debug, JsonSchema, Serialize)]
#[serde(untagged)]
pub(super) enum End<'a> {
    /// Every pod of the cluster; some pod of every namespace where `by` is `namespace`.
    #[schemars(title = "cluster")]
    Cluster {
        /// Always true.
        cluster: bool,
        /// Those that are not meant.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        except: Vec<End<'a>>,
    },
    /// Every pod of a namespace; some pod of it where `by` is `namespace`.
    #[schemars(title = "namespace")]
    Namespace {
        /// The namespace.
        namespace: Cow<'a, str>,
        /// Those of its workloads that are not meant.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        except: Vec<Workload<'a>>,
    },
    /// A workload of the cluster.
    #[schemars(title = "workload")]
    Workload(Workload<'a>),
    /// Addresses outside the cluster, split only where some policy tells them apart.
    #[schemars(title = "addresses")]
    Addresses {
        /// The fewest blocks that cover them, IPv4 before IPv6, ascending. It is said of those of
        /// their addresses that no pod bears.
        cidrs: Vec<String>,
    },
}

/// A workload of the cluster, or some of its pods.
#[derive(Debug, JsonSchema, Serialize)]
pub(super) struct Workload<'a> {
    /// Its `namespace/name`.
    workload: String,
    /// Its kind, such as `Deployment`; `Pod` for a pod that belongs to nothing.
    kind: Cow<'a, str>,
    /// The names of the pods that are meant, where pods of one workload are answered differently.
    /// Missing where all of them are meant.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pods: Vec<Cow<'a, str>>,
    /// Which addresses of these pods, where even addresses of one pod are answered differently.
    /// Missing where all of them are meant.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    addresses: Vec<String>,
}

impl From<reach::Family> for Family {
    fn from(family: reach::Family) -> Self {
        match family {
            reach::Family::V4 => Self::V4,
            reach::Family::V6 => Self::V6,
        }
    }
}

impl<'a> From<&'a reach::Connection> for Connection<'a> {
    fn from(connection: &'a reach::Connection) -> Self {
        Self {
            from: ends(&connection.from),
            to: ends(&connection.to),
            family: connection.family.map(Family::from),
            ports: connection.ports.terms(),
        }
    }
}

pub(super) fn ends(party: &Party) -> Vec<End<'_>> {
    party.terms.iter().map(End::from).collect()
}

impl<'a> From<&'a Term> for End<'a> {
    fn from(term: &'a Term) -> Self {
        match term {
            Term::Cluster { except } => {
                Self::Cluster { cluster: true, except: except.iter().map(End::from).collect() }
            }
            Term::Namespace { name, except } => Self::Namespace {
                namespace: Cow::Borrowed(name),
                except: except.iter().map(Workload::from).collect(),
            },
            Term::Workload(pods) => Self::Workload(Workload::from(pods)),
            Term::Addresses(addresses) => {
                Self::Addresses { cidrs: addresses.cidrs().iter().map(ToString::to_string).collect() }
            }
        }
    }
}

impl<'a> From<&'a WorkloadPods> for Workload<'a> {
    fn from(pods: &'a WorkloadPods) -> Self {
        Self {
            workload: pods.workload.key.to_string(),
            kind: Cow::Borrowed(&pods.workload.kind),
            pods: pods.pods.iter().map(|pod| Cow::Borrowed(&**pod)).collect(),
            addresses: pods.addresses.iter().map(ToString::to_string).collect(),
        }
    }
}
