//! `sekisho exposure -o json`.

use super::place;
use crate::render::exposure::{Report, Said, WaySaid, open_to_kind, whom};
use schemars::JsonSchema;
use sekisho_core::{
    exposure::{self, Opening, OpeningRule},
    object::Workload,
    set::AddressSet,
    ways::{Arrival, Clients, Inner, Sender, Source},
};
use serde::Serialize;
use std::sync::Arc;

/// The ways in from outside, and whom workloads are open to.
#[derive(Debug, JsonSchema, Serialize)]
#[schemars(title = "sekisho exposure")]
pub(super) struct Exposure {
    /// The ways in: those that somebody has to mend first, then those of which the manifests do not tell
    /// enough, then the others.
    ways: Vec<Way>,
    /// Whom workloads are open to: ingress before egress, the wider before the narrower.
    exposures: Vec<Open>,
}

/// A way in.
#[derive(Debug, JsonSchema, Serialize)]
struct Way {
    /// The way as a person reads it, from who begins it to the last object on it.
    path: String,
    /// Who may begin it, as a person calls them.
    clients: String,
    /// Their addresses, where those are known.
    client_cidrs: Vec<String>,
    /// The objects on it, outermost first.
    hops: Vec<Hop>,
    /// Who comes to the pods at its end, as a person calls them; null where it leads to none.
    comes: Option<String>,
    /// With which addresses, as far as they are known and not those of pods.
    comes_cidrs: Vec<String>,
    /// Whether somebody has to mend it: it leads nowhere, or policies refuse what it brings.
    broken: bool,
    /// `nowhere` for a way that leads to no pod by mistake, `elsewhere` for one that goes on where it is not
    /// followed; else the worst answer of its ends: `unreachable`, `partly`, `unknown` or `reachable`.
    answer: String,
    /// Why it leads to no pod; null where it does.
    nowhere: Option<Nowhere>,
    /// The workloads it leads to.
    arrivals: Vec<Arrives>,
}

/// An object, or a proxy, on a way.
#[derive(Debug, JsonSchema, Serialize)]
struct Hop {
    /// Its kind; `Pod` for the workload of a proxy.
    kind: String,
    /// Its `namespace/name`.
    name: String,
    /// What of it: host names and paths, listeners, a port.
    detail: String,
    /// Where it was written, as `file:line:column`; null for what was not read from a text.
    source: Option<String>,
}

/// Why a way leads to no pod.
#[derive(Debug, JsonSchema, Serialize)]
struct Nowhere {
    /// The reason.
    message: String,
    /// Where to look, as `file:line:column`.
    source: Option<String>,
}

/// A workload that a way leads to.
#[derive(Debug, JsonSchema, Serialize)]
struct Arrives {
    /// Its `namespace/name`.
    workload: String,
    /// Its kind.
    kind: String,
    /// The names of the pods that are meant, where those of one workload are answered differently.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pods: Vec<String>,
    /// The port of the pods, such as `TCP/8080`.
    port: String,
    /// `reachable`, `partly`, `unreachable`, or `unknown` where the manifests do not tell who comes.
    answer: String,
    /// Who is admitted.
    admitted: Vec<Sends>,
    /// Who is not.
    refused: Vec<Sends>,
    /// What would have to be known to say more; null where nothing is missing.
    missing: Option<String>,
    /// The answer as a sentence.
    because: String,
    /// Of what is refused and should not be: what kept the nearest rule from admitting it.
    nearest: Option<String>,
    /// Where that was written, as `file:line:column`.
    source: Option<String>,
}

/// Some of those who come to a pod.
#[derive(Debug, JsonSchema, Serialize)]
#[serde(rename_all = "snake_case")]
enum Sends {
    /// From these blocks of addresses.
    Cidrs(Vec<String>),
    /// A node by name, `own node` for the pod's own, or `other nodes`.
    Node(String),
    /// Pods of a workload, `namespace/name`.
    Workload(String),
}

/// Workloads that are open alike.
#[derive(Debug, JsonSchema, Serialize)]
struct Open {
    /// `ingress` or `egress`.
    direction: String,
    /// `unprotected` where no policy isolates the workloads in this direction; else `internet`, `cluster`,
    /// `namespace`, or `future` for pods that do not exist yet.
    to: String,
    /// Whom, as a person says it.
    whom: String,
    /// The addresses, of `internet`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    cidrs: Vec<String>,
    /// The namespace, of `namespace`.
    #[serde(skip_serializing_if = "Option::is_none")]
    namespace: Option<String>,
    /// The ports: as in `sekisho reach -o json`, and `TCP/name` for one by name that its destination
    /// resolves.
    ports: Vec<String>,
    /// The workloads that are open.
    workloads: Vec<Opened>,
    /// The rules that open them; none where no policy says otherwise.
    rules: Vec<Rule>,
    /// Rules of cluster-wide policies that refuse some of those it is open to.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    refused_by: Vec<Rule>,
}

/// A workload that is open.
#[derive(Debug, JsonSchema, Serialize)]
struct Opened {
    /// Its `namespace/name`.
    workload: String,
    /// Its kind.
    kind: String,
    /// The names of the pods that are meant; missing where all are.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pods: Vec<String>,
}

/// A rule that opens, or refuses.
#[derive(Debug, JsonSchema, Serialize)]
struct Rule {
    /// Its policy: `namespace/name`, or `kind/name` of a cluster-wide one.
    policy: String,
    /// The path of the entry in it, such as `spec.ingress[0].from[1]`.
    path: String,
    /// Where it was written, as `file:line:column`; null for what was not read from a text.
    source: Option<String>,
}

impl From<&Report> for Exposure {
    fn from(report: &Report) -> Self {
        Self {
            ways: report.ways.iter().map(Way::from).collect(),
            exposures: report.exposures.iter().map(Open::from).collect(),
        }
    }
}

fn cidrs(set: &AddressSet) -> Vec<String> {
    set.cidrs().iter().map(ToString::to_string).collect()
}

impl From<&WaySaid> for Way {
    fn from(said: &WaySaid) -> Self {
        let way = &said.way;
        let worst = said.ends.iter().min_by_key(|end| (!end.is_broken, rank(end)));
        let hops = way.hops.iter().map(|hop| Hop {
            kind: hop.kind.to_string(),
            name: hop.name.to_string(),
            detail: hop.detail.trim_start_matches(':').to_owned(),
            source: place(&hop.origin),
        });
        let (nowhere, arrivals) = match &way.inner {
            Inner::Nowhere(end, origin) => {
                (Some(Nowhere { message: end.to_string(), source: place(origin) }), Vec::new())
            }
            Inner::Pods(arrivals) => (None, arrivals.iter().zip(&said.ends).map(Arrives::from).collect()),
        };
        Self {
            path: said.outer(),
            clients: way.clients.to_string(),
            client_cidrs: match &way.clients {
                Clients::NodeNetwork | Clients::Controller => Vec::new(),
                known => cidrs(&known.addresses()),
            },
            hops: hops.collect(),
            comes: way.source.as_ref().map(ToString::to_string),
            comes_cidrs: match &way.source {
                Some(Source::Clients(set) | Source::Balancer { ranges: set, .. }) => cidrs(set),
                _ => Vec::new(),
            },
            broken: way.is_broken(),
            answer: worst.map(|end| end.answer.to_owned()).unwrap_or_default(),
            nowhere,
            arrivals,
        }
    }
}

fn rank(end: &Said) -> u8 {
    match end.answer {
        "unreachable" => 0,
        "partly" => 1,
        "unknown" => 2,
        _ => 3,
    }
}

impl From<(&Arrival, &Said)> for Arrives {
    fn from((arrival, said): (&Arrival, &Said)) -> Self {
        Self {
            workload: arrival.workload.key.to_string(),
            kind: arrival.workload.kind.to_string(),
            pods: arrival.pods.iter().map(ToString::to_string).collect(),
            port: format!("{}/{}", arrival.protocol, arrival.port),
            answer: said.answer.to_owned(),
            admitted: arrival.admitted.iter().map(Sends::from).collect(),
            refused: arrival.refused.iter().map(Sends::from).collect(),
            missing: arrival.missing.as_ref().map(ToString::to_string),
            because: said.sentence.clone(),
            nearest: said.miss.as_ref().map(|miss| miss.sentence.clone()),
            source: said.origin.as_ref().and_then(place),
        }
    }
}

impl From<&Sender> for Sends {
    fn from(sender: &Sender) -> Self {
        match sender {
            Sender::Addresses(set) => Self::Cidrs(cidrs(set)),
            Sender::OwnNode => Self::Node("own node".to_owned()),
            Sender::Node(name) => Self::Node(name.to_string()),
            Sender::OtherNodes => Self::Node("other nodes".to_owned()),
            Sender::Workload(workload) => Self::Workload(workload.key.to_string()),
        }
    }
}

impl From<&exposure::Exposure> for Open {
    fn from(open: &exposure::Exposure) -> Self {
        let (cidrs, namespace) = match &open.opening {
            Opening::Internet(set) => (cidrs(set), None),
            Opening::Namespace(name) => (Vec::new(), Some(name.to_string())),
            _ => (Vec::new(), None),
        };
        Self {
            direction: open.direction.to_string(),
            to: open_to_kind(&open.opening).to_owned(),
            whom: whom(open),
            cidrs,
            namespace,
            ports: open.ports.terms(),
            workloads: open.workloads.iter().map(Opened::from).collect(),
            rules: open.rules.iter().map(Rule::from).collect(),
            refused_by: open.but.iter().map(Rule::from).collect(),
        }
    }
}

impl From<&OpeningRule> for Rule {
    fn from(rule: &OpeningRule) -> Self {
        Self { policy: rule.name.policy(), path: rule.name.path(), source: place(&rule.origin) }
    }
}

impl From<&(Workload, Vec<Arc<str>>)> for Opened {
    fn from((workload, pods): &(Workload, Vec<Arc<str>>)) -> Self {
        let (kind, workload) = (workload.kind.to_string(), workload.key.to_string());
        Self { workload, kind, pods: pods.iter().map(ToString::to_string).collect() }
    }
}
