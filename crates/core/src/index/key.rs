//! What the index calls things: keys made of content, the same in every process.

use crate::{
    object::{LabelSelector, Labels, NAME_LABEL, ObjectKey, Pod, Rank, Requirement, Tier},
    set::Protocol,
};
use std::{
    collections::BTreeSet,
    fmt,
    hash::{DefaultHasher, Hash, Hasher},
    net::IpAddr,
    sync::Arc,
};

/// Which namespaces a selector of pods looks into.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NamespaceScope {
    /// One, by name: the policy's own.
    One(Arc<str>),
    /// Those whose labels match; the empty selector is every namespace (S7).
    Matching(LabelSelector),
}

impl NamespaceScope {
    /// Whether the namespace of this name and these labels is in scope.
    pub(crate) fn has(&self, name: &str, labels: &Labels) -> bool {
        match self {
            Self::One(one) => **one == *name,
            Self::Matching(selector) => selector.matches(labels),
        }
    }

    /// The only namespaces that can be in scope, where the scope names them: most selectors of
    /// namespaces do, by the label of S9.
    pub(super) fn names(&self) -> Option<Vec<&Arc<str>>> {
        match self {
            Self::One(name) => Some(vec![name]),
            Self::Matching(selector) => selector.requirements().find_map(|requirement| match requirement {
                Requirement::In(key, names) if **key == *NAME_LABEL => Some(names.iter().collect()),
                _ => None,
            }),
        }
    }
}

/// A distinct selector of pods. Policies that write the same selector share it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PodSelectorKey {
    // INVARIANT: first, so that comparisons of different keys end here.
    digest: u64,
    namespaces: NamespaceScope,
    pods: LabelSelector,
}

impl PodSelectorKey {
    /// The pods that `pods` matches in the namespaces of `namespaces`.
    #[must_use]
    pub fn new(namespaces: NamespaceScope, pods: LabelSelector) -> Arc<Self> {
        let mut hasher = DefaultHasher::new();
        (&namespaces, &pods).hash(&mut hasher);
        Arc::new(Self { digest: hasher.finish(), namespaces, pods })
    }

    /// All pods of all namespaces (S7).
    #[must_use]
    pub fn all_pods() -> Arc<Self> {
        Self::new(NamespaceScope::Matching(LabelSelector::everything()), LabelSelector::everything())
    }

    /// Which namespaces it looks into.
    #[must_use]
    pub fn namespaces(&self) -> &NamespaceScope {
        &self.namespaces
    }

    /// Which pods of them it selects.
    #[must_use]
    pub fn pods(&self) -> &LabelSelector {
        &self.pods
    }

    /// Whether it selects `pod`, whose namespace has these labels.
    pub(crate) fn selects(&self, pod: &Pod, namespace: &Labels) -> bool {
        self.namespaces.has(&pod.key.namespace, namespace) && self.pods.matches(&pod.labels)
    }
}

impl Hash for PodSelectorKey {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.digest);
    }
}

impl fmt::Display for PodSelectorKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.namespaces {
            NamespaceScope::One(name) => write!(f, "pods {} of namespace {name}", self.pods),
            NamespaceScope::Matching(namespaces) => {
                write!(f, "pods {} of namespaces {namespaces}", self.pods)
            }
        }
    }
}

/// A set that policies share and a dataplane keeps.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SetKey {
    /// The addresses of the selected pods.
    Pods(Arc<PodSelectorKey>),
    /// The (address, port) pairs of the selected pods that define a named port (S14).
    NamedPort {
        /// Which pods.
        pods: Arc<PodSelectorKey>,
        /// The port's protocol.
        protocol: Protocol,
        /// The port's name.
        name: Arc<str>,
    },
}

impl SetKey {
    /// The selector whose pods make the set.
    #[must_use]
    pub fn selector(&self) -> &Arc<PodSelectorKey> {
        match self {
            Self::Pods(pods) | Self::NamedPort { pods, .. } => pods,
        }
    }
}

impl SetKey {
    pub(super) fn selector_mut(&mut self) -> &mut Arc<PodSelectorKey> {
        match self {
            Self::Pods(pods) | Self::NamedPort { pods, .. } => pods,
        }
    }
}

impl fmt::Display for SetKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pods(pods) => pods.fmt(f),
            Self::NamedPort { pods, protocol, name } => write!(f, "{protocol} port {name} of {pods}"),
        }
    }
}

/// A member of a set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Member {
    /// An address, in a set of pods.
    Address(IpAddr),
    /// An address and a port, in a set of a named port.
    AddressPort(IpAddr, u16),
}

/// What a policy is called, of a cluster or of a namespace. Sorted in the order in which policies are
/// read: the Admin tier, NetworkPolicies, the Baseline tier (S38).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PolicyKey {
    /// A policy of the Admin tier, by its place there.
    Admin(Rank),
    /// A NetworkPolicy.
    Namespaced(ObjectKey),
    /// A policy of the Baseline tier, by its place there.
    Baseline(Rank),
}

impl PolicyKey {
    /// The key of a cluster-wide policy.
    #[must_use]
    pub fn of_tier(tier: Tier, rank: Rank) -> Self {
        match tier {
            Tier::Admin => Self::Admin(rank),
            Tier::Baseline => Self::Baseline(rank),
        }
    }

    /// The tier of a cluster-wide policy; `None` for a NetworkPolicy.
    #[must_use]
    pub fn tier(&self) -> Option<Tier> {
        match self {
            Self::Admin(_) => Some(Tier::Admin),
            Self::Namespaced(_) => None,
            Self::Baseline(_) => Some(Tier::Baseline),
        }
    }
}

impl From<ObjectKey> for PolicyKey {
    fn from(key: ObjectKey) -> Self {
        Self::Namespaced(key)
    }
}

impl fmt::Display for PolicyKey {
    /// `namespace/name`, or `kind/name` for a cluster-wide policy.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Admin(rank) | Self::Baseline(rank) => rank.policy.fmt(f),
            Self::Namespaced(key) => key.fmt(f),
        }
    }
}

/// The policies that select a pod, in either direction, cluster-wide ones too. Pods with the same
/// profile are policed alike.
pub type ProfileKey = Arc<BTreeSet<PolicyKey>>;
