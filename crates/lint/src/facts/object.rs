//! Objects as the Kubernetes API has them.

use schemars::JsonSchema;
use sekisho_core::object::{
    Direction, LabelSelector as Selector, Labels, Namespace, NetworkPolicy, Peer, PeerKind, Pod, PolicyPort,
    PortMatch, Requirement, Rule,
};
use serde::Serialize;
use std::collections::BTreeMap;

/// A Kubernetes object.
#[derive(Clone, Debug, JsonSchema, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Object {
    /// Its group and version, such as `networking.k8s.io/v1`.
    pub api_version: String,
    /// Its kind, such as `NetworkPolicy`, `Deployment` or `Namespace`.
    pub kind: String,
    /// Its name, labels and annotations.
    pub metadata: Metadata,
    /// What it says; missing for a namespace.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub spec: Option<Spec>,
}

/// Names and labels.
#[derive(Clone, Debug, Default, JsonSchema, Serialize)]
pub struct Metadata {
    /// The name; missing for a template of pods.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// The namespace.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// The labels. Those of a controller (a Deployment and the like) are not known; its pods' are in the template.
    pub labels: BTreeMap<String, String>,
    /// The annotations that begin with `sekisho.dev/`.
    pub annotations: BTreeMap<String, String>,
}

/// What an object says.
#[derive(Clone, Debug, JsonSchema, Serialize)]
#[serde(untagged)]
pub enum Spec {
    /// Of a NetworkPolicy.
    Policy(NetworkPolicySpec),
    /// Of a pod.
    Pod(PodSpec),
    /// Of a CronJob.
    CronJob {
        /// The job that it makes.
        #[serde(rename = "jobTemplate")]
        job_template: JobTemplate,
    },
    /// Of any other controller.
    Controller {
        /// The pods that it makes.
        template: PodTemplate,
    },
}

/// The template of a job.
#[derive(Clone, Debug, JsonSchema, Serialize)]
pub struct JobTemplate {
    /// What the job says: the template of its pods.
    pub spec: BTreeMap<String, PodTemplate>,
}

/// The template of pods.
#[derive(Clone, Debug, JsonSchema, Serialize)]
pub struct PodTemplate {
    /// Their labels.
    pub metadata: Metadata,
    /// What they run.
    pub spec: PodSpec,
}

/// What is known of a pod.
#[derive(Clone, Debug, JsonSchema, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PodSpec {
    /// Whether it uses its node's network, where no policy applies to it.
    pub host_network: bool,
    /// One container, which stands for all of them; none where no port is declared.
    pub containers: Vec<Container>,
}

/// The containers of a pod, as one.
#[derive(Clone, Debug, JsonSchema, Serialize)]
pub struct Container {
    /// The ports of all containers.
    pub ports: Vec<ContainerPort>,
}

/// A port that a container declares.
#[derive(Clone, Debug, JsonSchema, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ContainerPort {
    /// Its name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// `TCP`, `UDP` or `SCTP`.
    pub protocol: String,
    /// Its number.
    pub container_port: u16,
}

/// What a NetworkPolicy says, with the API server's defaults.
#[derive(Clone, Debug, JsonSchema, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct NetworkPolicySpec {
    /// Whom it selects.
    pub pod_selector: LabelSelector,
    /// `Ingress`, `Egress` or both, as the API server fills them in.
    pub policy_types: Vec<String>,
    /// Its ingress rules; missing where there are none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ingress: Vec<NetworkPolicyRule>,
    /// Its egress rules; missing where there are none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub egress: Vec<NetworkPolicyRule>,
}

/// An entry of `ingress` or `egress`.
#[derive(Clone, Debug, Default, JsonSchema, Serialize)]
pub struct NetworkPolicyRule {
    /// Who may come; missing where everybody may, and in egress.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub from: Vec<NetworkPolicyPeer>,
    /// Where to; missing where everywhere, and in ingress.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub to: Vec<NetworkPolicyPeer>,
    /// On which ports; missing where on all.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ports: Vec<NetworkPolicyPort>,
}

/// An entry of `from` or `to`.
#[derive(Clone, Debug, Default, JsonSchema, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct NetworkPolicyPeer {
    /// Which namespaces; missing for the policy's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace_selector: Option<LabelSelector>,
    /// Which of their pods; missing for all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pod_selector: Option<LabelSelector>,
    /// Which addresses.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ip_block: Option<IpBlock>,
}

/// Addresses.
#[derive(Clone, Debug, JsonSchema, Serialize)]
pub struct IpBlock {
    /// The block.
    pub cidr: String,
    /// What is taken away from it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub except: Vec<String>,
}

/// An entry of `ports`.
#[derive(Clone, Debug, JsonSchema, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct NetworkPolicyPort {
    /// `TCP`, `UDP` or `SCTP`.
    pub protocol: String,
    /// A number, or the name of a container's port; missing for every port of the protocol.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub port: Option<Number>,
    /// The last of a range.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub end_port: Option<u16>,
}

/// A number or a name.
#[derive(Clone, Debug, JsonSchema, Serialize)]
#[serde(untagged)]
pub enum Number {
    /// A number.
    Number(u16),
    /// A name.
    Name(String),
}

/// A label selector.
#[derive(Clone, Debug, Default, JsonSchema, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LabelSelector {
    /// Labels that must have this value.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub match_labels: BTreeMap<String, String>,
    /// Conditions of other forms.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub match_expressions: Vec<Expression>,
}

/// A condition on a label.
#[derive(Clone, Debug, JsonSchema, Serialize)]
pub struct Expression {
    /// The label.
    pub key: String,
    /// `In`, `NotIn`, `Exists` or `DoesNotExist`.
    pub operator: String,
    /// The values of `In` and `NotIn`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<String>,
}

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
fn api_version(kind: &str) -> &'static str {
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

pub(super) fn ports(pod: &Pod) -> Vec<ContainerPort> {
    let ports = pod.ports.iter().map(|port| ContainerPort {
        name: port.name.as_ref().map(ToString::to_string),
        protocol: port.protocol.to_string(),
        container_port: port.number,
    });
    ports.collect()
}

pub(super) fn labels(labels: &Labels) -> BTreeMap<String, String> {
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
