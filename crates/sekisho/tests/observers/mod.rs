//! Connections in the words of other observers, by what these document.

use serde_json::{Value, json};
use std::{fmt::Write, net::IpAddr};

/// One connection, as it was seen at one of its ends.
pub(crate) struct Event {
    at: String,
    number: u16,
    from: End,
    to: End,
    protocol: String,
    port: u16,
    is_denied: bool,
    side: String,
    node: String,
    policies: Vec<(String, String)>,
}

enum End {
    Pod { namespace: String, kind: String, workload: String, labels: Value, pod: String },
    Outside(IpAddr),
}

/// The addresses of the pods of a workload, one of each family.
pub(crate) fn addresses(namespace: &str, workload: &str) -> [String; 2] {
    // Short names of few workloads: no two have the same sum.
    let sum = format!("{namespace}/{workload}")
        .bytes()
        .fold(7_u16, |sum, byte| sum.wrapping_mul(31).wrapping_add(byte.into()));
    let [high, low] = sum.to_be_bytes();
    [format!("10.244.{high}.{low}"), format!("fd00:10:244::{sum:x}")]
}

impl Event {
    /// As many as the record counts.
    pub(crate) fn of(record: &Value) -> Vec<Self> {
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let carried = text(&record["carried"]);
        let (protocol, port) = carried.split_once('/').unwrap();
        let side = text(&record["side"]);
        let by = record["leave"][&side]["deniedBy"].as_array().into_iter().flatten();
        let event = |number: u64| Self {
            at: text(&record["first"]),
            number: u16::try_from(number).unwrap(),
            from: End::of(&record["from"], &record["fromPods"]),
            to: End::of(&record["to"], &record["toPods"]),
            protocol: protocol.to_owned(),
            port: port.parse().unwrap(),
            is_denied: record["outcome"] == "denied",
            side: side.clone(),
            node: text(&record["nodes"]["names"][0]),
            policies: by.clone().map(|policy| (text(&policy["namespace"]), text(&policy["name"]))).collect(),
        };
        (0..record["count"].as_u64().unwrap()).map(event).collect()
    }

    /// Where both ends are, in a family that both have.
    fn ips(&self) -> [IpAddr; 2] {
        let is_v4 = [&self.from, &self.to].into_iter().all(|end| !matches!(end, End::Outside(IpAddr::V6(_))));
        [self.from.ip(is_v4), self.to.ip(is_v4)]
    }

    fn source_port(&self) -> u16 {
        40_000 + self.number
    }
}

impl End {
    fn of(end: &Value, pods: &Value) -> Self {
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        match end.get("workload") {
            Some(of) => Self::Pod {
                namespace: text(&of["namespace"]),
                kind: text(&of["kind"]),
                workload: text(&of["name"]),
                labels: of["labels"].clone(),
                pod: text(&pods["names"][0]),
            },
            None => {
                let block = text(&end["external"]["block"]);
                Self::Outside(block.split('/').next().unwrap().parse().unwrap())
            }
        }
    }

    fn ip(&self, is_v4: bool) -> IpAddr {
        match self {
            Self::Outside(address) => *address,
            Self::Pod { namespace, workload, .. } => {
                let [v4, v6] = addresses(namespace, workload);
                if is_v4 { v4 } else { v6 }.parse().unwrap()
            }
        }
    }

    /// "Use network policy logging" of GKE's documentation: `src` and `dest`.
    fn gke(&self) -> Value {
        match self {
            Self::Outside(address) => json!({"instance": address.to_string()}),
            Self::Pod { namespace, kind, workload, pod, .. } => json!({
                "namespace": namespace, "pod_namespace": namespace, "pod_name": pod,
                "workload_kind": kind, "workload_name": workload,
            }),
        }
    }

    /// `Endpoint` of Cilium's `api/v1/flow/flow.proto`.
    fn hubble(&self) -> Value {
        match self {
            Self::Outside(_) => json!({"identity": 2, "labels": ["reserved:world"]}),
            Self::Pod { namespace, kind, workload, labels, pod } => {
                let own = labels.as_object().unwrap().iter();
                let own = own.map(|(key, value)| format!("k8s:{key}={}", value.as_str().unwrap()));
                let made = format!("k8s:io.kubernetes.pod.namespace={namespace}");
                json!({
                    "namespace": namespace, "pod_name": pod, "labels": own.chain([made]).collect::<Vec<_>>(),
                    "workloads": [{"name": workload, "kind": kind}],
                })
            }
        }
    }
}

/// As a node of GKE writes its `policy_action.log`.
pub(crate) fn gke(events: &[Event]) -> String {
    let line = |event: &Event| {
        let [from, to] = event.ips();
        let policies = event
            .policies
            .iter()
            .map(|(namespace, name)| json!({"kind": "NetworkPolicy", "namespace": namespace, "name": name}));
        json!({
            "connection": {
                "src_ip": from.to_string(), "src_port": event.source_port(),
                "dest_ip": to.to_string(), "dest_port": event.port,
                "protocol": event.protocol.to_lowercase(), "direction": event.side,
            },
            "disposition": if event.is_denied { "deny" } else { "allow" },
            "policies": policies.collect::<Vec<_>>(),
            "src": event.from.gke(), "dest": event.to.gke(),
            "count": 1, "node_name": event.node, "timestamp": event.at,
        })
    };
    events.iter().map(|event| format!("{}\n", line(event))).collect()
}

/// As Hubble's exporter writes verdicts of policies.
pub(crate) fn hubble(events: &[Event]) -> String {
    let line = |event: &Event| {
        let [from, to] = event.ips();
        let mut ports = json!({"source_port": event.source_port(), "destination_port": event.port});
        if event.protocol == "TCP" {
            ports["flags"] = json!({"SYN": true});
        }
        let mut flow = json!({
            "time": event.at, "verdict": if event.is_denied { "DROPPED" } else { "FORWARDED" },
            "IP": {"source": from.to_string(), "destination": to.to_string()},
            "l4": {&event.protocol: ports},
            "source": event.from.hubble(), "destination": event.to.hubble(),
            "Type": "L3_L4", "node_name": event.node, "event_type": {"type": 5},
            "traffic_direction": event.side.to_uppercase(), "is_reply": false,
        });
        if event.is_denied {
            flow["drop_reason_desc"] = "POLICY_DENIED".into();
        }
        json!({"flow": flow, "node_name": event.node, "time": event.at})
    };
    events.iter().map(|event| format!("{}\n", line(event))).collect()
}

/// As a flow log of an AWS VPC with a format of its own.
pub(crate) fn vpc(events: &[Event]) -> String {
    let mut text = "version srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status tcp-flags flow-direction\n".to_owned();
    for event in events {
        let [from, to] = event.ips();
        let (protocol, flags) = if event.protocol == "TCP" { (6, "2") } else { (17, "0") };
        let start = "1795812800";
        let _ = writeln!(
            text,
            "5 {from} {to} {} {} {protocol} 3 180 {start} {start} ACCEPT OK {flags} {}",
            event.source_port(),
            event.port,
            event.side
        );
    }
    text
}
