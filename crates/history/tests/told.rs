//! From what nodes tell to who is told of it: a file, a collector and a webhook, over real connections.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test says what must hold")]

#[path = "others/taker.rs"]
mod taker;

use sekisho_core::{
    index::Index,
    object::{
        Cluster, Direction, LabelSelector, Labels, NetworkPolicy, ObjectKey, Origin, Peer, PeerKind, Pod,
        Requirement, Rule, Workload,
    },
    set::Protocol,
    standard::Standard,
};
use sekisho_flow::{
    Timestamp,
    record::{Carried, End, Flow, Key, Leave, Observer, Outcome, Seen, Window, WorkloadEnd},
};
use sekisho_history::{
    Batch, History, Mark,
    alert::{self, Receiver, State},
    export::{self, Collector},
    telling::{self, Telling, To},
};
use serde_json::Value;
use std::{sync::Arc, time::Duration};
use taker::takes_everything;

fn labels(app: &str) -> Labels {
    [(Arc::from("app"), Arc::from(app))].into_iter().collect()
}

fn selector(app: &str) -> LabelSelector {
    [Requirement::In("app".into(), [app.into()].into())].into_iter().collect()
}

/// Pods `shop/web` and `shop/api`; whoever is named may call the api, and everybody where nobody is.
fn cluster(callers: Option<&[&str]>) -> (Cluster, Index) {
    let mut cluster = Cluster::default();
    for (app, address) in [("web", "10.0.0.1"), ("api", "10.0.0.2")] {
        let mut pod = Pod::new(ObjectKey::new("shop", format!("{app}-1")));
        pod.workload = Workload { key: ObjectKey::new("shop", app), kind: "Deployment".into() };
        (pod.labels, pod.addresses) = (labels(app), [address.parse().unwrap()].into());
        cluster.pods.insert(pod.uid.clone(), Arc::new(pod));
    }
    if let Some(callers) = callers {
        let peers =
            callers.iter().map(|app| Peer { kind: PeerKind::Pods(selector(app)), origin: Origin::default() });
        let key = ObjectKey::new("shop", "api");
        let policy = NetworkPolicy {
            key: key.clone(),
            subjects: selector("api"),
            types: [Direction::Ingress].into(),
            ingress: vec![Rule { peers: peers.collect(), ..Rule::default() }],
            egress: Vec::new(),
            labels: Labels::default(),
            annotations: Labels::default(),
            origin: Origin::default(),
        };
        cluster.policies.insert(key, policy);
    }
    let index = Index::of(cluster.changes());
    (cluster, index)
}

fn flow(port: u16, outcome: Outcome, at: Timestamp) -> Flow {
    let end = |app: &str| {
        let workload = Workload { key: ObjectKey::new("shop", app), kind: "Deployment".into() };
        End::Workload(WorkloadEnd { workload, labels: labels(app) })
    };
    let key = Key {
        from: end("web"),
        to: end("api"),
        carried: Carried::Port(Protocol::Tcp, port),
        outcome,
        leave: Leave::default(),
        observer: Observer::Agent,
        side: Some(Direction::Ingress),
    };
    Flow { window: Window::new(at, at + Duration::from_millis(500)).unwrap(), key, seen: Seen::at(at, 1) }
}

struct Hub {
    history: History,
    telling: Telling,
    number: u64,
}

impl Hub {
    /// What a node tells is taken, and then told.
    fn take(&mut self, flows: Vec<Flow>) {
        self.number += 1;
        let mark = Mark { node: "a".into(), boot: "a".into(), first: self.number, last: self.number };
        let batch = Batch { mark, at: Timestamp::UNIX_EPOCH, flows, lost: Vec::new() };
        self.history.put(&batch).unwrap();
        self.telling.took(&batch.flows);
    }
}

#[test]
fn what_comes_is_told_and_what_is_known_is_not_told_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("history.db");
    let ((logs, logged), (hook, hooked)) = (takes_everything(), takes_everything());
    let start = || {
        let to = To {
            collector: Some(Collector::new(&logs).unwrap()),
            receivers: vec![Receiver::webhook(&hook).unwrap()],
            ..To::default()
        };
        let telling = Telling::start(to, alert::Limits::default(), export::Limits::default()).unwrap();
        let mut hub = Hub { history: History::open(&path).unwrap(), telling, number: 0 };
        hub.number = hub.history.reached().unwrap().get("a").map_or(0, |reached| reached.last);
        hub
    };
    let told = || {
        let body = hooked.recv_timeout(Duration::from_secs(20)).unwrap();
        let alerts = body["alerts"].as_array().unwrap().clone();
        let one =
            |alert: &Value| format!("{} {} {}", alert["status"], alert["name"], alert["labels"]["port"]);
        alerts.iter().map(|alert| one(alert).replace('"', "")).collect::<Vec<_>>()
    };
    let at =
        |minute: u64| "2026-11-01T12:00:00Z".parse::<Timestamp>().unwrap() + Duration::from_secs(60 * minute);
    let (open, closed) = (cluster(None), cluster(Some(&["other"])));
    let [open, closed] = [&open, &closed].map(|(cluster, index)| State { cluster, index });

    let mut hub = start();
    hub.take(vec![flow(80, Outcome::Allowed, at(0)), flow(22, Outcome::Denied, at(0))]);
    assert_eq!(told(), ["firing SekishoNewDenial TCP/22"]);
    // Policies change, and what flowed is known to be closed; then it is tried.
    let found =
        telling::closed(&hub.history, (open, closed), at(1), alert::Limits::default().memory).unwrap();
    hub.telling.policies_changed(found.unwrap(), closed, at(1));
    assert_eq!(told(), ["firing SekishoWouldBreak TCP/80"]);
    hub.take(vec![flow(80, Outcome::Denied, at(2))]);
    assert_eq!(told(), ["resolved SekishoWouldBreak TCP/80", "firing SekishoPredictedDenial TCP/80"]);
    // Nothing of it is an exception's, and nothing changed.
    let leaning = telling::leaning_on(&hub.history, closed, &Standard::default(), at(2)).unwrap();
    hub.telling.leaning(&leaning, at(2));
    let found =
        telling::closed(&hub.history, (closed, closed), at(2), alert::Limits::default().memory).unwrap();
    assert_eq!(found, None);
    assert_eq!(hub.telling.open().count(), 2);
    hub.telling.tick(at(70));
    assert_eq!(told(), ["resolved SekishoNewDenial TCP/22", "resolved SekishoPredictedDenial TCP/80"]);
    drop(hub);

    // A program that starts anew knows what was denied.
    let mut hub = start();
    hub.telling.remember(&hub.history, at(80)).unwrap();
    hub.take(vec![flow(22, Outcome::Denied, at(80)), flow(23, Outcome::Denied, at(80))]);
    assert_eq!(told(), ["firing SekishoNewDenial TCP/23"]);
    let counts = hub.telling.told();
    assert_eq!((counts.open, counts.untold, counts.receivers.len(), counts.troubles.len()), (1, 0, 1, 0));
    drop(hub);
    let records: usize = logged.try_iter().map(|body| body.to_string().matches("timeUnixNano").count()).sum();
    assert_eq!(records, 5, "each that was taken, once");
}
