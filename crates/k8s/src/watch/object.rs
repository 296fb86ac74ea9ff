//! An object of the API, read as manifests are.

use super::Watched;
use crate::{
    Options, read_text,
    snapshot::{Snapshot, kind::Kind},
};
use kube::api::DynamicObject;
use sekisho_core::object::{
    Cluster, ClusterPeer, ClusterPeerKind, ClusterPolicy, ClusterRule, Namespace, NetworkPolicy, Node,
    ObjectKey, Pod, PodUid, RuleAction,
};
use serde_json::{Map, Value, json};
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

/// The annotation of a policy that says whether it is enforced.
pub const MODE: &str = "sekisho.dev/mode";

/// The annotation of a pod that a kubelet made to show a static one of its own.
pub const MIRROR: &str = "kubernetes.io/config.mirror";

/// Which object it is.
pub(super) fn id(object: &DynamicObject) -> Id {
    let text = |value: &Option<String>| value.as_deref().unwrap_or_default().into();
    let metadata = &object.metadata;
    let key = ObjectKey { namespace: text(&metadata.namespace), name: text(&metadata.name) };
    Id { key, uid: text(&metadata.uid) }
}

impl Told {
    /// Reads an object.
    pub(super) fn of(kind: &Kind, watched: Watched, object: DynamicObject) -> Self {
        let id = id(&object);
        let created = object.metadata.creation_timestamp.as_ref().map(|time| time.0.as_second());
        let annotation =
            |name| object.metadata.annotations.as_ref()?.get(name).map(|value| value.as_str().into());
        let (mode, mirror) = (annotation(MODE), annotation(MIRROR));
        let value = value(kind, object);
        // Of a policy its value is wanted once more where it cannot be read, and of nothing else.
        let again = watched.is_policy().then(|| value.clone());
        let object = read(watched, &id, value).map_err(|reasons| {
            let closed = again.and_then(|value| closed(watched, &id, value));
            Unread { reasons, closed }
        });
        Self { id, created, mode, mirror, object }
    }
}

/// The object as a manifest.
fn value(kind: &Kind, object: DynamicObject) -> Value {
    let version = kind.versions.first().copied().unwrap_or_default();
    let version =
        if kind.group.is_empty() { version.to_owned() } else { format!("{}/{version}", kind.group) };
    let mut metadata = object.metadata;
    metadata.managed_fields = None;
    // Whoever may make a pod must not be able to say which addresses it bears.
    metadata.annotations = None;
    let mut value = match object.data {
        Value::Object(fields) => fields,
        _ => Map::new(),
    };
    value.insert("apiVersion".to_owned(), version.into());
    value.insert("kind".to_owned(), kind.kind.into());
    value.insert("metadata".to_owned(), serde_json::to_value(metadata).unwrap_or_default());
    Value::Object(value)
}

fn read(watched: Watched, id: &Id, value: Value) -> Result<Object, Vec<String>> {
    let mut snapshot = Snapshot::new(None);
    snapshot.add(value, "default");
    let source = watched.name();
    let Some((name, text)) = snapshot.texts(source).pop() else {
        return Err(vec![format!("there is no {watched} in it")]);
    };
    let mut reading = read_text(&name, text.as_bytes(), &Options::default());
    let found = (!reading.has_errors()).then(|| only(watched, id, &mut reading.cluster)).flatten();
    found.ok_or_else(|| reading.diagnostics.iter().map(|found| found.message.to_string()).collect())
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
            read(watched, id, value).ok()
        }
        Watched::ClusterNetworkPolicy | Watched::AdminNetworkPolicy | Watched::BaselineAdminNetworkPolicy => {
            spec.retain(|field, _| ["subject", "tier", "priority"].contains(&field.as_str()));
            let Object::ClusterPolicy(mut policy) = read(watched, id, value).ok()? else { return None };
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
