//! A catalog in which every name is looked up.

use sekisho_core::{
    object::{Direction, Labels, ObjectKey, Origin, PolicyPort},
    standard::{Day, End, Naming, Role, Stance, Whom},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// Who there is, what they follow, and who calls whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Catalog {
    /// The environments, in the order in which they are written.
    pub environments: Vec<Environment>,
    /// How pods are labelled.
    pub naming: Naming,
    /// The name of the policy that every namespace has.
    pub baseline: Arc<str>,
    /// Namespaces that the platform brings.
    pub exempt: BTreeSet<Arc<str>>,
    /// The peers that answer DNS.
    pub dns: Vec<Arc<str>>,
    /// What a component may be: what is built in first.
    pub tiers: Vec<Tier>,
    /// The named peers: what is built in first.
    pub peers: Vec<Peer>,
    /// The services.
    pub services: Vec<Service>,
    /// Who calls whom, each pair once for each reason.
    pub calls: Vec<Call>,
}

/// An environment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Environment {
    /// Its name.
    pub name: Arc<str>,
    /// Where its manifests lie, from the catalog's folder.
    pub paths: Vec<String>,
    /// Where it was written.
    pub origin: Origin,
}

/// What a component may be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tier {
    /// Its name.
    pub name: Arc<str>,
    /// Whom each of its components lets in.
    pub callers: Vec<TierCaller>,
    /// What a component's pods and policy are called, of `{service}` and `{component}`.
    pub pattern: Arc<str>,
    /// Whether it looks up names.
    pub dns: bool,
}

/// Whom a tier lets in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TierCaller {
    /// The components of the same service that are of this tier.
    Tier(Arc<str>),
    /// A named peer, or those of a role.
    Peers {
        /// As it is written.
        name: Arc<str>,
        /// Who that is.
        peers: Vec<Arc<str>>,
    },
}

impl TierCaller {
    /// As it is written.
    #[must_use]
    pub fn name(&self) -> &Arc<str> {
        match self {
            Self::Tier(name) | Self::Peers { name, .. } => name,
        }
    }
}

/// Somebody whom policies name and who is no component.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Peer {
    /// Its name.
    pub name: Arc<str>,
    /// Who that is.
    pub whom: Whom,
    /// What it is to the cluster.
    pub role: Role,
    /// The ports on which it is called; empty for all.
    pub ports: Vec<PolicyPort>,
    /// The environments in which policies may name it; `None` for all.
    pub environments: Option<BTreeSet<Arc<str>>>,
    /// Who that is, for comments.
    pub comment: Option<Arc<str>>,
    /// Where it was written.
    pub origin: Origin,
}

/// A service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Service {
    /// Its name.
    pub name: Arc<str>,
    /// Its namespace.
    pub namespace: Arc<str>,
    /// Its components.
    pub components: Vec<Component>,
    /// Where it was written.
    pub origin: Origin,
}

/// A component of a service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Component {
    /// Its namespace, and the name of its policy.
    pub key: ObjectKey,
    /// Its service.
    pub service: Arc<str>,
    /// Its name in the service.
    pub name: Arc<str>,
    /// What it is.
    pub tier: Arc<str>,
    /// The labels of its pods.
    pub labels: Labels,
    /// The ports on which it is called.
    pub ports: Vec<PolicyPort>,
    /// Its way out.
    pub egress: Stance,
    /// Where it was written.
    pub origin: Origin,
}

impl Component {
    /// `service/component`.
    #[must_use]
    pub fn title(&self) -> String {
        format!("{}/{}", self.service, self.name)
    }
}

/// Why a call is let through.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Why {
    /// It is written at one of its ends.
    Listed,
    /// The tier of the one called lets it in.
    Tier,
    /// Names are looked up.
    Dns,
    /// It is allowed for a time.
    Exception {
        /// In which direction, seen from the component that has it.
        direction: Direction,
        /// Why.
        reason: Arc<str>,
        /// The last day on which it holds.
        until: Day,
    },
}

/// Somebody calls somebody. Both sides' policies come of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// Who calls.
    pub from: End,
    /// Whom.
    pub to: End,
    /// Why that is let through.
    pub why: Why,
    /// In which environments; `None` for all. A peer's own environments count as well.
    pub environments: Option<BTreeSet<Arc<str>>>,
    /// Where it was written.
    pub origin: Origin,
}

impl Catalog {
    /// All components, in the order in which they are written.
    pub fn components(&self) -> impl Iterator<Item = &Component> {
        self.services.iter().flat_map(|service| &service.components)
    }

    /// The component of this key.
    #[must_use]
    pub fn component(&self, key: &ObjectKey) -> Option<&Component> {
        self.components().find(|component| component.key == *key)
    }

    /// The peer of this name.
    #[must_use]
    pub fn peer(&self, name: &str) -> Option<&Peer> {
        self.peers.iter().find(|peer| &*peer.name == name)
    }

    /// The tier of this name.
    #[must_use]
    pub fn tier(&self, name: &str) -> Option<&Tier> {
        self.tiers.iter().find(|tier| &*tier.name == name)
    }

    /// The namespaces that services are in, and whether egress is closed in each: a baseline that lets everything
    /// out would leave nothing for a policy beside it to close.
    #[must_use]
    pub fn namespaces(&self) -> BTreeMap<Arc<str>, Stance> {
        let mut namespaces = BTreeMap::new();
        for service in &self.services {
            let stance = namespaces.entry(Arc::clone(&service.namespace)).or_insert(Stance::Open);
            if service.components.iter().any(|component| component.egress == Stance::Closed) {
                *stance = Stance::Closed;
            }
        }
        namespaces
    }

    /// The environments in which `call` is let through, its peers' own among them; `None` for all.
    #[must_use]
    pub fn environments_of(&self, call: &Call) -> Option<BTreeSet<Arc<str>>> {
        let of_end = |end: &End| match end {
            End::Component(_) => None,
            End::Peer(name) => self.peer(name).and_then(|peer| peer.environments.clone()),
        };
        let all = [call.environments.clone(), of_end(&call.from), of_end(&call.to)];
        all.into_iter().flatten().reduce(|a, b| a.intersection(&b).cloned().collect())
    }

    /// The ports on which `end` is called; empty for all.
    #[must_use]
    pub fn ports(&self, end: &End) -> &[PolicyPort] {
        match end {
            End::Component(key) => self.component(key).map_or(&[], |component| &component.ports),
            End::Peer(name) => self.peer(name).map_or(&[], |peer| &peer.ports),
        }
    }

    /// What people call `end`: `service/component`, or a peer's name.
    #[must_use]
    pub fn title(&self, end: &End) -> String {
        match end {
            End::Component(key) => self.component(key).map_or_else(|| key.to_string(), Component::title),
            End::Peer(name) => name.to_string(),
        }
    }
}

/// What stands behind a component's name in the name of its egress policy.
pub(crate) const EGRESS: &str = "-egress";
