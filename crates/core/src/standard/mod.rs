//! What a team has agreed on: the facts that its policies are held against.
//!
//! A catalog says what services there are and how they should talk. This is what it says of one environment, narrowed
//! to what somebody who looks at policies must know. Whatever the standard admits is meant, and so nobody's mistake.

mod day;
mod peer;

pub use day::{Day, DayError};
pub use peer::{NamedPeer, Role, Whom};

use crate::object::{
    Direction, LabelSelector, Labels, NetworkPolicy, ObjectKey, Origin, PeerKind, PolicyPort,
};
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    sync::Arc,
};

/// What a team has agreed on, for one environment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Standard {
    /// The environment; `None` where the manifests are of no particular one.
    pub environment: Option<Arc<str>>,
    /// How pods are labelled; `None` where nothing is agreed.
    pub naming: Option<Naming>,
    /// The policy that every namespace has; `None` where none is wanted.
    pub baseline: Option<Baseline>,
    /// Namespaces that the platform brings, of which nothing is asked.
    pub exempt: BTreeSet<Arc<str>>,
    /// Those who are named by more than one policy, by name.
    pub peers: BTreeMap<Arc<str>, NamedPeer>,
    /// The components of all services.
    pub components: Vec<Component>,
    /// Who calls whom.
    pub edges: Vec<Edge>,
    /// What is allowed for a time.
    pub exceptions: Vec<Exception>,
    /// The day on which the standard is looked at; `None` where nobody said, and then nothing has expired.
    pub today: Option<Day>,
}

/// The three labels that together name a pod.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Naming {
    /// The key of the component's own name, `app.kubernetes.io/name`.
    pub name: Arc<str>,
    /// The key of what it is in its service, `app.kubernetes.io/component`.
    pub component: Arc<str>,
    /// The key of its service, `app.kubernetes.io/part-of`.
    pub part_of: Arc<str>,
    /// The values that `component` may have; empty for any.
    pub components: BTreeSet<Arc<str>>,
}

impl Naming {
    /// The keys, in the order in which people write them.
    #[must_use]
    pub fn keys(&self) -> [&Arc<str>; 3] {
        [&self.name, &self.component, &self.part_of]
    }
}

/// The policy that every namespace has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Baseline {
    /// What it is called.
    pub name: Arc<str>,
    /// Namespaces whose baseline closes egress too.
    pub closed: BTreeSet<Arc<str>>,
}

/// Whether a component's way out is closed but for what is listed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stance {
    /// It may call whom it likes.
    #[default]
    Open,
    /// It may call those whom it is said to call.
    Closed,
}

/// A component of a service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Component {
    /// Its namespace, and the name of its policy.
    pub key: ObjectKey,
    /// Its pods.
    pub pods: LabelSelector,
    /// Its tier: `frontend`, `bff`, ...
    pub tier: Arc<str>,
    /// Its way out.
    pub egress: Stance,
    /// The named peers that its tier and its exceptions let in.
    pub admits: BTreeSet<Arc<str>>,
    /// The ports on which it is called.
    pub ports: Vec<PolicyPort>,
    /// Where it was written.
    pub origin: Origin,
}

/// An end of an edge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// A component, by its key.
    Component(ObjectKey),
    /// A named peer.
    Peer(Arc<str>),
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Component(key) => key.fmt(f),
            Self::Peer(name) => f.write_str(name),
        }
    }
}

/// Somebody calls somebody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edge {
    /// Who calls.
    pub from: End,
    /// Whom.
    pub to: End,
    /// On which ports of the one called.
    pub ports: Vec<PolicyPort>,
    /// Where it was written.
    pub origin: Origin,
}

/// What is allowed for a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exception {
    /// The component that has it.
    pub component: ObjectKey,
    /// In which direction.
    pub direction: Direction,
    /// The other end.
    pub with: End,
    /// Why.
    pub reason: Arc<str>,
    /// The last day on which it holds.
    pub until: Day,
    /// Where it was written.
    pub origin: Origin,
}

impl Standard {
    /// The component whose pods have `labels` in `namespace`.
    #[must_use]
    pub fn component_of(&self, namespace: &str, labels: &Labels) -> Option<&Component> {
        self.components.iter().find(|one| &*one.key.namespace == namespace && one.pods.matches(labels))
    }

    /// The component of this key.
    #[must_use]
    pub fn component(&self, key: &ObjectKey) -> Option<&Component> {
        self.components.iter().find(|one| one.key == *key)
    }

    /// The component that `policy` is about: the one whose pods it selects by the same labels.
    #[must_use]
    pub fn component_for(&self, policy: &NetworkPolicy) -> Option<&Component> {
        let namespace = &policy.key.namespace;
        self.components.iter().find(|one| one.key.namespace == *namespace && one.pods == policy.subjects)
    }

    /// The named peers that `kind`, of a policy in any namespace, is a way of writing, or a part of.
    pub fn named<'s>(&'s self, kind: &'s PeerKind) -> impl Iterator<Item = (&'s Arc<str>, &'s NamedPeer)> {
        self.peers.iter().filter(move |(_, peer)| peer.whom.is_written_as(kind))
    }

    /// Whether the standard lets `kind` stand in a policy about `component`, in `direction`, in its environment.
    #[must_use]
    pub fn admits(&self, component: &Component, direction: Direction, kind: &PeerKind) -> bool {
        self.named(kind).any(|(name, peer)| {
            peer.is_of(self.environment.as_deref()) && self.is_meant(component, direction, name)
        })
    }

    fn is_meant(&self, component: &Component, direction: Direction, name: &Arc<str>) -> bool {
        let (own, peer) = (End::Component(component.key.clone()), End::Peer(Arc::clone(name)));
        let edge = match direction {
            Direction::Ingress => (&peer, &own),
            Direction::Egress => (&own, &peer),
        };
        let excepted = self
            .exceptions
            .iter()
            .any(|one| one.component == component.key && one.direction == direction && one.with == peer);
        (direction == Direction::Ingress && component.admits.contains(name))
            || self.edges.iter().any(|one| (&one.from, &one.to) == edge)
            || excepted
    }
}
