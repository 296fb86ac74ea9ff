//! The fields of a flow that are read, as protobuf's JSON writes `api/v1/flow/flow.proto` of Cilium.

use crate::source::pieces::{Address, Whole, or_default};
use serde::Deserialize;
use std::sync::Arc;

/// A line: a flow in its envelope (`api/v1/observer/observer.proto`), or one of the other answers.
#[derive(Debug, Deserialize)]
#[serde(expecting = "a line of Hubble")]
pub(super) struct Envelope {
    pub(super) flow: Option<Flow>,
    pub(super) lost_events: Option<Lost>,
    pub(super) node_name: Option<String>,
    pub(super) time: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(expecting = "lost events")]
pub(super) struct Lost {
    #[serde(default)]
    pub(super) num_events_lost: Whole,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, expecting = "a flow")]
pub(super) struct Flow {
    pub(super) time: Option<String>,
    #[serde(deserialize_with = "or_default")]
    pub(super) verdict: String,
    #[serde(rename = "IP")]
    pub(super) ip: Option<Ip>,
    pub(super) l4: Option<Layer4>,
    #[serde(deserialize_with = "or_default")]
    pub(super) source: Endpoint,
    #[serde(deserialize_with = "or_default")]
    pub(super) destination: Endpoint,
    #[serde(rename = "Type")]
    #[serde(deserialize_with = "or_default")]
    pub(super) kind: String,
    pub(super) node_name: Option<String>,
    #[serde(deserialize_with = "or_default")]
    pub(super) source_names: Vec<Arc<str>>,
    #[serde(deserialize_with = "or_default")]
    pub(super) destination_names: Vec<Arc<str>>,
    /// What older versions say instead of `is_reply`; absent where it is false.
    #[serde(deserialize_with = "or_default")]
    pub(super) reply: bool,
    pub(super) is_reply: Option<bool>,
    #[serde(deserialize_with = "or_default")]
    pub(super) event_type: EventType,
    pub(super) source_service: Option<Service>,
    pub(super) destination_service: Option<Service>,
    #[serde(deserialize_with = "or_default")]
    pub(super) traffic_direction: String,
    #[serde(deserialize_with = "or_default")]
    pub(super) trace_observation_point: String,
    #[serde(deserialize_with = "or_default")]
    pub(super) drop_reason_desc: String,
    #[serde(deserialize_with = "or_default")]
    pub(super) egress_allowed_by: Vec<Policy>,
    #[serde(deserialize_with = "or_default")]
    pub(super) ingress_allowed_by: Vec<Policy>,
    #[serde(deserialize_with = "or_default")]
    pub(super) egress_denied_by: Vec<Policy>,
    #[serde(deserialize_with = "or_default")]
    pub(super) ingress_denied_by: Vec<Policy>,
}

#[derive(Debug, Deserialize)]
#[serde(expecting = "`source` and `destination`")]
pub(super) struct Ip {
    #[serde(default)]
    pub(super) source: Address,
    #[serde(default)]
    pub(super) destination: Address,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, expecting = "a protocol")]
pub(super) struct Layer4 {
    #[serde(rename = "TCP")]
    pub(super) tcp: Option<Tcp>,
    #[serde(rename = "UDP")]
    pub(super) udp: Option<Ports>,
    #[serde(rename = "SCTP")]
    pub(super) sctp: Option<Ports>,
    #[serde(rename = "ICMPv4")]
    pub(super) icmp: Option<Icmp>,
    #[serde(rename = "ICMPv6")]
    pub(super) icmpv6: Option<Icmp>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, expecting = "ports and flags")]
pub(super) struct Tcp {
    pub(super) source_port: u16,
    pub(super) destination_port: u16,
    pub(super) flags: Option<Flags>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "UPPERCASE", expecting = "flags")]
pub(super) struct Flags {
    pub(super) syn: bool,
    pub(super) ack: bool,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, expecting = "ports")]
pub(super) struct Ports {
    pub(super) source_port: u16,
    pub(super) destination_port: u16,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, expecting = "`type` and `code`")]
pub(super) struct Icmp {
    #[serde(rename = "type")]
    pub(super) kind: u8,
    pub(super) code: u8,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, expecting = "an endpoint")]
pub(super) struct Endpoint {
    pub(super) namespace: Arc<str>,
    pub(super) labels: Vec<String>,
    pub(super) pod_name: Arc<str>,
    pub(super) workloads: Vec<Workload>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, expecting = "a workload")]
pub(super) struct Workload {
    pub(super) name: Arc<str>,
    pub(super) kind: Arc<str>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, expecting = "a service")]
pub(super) struct Service {
    pub(super) name: Arc<str>,
    pub(super) namespace: Arc<str>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, expecting = "a type of event")]
pub(super) struct EventType {
    #[serde(rename = "type")]
    pub(super) kind: i32,
    pub(super) sub_type: i32,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, expecting = "a policy")]
pub(super) struct Policy {
    pub(super) name: Arc<str>,
    pub(super) namespace: Arc<str>,
    pub(super) kind: Arc<str>,
}
