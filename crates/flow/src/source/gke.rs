//! The network policy logs of GKE Dataplane V2.
//!
//! An entry is described in "Use network policy logging" of the GKE documentation
//! (`cloud.google.com/kubernetes-engine/docs/how-to/network-policy-logging`): the log `policy-action`, whose
//! `jsonPayload` has `connection`, `disposition`, `policies`, `src`, `dest`, `count` and `node_name`. It is read as an
//! array (`gcloud logging read --format=json`), as lines (a sink's export, `--format="json"` through `jq -c`), and as
//! the lines without an envelope that a node keeps in `/var/log/network/policy_action.log`.
//!
//! # What is counted
//! An allowed connection has one entry at each side that a policy is enforced at, with `count` 1. Denied attempts are
//! put together for some seconds; `count` says how many they were. Replies are not logged.

use super::{
    Read, Reader, Skip,
    pieces::{Address, Whole, short},
};
use crate::{
    observation::{Observation, Party, Told, ToldPod},
    record::{Carried, Leave, Observer, Outcome, PolicyRef, Why},
    text::Trouble,
};
use jiff::Timestamp;
use sekisho_core::{
    object::{Direction, Labels},
    set::Protocol,
};
use serde::Deserialize;
use std::sync::Arc;

/// The reader.
#[derive(Debug)]
pub(super) struct Gke;

/// An entry of Cloud Logging. What is not asked for stands in `rest` where the payload has no envelope.
#[derive(Debug, Deserialize)]
#[serde(expecting = "a log entry")]
struct Entry {
    #[serde(rename = "jsonPayload")]
    payload: Option<Payload>,
    timestamp: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, expecting = "a policy action")]
struct Payload {
    connection: Option<Connection>,
    disposition: String,
    policies: Vec<Policy>,
    src: Endpoint,
    dest: Endpoint,
    count: Option<Whole>,
    node_name: Arc<str>,
    timestamp: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, expecting = "a connection")]
struct Connection {
    src_ip: Address,
    dest_ip: Address,
    dest_port: Whole,
    protocol: String,
    direction: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, expecting = "a policy")]
struct Policy {
    kind: Arc<str>,
    name: Arc<str>,
    namespace: Arc<str>,
}

/// A pod, a node (`workload_kind` is `Node`), or an `instance` outside the cluster, which is its address.
#[derive(Debug, Default, Deserialize)]
#[serde(default, expecting = "an end of a connection")]
struct Endpoint {
    pod_name: Arc<str>,
    pod_namespace: Arc<str>,
    namespace: Arc<str>,
    workload_kind: Arc<str>,
    workload_name: Arc<str>,
    node_name: Arc<str>,
    instance: Arc<str>,
}

impl Reader for Gke {
    fn read(&mut self, line: u64, text: &[u8]) -> Result<Read, Trouble> {
        let entry: Entry = serde_json::from_slice(text).map_err(|error| Trouble::json(line, &error))?;
        let payload = match entry.payload {
            Some(payload) => payload,
            None => serde_json::from_slice(text).map_err(|error| Trouble::json(line, &error))?,
        };
        let Some(connection) = &payload.connection else { return Ok(Skip::NoFlow.into()) };
        let outcome = match payload.disposition.as_str() {
            "allow" => Outcome::Allowed,
            "deny" => Outcome::Denied,
            _ => return Ok(Skip::NoVerdict.into()),
        };
        // The payload's own time is the kernel's, the envelope's may be that of the upload.
        let at = payload.timestamp.as_deref().or(entry.timestamp.as_deref());
        let at = at.ok_or_else(|| Trouble::whole(line, "the entry has no `timestamp`"))?;
        let at: Timestamp = at.parse().map_err(|_| {
            Trouble::whole(
                line,
                format!("`{}` is no moment: `timestamp` is as RFC 3339 writes it", short(at)),
            )
        })?;
        let observation = observation(at, outcome, &payload, connection);
        observation
            .map(|read| read.map_or_else(Read::from, Read::from))
            .map_err(|message| Trouble::whole(line, message))
    }
}

fn observation(
    at: Timestamp,
    outcome: Outcome,
    payload: &Payload,
    connection: &Connection,
) -> Result<Result<Observation, Skip>, String> {
    let side = match connection.direction.as_str() {
        "ingress" => Some(Direction::Ingress),
        "egress" => Some(Direction::Egress),
        _ => None,
    };
    let Some((from, to)) = connection.src_ip.0.zip(connection.dest_ip.0) else {
        return Ok(Err(Skip::Incomplete));
    };
    let Some(carried) = carried(connection)? else { return Ok(Err(Skip::Incomplete)) };
    let policies = payload.policies.iter().map(policy).collect();
    let why = match outcome {
        Outcome::Allowed => Why::AllowedBy(policies),
        Outcome::Denied | Outcome::Audited => Why::DeniedBy(policies),
    };
    Ok(Ok(Observation {
        at,
        count: payload.count.map_or(1, |count| count.0.max(1)),
        from: Party { told: payload.src.told(), ..Party::at(from) },
        to: Party { told: payload.dest.told(), ..Party::at(to) },
        carried,
        outcome,
        leave: side.map_or_else(Leave::default, |side| Leave::of_side(side, why)),
        observer: Observer::Gke,
        side,
        node: (!payload.node_name.is_empty()).then(|| Arc::clone(&payload.node_name)),
    }))
}

/// The type of ICMP is not told.
fn carried(connection: &Connection) -> Result<Option<Carried>, String> {
    let port = connection.dest_port.0;
    let port = u16::try_from(port).map_err(|_| format!("`{port}` is no port"))?;
    Ok(match connection.protocol.to_ascii_lowercase().as_str() {
        "tcp" => Some(Carried::Port(Protocol::Tcp, port)),
        "udp" => Some(Carried::Port(Protocol::Udp, port)),
        "sctp" => Some(Carried::Port(Protocol::Sctp, port)),
        "icmp" | "icmpv4" => Some(Carried::Other(1)),
        "icmpv6" => Some(Carried::Other(58)),
        _ => None,
    })
}

fn policy(policy: &Policy) -> PolicyRef {
    let kind =
        if policy.kind.is_empty() { PolicyRef::NETWORK_POLICY.into() } else { Arc::clone(&policy.kind) };
    let namespace = (!policy.namespace.is_empty()).then(|| Arc::clone(&policy.namespace));
    PolicyRef { namespace, name: Arc::clone(&policy.name), kind }
}

impl Endpoint {
    fn told(&self) -> Told {
        let namespace = if self.pod_namespace.is_empty() { &self.namespace } else { &self.pod_namespace };
        let known = |text: &Arc<str>| (!text.is_empty()).then(|| Arc::clone(text));
        if let (Some(name), Some(namespace)) = (known(&self.pod_name), known(namespace)) {
            let workload = known(&self.workload_kind).zip(known(&self.workload_name));
            return Told::Pod(ToldPod { namespace, name: Some(name), workload, labels: Labels::new() });
        }
        if let Some(node) = known(&self.node_name) {
            return Told::Node(Some(node));
        }
        if &*self.workload_kind == "Node" {
            return Told::Node(None);
        }
        if self.instance.is_empty() { Told::Nothing } else { Told::External }
    }
}
