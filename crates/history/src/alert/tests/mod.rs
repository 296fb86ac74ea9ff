//! What is told, and when.

mod change;
mod denial;
mod excepted;

use super::*;
use sekisho_core::{
    index::Index,
    object::{
        Cluster, Direction, IpBlock, LabelSelector, Labels, NetworkPolicy, ObjectKey, Origin, Peer, PeerKind,
        Pod, PolicyPort, PortMatch, Requirement, Rule, Workload,
    },
    set::Protocol,
};
use sekisho_flow::record::{
    Carried, End, Flow, Key, Leave, Observer, Outcome, Seen, Why, Window, WorkloadEnd,
};
use std::{sync::Arc, time::Duration};

const HOUR: Duration = Duration::from_secs(3600);

fn at(hours: u32) -> Timestamp {
    "2026-11-01T00:00:00Z".parse::<Timestamp>().unwrap() + HOUR * hours
}

fn labels(app: &str) -> Labels {
    [(Arc::from("app"), Arc::from(app))].into_iter().collect()
}

fn selector(app: &str) -> LabelSelector {
    [Requirement::In("app".into(), [app.into()].into())].into_iter().collect()
}

/// `shop/web`, or an address outside.
fn end(name: &str) -> End {
    match name.split_once('/') {
        Some((namespace, name)) if !name.chars().all(|letter| letter.is_ascii_digit()) => {
            let workload = Workload { key: ObjectKey::new(namespace, name), kind: "Deployment".into() };
            End::Workload(WorkloadEnd { workload, labels: labels(name) })
        }
        _ => End::external(name.parse().unwrap()),
    }
}

fn flow(from: &str, to: &str, port: u16, outcome: Outcome, hour: u32) -> Flow {
    let denied = Why::Because(sekisho_core::verdict::Because::NoRule(vec![ObjectKey::new("shop", "api")]));
    let leave = match outcome {
        Outcome::Allowed => Leave::default(),
        _ => Leave::of_side(Direction::Ingress, denied),
    };
    let key = Key {
        from: end(from),
        to: end(to),
        carried: Carried::Port(Protocol::Tcp, port),
        outcome,
        leave,
        observer: Observer::Agent,
        side: Some(Direction::Ingress),
    };
    let window = Window::new(at(hour), at(hour) + Duration::from_secs(60)).unwrap();
    Flow { window, key, seen: Seen::at(at(hour), 3) }
}

fn denied(from: &str, port: u16, hour: u32) -> Flow {
    flow(from, "shop/api", port, Outcome::Denied, hour)
}

/// What is told, shortly: `NewDenial shop/web -> shop/api TCP/80`, and `over` before it where it is.
fn told(alerts: &[Alert]) -> Vec<String> {
    let one = |alert: &Alert| {
        let of = |label: &str| alert.labels.get(label).cloned().unwrap_or_default();
        let over = if alert.ends.is_some() { "over: " } else { "" };
        format!("{over}{:?} {} -> {} {}", alert.name, of("from"), of("to"), of("port"))
    };
    alerts.iter().map(one).collect()
}

fn pod(namespace: &str, app: &str, address: &str) -> Pod {
    let mut pod = Pod::new(ObjectKey::new(namespace, format!("{app}-1")));
    pod.workload = Workload { key: ObjectKey::new(namespace, app), kind: "Deployment".into() };
    pod.labels = labels(app);
    pod.addresses = [address.parse().unwrap()].into();
    pod
}

/// `shop/<name>`, which lets `peers` reach the pods of `app` on port 80.
fn policy(name: &str, app: &str, peers: &[PeerKind]) -> NetworkPolicy {
    let peer = |kind: &PeerKind| Peer { kind: kind.clone(), origin: Origin::default() };
    let port = sekisho_core::set::PortRange::new(80, 80).unwrap();
    let ports =
        vec![PolicyPort { protocol: Protocol::Tcp, port: PortMatch::Range(port), origin: Origin::default() }];
    let rule = Rule { peers: peers.iter().map(peer).collect(), ports, origin: Origin::default() };
    NetworkPolicy {
        key: ObjectKey::new("shop", name),
        subjects: selector(app),
        types: [Direction::Ingress].into(),
        ingress: vec![rule],
        egress: Vec::new(),
        labels: Labels::default(),
        annotations: Labels::default(),
        origin: Origin::default(),
    }
}

fn block(cidr: &str) -> PeerKind {
    PeerKind::Block(IpBlock::new(cidr.parse().unwrap(), []).unwrap())
}

fn cluster(policies: Vec<NetworkPolicy>) -> (Cluster, Index) {
    let pods = [("web", "10.0.0.1"), ("job", "10.0.0.2"), ("api", "10.0.0.3")];
    let pods = pods.map(|(app, address)| pod("shop", app, address));
    let cluster = Cluster {
        pods: pods.into_iter().map(|pod| (pod.uid.clone(), Arc::new(pod))).collect(),
        policies: policies.into_iter().map(|policy| (policy.key.clone(), policy)).collect(),
        ..Cluster::default()
    };
    let index = Index::of(cluster.changes());
    (cluster, index)
}

fn state((cluster, index): &(Cluster, Index)) -> State<'_> {
    State { cluster, index }
}
