//! An object of the API, read as manifests are.

use super::{Watched, heard::Heard};
use crate::{Options, reading::read_value, snapshot::kind::Kind};
use sekisho_core::object::{
    Cluster, ClusterPeer, ClusterPeerKind, ClusterPolicy, ClusterRule, Namespace, NetworkPolicy, Node,
    ObjectKey, Pod, PodUid, RuleAction, annotation::MODE,
};
use serde_json::{Value, json};
use std::{fmt, sync::Arc};

/// Which object it is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Id {
    /// Namespace and name; the namespace is empty where there is none.
    pub key: ObjectKey,
    /// What tells it from others that bore the name before.
    pub uid: Arc<str>,
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &*self.key.namespace {
            "" => f.write_str(&self.key.name),
            _ => self.key.fmt(f),
        }
    }
}

/// What policies depend on of an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Object {
    /// A namespace.
    Namespace(Namespace),
    /// A node.
    Node(Node),
    /// A pod.
    Pod(Arc<Pod>),
    /// A NetworkPolicy.
    NetworkPolicy(NetworkPolicy),
    /// A cluster-wide policy of any kind.
    ClusterPolicy(ClusterPolicy),
}

/// An object that cannot be read (S44).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unread {
    /// Why: the messages of the reader.
    pub reasons: Vec<String>,
    /// What stands for it until it can be: a policy that denies everything to what it selects. Not where
    /// that cannot be read either.
    pub closed: Option<Object>,
}

/// An object as it was told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// Which one.
    pub id: Id,
    /// When it was made, in seconds since 1970, where it says.
    pub created: Option<i64>,
    /// What its annotation [`MODE`] says, where it has one.
    pub mode: Option<Arc<str>>,
    /// By which UID the kubelet knows the pod, where it is a static one: what its annotation [`MIRROR`]
    /// says.
    pub mirror: Option<Arc<str>>,
    /// What it says.
    pub object: Result<Object, Unread>,
}

/// The annotation of a pod that a kubelet made to show a static one of its own.
pub const MIRROR: &str = "kubernetes.io/config.mirror";

impl Told {
    /// Reads an object.
    pub(super) fn of<const WHOLE: bool>(kind: &Kind, watched: Watched, heard: Heard<WHOLE>) -> Self {
        let (id, created) = (heard.id(), heard.created());
        let (mode, mirror) = (heard.annotation(MODE), heard.annotation(MIRROR));
        let value = heard.manifest(kind);
        let object = read(watched, &id, &value).map_err(|reasons| {
            let closed = closed(watched, &id, value);
            Unread { reasons, closed }
        });
        Self { id, created, mode, mirror, object }
    }
}

fn read(watched: Watched, id: &Id, value: &Value) -> Result<Object, Vec<String>> {
    let mut reading = read_value(&Arc::default(), value, &Options::default());
    let found = (!reading.has_errors()).then(|| only(watched, id, &mut reading.cluster)).flatten();
    found.ok_or_else(|| match reading.diagnostics.is_empty() {
        true => vec![format!("there is no {watched} in it")],
        false => reading.diagnostics.iter().map(|found| found.message.to_string()).collect(),
    })
}

/// The one object of a cluster.
fn only(watched: Watched, id: &Id, cluster: &mut Cluster) -> Option<Object> {
    Some(match watched {
        Watched::Namespace => Object::Namespace(cluster.namespaces.pop_first()?.1),
        Watched::Node => Object::Node(cluster.nodes.pop_first()?.1),
        Watched::Pod => {
            let (_, mut pod) = cluster.pods.pop_first()?;
            // What a snapshot does not keep.
            Arc::make_mut(&mut pod).uid = PodUid(Arc::clone(&id.uid));
            Object::Pod(pod)
        }
        Watched::NetworkPolicy => Object::NetworkPolicy(cluster.policies.pop_first()?.1),
        Watched::ClusterNetworkPolicy | Watched::AdminNetworkPolicy | Watched::BaselineAdminNetworkPolicy => {
            Object::ClusterPolicy(cluster.cluster_policies.pop_first()?.1)
        }
    })
}

/// What stands for a policy that cannot be read: it denies everything to what it selects (S44).
fn closed(watched: Watched, id: &Id, mut value: Value) -> Option<Object> {
    let spec = value.get_mut("spec")?.as_object_mut()?;
    match watched {
        Watched::Namespace | Watched::Node | Watched::Pod => None,
        Watched::NetworkPolicy => {
            spec.retain(|field, _| field == "podSelector");
            spec.insert("policyTypes".to_owned(), json!(["Ingress", "Egress"]));
            read(watched, id, &value).ok()
        }
        Watched::ClusterNetworkPolicy | Watched::AdminNetworkPolicy | Watched::BaselineAdminNetworkPolicy => {
            spec.retain(|field, _| ["subject", "tier", "priority"].contains(&field.as_str()));
            let Object::ClusterPolicy(mut policy) = read(watched, id, &value).ok()? else { return None };
            let rule = deny_all(&policy);
            policy.ingress.push(rule.clone());
            policy.egress.push(rule);
            Some(Object::ClusterPolicy(policy))
        }
    }
}

/// A rule that denies everything: that is what one means whose peers nobody knows (S41).
fn deny_all(policy: &ClusterPolicy) -> ClusterRule {
    let peer = ClusterPeer { kind: ClusterPeerKind::Unknown, origin: policy.origin.clone() };
    ClusterRule {
        name: "unreadable".into(),
        action: RuleAction::Deny,
        peers: vec![peer],
        ports: Vec::new(),
        origin: policy.origin.clone(),
    }
}

#[cfg(test)]
mod tests;
