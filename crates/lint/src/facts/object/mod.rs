//! Objects as the Kubernetes API has them.

mod made;

pub use made::api_version;
pub(super) use made::{labels, ports};

use schemars::JsonSchema;
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
