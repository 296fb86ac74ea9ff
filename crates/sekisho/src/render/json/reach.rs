//! `sekisho reach -o json`.

use schemars::JsonSchema;
use sekisho_core::reach::{self, Endpoint};
use serde::Serialize;
use std::borrow::Cow;

/// The allowed connections of a cluster, sorted: workloads before addresses on either end.
#[derive(Debug, JsonSchema, Serialize)]
#[schemars(title = "sekisho reach")]
pub(super) struct Reach<'a> {
    /// What is not listed is denied, but for a workload's connections with itself, which are left out,
    /// and for what no policy can deny: a pod being reached from its own node.
    connections: Vec<Connection<'a>>,
}

/// Connections that are allowed: from any of one end to any of the other, on each of the ports.
#[derive(Debug, JsonSchema, Serialize)]
pub(super) struct Connection<'a> {
    /// Who may open them.
    from: End<'a>,
    /// To whom.
    to: End<'a>,
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
enum Family {
    /// IPv4.
    #[serde(rename = "IPv4")]
    V4,
    /// IPv6.
    #[serde(rename = "IPv6")]
    V6,
}

/// One end of connections: a workload of the cluster, or addresses outside it.
#[derive(Debug, JsonSchema, Serialize)]
#[serde(untagged)]
enum End<'a> {
    /// A workload of the cluster.
    #[schemars(title = "workload")]
    Workload {
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
    },
    /// Addresses outside the cluster, split only where some policy tells them apart.
    #[schemars(title = "addresses")]
    Addresses {
        /// The fewest blocks that cover them, IPv4 before IPv6, ascending. It is said of those of
        /// their addresses that no pod bears.
        cidrs: Vec<String>,
    },
}

impl<'a> From<&'a reach::Connection> for Connection<'a> {
    fn from(connection: &'a reach::Connection) -> Self {
        Self {
            from: End::from(&*connection.from),
            to: End::from(&*connection.to),
            family: connection.family.map(|family| match family {
                reach::Family::V4 => Family::V4,
                reach::Family::V6 => Family::V6,
            }),
            ports: connection.ports.terms(),
        }
    }
}

impl<'a> From<&'a Endpoint> for End<'a> {
    fn from(end: &'a Endpoint) -> Self {
        match end {
            Endpoint::Workload(end) => Self::Workload {
                workload: end.workload.key.to_string(),
                kind: Cow::Borrowed(&end.workload.kind),
                pods: end.pods.iter().map(|pod| Cow::Borrowed(&**pod)).collect(),
                addresses: end.addresses.iter().map(ToString::to_string).collect(),
            },
            Endpoint::Addresses(addresses) => {
                Self::Addresses { cidrs: addresses.cidrs().iter().map(ToString::to_string).collect() }
            }
        }
    }
}
