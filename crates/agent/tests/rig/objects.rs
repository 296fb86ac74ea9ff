//! What the API has of a lab's cluster, as manifests.

use sekisho_core::object::{Cluster, Namespace, Node, Pod};
use std::{
    collections::BTreeMap,
    fmt::Write,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    sync::Arc,
};

/// The namespaces that pods and manifests name.
pub(crate) fn namespaces(cluster: &Cluster) -> String {
    let implied = cluster.pods.values().map(|pod| Namespace::implied(Arc::clone(&pod.key.namespace)));
    let mut all: BTreeMap<Arc<str>, Namespace> = implied.map(|of| (Arc::clone(of.name()), of)).collect();
    all.extend(cluster.namespaces.clone());
    let mut text = String::new();
    for (name, namespace) in all {
        let labels = namespace.labels().iter().map(|(key, value)| format!("\"{key}\": \"{value}\", "));
        let labels: String = labels.collect();
        let _ = writeln!(
            text,
            "---\napiVersion: v1\nkind: Namespace\nmetadata: {{name: {name}, labels: {{{labels}}}}}"
        );
    }
    text
}

/// A node as the API has it. Its pods get their addresses from the range of those they have.
pub(crate) fn node(cluster: &Cluster, node: &Node) -> String {
    let here = cluster.pods.values().filter(|pod| pod.node.as_ref() == Some(&node.name) && !pod.host_network);
    let mut ranges: Vec<String> = here
        .flat_map(|pod| &pod.addresses)
        .map(|address| match address {
            IpAddr::V4(v4) => format!("{}/24", Ipv4Addr::from_bits(v4.to_bits() & !0xff)),
            IpAddr::V6(v6) => format!("{}/64", Ipv6Addr::from_bits(v6.to_bits() >> 64 << 64)),
        })
        .collect();
    // The API takes one of each family.
    ranges.sort();
    ranges.dedup_by_key(|range| range.contains("::"));
    // A server-side apply takes one address of a type.
    let typed = node.addresses.iter().zip(["InternalIP", "ExternalIP"]);
    let addresses: Vec<String> =
        typed.map(|(address, of)| format!("{{type: {of}, address: \"{address}\"}}")).collect();
    let quoted: Vec<String> = ranges.iter().map(|range| format!("\"{range}\"")).collect();
    let first = quoted.first().map(|first| format!("podCIDR: {first}, podCIDRs: [{}]", quoted.join(", ")));
    let labels: String = node.labels.iter().map(|(key, value)| format!("\"{key}\": \"{value}\", ")).collect();
    format!(
        "---\napiVersion: v1\nkind: Node\nmetadata: {{name: {}, labels: {{{labels}}}}}\nspec: {{{}}}\nstatus: {{addresses: [{}]}}\n",
        node.name,
        first.unwrap_or_default(),
        addresses.join(", ")
    )
}

/// A pod as the API has it before its kubelet has started it.
pub(crate) fn pending(pod: &Pod) -> String {
    let (labels, name, namespace) = (labels(pod), &pod.key.name, &pod.key.namespace);
    format!(
        "---\napiVersion: v1\nkind: Pod\nmetadata: {{name: {name}, namespace: {namespace}, labels: {{{labels}}}}}\n\
         spec: {{nodeName: \"{}\", containers: [{{name: main, image: none}}]}}\n",
        pod.node.as_deref().unwrap_or_default()
    )
}

fn labels(pod: &Pod) -> String {
    pod.labels.iter().map(|(key, value)| format!("\"{key}\": \"{value}\", ")).collect()
}

/// Who controls a pod: where its labels tell a ReplicaSet, that is what is between it and its Deployment.
fn owner(pod: &Pod) -> String {
    let (kind, name) = (&pod.workload.kind, &pod.workload.key.name);
    let (kind, name) = match pod.labels.get("pod-template-hash") {
        Some(hash) => ("ReplicaSet", format!("{name}-{hash}")),
        None if &**kind == "Pod" => return String::new(),
        None => (&**kind, name.to_string()),
    };
    format!(
        ", ownerReferences: [{{apiVersion: apps/v1, kind: {kind}, name: {name}, uid: {name}, controller: true}}]"
    )
}

/// A pod as the API has it once its kubelet has started it.
pub(crate) fn pod(pod: &Pod) -> String {
    let (labels, owner) = (labels(pod), owner(pod));
    let port = |port: &sekisho_core::object::ContainerPort| {
        let name = port.name.as_ref().map(|name| format!("name: {name}, ")).unwrap_or_default();
        format!("{{{name}containerPort: {}, protocol: {}}}", port.number, port.protocol)
    };
    let ports: Vec<String> = pod.ports.iter().map(port).collect();
    let mut addresses: Vec<String> = pod.addresses.iter().map(|a| format!("{{ip: \"{a}\"}}")).collect();
    addresses.sort_by_key(|text| text.contains(':') && text.matches(':').count() > 1);
    let hosts: Vec<String> = pod.host_addresses.iter().map(|a| format!("{{ip: \"{a}\"}}")).collect();
    let first = pod.addresses.iter().next().map(|a| format!("podIP: \"{a}\", ")).unwrap_or_default();
    let host = pod.host_addresses.iter().next().map(|a| format!("hostIP: \"{a}\", ")).unwrap_or_default();
    format!(
        "---\napiVersion: v1\nkind: Pod\nmetadata: {{name: {}, namespace: {}, labels: {{{labels}}}{owner}}}\n\
         spec: {{nodeName: \"{}\", hostNetwork: {}, containers: [{{name: main, image: none, ports: [{}]}}]}}\n\
         status: {{phase: {}, {first}podIPs: [{}], {host}hostIPs: [{}]}}\n",
        pod.key.name,
        pod.key.namespace,
        pod.node.as_deref().unwrap_or_default(),
        pod.host_network,
        ports.join(", "),
        if pod.finished { "Succeeded" } else { "Running" },
        addresses.join(", "),
        hosts.join(", ")
    )
}
