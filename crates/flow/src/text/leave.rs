//! By whose leave, as it is written.

use super::wire::Direction;
use sekisho_core::object::{ClusterPolicyKind, ObjectKey, Tier};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// What each side says.
#[derive(Debug, Default, Deserialize, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(expecting = "what each side says")]
pub(super) struct Leave {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) egress: Option<Why>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) ingress: Option<Why>,
}

impl Leave {
    pub(super) fn is_empty(&self) -> bool {
        self.egress.is_none() && self.ingress.is_none()
    }
}

/// Why a side allowed or denied.
#[derive(Debug, Deserialize, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", expecting = "a reason")]
pub(super) enum Why {
    /// The end is no pod that policies see.
    NoPod,
    /// A pod reaches itself.
    Itself,
    /// A node reaches its pods.
    OwnNode,
    /// Exempt.
    NeighbourDiscovery,
    /// No policy isolates the pod in this direction.
    NotIsolated,
    /// A rule allows it.
    Rule(Rule),
    /// A rule of a cluster-wide policy lets it pass.
    TierAccept(TierRule),
    /// A rule of a cluster-wide policy denies it.
    TierDeny(TierRule),
    /// These policies isolate the pod, and no rule of theirs allows it.
    NoRule(Vec<Name>),
    /// The observer names policies that allow it, and not their rules.
    AllowedBy(Vec<Policy>),
    /// The observer names policies that deny it, and not their rules.
    DeniedBy(Vec<Policy>),
}

/// An object in a namespace.
#[derive(Debug, Deserialize, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(expecting = "`namespace` and `name`")]
pub(super) struct Name {
    pub(super) namespace: Arc<str>,
    pub(super) name: Arc<str>,
}

impl From<&ObjectKey> for Name {
    fn from(key: &ObjectKey) -> Self {
        Self { namespace: Arc::clone(&key.namespace), name: Arc::clone(&key.name) }
    }
}

impl From<Name> for ObjectKey {
    fn from(key: Name) -> Self {
        Self { namespace: key.namespace, name: key.name }
    }
}

/// A policy as an observer names it.
#[derive(Debug, Deserialize, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(expecting = "a policy with its `name` and `kind`")]
pub(super) struct Policy {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) namespace: Option<Arc<str>>,
    pub(super) name: Arc<str>,
    pub(super) kind: Arc<str>,
}

/// A rule of a NetworkPolicy; numbers count from 0.
#[derive(Debug, Deserialize, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(expecting = "a rule of a policy")]
pub(super) struct Rule {
    pub(super) policy: Name,
    pub(super) rule: usize,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) peer: Option<usize>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) port: Option<usize>,
}

/// A rule of a cluster-wide policy; numbers count from 0.
#[derive(Debug, Deserialize, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(expecting = "a rule of a cluster-wide policy")]
pub(super) struct TierRule {
    #[serde(with = "TierName")]
    pub(super) tier: Tier,
    #[serde(with = "ClusterKind")]
    pub(super) kind: ClusterPolicyKind,
    pub(super) name: Arc<str>,
    pub(super) rule: usize,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) peer: Option<usize>,
}

/// A tier of cluster-wide policies.
#[derive(Deserialize, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(remote = "Tier")]
enum TierName {
    Admin,
    Baseline,
}

/// A kind of cluster-wide policies.
#[derive(Deserialize, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(remote = "ClusterPolicyKind")]
#[expect(clippy::enum_variant_names, reason = "the kinds are called so")]
enum ClusterKind {
    ClusterNetworkPolicy,
    AdminNetworkPolicy,
    BaselineAdminNetworkPolicy,
}

/// The rule that almost allowed it, and what that lacks.
#[derive(Debug, Deserialize, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(expecting = "the nearest rule")]
pub(super) struct Nearest {
    pub(super) policy: Name,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) at: Option<At>,
    pub(super) lacks: Arc<str>,
}

/// A rule, in a policy that is named already.
#[derive(Debug, Deserialize, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(expecting = "a rule of a policy")]
pub(super) struct At {
    pub(super) direction: Direction,
    pub(super) rule: usize,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) peer: Option<usize>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) port: Option<usize>,
}
