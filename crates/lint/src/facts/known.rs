//! What is known of an object that its text does not tell.

use super::object::{ContainerPort, NetworkPolicyPeer, Object};
use schemars::JsonSchema;
use serde::Serialize;
use std::collections::BTreeMap;

/// What is known of an object. Which fields are there depends on its kind.
#[derive(Clone, Debug, Default, JsonSchema, Serialize)]
pub struct Known {
    /// Where the object was written, as `file:line:column`; missing for what was read of a cluster.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub origin: Option<String>,
    /// The environment, as `sekisho.yaml` calls it; missing where it names none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub environment: Option<String>,
    /// Whether something is left out because it cannot be read.
    pub has_gaps: bool,
    /// Whether there are pods at all: without any, nothing can be said of who is selected.
    pub has_pods: bool,
    /// Whether everything in the cluster is known. Where it is not, what is not there may well exist.
    pub whole_cluster: bool,
    /// The namespace that the object lies in, or is.
    pub namespace: NamespaceFacts,
    /// What the catalog says of it: of a policy that selects a component's pods, or of a workload that is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub component: Option<Component>,
    /// Of a NetworkPolicy: the workloads it selects, sorted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub selects: Option<Vec<Workload>>,
    /// Of a NetworkPolicy that selects no pod: the workloads of other namespaces that have the labels.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub selects_elsewhere: Option<Vec<Workload>>,
    /// Of a NetworkPolicy: each of its rules, and whom each peer matches.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rules: Option<Sides<Vec<Rule>>>,
    /// Of a namespace: its workloads, sorted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub workloads: Option<Vec<Workload>>,
    /// Of a namespace: its policies. Of a workload: those that select it. Sorted by name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub policies: Option<Vec<PolicyFacts>>,
    /// Of a workload: whether some policy isolates it. Of a NetworkPolicy: what it isolates.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub isolated: Option<Sides<bool>>,
    /// Of a workload, and of what a NetworkPolicy selects: the connections that all policies together, those of
    /// the other side too, allow.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allows: Option<Sides<Vec<Connections>>>,
    /// Whom it is open to, as `sekisho exposure` says: a workload by all its policies, a NetworkPolicy by its own
    /// rules.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exposure: Option<Vec<Exposure>>,
}

/// One of each direction.
#[derive(Clone, Debug, Default, JsonSchema, Serialize)]
pub struct Sides<T> {
    /// Of what comes in.
    pub ingress: T,
    /// Of what goes out.
    pub egress: T,
}

/// What is known of a namespace.
#[derive(Clone, Debug, Default, JsonSchema, Serialize)]
pub struct NamespaceFacts {
    /// Its name.
    pub name: String,
    /// Its labels, the one that every namespace has of itself among them.
    pub labels: BTreeMap<String, String>,
    /// Whether something of it is there: a pod, or the namespace itself.
    pub known: bool,
    /// Whether the standard asks nothing of it.
    pub exempt: bool,
    /// Whether the standard wants the egress of its pods closed.
    pub egress_closed: bool,
}

/// A component of a service, as the catalog has it.
#[derive(Clone, Debug, JsonSchema, Serialize)]
pub struct Component {
    /// Its name.
    pub name: String,
    /// Its namespace.
    pub namespace: String,
    /// Its tier, such as `frontend`.
    pub tier: String,
    /// Whether its egress is to be closed.
    pub egress_closed: bool,
    /// The named peers that it lets in.
    pub admits: Vec<String>,
    /// The ports on which it is called, such as `TCP 8080`.
    pub ports: Vec<String>,
}

/// A workload.
#[derive(Clone, Debug, JsonSchema, Serialize)]
pub struct Workload {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Its kind, such as `Deployment`.
    pub kind: String,
    /// The labels of its pods; where they differ, of one of them.
    pub labels: BTreeMap<String, String>,
    /// The ports of its pods.
    pub ports: Vec<ContainerPort>,
    /// How many of its pods are meant.
    pub pods: usize,
}

/// A rule of a NetworkPolicy.
#[derive(Clone, Debug, JsonSchema, Serialize)]
pub struct Rule {
    /// Its path, such as `spec.ingress[0]`: what a result may give as `path`.
    pub path: String,
    /// Where it was written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub origin: Option<String>,
    /// Whether it has effect: `policyTypes` may leave its direction out.
    pub effective: bool,
    /// Its peers; none where it is about everybody.
    pub peers: Vec<Peer>,
    /// Its ports, such as `TCP 8080` or `TCP http`; none where it is about all.
    pub ports: Vec<String>,
}

/// An entry of `from` or `to`.
#[derive(Clone, Debug, JsonSchema, Serialize)]
pub struct Peer {
    /// Its path, such as `spec.ingress[0].from[1]`.
    pub path: String,
    /// Where it was written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub origin: Option<String>,
    /// The entry itself.
    pub entry: NetworkPolicyPeer,
    /// `pods` of the own namespace, whole `namespaces`, `pods-in-namespaces`, or a `block` of addresses.
    pub kind: String,
    /// Whom it matches.
    pub matches: Matches,
    /// What `sekisho.yaml` calls it.
    pub named: Vec<String>,
    /// Whether the standard lets it stand in this policy, in this environment.
    pub agreed: bool,
}

/// Whom a peer matches.
#[derive(Clone, Debug, Default, JsonSchema, Serialize)]
pub struct Matches {
    /// The namespaces that its selector matches, or its own; none of a block.
    pub namespaces: Vec<String>,
    /// The workloads; none of a block.
    pub workloads: Vec<Workload>,
    /// Of a `podSelector` alone that matches no pod of the own namespace: the workloads of others that have the
    /// labels, whom it does not reach.
    pub elsewhere: Vec<Workload>,
    /// The addresses of a block, in the fewest blocks.
    pub cidrs: Vec<String>,
}

/// A policy.
#[derive(Clone, Debug, JsonSchema, Serialize)]
pub struct PolicyFacts {
    /// What it isolates.
    pub isolates: Sides<bool>,
    /// The policy, as it is in its own document.
    #[serde(flatten)]
    pub object: Object,
}

/// Connections with some ends, on some ports.
#[derive(Clone, Debug, JsonSchema, Serialize)]
pub struct Connections {
    /// The own end, as `sekisho reach` calls it.
    pub own: String,
    /// The other end, as `sekisho reach` calls it: `entire cluster`, `internet`, ``all pods of `x` ``.
    pub with: String,
    /// The parts of the other end.
    pub ends: Vec<End>,
    /// The ports, such as `TCP/8080`, or `all`.
    pub ports: Vec<String>,
}

/// A part of an end.
#[derive(Clone, Debug, JsonSchema, Serialize)]
#[serde(untagged)]
pub enum End {
    /// Every pod of the cluster.
    Cluster {
        /// Always true.
        cluster: bool,
        /// But for these.
        except: Vec<String>,
    },
    /// Every pod of a namespace.
    Namespace {
        /// Its name.
        namespace: String,
        /// But for these of its workloads.
        except: Vec<String>,
    },
    /// A workload.
    Workload {
        /// Its `namespace/name`.
        workload: String,
        /// Its kind.
        kind: String,
    },
    /// Addresses that no pod has.
    Addresses {
        /// The fewest blocks of them.
        cidrs: Vec<String>,
    },
}

/// Whom something is open to.
#[derive(Clone, Debug, JsonSchema, Serialize)]
pub struct Exposure {
    /// `ingress` or `egress`.
    pub direction: Way,
    /// `unprotected`, `internet`, `cluster`, `namespace`, or `future` for pods that do not exist yet.
    pub to: String,
    /// Whom, as a person says it.
    pub whom: String,
    /// The ports.
    pub ports: Vec<String>,
    /// The rules that open it; none where no policy says otherwise.
    pub rules: Vec<ExposureRule>,
}

/// A direction.
#[derive(Clone, Copy, Debug, JsonSchema, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Way {
    /// Being reached.
    Ingress,
    /// Reaching.
    Egress,
}

/// A rule that opens something.
#[derive(Clone, Debug, JsonSchema, Serialize)]
pub struct ExposureRule {
    /// Its policy, `namespace/name`.
    pub policy: String,
    /// Its path, such as `spec.ingress[0].from[1]`.
    pub path: String,
}
