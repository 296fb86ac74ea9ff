//! The record as it is written.

pub(super) use super::{
    leave::{At, Leave, Name, Nearest, Policy, Rule, TierRule, Why},
    value::{List, Text, Time},
};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, sync::Arc};

/// What was seen of one kind of connection in a stretch of time.
#[derive(Debug, Deserialize, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(expecting = "a flow")]
pub(super) struct Flow {
    /// `sekisho.flow/1`, on every line.
    #[cfg_attr(feature = "schema", schemars(extend("const" = super::VERSION)))]
    pub(super) version: String,
    /// The stretch of time that it is about.
    pub(super) window: Window,
    /// Who opened the connections.
    pub(super) from: End,
    /// To whom.
    pub(super) to: End,
    /// Protocol and port of the destination: `TCP/443`, `ICMP/8`, `protocol/47`, `TCP` for some ports, `any`.
    pub(super) carried: Text<crate::record::Carried>,
    /// What became of them.
    pub(super) outcome: Outcome,
    /// By whose leave, for each side; left out where nobody says.
    #[serde(default, skip_serializing_if = "Leave::is_empty")]
    pub(super) leave: Leave,
    /// Who saw it.
    pub(super) observer: Observer,
    /// At which end it was seen: egress is the source's node. Left out where nobody says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) side: Option<Direction>,
    /// How many connections, or attempts that were denied.
    pub(super) count: u64,
    /// When the first was seen, by the observer's clock.
    pub(super) first: Time,
    /// When the last was.
    pub(super) last: Time,
    /// Nodes that saw it, 16 at most.
    #[serde(default, skip_serializing_if = "List::is_empty")]
    pub(super) nodes: List,
    /// Pods that opened them, 8 at most.
    #[serde(default, skip_serializing_if = "List::is_empty")]
    #[serde(rename = "fromPods")]
    pub(super) from_pods: List,
    /// Pods to which they were opened, 8 at most.
    #[serde(default, skip_serializing_if = "List::is_empty")]
    #[serde(rename = "toPods")]
    pub(super) to_pods: List,
    /// Of a denial the rule that almost allowed it.
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

/// From when, included, to when, not included.
#[derive(Debug, Deserialize, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(expecting = "a window with `from` and `to`")]
pub(super) struct Window {
    pub(super) from: Time,
    pub(super) to: Time,
}

/// Who is at an end of connections.
#[derive(Debug, Deserialize, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", expecting = "an end: a workload, node, service, external or `anyone`")]
pub(super) enum End {
    /// Pods of a workload: their topmost controller, or a pod that has none.
    Workload {
        namespace: Arc<str>,
        kind: Arc<str>,
        name: Arc<str>,
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        labels: BTreeMap<Arc<str>, Arc<str>>,
    },
    /// A node, or a pod of its network; without `name` some node.
    Node {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        name: Option<Arc<str>>,
    },
    /// A Service's own address.
    Service(Name),
    /// Something outside the cluster; `names` are DNS names that are known of it.
    External {
        block: Text<sekisho_core::set::Cidr>,
        #[serde(default, skip_serializing_if = "List::is_empty")]
        names: List,
    },
    /// Nobody can say.
    Anyone,
}

/// What became of connections: `audited` passed, and would not have if policies were enforced.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub(super) enum Outcome {
    Allowed,
    Denied,
    Audited,
}

/// Who saw connections.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub(super) enum Observer {
    Agent,
    Hubble,
    Gke,
    Vpc,
}

/// A side of connections.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub(super) enum Direction {
    Ingress,
    Egress,
}
