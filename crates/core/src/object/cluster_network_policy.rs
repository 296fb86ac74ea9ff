//! Cluster-wide policies: ClusterNetworkPolicy of `policy.networking.k8s.io/v1alpha2`, and the
//! AdminNetworkPolicy and BaselineAdminNetworkPolicy of `v1alpha1`, which say the same in other words.

use super::{Direction, LabelSelector, Origin, PolicyPort};
use crate::set::Cidr;
use std::{collections::BTreeSet, fmt, sync::Arc};

/// When a cluster-wide policy is read: before NetworkPolicy or after it (S38).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Tier {
    /// Before NetworkPolicy.
    Admin,
    /// After NetworkPolicy, for pods that none isolates (S40).
    Baseline,
}

impl fmt::Display for Tier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Admin => "Admin",
            Self::Baseline => "Baseline",
        })
    }
}

/// The kind that a cluster-wide policy was written as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ClusterPolicyKind {
    /// Of `v1alpha2`: it writes its tier and its priority.
    ClusterNetworkPolicy,
    /// Of `v1alpha1`: in the Admin tier.
    AdminNetworkPolicy,
    /// Of `v1alpha1`: in the Baseline tier. There is one, called `default`.
    BaselineAdminNetworkPolicy,
}

impl fmt::Display for ClusterPolicyKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ClusterNetworkPolicy => "ClusterNetworkPolicy",
            Self::AdminNetworkPolicy => "AdminNetworkPolicy",
            Self::BaselineAdminNetworkPolicy => "BaselineAdminNetworkPolicy",
        })
    }
}

/// What a cluster-wide policy is called, shown as `kind/name`. Sorted by name first: so equal
/// priorities are read (S38).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClusterPolicyName {
    /// The name.
    pub name: Arc<str>,
    /// The kind. Two kinds may use one name.
    pub kind: ClusterPolicyKind,
}

impl fmt::Display for ClusterPolicyName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.kind, self.name)
    }
}

/// A policy's place in its tier: the lesser is read first (S38).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Rank {
    /// The priority, 0 to 1000; the lower is read first.
    pub priority: u16,
    /// The policy; among equal priorities its name decides.
    pub policy: ClusterPolicyName,
}

/// What a rule does with what it matches (S39).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RuleAction {
    /// It passes, whatever comes after. `Allow` in `v1alpha1`.
    Accept,
    /// It does not pass, whatever comes after.
    Deny,
    /// The rest of the tier is left out.
    Pass,
}

impl fmt::Display for RuleAction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Accept => "Accept",
            Self::Deny => "Deny",
            Self::Pass => "Pass",
        })
    }
}

/// Pods of some namespaces.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClusterPods {
    /// Which namespaces; the empty selector is all (S7).
    pub namespaces: LabelSelector,
    /// Which of their pods.
    pub pods: LabelSelector,
}

/// Whom an entry of `from` or `to` of a cluster-wide policy names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClusterPeerKind {
    /// `namespaces` or `pods`.
    Pods(ClusterPods),
    /// `networks`: whatever has an address of one of these blocks, pods too (S42).
    Networks(BTreeSet<Cidr>),
    /// `nodes`: whatever has an address of a node with these labels (S42).
    Nodes(LabelSelector),
    /// `domainNames`, in an egress rule that accepts (S42). No answer of a name server is at hand, so no
    /// address is known to belong to a name, and the peer matches nothing: what it would open stays
    /// closed.
    DomainNames(BTreeSet<Arc<str>>),
    /// Only fields that this version does not know (S41).
    Unknown,
}

/// An entry of `from` or `to` of a cluster-wide policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClusterPeer {
    /// Whom it names.
    pub kind: ClusterPeerKind,
    /// Where it was written.
    pub origin: Origin,
}

/// An entry of `ingress` or `egress` of a cluster-wide policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClusterRule {
    /// The name that its author gave it, or the empty text.
    pub name: Arc<str>,
    /// What it does with what it matches.
    pub action: RuleAction,
    /// Any of these, never none.
    pub peers: Vec<ClusterPeer>,
    /// Any of these; empty means every port of every protocol. A port's name without a protocol is an
    /// entry for each protocol, all of one origin.
    pub ports: Vec<PolicyPort>,
    /// Where it was written.
    pub origin: Origin,
}

/// What a rule comes to when what this version does not know is taken into account (S41).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effective {
    /// What is written.
    AsWritten,
    /// It matches nothing.
    Nothing,
    /// It denies everything.
    DenyAll,
}

impl ClusterRule {
    /// S41: a rule with a peer that nobody here understands opens nothing, and closes everything where
    /// it closes something or would have left the decision to others.
    #[must_use]
    pub fn effective(&self) -> Effective {
        if !self.peers.iter().any(|peer| peer.kind == ClusterPeerKind::Unknown) {
            return Effective::AsWritten;
        }
        match self.action {
            RuleAction::Accept => Effective::Nothing,
            RuleAction::Deny | RuleAction::Pass => Effective::DenyAll,
        }
    }
}

/// A cluster-wide policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClusterPolicy {
    /// Kind and name.
    pub name: ClusterPolicyName,
    /// When it is read.
    pub tier: Tier,
    /// Its priority in the tier, 0 to 1000; the lower is read first (S38).
    pub priority: u16,
    /// `subject`: which pods it is about.
    pub subjects: ClusterPods,
    /// The ingress rules, in the order in which they are read (S39).
    pub ingress: Vec<ClusterRule>,
    /// The egress rules, in the order in which they are read (S39).
    pub egress: Vec<ClusterRule>,
    /// Where it was written.
    pub origin: Origin,
}

impl ClusterPolicy {
    /// The greatest priority there is. A BaselineAdminNetworkPolicy, which has none, is read as if it
    /// had this one: after every ClusterNetworkPolicy of its tier whose priority is less.
    pub const LAST: u16 = 1000;

    /// Its place in its tier (S38).
    #[must_use]
    pub fn rank(&self) -> Rank {
        Rank { priority: self.priority, policy: self.name.clone() }
    }

    /// The rules of `direction`, in the order in which they are read.
    #[must_use]
    pub fn rules(&self, direction: Direction) -> &[ClusterRule] {
        match direction {
            Direction::Ingress => &self.ingress,
            Direction::Egress => &self.egress,
        }
    }

    /// Whether what it means depends on the cluster's nodes (S42).
    #[must_use]
    pub fn names_nodes(&self) -> bool {
        let rules = self.ingress.iter().chain(&self.egress);
        rules.flat_map(|rule| &rule.peers).any(|peer| matches!(peer.kind, ClusterPeerKind::Nodes(_)))
    }
}
