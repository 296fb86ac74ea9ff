//! The kinds of a snapshot, and what is kept of each.

use super::shape::Shape::{
    self, Address, Annotations, Block, Fields, Host, Key, Labels, MadeName, Name, Open, Owners, Path, Port,
    Word,
};

/// A kind of object.
#[derive(Debug)]
pub(crate) struct Kind {
    /// As objects of it say.
    pub(crate) kind: &'static str,
    /// The API group; empty for the core's.
    pub(crate) group: &'static str,
    /// The versions that are read, the best first.
    #[cfg_attr(not(feature = "live"), allow(dead_code, reason = "only a live cluster serves several"))]
    pub(crate) versions: &'static [&'static str],
    /// What the API calls a list of them, in lower case.
    pub(crate) plural: &'static str,
    /// Whether objects of it lie in a namespace.
    pub(crate) namespaced: bool,
    /// What is kept beside `apiVersion`, `kind` and `metadata`.
    pub(super) fields: &'static [(&'static str, Shape)],
    /// Whether what else its objects have is kept as well.
    pub(super) open: bool,
}

impl Kind {
    const fn new(
        group: &'static str,
        versions: &'static [&'static str],
        kind: &'static str,
        plural: &'static str,
        fields: &'static [(&'static str, Shape)],
    ) -> Self {
        Self { kind, group, versions, plural, namespaced: true, fields, open: false }
    }

    const fn cluster_wide(self) -> Self {
        Self { namespaced: false, ..self }
    }

    const fn open(self) -> Self {
        Self { open: true, ..self }
    }

    /// The kind that an object says it is of, with its place among [`KINDS`].
    pub(super) fn find(version: &str, kind: &str) -> Option<(usize, &'static Self)> {
        let group = version.rsplit_once('/').map_or("", |(group, _)| group);
        let group = if group == "extensions" { extensions(kind)? } else { group };
        KINDS.iter().enumerate().find(|(_, known)| known.kind == kind && known.group == group)
    }

    /// The group and the best version, as objects write them.
    #[cfg(feature = "watch")]
    pub(crate) fn api_version(&self) -> String {
        let version = self.versions.first().copied().unwrap_or_default();
        if self.group.is_empty() { version.to_owned() } else { format!("{}/{version}", self.group) }
    }

    /// Whether the order of names means something among its objects (S38).
    pub(super) fn is_ranked(&self) -> bool {
        matches!(self.kind, "AdminNetworkPolicy" | "ClusterNetworkPolicy")
    }

    /// What is kept of `metadata`.
    pub(super) fn metadata(&self) -> Shape {
        match self.kind {
            "ReplicaSet" => METADATA_REPLICASET,
            "Job" => METADATA_JOB,
            _ => METADATA,
        }
    }
}

/// Where the kinds went that were once in `extensions`.
fn extensions(kind: &str) -> Option<&'static str> {
    match kind {
        "Deployment" | "DaemonSet" | "ReplicaSet" => Some("apps"),
        "NetworkPolicy" | "Ingress" => Some("networking.k8s.io"),
        _ => None,
    }
}

const NETWORKING: &str = "networking.k8s.io";
const GATEWAY: &str = "gateway.networking.k8s.io";
const POLICY: &str = "policy.networking.k8s.io";
const V1: &[&str] = &["v1"];
const GATEWAY_VERSIONS: &[&str] = &["v1", "v1beta1", "v1alpha3", "v1alpha2"];

/// The kinds, in the order in which they are listed and written.
pub(crate) const KINDS: &[Kind] = &[
    Kind::new("", V1, "Namespace", "namespaces", &[]).cluster_wide(),
    Kind::new("", V1, "Node", "nodes", NODE).cluster_wide(),
    Kind::new("", V1, "Pod", "pods", POD),
    Kind::new("", V1, "Service", "services", SERVICE),
    Kind::new("", V1, "ReplicationController", "replicationcontrollers", CONTROLLER),
    Kind::new("apps", V1, "DaemonSet", "daemonsets", CONTROLLER),
    Kind::new("apps", V1, "Deployment", "deployments", CONTROLLER),
    Kind::new("apps", V1, "ReplicaSet", "replicasets", CONTROLLER),
    Kind::new("apps", V1, "StatefulSet", "statefulsets", CONTROLLER),
    Kind::new("batch", V1, "CronJob", "cronjobs", CRON_JOB),
    Kind::new("batch", V1, "Job", "jobs", JOB),
    Kind::new(NETWORKING, V1, "Ingress", "ingresses", INGRESS),
    Kind::new(NETWORKING, V1, "IngressClass", "ingressclasses", CLASS).cluster_wide(),
    Kind::new(NETWORKING, V1, "NetworkPolicy", "networkpolicies", NETWORK_POLICY).open(),
    Kind::new(GATEWAY, GATEWAY_VERSIONS, "Gateway", "gateways", GATEWAY_FIELDS),
    Kind::new(GATEWAY, GATEWAY_VERSIONS, "GatewayClass", "gatewayclasses", CLASS).cluster_wide(),
    Kind::new(GATEWAY, GATEWAY_VERSIONS, "GRPCRoute", "grpcroutes", ROUTE),
    Kind::new(GATEWAY, GATEWAY_VERSIONS, "HTTPRoute", "httproutes", ROUTE),
    Kind::new(GATEWAY, GATEWAY_VERSIONS, "ReferenceGrant", "referencegrants", GRANT),
    Kind::new(GATEWAY, GATEWAY_VERSIONS, "TCPRoute", "tcproutes", ROUTE),
    Kind::new(GATEWAY, GATEWAY_VERSIONS, "TLSRoute", "tlsroutes", ROUTE),
    Kind::new(GATEWAY, GATEWAY_VERSIONS, "UDPRoute", "udproutes", ROUTE),
    Kind::new(POLICY, &["v1alpha1"], "AdminNetworkPolicy", "adminnetworkpolicies", TIERED)
        .cluster_wide()
        .open(),
    Kind::new(POLICY, &["v1alpha1"], "BaselineAdminNetworkPolicy", "baselineadminnetworkpolicies", TIERED)
        .cluster_wide()
        .open(),
    Kind::new(POLICY, &["v1alpha2"], "ClusterNetworkPolicy", "clusternetworkpolicies", TIERED)
        .cluster_wide()
        .open(),
];

const METADATA: Shape = Fields(&[
    ("name", Name),
    ("generateName", Name),
    ("namespace", Name),
    ("labels", Labels),
    ("annotations", Annotations),
    ("ownerReferences", Owners),
]);
const METADATA_REPLICASET: Shape = Fields(&[
    ("name", MadeName("ReplicaSet")),
    ("namespace", Name),
    ("labels", Labels),
    ("ownerReferences", Owners),
]);
const METADATA_JOB: Shape = Fields(&[
    ("name", MadeName("Job")),
    ("generateName", Name),
    ("namespace", Name),
    ("labels", Labels),
    ("ownerReferences", Owners),
]);

const SELECTOR: Shape = Open(&[
    ("matchLabels", Labels),
    ("matchExpressions", Open(&[("key", Key), ("operator", Word), ("values", Name)])),
]);

const NODE: &[(&str, Shape)] = &[
    ("spec", Fields(&[("podCIDR", Block), ("podCIDRs", Block)])),
    ("status", Fields(&[("addresses", Fields(&[("type", Word), ("address", Address)]))])),
];

const PORTS: Shape = Fields(&[("name", Name), ("containerPort", Word), ("protocol", Word)]);
const POD_SPEC: Shape = Fields(&[
    ("nodeName", Name),
    ("hostNetwork", Word),
    ("containers", Fields(&[("ports", PORTS)])),
    ("initContainers", Fields(&[("restartPolicy", Word), ("ports", PORTS)])),
]);
const POD: &[(&str, Shape)] = &[
    ("spec", POD_SPEC),
    (
        "status",
        Fields(&[
            ("phase", Word),
            ("podIP", Address),
            ("podIPs", Fields(&[("ip", Address)])),
            ("hostIP", Address),
            ("hostIPs", Fields(&[("ip", Address)])),
        ]),
    ),
];

const TEMPLATE: Shape = Fields(&[("metadata", METADATA), ("spec", POD_SPEC)]);
const CONTROLLER_SPEC: Shape = Fields(&[("replicas", Word), ("template", TEMPLATE)]);
const CONTROLLER: &[(&str, Shape)] = &[("spec", CONTROLLER_SPEC)];
const CRON_JOB: &[(&str, Shape)] =
    &[("spec", Fields(&[("jobTemplate", Fields(&[("spec", Fields(&[("template", TEMPLATE)]))]))]))];
const JOB: &[(&str, Shape)] = &[
    ("spec", CONTROLLER_SPEC),
    ("status", Fields(&[("conditions", Fields(&[("type", Word), ("status", Word)]))])),
];

const SERVICE: &[(&str, Shape)] = &[
    (
        "spec",
        Fields(&[
            ("type", Word),
            ("selector", Labels),
            ("clusterIP", Address),
            ("clusterIPs", Address),
            ("externalIPs", Address),
            ("externalTrafficPolicy", Word),
            ("internalTrafficPolicy", Word),
            ("healthCheckNodePort", Word),
            ("loadBalancerClass", Name),
            ("loadBalancerSourceRanges", Block),
            ("publishNotReadyAddresses", Word),
            ("externalName", Host),
            (
                "ports",
                Fields(&[
                    ("name", Name),
                    ("port", Word),
                    ("targetPort", Port),
                    ("nodePort", Word),
                    ("protocol", Word),
                ]),
            ),
        ]),
    ),
    (
        "status",
        Fields(&[("loadBalancer", Fields(&[("ingress", Fields(&[("ip", Address), ("hostname", Host)]))]))]),
    ),
];

const CLASS: &[(&str, Shape)] = &[("spec", Fields(&[("controller", Word), ("controllerName", Word)]))];
const SERVICE_PORT: Shape = Fields(&[("name", Name), ("number", Word)]);
const BACKEND: Shape = Fields(&[
    ("service", Fields(&[("name", Name), ("port", SERVICE_PORT)])),
    ("resource", Fields(&[("apiGroup", Word), ("kind", Word), ("name", Name)])),
]);
const INGRESS: &[(&str, Shape)] = &[(
    "spec",
    Fields(&[
        ("ingressClassName", Name),
        ("defaultBackend", BACKEND),
        (
            "rules",
            Fields(&[
                ("host", Host),
                (
                    "http",
                    Fields(&[("paths", Fields(&[("path", Path), ("pathType", Word), ("backend", BACKEND)]))]),
                ),
            ]),
        ),
    ]),
)];

const GATEWAY_FIELDS: &[(&str, Shape)] = &[(
    "spec",
    Fields(&[
        ("gatewayClassName", Name),
        (
            "listeners",
            Fields(&[
                ("name", Name),
                ("hostname", Host),
                ("port", Word),
                ("protocol", Word),
                (
                    "allowedRoutes",
                    Fields(&[
                        ("namespaces", Fields(&[("from", Word), ("selector", SELECTOR)])),
                        ("kinds", Fields(&[("group", Word), ("kind", Word)])),
                    ]),
                ),
            ]),
        ),
    ]),
)];
const REFERENCE: Shape = Fields(&[
    ("group", Word),
    ("kind", Word),
    ("name", Name),
    ("namespace", Name),
    ("sectionName", Name),
    ("port", Word),
    ("weight", Word),
]);
const ROUTE: &[(&str, Shape)] = &[(
    "spec",
    Fields(&[
        ("parentRefs", REFERENCE),
        ("hostnames", Host),
        (
            "rules",
            Fields(&[
                ("backendRefs", REFERENCE),
                (
                    "matches",
                    Fields(&[
                        ("path", Fields(&[("type", Word), ("value", Path)])),
                        ("method", Fields(&[("type", Word), ("service", Name), ("method", Name)])),
                    ]),
                ),
            ]),
        ),
    ]),
)];
const GRANT: &[(&str, Shape)] = &[("spec", Fields(&[("from", REFERENCE), ("to", REFERENCE)]))];

const PEER: Shape = Open(&[
    ("podSelector", SELECTOR),
    ("namespaceSelector", SELECTOR),
    ("ipBlock", Open(&[("cidr", Block), ("except", Block)])),
]);
const POLICY_PORTS: Shape = Open(&[("protocol", Word), ("port", Port), ("endPort", Word)]);
const NETWORK_POLICY: &[(&str, Shape)] = &[(
    "spec",
    Open(&[
        ("podSelector", SELECTOR),
        ("policyTypes", Word),
        ("ingress", Open(&[("from", PEER), ("ports", POLICY_PORTS)])),
        ("egress", Open(&[("to", PEER), ("ports", POLICY_PORTS)])),
    ]),
)];

const PODS_IN_NAMESPACES: Shape = Open(&[("namespaceSelector", SELECTOR), ("podSelector", SELECTOR)]);
const TIERED_PEER: Shape = Open(&[
    ("namespaces", SELECTOR),
    ("pods", PODS_IN_NAMESPACES),
    ("nodes", SELECTOR),
    ("networks", Block),
    ("domainNames", Host),
]);
const NUMBERS: Shape = Open(&[("protocol", Word), ("port", Word), ("start", Word), ("end", Word)]);
const L4: Shape = Open(&[(
    "destinationPort",
    Open(&[("number", Word), ("range", Open(&[("start", Word), ("end", Word)]))]),
)]);
const TIERED_PORTS: Shape = Open(&[("portNumber", NUMBERS), ("portRange", NUMBERS), ("namedPort", Name)]);
const PROTOCOLS: Shape = Open(&[("tcp", L4), ("udp", L4), ("sctp", L4), ("destinationNamedPort", Name)]);
const TIERED_RULE: Shape = Open(&[
    ("name", Name),
    ("action", Word),
    ("from", TIERED_PEER),
    ("to", TIERED_PEER),
    ("ports", TIERED_PORTS),
    ("protocols", PROTOCOLS),
]);
const TIERED: &[(&str, Shape)] = &[(
    "spec",
    Open(&[
        ("tier", Word),
        ("priority", Word),
        ("subject", Open(&[("namespaces", SELECTOR), ("pods", PODS_IN_NAMESPACES)])),
        ("ingress", TIERED_RULE),
        ("egress", TIERED_RULE),
    ]),
)];
