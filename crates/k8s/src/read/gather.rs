//! What one part of a text gives: objects, and what there is to say about them, in the order of the text.

use super::{
    entrance::Entrance,
    pod::RawPod,
    workload::{self, Controller},
};
use sekisho_core::object::{ClusterPolicy, Namespace, NetworkPolicy, Node, ObjectKey, Origin, Service};
use std::collections::BTreeMap;

/// An object that was read.
#[derive(Clone)]
pub(crate) enum Object {
    Policy(NetworkPolicy),
    ClusterPolicy(&'static str, ClusterPolicy),
    Namespace(Namespace),
    Node(Node),
    Service(Service),
    Pod(Box<RawPod>),
    Entrance(&'static str, Entrance),
    Controller(Box<Controller>),
}

impl Object {
    /// Its kind.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Policy(_) => "NetworkPolicy",
            Self::Namespace(_) => "Namespace",
            Self::Node(_) => "Node",
            Self::Service(_) => "Service",
            Self::Pod(_) => "Pod",
            Self::ClusterPolicy(kind, _) | Self::Entrance(kind, _) => kind,
            Self::Controller(controller) => {
                let mut kinds = workload::KINDS.iter().map(|(kind, _)| *kind);
                kinds.find(|kind| *kind == &*controller.kind).unwrap_or("controller")
            }
        }
    }

    /// Its namespace and name; no namespace where the kind has none.
    pub(crate) fn key(&self) -> ObjectKey {
        match self {
            Self::Policy(policy) => policy.key.clone(),
            Self::ClusterPolicy(_, policy) => ObjectKey::new("", policy.name.name.clone()),
            Self::Namespace(namespace) => ObjectKey::new("", namespace.name().clone()),
            Self::Node(node) => ObjectKey::new("", node.name.clone()),
            Self::Service(service) => service.key.clone(),
            Self::Pod(raw) => raw.pod.key.clone(),
            Self::Entrance(_, entrance) => entrance.key.clone(),
            Self::Controller(controller) => controller.meta.key.clone(),
        }
    }

    /// Where it was written.
    pub(crate) fn origin(&self) -> &Origin {
        match self {
            Self::Policy(policy) => &policy.origin,
            Self::ClusterPolicy(_, policy) => &policy.origin,
            Self::Namespace(namespace) => &namespace.origin,
            Self::Node(node) => &node.origin,
            Self::Service(service) => &service.origin,
            Self::Pod(raw) => &raw.pod.origin,
            Self::Entrance(_, entrance) => &entrance.origin,
            Self::Controller(controller) => &controller.meta.origin,
        }
    }
}

/// The objects of a part, each with the number of findings that were told before it.
#[derive(Clone, Default)]
pub(crate) struct Gathered {
    pub(crate) objects: Vec<(usize, Object)>,
    pub(crate) skipped: BTreeMap<String, usize>,
}

impl Gathered {
    /// Counts an object that is not read.
    pub(crate) fn skip(&mut self, kind: &str) {
        match self.skipped.get_mut(kind) {
            Some(count) => *count += 1,
            None => drop(self.skipped.insert(kind.to_owned(), 1)),
        }
    }
}
