//! Who stands at the ends of what was observed, and why it passed or not.
#![allow(clippy::unwrap_used)]

use proptest::{collection::vec, prelude::*};
use sekisho_core::{
    eval,
    explain::explain,
    index::Index,
    object::{
        Change, Cluster, Direction, LabelSelector, Labels, NetworkPolicy, Node, ObjectKey, Origin, Peer,
        PeerKind, Pod, PodUid, PolicyPort, PortMatch, Requirement, Rule, Service, Workload,
    },
    packet::{End as PacketEnd, Traffic},
    set::{PortRange, Protocol},
    testing::{cluster, config, packet, packet_choice},
};
use sekisho_flow::{
    Timestamp,
    attribution::{Attribution, Book, Explainer, Nobody, Policies, Sighting, Stands},
    observation::{Observation, Party, Told, ToldPod},
    record::{Carried, End, Leave, Nearest, Observer, Outcome, PolicyRef, Why},
};
use std::{
    collections::BTreeSet,
    net::{IpAddr, Ipv4Addr},
    sync::Arc,
};

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

fn second(second: i64) -> Timestamp {
    Timestamp::from_second(1_795_773_600 + second).unwrap()
}

fn pod(namespace: &str, name: &str, workload: &str, address: &str) -> Pod {
    let mut pod = Pod::new(ObjectKey::new(namespace, name));
    pod.workload = Workload { key: ObjectKey::new(namespace, workload), kind: "Deployment".into() };
    pod.labels =
        [("app", workload), ("pod-template-hash", "6d5f7c9b8"), ("job-name", "x")].into_iter().collect();
    pod.addresses = [address].into_iter().filter(|address| !address.is_empty()).map(ip).collect();
    pod.node = Some("node-1".into());
    pod
}

/// Two services, and a policy that lets the one's pods in from pods of the same namespace with a job's label.
fn scenario() -> Cluster {
    let mut cluster = Cluster::default();
    let pods = [
        pod("trading", "trading-bff-6d5f7c9b8-x2x9k", "trading-bff", "10.244.1.11"),
        pod("trading", "trading-backend-5b8c6d9f7-7hq2m", "trading-backend", "10.244.1.12"),
        Pod { host_network: true, ..pod("datadog", "datadog-agent-2b4cd", "datadog-agent", "172.18.0.1") },
    ];
    pods.into_iter().for_each(|pod| cluster.apply(Change::PutPod(pod.into())));
    cluster.apply(Change::PutNode(Node {
        name: "node-1".into(),
        addresses: [ip("172.18.0.1")].into(),
        pod_cidrs: ["10.244.1.0/24".parse().unwrap()].into(),
        ..Node::default()
    }));
    let selector = |key: &str, value: &str| {
        [Requirement::In(key.into(), [Arc::from(value)].into())].into_iter().collect::<LabelSelector>()
    };
    let peer = Peer { kind: PeerKind::Pods(selector("job-name", "y")), origin: Origin::default() };
    cluster.apply(Change::PutPolicy(NetworkPolicy {
        key: ObjectKey::new("trading", "trading-backend"),
        subjects: selector("app", "trading-backend"),
        types: [Direction::Ingress].into(),
        ingress: vec![Rule { peers: vec![peer], ..Rule::default() }],
        egress: Vec::new(),
        labels: Labels::new(),
        annotations: Labels::new(),
        origin: Origin::default(),
    }));
    let service = Service {
        key: ObjectKey::new("trading", "trading-backend"),
        selector: None,
        kind: "ClusterIP".into(),
        cluster_addresses: [ip("10.96.0.7")].into(),
        external_addresses: BTreeSet::new(),
        headless: false,
        ports: Vec::new(),
        external_local: false,
        source_ranges: BTreeSet::new(),
        balancer: Default::default(),
        labels: Labels::new(),
        origin: Origin::default(),
    };
    cluster.services.insert(service.key.clone(), service);
    cluster
}

fn observation(from: Party, to: Party) -> Observation {
    Observation {
        at: second(0),
        count: 1,
        from,
        to,
        carried: Carried::Port(Protocol::Tcp, 9090),
        outcome: Outcome::Allowed,
        leave: Leave::default(),
        observer: Observer::Agent,
        side: None,
        node: Some("node-1".into()),
    }
}

fn told(namespace: &str, name: Option<&str>, workload: Option<(&str, &str)>) -> Party {
    let pod = ToldPod {
        namespace: namespace.into(),
        name: name.map(Arc::from),
        workload: workload.map(|(kind, name)| (kind.into(), name.into())),
        labels: Labels::new(),
    };
    Party { told: Told::Pod(pod), ..Party::at(ip("192.0.2.77")) }
}

/// Who stands at the source's end, in words: `kind namespace/name of pods`.
fn who(attribution: &mut Attribution<Nobody>, party: Party) -> String {
    let Sighting { key, seen } = attribution.name(&observation(party, Party::at(ip("192.0.2.1"))));
    let pods: Vec<&str> = seen.from_pods.iter().map(AsRef::as_ref).collect();
    let kind = key.from.workload().map(|end| format!("{} ", end.workload.kind)).unwrap_or_default();
    let of = if pods.is_empty() { String::new() } else { format!(" by {}", pods.join(", ")) };
    format!("{kind}{}{of}", key.from)
}

#[test]
fn addresses_have_names() {
    let mut attribution = Attribution::new(Book::of(&scenario()), Nobody);
    for (address, name) in [
        ("10.244.1.11", "Deployment trading/trading-bff by trading-bff-6d5f7c9b8-x2x9k"),
        ("172.18.0.1", "node node-1"),
        ("10.244.1.1", "node node-1"),
        ("10.244.1.99", "anyone"),
        ("10.96.0.7", "service trading/trading-backend"),
        ("10.244.2.1", "10.244.2.1/32"),
        ("2001:db8::1", "2001:db8::1/128"),
    ] {
        assert_eq!(who(&mut attribution, Party::at(ip(address))), name, "{address}");
    }
    let named =
        Party { names: ["api.example.com".into()].into_iter().collect(), ..Party::at(ip("203.0.113.7")) };
    assert_eq!(who(&mut attribution, named), "api.example.com (203.0.113.7/32)");
    assert_eq!(who(&mut attribution, Party::default()), "anyone");
}

#[test]
fn labels_of_one_pod_are_left_out_but_those_that_policies_name() {
    let mut attribution = Attribution::new(Book::of(&scenario()), Nobody);
    let sighting = attribution.name(&observation(Party::at(ip("10.244.1.11")), Party::default()));
    let labels = &sighting.key.from.workload().unwrap().labels;
    assert_eq!(*labels, [("app", "trading-bff"), ("job-name", "x")].into_iter().collect());
}

#[test]
fn an_observer_that_names_pods_is_believed() {
    let mut attribution = Attribution::new(Book::of(&scenario()), Nobody);
    let bff = "Deployment trading/trading-bff";
    for (party, name) in [
        // The pod, as the cluster knows it.
        (told("trading", Some("trading-bff-6d5f7c9b8-x2x9k"), None), bff),
        // Another pod of a workload that is known, by what made it and by its name.
        (told("trading", Some("trading-bff-7c8d9f-zzzzz"), Some(("ReplicaSet", "trading-bff-7c8d9f"))), bff),
        (told("trading", Some("trading-bff-7c8d9f-zzzzz"), None), bff),
        (told("trading", None, Some(("Deployment", "trading-bff"))), bff),
        // Workloads that nobody knows.
        (told("wallet", Some("w-7c8d9f-zzzzz"), Some(("ReplicaSet", "w-7c8d9f"))), "Deployment wallet/w"),
        (told("wallet", None, Some(("ReplicaSet", "by-hand"))), "ReplicaSet wallet/by-hand"),
        (told("wallet", None, Some(("Job", "report-29123456"))), "CronJob wallet/report"),
        (told("wallet", Some("w-7c8d9f-zzzzz"), None), "Pod wallet/w-7c8d9f-zzzzz"),
        (Party { told: Told::Node(Some("node-9".into())), ..Party::default() }, "node node-9"),
        (Party { told: Told::Node(None), ..Party::at(ip("172.18.0.1")) }, "node node-1"),
        (Party { told: Told::Node(None), ..Party::at(ip("192.0.2.9")) }, "a node"),
        (Party { told: Told::External, ..Party::at(ip("192.0.2.9")) }, "192.0.2.9/32"),
    ] {
        let what = format!("{party:?}");
        assert_eq!(who(&mut attribution, party).split(" by ").next(), Some(name), "{what}");
    }
    // S22: whoever speaks from a node's address is the node.
    let party =
        Party { address: Some(ip("172.18.0.1")), ..told("datadog", Some("datadog-agent-2b4cd"), None) };
    assert_eq!(who(&mut attribution, party), "node node-1");
}

#[test]
fn an_address_is_whose_it_was_then() {
    let mut book = Book::of(&Cluster::default());
    let address = ip("10.244.1.11");
    let put = |name: &str| {
        Change::PutPod(Arc::new(Pod { uid: PodUid(name.into()), ..pod("red", name, name, "10.244.1.11") }))
    };
    book.apply(second(100), &put("a"));
    book.apply(second(200), &Change::RemovePod(PodUid("a".into())));
    book.apply(second(300), &put("b"));
    // S26: for a moment two pods bear it.
    book.apply(second(400), &put("c"));
    book.apply(second(410), &Change::RemovePod(PodUid("b".into())));
    // S24: one that has finished is not there.
    let Change::PutPod(c) = put("c") else { unreachable!() };
    book.apply(second(500), &Change::PutPod(Arc::new(Pod { finished: true, ..(*c).clone() })));
    let mut attribution = Attribution::new(book, Nobody);
    let mut at = |moment: i64| {
        let observation =
            Observation { at: second(moment), ..observation(Party::at(address), Party::default()) };
        attribution.name(&observation).key.from.to_string()
    };
    let external = "10.244.1.11/32";
    for (moment, name) in [
        (30, external),
        (50, "red/a"),
        (100, "red/a"),
        (199, "red/a"),
        (230, "red/a"),
        (250, "red/b"),
        (350, "red/b"),
        (405, "red/c"),
        (499, "red/c"),
        (530, "red/c"),
        (600, external),
    ] {
        assert_eq!(at(moment), name, "{moment}");
    }
    attribution.book_mut().forget(second(420));
    let observation = Observation { at: second(150), ..observation(Party::at(address), Party::default()) };
    assert_eq!(attribution.name(&observation).key.from.to_string(), external);
}

#[test]
fn the_core_says_why_where_the_observer_does_not() {
    let cluster = scenario();
    let index = Index::of(cluster.changes());
    let mut attribution = Attribution::new(Book::of(&cluster), Policies::of(&cluster, &index));
    let (bff, backend) = (Party::at(ip("10.244.1.11")), Party::at(ip("10.244.1.12")));
    let denied = Observation { outcome: Outcome::Denied, ..observation(bff.clone(), backend.clone()) };
    let no_rule = "egress: not isolated; ingress: no rule of trading/trading-backend allows it";
    let by = |name: &str| Why::DeniedBy([PolicyRef::network_policy(ObjectKey::new("trading", name))].into());
    let ingress = |why| Leave::of_side(Direction::Ingress, why);
    for (observed, leave) in [
        (denied.clone(), no_rule),
        (Observation { side: Some(Direction::Ingress), ..denied.clone() }, no_rule),
        // A denial without a name gets one; one with another name keeps it.
        (Observation { leave: ingress(Why::DeniedBy(BTreeSet::new())), ..denied.clone() }, no_rule),
        (Observation { leave: ingress(by("trading-backend")), ..denied.clone() }, no_rule),
        (
            Observation { leave: ingress(by("other")), ..denied.clone() },
            "egress: not isolated; ingress: denied by trading/other",
        ),
        // Policies were others by then.
        (Observation { outcome: Outcome::Allowed, ..denied.clone() }, "egress: unknown; ingress: unknown"),
        // It left the source, and nobody says that it arrived.
        (
            Observation { outcome: Outcome::Allowed, side: Some(Direction::Egress), ..denied.clone() },
            "egress: not isolated; ingress: unknown",
        ),
        (
            Observation { outcome: Outcome::Allowed, ..observation(backend.clone(), bff.clone()) },
            "egress: not isolated; ingress: not isolated",
        ),
        (Observation { carried: Carried::Anything, ..denied.clone() }, "egress: unknown; ingress: unknown"),
    ] {
        assert_eq!(attribution.name(&observed).key.leave.to_string(), leave, "{observed:?}");
    }
    let nearest = attribution.name(&denied).seen.nearest.unwrap();
    assert_eq!(nearest.path.unwrap().to_string(), "trading/trading-backend spec.ingress[0].from[0]");
    assert!(nearest.lacks.contains("job-name"), "{}", nearest.lacks);
    let told = Observation { from: told("trading", Some("trading-bff-7c8d9f-zzzzz"), None), ..denied };
    assert_eq!(attribution.name(&told).key.leave.to_string(), no_rule, "by a pod that is like it");
}

#[test]
fn a_flow_becomes_a_packet_again() {
    let cluster = scenario();
    let book = Book::of(&cluster);
    let mut attribution = Attribution::new(Book::of(&cluster), Nobody);
    for (from, to, packet) in [
        ("10.244.1.11", "10.244.1.12", Some("10.244.1.11 -> 10.244.1.12 TCP/9090")),
        ("172.18.0.1", "10.244.1.12", Some("172.18.0.1 -> 10.244.1.12 TCP/9090")),
        ("198.51.100.7", "10.244.1.11", Some("198.51.100.7 -> 10.244.1.11 TCP/9090")),
        // No such packet, a Service, an address of nobody.
        ("2001:db8::7", "10.244.1.11", None),
        ("10.244.1.11", "10.96.0.7", None),
        ("10.244.1.99", "10.244.1.11", None),
    ] {
        let key = attribution.name(&observation(Party::at(ip(from)), Party::at(ip(to)))).key;
        assert_eq!(book.packet(&key).map(|packet| packet.to_string()).as_deref(), packet, "{key}");
        assert_eq!(book.packet(&sekisho_flow::record::Key { carried: Carried::Anything, ..key }), None);
    }
    // One pod of a workload goes, another stays.
    let mut book = Book::of(&cluster);
    let key = attribution.name(&observation(Party::at(ip("10.244.1.11")), Party::at(ip("203.0.113.7")))).key;
    let other = pod("trading", "trading-bff-6d5f7c9b8-aaaaa", "trading-bff", "10.244.1.21");
    book.apply(second(0), &Change::PutPod(other.clone().into()));
    book.apply(second(1), &Change::RemovePod(other.uid));
    assert_eq!(book.packet(&key).map(|packet| packet.from.to_string()).as_deref(), Some("10.244.1.11"));
    book.apply(second(2), &Change::RemovePod(PodUid("trading/trading-bff-6d5f7c9b8-x2x9k".into())));
    assert_eq!(book.packet(&key), None, "nobody is there");
    // Manifests know pods without addresses.
    let mut written = Cluster::default();
    written.apply(Change::PutPod(
        Pod { uid: PodUid("u".into()), ..pod("trading", "x", "trading-bff", "") }.into(),
    ));
    let key = attribution.name(&observation(Party::at(ip("10.244.1.11")), Party::at(ip("203.0.113.7")))).key;
    let packet = Book::of(&written).packet(&key).map(|packet| packet.to_string());
    assert_eq!(packet.as_deref(), Some("u -> 203.0.113.7 TCP/9090"));
}

proptest! {
    #![proptest_config(config(128))]

    #[test]
    fn the_reason_is_the_evaluators(cluster in cluster(0..8, 0..6), choice in packet_choice()) {
        let packet = packet(&cluster, choice);
        let index = Index::of(cluster.changes());
        let mut attribution = Attribution::new(Book::of(&cluster), Policies::of(&cluster, &index));
        let (Some(from), Some(to)) = (packet.from.address(), packet.to.address()) else { return Ok(()) };
        let verdict = eval::decide(&cluster, &packet);
        let observed = Observation {
            carried: packet.traffic.into(),
            outcome: verdict.decision.into(),
            ..observation(Party::at(from), Party::at(to))
        };
        let key = attribution.name(&observed).key;
        let unknown = |end: &End| matches!(end, End::Anyone | End::Service(_));
        if packet.traffic != Traffic::Other(58) && !unknown(&key.from) && !unknown(&key.to) {
            prop_assert_eq!(&key.leave, &Leave::from(verdict));
        }
        for (address, end) in [(from, &key.from), (to, &key.to)] {
            let bears = |pod: &&Arc<Pod>| pod.is_policed() && pod.addresses.contains(&address);
            let workloads: BTreeSet<&Workload> =
                cluster.pods.values().filter(bears).map(|pod| &pod.workload).collect();
            match end.workload() {
                Some(end) => prop_assert!(workloads.contains(&end.workload)),
                None => prop_assert!(workloads.is_empty()),
            }
        }
    }

    /// However often and in whatever order packets come, each gets the answer that it would get alone.
    #[test]
    fn an_answer_that_is_remembered_is_the_packets_own(
        cluster in cluster(0..8, 0..6),
        choices in vec((packet_choice(), 0..4_u8), 2..60),
    ) {
        let index = Index::of(cluster.changes());
        let policies = Policies::of(&cluster, &index);
        let mut attribution = Attribution::new(Book::of(&cluster), policies);
        for (choice, host) in choices {
            let mut packet = packet(&cluster, choice);
            // Neighbours of addresses outside, and of ports: of the same class as a rule.
            if let PacketEnd::Address(IpAddr::V4(to)) = &mut packet.to && to.octets()[0] >= 192 {
                *to = Ipv4Addr::from(u32::from(*to) ^ u32::from(host));
            }
            if let Traffic::Port(_, port) = &mut packet.traffic {
                *port = port.saturating_add(u16::from(host));
            }
            let (Some(from), Some(to)) = (packet.from.address(), packet.to.address()) else { continue };
            let verdict = eval::decide(&cluster, &packet);
            let observed = Observation {
                carried: packet.traffic.into(),
                outcome: verdict.decision.into(),
                ..observation(Party::at(from), Party::at(to))
            };
            let sighting = attribution.name(&observed);
            if sighting.key.leave.is_unknown() {
                continue;
            }
            prop_assert_eq!(&sighting.key.leave, &Leave::from(verdict));
            // The whole cluster is asked, and not the part that is enough.
            let explanation = explain(&cluster, &packet);
            let miss = |direction| explanation.side(direction).deciding()?.nearest();
            let nearest = sighting.key.leave.denied_at().and_then(miss).map(|miss| Nearest {
                policy: miss.policy.clone(),
                path: miss.path.clone(),
                lacks: miss.to_string().into(),
            });
            prop_assert_eq!(sighting.seen.nearest, nearest);
        }
    }

    /// Who follows a cluster explains what it denies as who knows all of it; of policies that are only tried, what they would.
    #[test]
    fn what_somebody_else_denied_is_explained(
        cluster in cluster(0..8, 0..6),
        tried in vec(any::<bool>(), 6),
        choices in vec(packet_choice(), 1..20),
    ) {
        let mut enforced = cluster.clone();
        let tried: Vec<_> = cluster.policies.keys().zip(tried).filter(|(_, tried)| *tried).collect();
        tried.iter().for_each(|(key, _)| drop(enforced.policies.remove(*key)));
        let mut explainer = Explainer::default();
        for change in cluster.changes() {
            let is_tried = matches!(&change, Change::PutPolicy(policy) if !enforced.policies.contains_key(&policy.key));
            explainer.apply(&change, if is_tried { Stands::Tried } else { Stands::Enforced });
        }
        let book = Book::of(&cluster);
        for choice in choices {
            let packet = packet(&cluster, choice);
            let (Some(from), Some(to)) = (packet.from.address(), packet.to.address()) else { continue };
            for (outcome, of) in [(Outcome::Denied, &enforced), (Outcome::Audited, &cluster)] {
                let explanation = explain(of, &packet);
                for direction in Direction::ALL {
                    let side = explanation.side(direction);
                    let miss = side.deciding().filter(|_| !side.verdict.decision.is_allow());
                    let nearest = miss.and_then(|subject| subject.nearest()).map(|miss| Nearest {
                        policy: miss.policy.clone(),
                        path: miss.path.clone(),
                        lacks: miss.to_string().into(),
                    });
                    let denied = Observation {
                        carried: packet.traffic.into(),
                        outcome,
                        side: Some(direction),
                        ..observation(Party::at(from), Party::at(to))
                    };
                    prop_assert_eq!(explainer.nearest(&book, &denied), nearest.clone());
                    prop_assert_eq!(explainer.nearest(&book, &denied), nearest, "it is remembered");
                }
            }
        }
    }
}

/// After a policy changes it is the new one that is told; what passed is not explained.
#[test]
fn what_is_explained_follows_the_policies() {
    let mut cluster = scenario();
    let (mut explainer, book) = (Explainer::default(), Book::of(&cluster));
    cluster.changes().for_each(|change| explainer.apply(&change, Stands::Enforced));
    let denied = Observation {
        outcome: Outcome::Denied,
        side: Some(Direction::Ingress),
        ..observation(Party::at(ip("10.244.1.11")), Party::at(ip("10.244.1.12")))
    };
    let lacks =
        |explainer: &mut Explainer| explainer.nearest(&book, &denied).map(|near| near.lacks.to_string());
    let before = lacks(&mut explainer).unwrap();
    assert!(before.contains("job-name"), "{before}");
    let policy = cluster.policies.values_mut().next().unwrap();
    policy.ingress[0].peers.clear();
    policy.ingress[0].ports = vec![PolicyPort {
        protocol: Protocol::Tcp,
        port: PortMatch::Range(PortRange::single(9091).unwrap()),
        origin: Origin::default(),
    }];
    explainer.apply(&Change::PutPolicy(policy.clone()), Stands::Enforced);
    let after = lacks(&mut explainer).unwrap();
    assert!(after.contains("9091"), "{after}");
    explainer.apply(&Change::RemovePolicy(policy.key.clone()), Stands::Enforced);
    assert_eq!(lacks(&mut explainer), None, "policies would allow it by now");
}
