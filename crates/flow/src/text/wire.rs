//! The record as it is written.

use jiff::Timestamp;
use sekisho_core::object::{ClusterPolicyKind, ObjectKey, Tier};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use std::{collections::BTreeMap, fmt, str::FromStr, sync::Arc};

/// A value that is written as its text, and read from it.
#[derive(Debug)]
pub(super) struct Text<T>(pub(super) T);

impl<T: fmt::Display> Serialize for Text<T> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(&self.0)
    }
}

impl<'de, T: FromStr<Err: fmt::Display>> Deserialize<'de> for Text<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        text.parse().map(Self).map_err(de::Error::custom)
    }
}

/// A moment, as RFC 3339 writes it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Time(pub(super) Timestamp);

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        text.parse().map(Self).map_err(|_| {
            let text: String = text.chars().take(80).collect();
            de::Error::custom(format!("`{text}` is no moment: write it as `2026-11-27T10:00:00Z`"))
        })
    }
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(expecting = "a flow")]
pub(super) struct Flow {
    pub(super) version: String,
    pub(super) window: Window,
    pub(super) from: End,
    pub(super) to: End,
    pub(super) carried: Text<crate::record::Carried>,
    pub(super) outcome: Outcome,
    #[serde(default, skip_serializing_if = "Leave::is_empty")]
    pub(super) leave: Leave,
    pub(super) observer: Observer,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) side: Option<Direction>,
    pub(super) count: u64,
    pub(super) first: Time,
    pub(super) last: Time,
    #[serde(default, skip_serializing_if = "List::is_empty")]
    pub(super) nodes: List,
    #[serde(default, skip_serializing_if = "List::is_empty")]
    #[serde(rename = "fromPods")]
    pub(super) from_pods: List,
    #[serde(default, skip_serializing_if = "List::is_empty")]
    #[serde(rename = "toPods")]
    pub(super) to_pods: List,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) nearest: Option<Nearest>,
}

/// What tells flows apart, by itself.
#[derive(Debug, Deserialize, Serialize)]
pub(super) struct Key {
    pub(super) from: End,
    pub(super) to: End,
    pub(super) carried: Text<crate::record::Carried>,
    pub(super) outcome: Outcome,
    #[serde(default, skip_serializing_if = "Leave::is_empty")]
    pub(super) leave: Leave,
    pub(super) observer: Observer,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) side: Option<Direction>,
}

/// What is told of a flow beside how often and when, by itself.
#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Details {
    #[serde(default, skip_serializing_if = "List::is_empty")]
    pub(super) nodes: List,
    #[serde(default, skip_serializing_if = "List::is_empty")]
    pub(super) from_pods: List,
    #[serde(default, skip_serializing_if = "List::is_empty")]
    pub(super) to_pods: List,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) nearest: Option<Nearest>,
}

impl Details {
    pub(super) fn is_empty(&self) -> bool {
        let lists = [&self.nodes, &self.from_pods, &self.to_pods];
        self.nearest.is_none() && lists.into_iter().all(List::is_empty)
    }
}

/// What is looked at of a line that is not understood.
#[derive(Debug, Deserialize)]
pub(super) struct Head {
    pub(super) version: String,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(expecting = "a window with `from` and `to`")]
pub(super) struct Window {
    pub(super) from: Time,
    pub(super) to: Time,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", expecting = "an end: a workload, node, service, external or `anyone`")]
pub(super) enum End {
    Workload {
        namespace: Arc<str>,
        kind: Arc<str>,
        name: Arc<str>,
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        labels: BTreeMap<Arc<str>, Arc<str>>,
    },
    Node {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        name: Option<Arc<str>>,
    },
    Service(Name),
    External {
        block: Text<sekisho_core::set::Cidr>,
        #[serde(default, skip_serializing_if = "List::is_empty")]
        names: List,
    },
    Anyone,
}

#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Outcome {
    Allowed,
    Denied,
    Audited,
}

#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Observer {
    Agent,
    Hubble,
    Gke,
    Vpc,
}

#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Direction {
    Ingress,
    Egress,
}

#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(expecting = "what each side says")]
pub(super) struct Leave {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) egress: Option<Why>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) ingress: Option<Why>,
}

impl Leave {
    fn is_empty(&self) -> bool {
        self.egress.is_none() && self.ingress.is_none()
    }
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", expecting = "a reason")]
pub(super) enum Why {
    NoPod,
    Itself,
    OwnNode,
    NeighbourDiscovery,
    NotIsolated,
    Rule(Rule),
    TierAccept(TierRule),
    TierDeny(TierRule),
    NoRule(Vec<Name>),
    AllowedBy(Vec<Policy>),
    DeniedBy(Vec<Policy>),
}

#[derive(Debug, Deserialize, Serialize)]
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

#[derive(Debug, Deserialize, Serialize)]
#[serde(expecting = "a policy with its `name` and `kind`")]
pub(super) struct Policy {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) namespace: Option<Arc<str>>,
    pub(super) name: Arc<str>,
    pub(super) kind: Arc<str>,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(expecting = "a rule of a policy")]
pub(super) struct Rule {
    pub(super) policy: Name,
    pub(super) rule: usize,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) peer: Option<usize>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) port: Option<usize>,
}

#[derive(Debug, Deserialize, Serialize)]
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

#[derive(Deserialize, Serialize)]
#[serde(remote = "Tier")]
enum TierName {
    Admin,
    Baseline,
}

#[derive(Deserialize, Serialize)]
#[serde(remote = "ClusterPolicyKind")]
#[expect(clippy::enum_variant_names, reason = "the kinds are called so")]
enum ClusterKind {
    ClusterNetworkPolicy,
    AdminNetworkPolicy,
    BaselineAdminNetworkPolicy,
}

/// Some names, and whether there were others.
#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(expecting = "`names`, and whether there are `more`")]
pub(super) struct List {
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) names: Vec<Arc<str>>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) more: bool,
}

impl List {
    fn is_empty(&self) -> bool {
        self.names.is_empty() && !self.more
    }
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(expecting = "the nearest rule")]
pub(super) struct Nearest {
    pub(super) policy: Name,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) at: Option<At>,
    pub(super) lacks: Arc<str>,
}

/// A rule, in a policy that is named already.
#[derive(Debug, Deserialize, Serialize)]
#[serde(expecting = "a rule of a policy")]
pub(super) struct At {
    pub(super) direction: Direction,
    pub(super) rule: usize,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) peer: Option<usize>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) port: Option<usize>,
}
