//! Small clusters and standards, for tests of rules that need a standard. Tests of the others are folders of manifests
//! under `tests/rules`.

use crate::{Extent, World, check, settle};
use sekisho_core::{
    index::Index,
    object::{
        Cluster, ClusterPeer, ClusterPeerKind, ClusterPods, ClusterPolicy, ClusterPolicyKind,
        ClusterPolicyName, ClusterRule, ContainerPort, Direction, IpBlock, LabelSelector, Labels,
        NetworkPolicy, ObjectKey, Origin, Peer, PeerKind, Pod, PolicyPort, PortMatch, Requirement, Rule,
        RuleAction, Span, Tier,
    },
    set::{PortRange, Protocol},
    standard::{Baseline, Component, NamedPeer, Naming, Role, Stance, Standard, Whom},
};
use std::{collections::BTreeSet, sync::Arc};

/// The labels of the trading bff.
pub(crate) const BFF: &str = "name=trading-bff,component=bff,part-of=trading";

/// A line of a text.
pub(crate) fn line(line: u32) -> Origin {
    let start = line as usize * 100;
    Origin { source: "test.yaml".into(), span: Span { line, column: 1, start, end: start + 1 } }
}

/// The object `namespace/name`.
pub(crate) fn key(text: &str) -> ObjectKey {
    let (namespace, name) = text.split_once('/').unwrap();
    ObjectKey::new(namespace, name)
}

fn pairs(text: &str) -> impl Iterator<Item = (&str, &str)> {
    text.split(',').filter(|pair| !pair.is_empty()).map(|pair| pair.split_once('=').unwrap())
}

/// The selector of `key=value,key=value`; of nothing, all.
pub(crate) fn selector(text: &str) -> LabelSelector {
    pairs(text).map(|(key, value)| Requirement::In(key.into(), [Arc::from(value)].into())).collect()
}

/// The pod `namespace/name` with `key=value` labels, which listens on TCP `ports`.
pub(crate) fn pod(at: u32, name: &str, labels: &str, ports: &[u16]) -> Pod {
    let mut pod = Pod::new(key(name));
    pod.labels = pairs(labels).collect::<Labels>();
    let port = |number: &u16| ContainerPort { name: None, protocol: Protocol::Tcp, number: *number };
    pod.ports = Arc::new(ports.iter().map(port).collect());
    pod.origin = line(at);
    pod
}

/// A rule on a line, with its peers on the lines behind it and then its ports.
pub(crate) fn rule(at: u32, peers: &[PeerKind], ports: &[u16]) -> Rule {
    let mut lines = at + 1..;
    let mut next = || line(lines.next().unwrap());
    let peers = peers.iter().map(|kind| Peer { kind: kind.clone(), origin: next() }).collect();
    let ports = ports.iter().map(|number| tcp(*number, next())).collect();
    Rule { peers, ports, origin: line(at) }
}

fn tcp(number: u16, origin: Origin) -> PolicyPort {
    let port = PortMatch::Range(PortRange::single(number).unwrap());
    PolicyPort { protocol: Protocol::Tcp, port, origin }
}

/// The peer of a block.
pub(crate) fn block(cidr: &str) -> PeerKind {
    PeerKind::Block(IpBlock::new(cidr.parse().unwrap(), []).unwrap())
}

/// The peer of pods in the policy's own namespace.
pub(crate) fn pods(labels: &str) -> PeerKind {
    PeerKind::Pods(selector(labels))
}

/// The policy `namespace/name` for the pods with `labels`, about ingress alone.
pub(crate) fn policy(at: u32, name: &str, labels: &str, ingress: Vec<Rule>) -> NetworkPolicy {
    NetworkPolicy {
        key: key(name),
        subjects: selector(labels),
        types: BTreeSet::from([Direction::Ingress]),
        ingress,
        egress: Vec::new(),
        labels: Labels::new(),
        annotations: Labels::new(),
        origin: line(at),
    }
}

/// The same about egress alone.
pub(crate) fn egress(at: u32, name: &str, labels: &str, egress: Vec<Rule>) -> NetworkPolicy {
    NetworkPolicy { types: [Direction::Egress].into(), egress, ..policy(at, name, labels, Vec::new()) }
}

/// A cluster-wide policy for every pod, with an ingress rule for pods of each of these namespaces.
pub(crate) fn tier(tier: Tier, rules: Vec<(RuleAction, LabelSelector)>) -> ClusterPolicy {
    let rule = |(action, namespaces): (RuleAction, LabelSelector)| {
        let kind = ClusterPeerKind::Pods(ClusterPods { namespaces, ..ClusterPods::default() });
        let peers = vec![ClusterPeer { kind, origin: line(701) }];
        ClusterRule { name: "".into(), action, peers, ports: Vec::new(), origin: line(700) }
    };
    ClusterPolicy {
        name: ClusterPolicyName { name: "tier".into(), kind: ClusterPolicyKind::ClusterNetworkPolicy },
        tier,
        priority: 10,
        subjects: ClusterPods::default(),
        ingress: rules.into_iter().map(rule).collect(),
        egress: Vec::new(),
        origin: line(700),
    }
}

/// A cluster of pods and policies.
pub(crate) fn cluster(
    pods: impl IntoIterator<Item = Pod>,
    policies: impl IntoIterator<Item = NetworkPolicy>,
) -> Cluster {
    Cluster {
        pods: pods.into_iter().map(|pod| (pod.uid.clone(), Arc::new(pod))).collect(),
        policies: policies.into_iter().map(|policy| (policy.key.clone(), policy)).collect(),
        ..Cluster::default()
    }
}

/// The component `namespace/name`, called on TCP `ports`.
pub(crate) fn component(name: &str, labels: &str, ports: &[u16]) -> Component {
    Component {
        key: key(name),
        pods: selector(labels),
        tier: "bff".into(),
        egress: Stance::Open,
        admits: BTreeSet::new(),
        ports: ports.iter().map(|number| tcp(*number, Origin::default())).collect(),
        origin: line(900),
    }
}

/// Ranges that policies of some environments may name.
pub(crate) fn ranges(cidr: &str, role: Role, environments: Option<&[&str]>) -> NamedPeer {
    NamedPeer {
        whom: Whom::Ranges([cidr.parse().unwrap()].into()),
        role,
        environments: environments.map(|some| some.iter().map(|one| Arc::from(*one)).collect()),
        origin: line(901),
    }
}

/// The standard of a team in production, which has agreed on labels and a baseline.
pub(crate) fn standard() -> Standard {
    let components = ["frontend", "bff", "backend"].map(Arc::from).into();
    let naming =
        Naming { name: "name".into(), component: "component".into(), part_of: "part-of".into(), components };
    Standard {
        environment: Some("production".into()),
        naming: Some(naming),
        baseline: Some(Baseline { name: "baseline".into(), closed: BTreeSet::new() }),
        ..Standard::default()
    }
}

/// What the rule of `code` says that others do not say better, as `line: message`.
pub(crate) fn found(code: &str, cluster: &Cluster, standard: &Standard) -> Vec<String> {
    look(code, cluster, standard, false)
}

/// The same where something cannot be read.
pub(crate) fn found_in_gaps(code: &str, cluster: &Cluster, standard: &Standard) -> Vec<String> {
    look(code, cluster, standard, true)
}

fn look(code: &str, cluster: &Cluster, standard: &Standard, has_gaps: bool) -> Vec<String> {
    let index = Index::of(cluster.changes());
    let world = World::new(cluster, &index, standard, Extent::Part, has_gaps);
    let found = settle(check(&world, || true).unwrap()).into_iter().filter(|one| one.code() == code);
    found.map(|one| format!("{}: {}", one.diagnostic.origin.span.line, one.diagnostic.message)).collect()
}
