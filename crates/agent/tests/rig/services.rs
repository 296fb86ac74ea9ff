//! Services and their endpoints, as the API has them. Nobody else makes endpoints: there are no controllers.

use sekisho_core::{object::Service, set::Protocol};
use sekisho_lab::{Backend, Plan, ServicePlan};
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write,
    net::IpAddr,
};

/// Those of a plan.
pub(crate) fn all(plan: &Plan) -> String {
    let mut text = String::new();
    for of in &plan.services {
        if let Some(service) = plan.cluster.services.get(&of.key) {
            text.push_str(&self::service(service));
            text.push_str(&slices(plan, service, of));
        }
    }
    text
}

fn service(service: &Service) -> String {
    let quoted = |addresses: &BTreeSet<IpAddr>| {
        let mut addresses: Vec<String> = addresses.iter().map(|address| format!("\"{address}\"")).collect();
        addresses.sort_by_key(|address| address.contains("::"));
        addresses
    };
    let own = quoted(&service.cluster_addresses);
    let families = if own.len() > 1 { "RequireDualStack" } else { "SingleStack" };
    let port = |port: &sekisho_core::object::ServicePort| {
        let node = port.node_port.map(|number| format!(", nodePort: {number}")).unwrap_or_default();
        let name = name(service, port.protocol, port.port);
        format!("{{name: {name}, protocol: {}, port: {}{node}}}", port.protocol, port.port)
    };
    let ports: Vec<String> = service.ports.iter().map(port).collect();
    format!(
        "---\napiVersion: v1\nkind: Service\nmetadata: {{name: {}, namespace: {}}}\n\
         spec: {{type: {}, clusterIP: {}, clusterIPs: [{}], ipFamilyPolicy: {families}, externalIPs: [{}], ports: [{}]}}\n",
        service.key.name,
        service.key.namespace,
        service.kind,
        own[0],
        own.join(", "),
        quoted(&service.external_addresses).join(", "),
        ports.join(", ")
    )
}

/// The name of a Service's port: its own, or else one that tells it from others.
fn name(service: &Service, protocol: Protocol, port: u16) -> String {
    let named = service.ports.iter().find(|named| (named.protocol, named.port) == (protocol, port));
    let name = named.and_then(|named| named.name.as_deref()).map(str::to_owned);
    name.unwrap_or_else(|| format!("{}-{port}", protocol.to_string().to_lowercase()))
}

fn slices(plan: &Plan, service: &Service, planned: &ServicePlan) -> String {
    let mut text = String::new();
    for port in &planned.ports {
        // The number may differ from pod to pod, and a slice has one.
        let mut of_slice: BTreeMap<(bool, u16), Vec<&Backend>> = BTreeMap::new();
        for backend in &port.backends {
            of_slice.entry((backend.place.address.is_ipv4(), backend.port)).or_default().push(backend);
        }
        let name = name(service, port.protocol, port.port);
        for ((v4, number), backends) in of_slice {
            let ready = |backend: &&Backend| Endpoint {
                address: backend.place.address,
                node: plan.nodes[backend.node].name.to_string(),
                state: State::Ready,
            };
            let endpoints: Vec<Endpoint> = backends.iter().map(ready).collect();
            let slice = Slice {
                service: &service.key.to_string(),
                name: format!("{name}-{number}-{}", if v4 { "v4" } else { "v6" }),
                port: (&name, port.protocol, number),
                endpoints: &endpoints,
            };
            let _ = write!(text, "{slice}");
        }
    }
    text
}

/// How it stands with an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    Ready,
    /// Its pod ends, and still serves.
    Terminating,
}

/// A pod behind a Service.
#[derive(Clone, Debug)]
pub(crate) struct Endpoint {
    pub(crate) address: IpAddr,
    pub(crate) node: String,
    pub(crate) state: State,
}

/// Endpoints of one family, at one port.
pub(crate) struct Slice<'a> {
    /// The Service, as `namespace/name`.
    pub(crate) service: &'a str,
    /// Its own name, behind that of the Service.
    pub(crate) name: String,
    /// The name that the Service's port has, and the number on the pods.
    pub(crate) port: (&'a str, Protocol, u16),
    pub(crate) endpoints: &'a [Endpoint],
}

impl std::fmt::Display for Slice<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (namespace, service) = self.service.split_once('/').unwrap();
        let is_v6 = self.endpoints.iter().any(|endpoint| endpoint.address.is_ipv6());
        let (port, protocol, number) = self.port;
        let endpoints = self.endpoints.iter().map(|Endpoint { address, node, state }| {
            let ready = *state == State::Ready;
            format!(
                "{{addresses: [\"{address}\"], nodeName: {node}, conditions: {{ready: {ready}, serving: true, terminating: {}}}}}",
                !ready
            )
        });
        let endpoints: Vec<String> = endpoints.collect();
        writeln!(
            f,
            "---\napiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\naddressType: {}\n\
             metadata: {{name: {service}-{}, namespace: {namespace}, labels: {{kubernetes.io/service-name: {service}}}}}\n\
             ports: [{{name: {port}, protocol: {protocol}, port: {number}}}]\nendpoints: [{}]",
            if is_v6 { "IPv6" } else { "IPv4" },
            self.name,
            endpoints.join(", ")
        )
    }
}
