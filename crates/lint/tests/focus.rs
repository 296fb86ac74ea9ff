//! What rules find where they look at some namespaces is what they find there when they look at everything.

#![allow(clippy::unwrap_used, reason = "a test says what must hold")]

use proptest::prelude::*;
use sekisho_core::{
    index::Index,
    object::{
        Balancer, Cluster, Ingress, IngressPath, IngressTarget, LabelSelector, ObjectKey, Origin, Pod,
        PolicyPort, PortMatch, Requirement, Service, ServicePort, ServicePortRef, Span, TargetPort,
    },
    set::Protocol,
    standard::{Baseline, Component, Edge, End, Stance, Standard},
    testing::{NAMESPACES, cluster, config},
};
use sekisho_lint::{Extent, Finding, Subject, World, check, rules, settle};
use std::{collections::BTreeSet, sync::Arc};

fn origin(line: usize) -> Origin {
    let span = Span { line: u32::try_from(line).unwrap(), column: 1, ..Span::default() };
    Origin { source: "all.yaml".into(), span }
}

/// Gives everything a place of its own, as what is read has.
fn placed(cluster: &mut Cluster) {
    let mut line = 0;
    let mut next = || {
        line += 1;
        origin(line)
    };
    cluster.namespaces.values_mut().for_each(|one| one.origin = next());
    cluster.pods.values_mut().for_each(|pod| Arc::make_mut(pod).origin = next());
    for policy in cluster.policies.values_mut() {
        policy.origin = next();
        for rule in policy.ingress.iter_mut().chain(&mut policy.egress) {
            rule.origin = next();
            rule.peers.iter_mut().for_each(|peer| peer.origin = next());
            rule.ports.iter_mut().for_each(|port| port.origin = next());
        }
    }
    for policy in cluster.cluster_policies.values_mut() {
        policy.origin = next();
    }
}

fn label(key: &str, value: &str) -> LabelSelector {
    [Requirement::In(key.into(), [Arc::from(value)].into())].into_iter().collect()
}

/// A Service of every namespace and label, an Ingress before each, and a controller that serves them.
fn with_ways(cluster: &mut Cluster, kind: &str, home: &str, on_host: bool) {
    for (namespace, app) in NAMESPACES.iter().flat_map(|name| ["a", "b"].map(|app| (*name, app))) {
        let key = ObjectKey::new(namespace, app);
        let port = ServicePort {
            name: None,
            protocol: Protocol::Tcp,
            port: 80,
            target: TargetPort::Number(8080),
            node_port: Some(30_080),
        };
        let service = Service {
            key: key.clone(),
            selector: Some(label("app", app)),
            kind: kind.into(),
            cluster_addresses: BTreeSet::new(),
            external_addresses: BTreeSet::new(),
            headless: false,
            ports: vec![port],
            external_local: false,
            source_ranges: BTreeSet::new(),
            balancer: Balancer::default(),
            labels: [("app", app)].into_iter().collect(),
            origin: origin(900),
        };
        cluster.services.insert(key.clone(), service);
        let target = IngressTarget::Service(app.into(), ServicePortRef::Number(80));
        let path = IngressPath { host: None, path: None, target, origin: origin(901) };
        let ingress = Ingress {
            key: key.clone(),
            class: Some(if app == "a" { "nginx" } else { "gce" }.into()),
            paths: vec![path],
            balancer: Balancer::default(),
            origin: origin(902),
        };
        cluster.entrances.ingresses.insert(key, ingress);
    }
    let mut controller = Pod::new(ObjectKey::new(home, "controller"));
    controller.labels =
        [("app.kubernetes.io/name", "traefik"), ("app", "a"), ("app", "nginx-ingress")].into_iter().collect();
    controller.node = Some("node-1".into());
    controller.host_network = on_host;
    controller.addresses = ["10.244.1.200".parse().unwrap()].into();
    controller.origin = origin(903);
    cluster.pods.insert(controller.uid.clone(), controller.into());
}

fn standard() -> Standard {
    let port = PolicyPort { protocol: Protocol::Tcp, port: PortMatch::All, origin: origin(910) };
    let component = |(at, namespace, app): (usize, &str, &str)| Component {
        key: ObjectKey::new(namespace, format!("{namespace}-{app}")),
        pods: label("app", app),
        tier: "bff".into(),
        egress: if app == "a" { Stance::Closed } else { Stance::Open },
        admits: BTreeSet::new(),
        ports: vec![port.clone()],
        origin: origin(911 + at),
    };
    let components: Vec<Component> =
        [(0, "red", "a"), (1, "green", "a"), (2, "blue", "b")].map(component).into();
    let edges = components.iter().zip(components.iter().skip(1)).map(|(from, to)| Edge {
        from: End::Component(from.key.clone()),
        to: End::Component(to.key.clone()),
        ports: vec![port.clone()],
        origin: origin(920),
    });
    Standard {
        baseline: Some(Baseline { name: "baseline".into(), closed: ["blue".into()].into() }),
        edges: edges.collect(),
        components,
        ..Standard::default()
    }
}

fn codes() -> Vec<&'static str> {
    rules().iter().map(|rule| rule.code).collect()
}

fn of_a_cluster_policy(one: &Finding) -> bool {
    matches!(one.subject, Subject::ClusterPolicy(_))
}

fn found(world: &World<'_>) -> Vec<Finding> {
    let mut found = check(world, || true).unwrap();
    found.sort_by(Finding::by_place);
    found
}

proptest! {
    #![proptest_config(config(192))]
    #[test]
    fn where_else_rules_look_changes_nothing(
        mut cluster in cluster(0..8, 0..8),
        kind in prop::sample::select(vec!["ClusterIP", "NodePort", "LoadBalancer"]),
        home in prop::sample::select(NAMESPACES.to_vec()),
        on_host in any::<bool>(),
        has_ways in any::<bool>(),
        is_whole in any::<bool>(),
        asked in prop::sample::subsequence(codes(), 0..5),
    ) {
        if has_ways {
            with_ways(&mut cluster, kind, home, on_host);
        }
        placed(&mut cluster);
        let (index, standard) = (Index::of(cluster.changes()), standard());
        let is_told = NAMESPACES.iter().all(|name| cluster.namespaces.contains_key(*name));
        let extent = if is_whole && is_told { Extent::Whole } else { Extent::Part };
        let world = || World::new(&cluster, &index, &standard, extent, false);
        let whole = found(&world());
        // Some rules say by themselves what they say among others, when those they yield to are heard.
        let of = |findings: Vec<Finding>| {
            settle(findings).into_iter().filter(|one| asked.contains(&one.code())).collect::<Vec<_>>()
        };
        prop_assert_eq!(of(found(&world().asking(asked.iter().copied()))), of(whole.clone()));
        for focus in [vec!["red"], vec!["green"], vec!["red", "blue"], vec![]] {
            let focus: BTreeSet<Arc<str>> = focus.into_iter().map(Arc::from).collect();
            let some = found(&world().only(focus.clone()));
            // What a cluster-wide policy does is told as far as it is seen.
            let (of_all, of_some): (Vec<_>, Vec<_>) = some.into_iter().partition(of_a_cluster_policy);
            for one in &of_all {
                let is_same = |whole: &&Finding| whole.diagnostic.origin == one.diagnostic.origin;
                prop_assert!(whole.iter().filter(is_same).any(of_a_cluster_policy), "{:?}", one);
            }
            let is_of_it = |one: &&Finding| {
                !of_a_cluster_policy(one) && one.subject.namespace().is_none_or(|name| focus.contains(name))
            };
            let expected: Vec<&Finding> = whole.iter().filter(is_of_it).collect();
            prop_assert_eq!(of_some.iter().collect::<Vec<_>>(), expected, "{:?}", focus);
        }
    }
}
