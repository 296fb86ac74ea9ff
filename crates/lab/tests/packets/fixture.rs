//! Small clusters for tests.

use sekisho_core::{
    object::{
        Balancer, Cluster, ContainerPort, Direction, LabelSelector, Labels, NetworkPolicy, ObjectKey, Origin,
        Peer, PeerKind, Pod, Requirement, Rule, Service, ServicePort, TargetPort,
    },
    set::Protocol,
};
use sekisho_lab::{Lab, Options, Report};

/// A pod called `namespace/name` with the label `app: name` and these ports.
pub(crate) fn pod(key: &str, ports: &[(Protocol, u16)]) -> Pod {
    let (namespace, name) = key.split_once('/').unwrap();
    let mut pod = Pod::new(ObjectKey::new(namespace, name));
    pod.labels = [("app", name)].into_iter().collect::<Labels>();
    let port = |(protocol, number): &(Protocol, u16)| ContainerPort {
        name: None,
        protocol: *protocol,
        number: *number,
    };
    pod.ports = std::sync::Arc::new(ports.iter().map(port).collect());
    pod
}

/// What selects the pods that are labelled `app: name`.
pub(crate) fn app(name: &str) -> LabelSelector {
    [Requirement::In("app".into(), [name.into()].into())].into_iter().collect()
}

/// The Service `namespace/name` that leads from one port to another of the pods labelled `app: name`.
pub(crate) fn service(key: &str, protocol: Protocol, port: u16, target: u16) -> Service {
    let (namespace, name) = key.split_once('/').unwrap();
    Service {
        key: ObjectKey::new(namespace, name),
        selector: Some(app(name)),
        kind: "ClusterIP".into(),
        cluster_addresses: [].into(),
        external_addresses: [].into(),
        headless: false,
        ports: vec![ServicePort {
            name: None,
            protocol,
            port,
            target: TargetPort::Number(target),
            node_port: None,
        }],
        external_local: false,
        source_ranges: [].into(),
        balancer: Balancer::default(),
        labels: Labels::new(),
        origin: Origin::default(),
    }
}

/// The cluster of these pods.
pub(crate) fn cluster(pods: impl IntoIterator<Item = Pod>) -> Cluster {
    Cluster {
        pods: pods.into_iter().map(|pod| (pod.uid.clone(), pod.into())).collect(),
        ..Cluster::default()
    }
}

/// A built lab.
pub(crate) fn lab(cluster: &Cluster, options: Options) -> Lab {
    Lab::build(Lab::plan(cluster, &options).unwrap(), options).unwrap()
}

/// Runs a lab and complains about every difference.
#[track_caller]
pub(crate) fn agree(lab: &Lab) -> Report {
    let report = lab.run(&mut ()).unwrap();
    let differences: Vec<String> = report.differences().map(|outcome| report.describe(outcome)).collect();
    assert!(report.agrees(), "{}\n{}", report.summary(), differences.join("\n"));
    report
}

/// The policy `namespace/name` for the pods labelled `app: subject`. A direction that is `None` is not
/// isolated.
pub(crate) fn policy(
    key: &str,
    subject: &str,
    ingress: Option<Vec<Rule>>,
    egress: Option<Vec<Rule>>,
) -> NetworkPolicy {
    let (namespace, name) = key.split_once('/').unwrap();
    let directions = [(Direction::Ingress, ingress.is_some()), (Direction::Egress, egress.is_some())];
    NetworkPolicy {
        key: ObjectKey::new(namespace, name),
        subjects: app(subject),
        types: directions
            .into_iter()
            .filter(|(_, isolates)| *isolates)
            .map(|(direction, _)| direction)
            .collect(),
        ingress: ingress.unwrap_or_default(),
        egress: egress.unwrap_or_default(),
        labels: Labels::new(),
        annotations: Labels::new(),
        origin: Origin::default(),
    }
}

/// A rule for all ports of the pods of the same namespace that are labelled `app: name`.
pub(crate) fn peer(name: &str) -> Rule {
    let peer = Peer { kind: PeerKind::Pods(app(name)), origin: Origin::default() };
    Rule { peers: vec![peer], ..Rule::default() }
}

/// The cluster with these policies instead of its own.
pub(crate) fn with(cluster: &Cluster, policies: impl IntoIterator<Item = NetworkPolicy>) -> Cluster {
    let policies = policies.into_iter().map(|policy| (policy.key.clone(), policy)).collect();
    Cluster { policies, ..cluster.clone() }
}
