//! Objects as the API has them, made of what the core keeps.

use super::{
    Container, ContainerPort, Expression, IpBlock, JobTemplate, LabelSelector, Metadata, NetworkPolicyPeer,
    NetworkPolicyPort, NetworkPolicyRule, NetworkPolicySpec, Number, Object, PodSpec, PodTemplate, Spec,
};
use sekisho_core::object::{
    Direction, LabelSelector as Selector, Labels, Namespace, NetworkPolicy, Peer, PeerKind, Pod, PolicyPort,
    PortMatch, Requirement, Rule,
};
use std::collections::BTreeMap;

impl From<&NetworkPolicy> for Object {
    fn from(policy: &NetworkPolicy) -> Self {
        let types = Direction::ALL.into_iter().filter(|direction| policy.isolates(*direction));
        let name = |direction| match direction {
            Direction::Ingress => "Ingress".to_owned(),
            Direction::Egress => "Egress".to_owned(),
        };
        let rules = |direction| policy.rules(direction).iter().map(|one| rule(one, direction)).collect();
        Self {
            api_version: "networking.k8s.io/v1".to_owned(),
            kind: "NetworkPolicy".to_owned(),
            metadata: Metadata {
                name: policy.key.name.to_string(),
                namespace: Some(policy.key.namespace.to_string()),
                labels: labels(&policy.labels),
                annotations: labels(&policy.annotations),
            },
            spec: Some(Spec::Policy(NetworkPolicySpec {
                pod_selector: (&policy.subjects).into(),
                policy_types: types.map(name).collect(),
                ingress: rules(Direction::Ingress),
                egress: rules(Direction::Egress),
            })),
        }
    }
}

impl From<&Namespace> for Object {
    fn from(namespace: &Namespace) -> Self {
        let metadata = Metadata {
            name: namespace.name().to_string(),
            labels: labels(namespace.labels()),
            ..Metadata::default()
        };
        Self { api_version: "v1".to_owned(), kind: "Namespace".to_owned(), metadata, spec: None }
    }
}

/// The workload of `pod`, which stands for all of its pods.
impl From<&Pod> for Object {
    fn from(pod: &Pod) -> Self {
        let workload = &pod.workload;
        let (name, namespace) = (workload.key.name.to_string(), workload.key.namespace.to_string());
        let mut metadata = Metadata { name, namespace: Some(namespace), ..Metadata::default() };
        let template = PodTemplate {
            metadata: Metadata { labels: labels(&pod.labels), ..Metadata::default() },
            spec: pod_spec(pod),
        };
        let spec = match &*workload.kind {
            "Pod" => {
                metadata.labels = template.metadata.labels;
                Spec::Pod(template.spec)
            }
            "CronJob" => Spec::CronJob {
                job_template: JobTemplate { spec: [("template".to_owned(), template)].into() },
            },
            _ => Spec::Controller { template },
        };
        let api_version = api_version(&workload.kind).to_owned();
        Self { api_version, kind: workload.kind.to_string(), metadata, spec: Some(spec) }
    }
}

/// The group and version of a kind of workload; empty for one that is not of Kubernetes itself.
#[must_use]
pub fn api_version(kind: &str) -> &'static str {
    match kind {
        "Pod" | "ReplicationController" => "v1",
        "Deployment" | "StatefulSet" | "DaemonSet" | "ReplicaSet" => "apps/v1",
        "Job" | "CronJob" => "batch/v1",
        _ => "",
    }
}

fn pod_spec(pod: &Pod) -> PodSpec {
    let ports = ports(pod);
    let containers = if ports.is_empty() { Vec::new() } else { vec![Container { ports }] };
    PodSpec { host_network: pod.host_network, containers }
}

pub(in crate::facts) fn ports(pod: &Pod) -> Vec<ContainerPort> {
    let ports = pod.ports.iter().map(|port| ContainerPort {
        name: port.name.as_ref().map(ToString::to_string),
        protocol: port.protocol.to_string(),
        container_port: port.number,
    });
    ports.collect()
}

pub(in crate::facts) fn labels(labels: &Labels) -> BTreeMap<String, String> {
    labels.iter().map(|(key, value)| (key.to_string(), value.to_string())).collect()
}

fn rule(rule: &Rule, direction: Direction) -> NetworkPolicyRule {
    let peers = rule.peers.iter().map(NetworkPolicyPeer::from).collect();
    let (from, to) = match direction {
        Direction::Ingress => (peers, Vec::new()),
        Direction::Egress => (Vec::new(), peers),
    };
    NetworkPolicyRule { from, to, ports: rule.ports.iter().map(NetworkPolicyPort::from).collect() }
}

impl From<&Peer> for NetworkPolicyPeer {
    fn from(peer: &Peer) -> Self {
        let mut written = Self::default();
        match &peer.kind {
            PeerKind::Pods(pods) => written.pod_selector = Some(pods.into()),
            PeerKind::Namespaces(namespaces) => written.namespace_selector = Some(namespaces.into()),
            PeerKind::PodsInNamespaces { namespaces, pods } => {
                written.namespace_selector = Some(namespaces.into());
                written.pod_selector = Some(pods.into());
            }
            PeerKind::Block(block) => {
                let except = block.except().map(|inner| inner.to_string()).collect();
                written.ip_block = Some(IpBlock { cidr: block.cidr().to_string(), except });
            }
        }
        written
    }
}

impl From<&PolicyPort> for NetworkPolicyPort {
    fn from(port: &PolicyPort) -> Self {
        let (number, end_port) = match &port.port {
            PortMatch::All => (None, None),
            PortMatch::Range(range) => {
                let last = (range.first() != range.last()).then(|| range.last());
                (Some(Number::Number(range.first())), last)
            }
            PortMatch::Named(name) => (Some(Number::Name(name.to_string())), None),
        };
        Self { protocol: port.protocol.to_string(), port: number, end_port }
    }
}

impl From<&Selector> for LabelSelector {
    fn from(selector: &Selector) -> Self {
        let mut written = Self::default();
        for requirement in selector.requirements() {
            let (operator, values) = match requirement {
                Requirement::In(key, values) => {
                    if let (1, Some(value)) = (values.len(), values.first())
                        && !written.match_labels.contains_key(&**key)
                    {
                        written.match_labels.insert(key.to_string(), value.to_string());
                        continue;
                    }
                    ("In", Some(values))
                }
                Requirement::NotIn(_, values) => ("NotIn", Some(values)),
                Requirement::Exists(_) => ("Exists", None),
                Requirement::DoesNotExist(_) => ("DoesNotExist", None),
            };
            written.match_expressions.push(Expression {
                key: requirement.key().to_string(),
                operator: operator.to_owned(),
                values: values.into_iter().flatten().map(ToString::to_string).collect(),
            });
        }
        written
    }
}
