//! What is recommended of small clusters, line by line.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test says what must hold")]

use sekisho_core::{
    object::{
        Change, Cluster, ContainerPort, Direction, LabelSelector, Labels, NetworkPolicy, Node, ObjectKey,
        Origin, Pod, Rule, Service, ServicePort, TargetPort, Workload,
        annotation::{AUDIT, MODE},
    },
    set::Protocol,
    standard::{NamedPeer, Role, Standard, Whom},
};
use sekisho_flow::{
    Timestamp,
    record::{Carried, End, Flow, Key, Leave, Observer, Outcome, Pods, Seen, Window, WorkloadEnd},
};
use sekisho_recommend::{
    Asked, Left, Recommendation, Widen, history::History, recommend, roster::Roster, status::status,
};
use std::{collections::BTreeSet, net::IpAddr, sync::Arc};

fn labels(text: &str) -> Labels {
    text.split_whitespace().filter_map(|pair| pair.split_once('=')).collect()
}

/// A pod of a Deployment that is called as the pod is, without the dash and what is behind it.
fn pod(name: &str, with: &str) -> Pod {
    let mut pod = Pod::new(ObjectKey::new("shop", name));
    let workload = name.split('-').next().unwrap_or(name);
    pod.workload = Workload { key: ObjectKey::new("shop", workload), kind: "Deployment".into() };
    pod.labels = labels(with);
    pod
}

fn cluster(pods: &[Pod]) -> Cluster {
    let mut cluster = Cluster::default();
    pods.iter().cloned().for_each(|pod| cluster.apply(Change::PutPod(pod.into())));
    cluster
}

fn end(name: &str, with: &str) -> End {
    let workload = Workload { key: ObjectKey::new("shop", name), kind: "Deployment".into() };
    End::Workload(WorkloadEnd { workload, labels: labels(with) })
}

fn outside(text: &str) -> End {
    End::external(text.parse().unwrap())
}

fn flow(from: End, to: End, carried: &str) -> Flow {
    let at: Timestamp = "2026-11-27T10:00:00Z".parse().unwrap();
    let window = Window::new(at, "2026-11-27T11:00:00Z".parse().unwrap()).unwrap();
    let (leave, carried): (_, Carried) = (Leave::default(), carried.parse().unwrap());
    let key =
        Key { from, to, carried, outcome: Outcome::Allowed, leave, observer: Observer::Agent, side: None };
    Flow { window, key, seen: Seen::at(at, 5) }
}

fn found(cluster: &Cluster, standard: &Standard, flows: &[Flow], asked: &Asked) -> (History, Recommendation) {
    let roster = Roster::of(cluster, standard);
    let history = History::of(flows.to_vec(), cluster, &roster, asked);
    let found = recommend(cluster, standard, (&roster, &history), asked);
    (history, found)
}

/// Each rule on a line.
fn told(found: &Recommendation) -> Vec<String> {
    let mut lines = Vec::new();
    for advice in &found.policies {
        let policy = &advice.policy;
        lines.push(format!("{} {}", policy.key, policy.subjects));
        for direction in Direction::ALL {
            for rule in policy.rules(direction) {
                let peers: Vec<String> = rule.peers.iter().map(|peer| format!("{:?}", peer.kind)).collect();
                let ports: Vec<String> = rule.ports.iter().map(ToString::to_string).collect();
                lines.push(format!("  {direction} {} peers on {}", peers.len(), ports.join(", ")));
            }
        }
    }
    lines
}

fn only(direction: Direction) -> Asked {
    Asked { directions: [direction].into(), ..Asked::default() }
}

#[test]
fn a_pod_that_no_labels_select_alone_is_left_to_people_and_keeps_the_baseline_open() {
    let pods = [pod("web-1", "app=web"), pod("canary-1", "app=web track=canary")];
    let mut cluster = cluster(&pods);
    let open = NetworkPolicy {
        key: ObjectKey::new("shop", "baseline"),
        subjects: LabelSelector::everything(),
        types: Direction::ALL.into(),
        ingress: Vec::new(),
        egress: vec![Rule::default()],
        labels: Labels::new(),
        annotations: Labels::new(),
        origin: Origin::default(),
    };
    cluster.apply(Change::PutPolicy(open));
    let seen = [flow(end("web", "app=web"), outside("192.0.2.1/32"), "TCP/443")];
    let (_, found) = found(&cluster, &Standard::default(), &seen, &only(Direction::Egress));
    let web = ObjectKey::new("shop", "web");
    let expected: BTreeSet<Left> = [
        Left::Subject(web.clone(), Direction::Egress),
        Left::Baseline("shop".into(), Direction::Egress, [web].into()),
        Left::Open(ObjectKey::new("shop", "baseline"), Direction::Egress),
    ]
    .into();
    assert_eq!(found.left, expected);
    assert_eq!(told(&found), ["shop/canary-egress track=canary"]);
    assert!(found.proof.refused.is_empty());
}

#[test]
fn what_no_rule_can_say_is_told() {
    let cluster = cluster(&[pod("web-1", "app=web")]);
    let web = || end("web", "app=web");
    let seen = [
        flow(web(), End::Anyone, "TCP/1"),
        flow(web(), outside("192.0.2.0/24"), "TCP/2"),
        flow(web(), outside("192.0.2.1/32"), "TCP"),
        flow(web(), outside("192.0.2.1/32"), "ICMP/8"),
        flow(web(), end("gone", "app=gone"), "TCP/3"),
        flow(web(), End::Node(None), "TCP/4"),
        flow(web(), End::Service(ObjectKey::new("shop", "none")), "TCP/5"),
        flow(outside("192.0.2.1/32"), outside("192.0.2.2/32"), "TCP/6"),
    ];
    let (history, found) = found(&cluster, &Standard::default(), &seen, &Asked::default());
    let told: BTreeSet<String> = found
        .untold
        .iter()
        .map(|one| format!("{}: {}", one.what.rsplit(' ').next().unwrap(), one.why))
        .collect();
    let expected = [
        "ICMP/8: it has no ports, so only a rule that lets every port pass would let it",
        "TCP/1: nobody can say who stands at an end of it",
        "TCP/2: its addresses were folded into a block",
        "TCP/3: `shop/gone` is not among what was read of the cluster",
        "TCP/4: the addresses of the node are not known",
        "TCP/5: it is not known to which pods the Service leads",
        "TCP: its ports were folded",
    ];
    assert_eq!(told, expected.map(str::to_owned).into());
    assert_eq!((history.exempt, history.records, found.keeps_everything()), (1, 8, false));
}

#[test]
fn an_own_node_needs_no_rule_and_another_is_its_addresses() {
    let mut web = pod("web-1", "app=web");
    web.node = Some("node-1".into());
    web.addresses = ["10.244.1.1".parse().unwrap()].into();
    let mut cluster = cluster(&[web]);
    for (name, address) in [("node-1", "172.18.0.1"), ("node-2", "172.18.0.2")] {
        let addresses: BTreeSet<IpAddr> = [address.parse().unwrap()].into();
        cluster.apply(Change::PutNode(Node { name: name.into(), addresses, ..Node::default() }));
    }
    let from = |name: &str| {
        let mut flow = flow(End::Node(Some(name.into())), end("web", "app=web"), "TCP/8080");
        flow.seen.to_pods = Pods::of([Arc::from("web-1")], false);
        flow
    };
    let (history, found) =
        found(&cluster, &Standard::default(), &[from("node-1"), from("node-2")], &only(Direction::Ingress));
    assert_eq!(history.exempt, 1);
    let policy = &found.policies.iter().find(|advice| &*advice.policy.key.name == "web").unwrap().policy;
    let peers: Vec<String> = policy.ingress[0].peers.iter().map(|peer| format!("{:?}", peer.kind)).collect();
    assert_eq!(peers.len(), 1);
    assert!(peers[0].contains("172.18.0.2"), "{peers:?}");
    assert!(found.proof.refused.is_empty() && found.proof.beyond.is_empty());
}

#[test]
fn a_service_is_the_pods_behind_it() {
    let mut api = pod("api-1", "app=api");
    let port = ContainerPort { name: Some("http".into()), protocol: Protocol::Tcp, number: 8080 };
    api.ports = Arc::new([port].into());
    let mut cluster = cluster(&[pod("web-1", "app=web"), api]);
    let selector: LabelSelector =
        [sekisho_core::object::Requirement::In("app".into(), ["api".into()].into())].into_iter().collect();
    let key = ObjectKey::new("shop", "api");
    let service = Service {
        key: key.clone(),
        selector: Some(selector),
        kind: "ClusterIP".into(),
        cluster_addresses: BTreeSet::new(),
        external_addresses: BTreeSet::new(),
        headless: false,
        ports: vec![ServicePort {
            name: None,
            protocol: Protocol::Tcp,
            port: 80,
            target: TargetPort::Name("http".into()),
            node_port: None,
        }],
        external_local: false,
        source_ranges: BTreeSet::new(),
        balancer: Default::default(),
        labels: Labels::new(),
        origin: Origin::default(),
    };
    cluster.services.insert(key.clone(), service);
    let seen = [flow(end("web", "app=web"), End::Service(key), "TCP/80")];
    let (_, found) = found(&cluster, &Standard::default(), &seen, &Asked::default());
    let expected = [
        "shop/api app=api",
        "  ingress 1 peers on TCP http",
        "shop/baseline {}",
        "shop/web-egress app=web",
        "  egress 1 peers on TCP http",
    ];
    assert_eq!(told(&found), expected);
    assert!(found.keeps_everything());
}

/// A peer of the standard by its ranges.
fn named(name: &str, range: &str, role: Role) -> Standard {
    let whom = Whom::Ranges([range.parse().unwrap()].into());
    let peer = NamedPeer { whom, role, environments: None, origin: Origin::default() };
    Standard { peers: [(Arc::from(name), peer)].into(), ..Standard::default() }
}

#[test]
fn addresses_are_those_of_a_named_peer_but_not_what_many_share_on_their_way_out() {
    let cluster = cluster(&[pod("web-1", "app=web")]);
    let seen = [flow(outside("203.0.113.7/32"), end("web", "app=web"), "TCP/80")];
    let who = |role| {
        let standard = named("office", "203.0.113.0/24", role);
        let (_, found) = found(&cluster, &standard, &seen, &only(Direction::Ingress));
        let of = found.policies.iter().find(|advice| &*advice.policy.key.name == "web").unwrap();
        format!("{:?}", of.policy.ingress[0].peers[0].kind)
    };
    assert!(who(Role::People).contains("203.0.113.0/24"));
    assert!(who(Role::Nat).contains("203.0.113.7/32"));
}

#[test]
fn blocks_are_as_wide_as_is_asked_for_and_that_is_told() {
    let cluster = cluster(&[pod("web-1", "app=web")]);
    let seen = [flow(end("web", "app=web"), outside("203.0.113.7/32"), "TCP/443")];
    let asked = Asked { widen: Widen { v4: Some(24), v6: None }, ..only(Direction::Egress) };
    let (_, found) = found(&cluster, &Standard::default(), &seen, &asked);
    let beyond: Vec<String> =
        found.proof.beyond.iter().map(|one| format!("{} {}", one.from, one.ports)).collect();
    assert_eq!(beyond, ["shop/web TCP/443"]);
}

#[test]
fn pods_that_labels_do_not_tell_apart_are_beyond_what_was_seen() {
    let cluster = cluster(&[pod("web-1", "app=web"), pod("twin-1", "app=web"), pod("api-1", "app=api")]);
    let seen = [flow(end("web", "app=web"), end("api", "app=api"), "TCP/80")];
    let (_, found) = found(&cluster, &Standard::default(), &seen, &Asked::default());
    let beyond: Vec<String> =
        found.proof.beyond.iter().map(|one| format!("{} -> {} {}", one.from, one.to, one.ports)).collect();
    assert_eq!(beyond, ["shop/twin -> shop/api TCP/80"]);
}

#[test]
fn a_policy_that_is_tried_is_not_safe_while_something_cannot_be_asked_about() {
    let mut cluster = cluster(&[pod("web-1", "app=web")]);
    let closed = |selects: LabelSelector| NetworkPolicy {
        key: ObjectKey::new("shop", "tried"),
        subjects: selects,
        types: [Direction::Egress].into(),
        ingress: Vec::new(),
        egress: Vec::new(),
        labels: Labels::new(),
        annotations: [(MODE, AUDIT)].into_iter().collect(),
        origin: Origin::default(),
    };
    cluster.apply(Change::PutPolicy(closed(LabelSelector::everything())));
    let against = |cluster: &Cluster, flows: &[Flow], enough| {
        let roster = Roster::of(cluster, &Standard::default());
        let history = History::of(flows.to_vec(), cluster, &roster, &Asked::default());
        let standing = status(cluster, (&roster, &history), &Default::default(), enough);
        standing[0].against.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    let web = || end("web", "app=web");
    assert!(against(&cluster, &[], 0).is_empty());
    let ping = flow(web(), outside("192.0.2.1/32"), "ICMP/8");
    assert_eq!(against(&cluster, &[ping], 0), ["1 kind of connection cannot be asked about"]);
    let call = flow(web(), outside("192.0.2.1/32"), "TCP/443");
    assert_eq!(
        against(&cluster, std::slice::from_ref(&call), 0),
        ["it would deny 1 kind of connection that was seen"]
    );
    // What comes in is no affair of a policy about egress.
    let came = flow(outside("192.0.2.1/32"), web(), "TCP/80");
    assert_eq!(against(&cluster, &[came], 1), ["0 connections of its pods were seen, and 1 are wanted"]);
    let nobody = [sekisho_core::object::Requirement::Exists("none".into())].into_iter().collect();
    cluster.apply(Change::PutPolicy(closed(nobody)));
    assert_eq!(against(&cluster, &[call], 1), ["it selects no pod"]);
}

#[test]
fn what_its_destination_refused_did_not_pass_though_its_source_let_it_go() {
    let cluster = cluster(&[pod("web-1", "app=web"), pod("db-1", "app=db")]);
    let seen = |outcome, side| {
        let mut flow = flow(end("web", "app=web"), end("db", "app=db"), "TCP/5432");
        (flow.key.outcome, flow.key.side) = (outcome, side);
        flow
    };
    let leaves = seen(Outcome::Allowed, Some(Direction::Egress));
    let refused = seen(Outcome::Denied, Some(Direction::Ingress));
    let arrives = seen(Outcome::Allowed, Some(Direction::Ingress));
    let rules = |seen: &[&Flow], asked: &Asked| {
        let flows: Vec<Flow> = seen.iter().map(|flow| (*flow).clone()).collect();
        let (_, found) = found(&cluster, &Standard::default(), &flows, asked);
        assert!(found.proof.refused.is_empty());
        told(&found).iter().any(|line| line.contains("5432"))
    };
    let egress = only(Direction::Egress);
    assert!(rules(&[&leaves], &egress), "nobody was there who would have seen it arrive");
    assert!(!rules(&[&leaves, &refused], &egress));
    assert!(rules(&[&leaves, &refused, &arrives], &egress), "some of it arrived");
    assert!(rules(&[&leaves, &seen(Outcome::Denied, Some(Direction::Egress))], &egress));
    assert!(rules(&[&seen(Outcome::Allowed, None), &refused], &egress), "nobody says where it was seen");
    let denied = Asked { include_denied: true, ..egress };
    assert!(rules(&[&leaves, &refused], &denied));

    let pings = |flow: &Flow| Flow {
        key: Key { carried: "ICMP/8".parse().unwrap(), ..flow.key.clone() },
        ..flow.clone()
    };
    let untold = |seen: &[&Flow]| {
        let flows: Vec<Flow> = seen.iter().map(|flow| pings(flow)).collect();
        found(&cluster, &Standard::default(), &flows, &only(Direction::Egress)).1.untold.len()
    };
    assert_eq!((untold(&[&leaves]), untold(&[&leaves, &refused])), (1, 0));
    assert_eq!(untold(&[&leaves, &refused, &arrives]), 1);
}
