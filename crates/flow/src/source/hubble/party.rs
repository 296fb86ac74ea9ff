//! Who stands at an end, by what Hubble says of it.

use super::wire::{Endpoint, Service};
use crate::observation::{Party, Told, ToldPod};
use sekisho_core::object::{Labels, ObjectKey};
use std::{net::IpAddr, sync::Arc};

/// What Cilium puts before the labels that Kubernetes knows.
const KUBERNETES: &str = "k8s:";
/// Labels that Cilium makes itself of the namespace, the cluster and the service account.
const MADE: [&str; 2] = ["io.cilium.k8s.", "io.kubernetes.pod.namespace"];

pub(super) fn party(
    address: IpAddr,
    endpoint: &Endpoint,
    service: Option<&Service>,
    names: &[Arc<str>],
    node: Option<&Arc<str>>,
) -> Party {
    // Names are told as they are asked for, with the dot of the root behind them.
    let names = names.iter().map(|name| name.strip_suffix('.').map_or_else(|| Arc::clone(name), Arc::from));
    Party { address: Some(address), told: told(endpoint, service, node), names: names.collect() }
}

fn told(endpoint: &Endpoint, service: Option<&Service>, node: Option<&Arc<str>>) -> Told {
    let has_name = !endpoint.pod_name.is_empty() || !endpoint.workloads.is_empty();
    if !endpoint.namespace.is_empty() && has_name {
        return Told::Pod(pod(endpoint));
    }
    let is = |reserved: &str| endpoint.labels.iter().any(|label| label == reserved);
    // The API server is a node as well, or outside the cluster.
    if is("reserved:host") {
        return Told::Node(node.cloned());
    }
    if is("reserved:remote-node") {
        return Told::Node(None);
    }
    if let Some(service) = service.filter(|service| !service.name.is_empty()) {
        return Told::Service(ObjectKey::new(Arc::clone(&service.namespace), Arc::clone(&service.name)));
    }
    let is_outside = |label: &String| label.starts_with("reserved:world") || label.starts_with("cidr:");
    if is("reserved:kube-apiserver") || endpoint.labels.iter().any(is_outside) {
        Told::External
    } else {
        Told::Nothing
    }
}

fn pod(endpoint: &Endpoint) -> ToldPod {
    let workload = endpoint.workloads.first().filter(|workload| !workload.name.is_empty());
    ToldPod {
        namespace: Arc::clone(&endpoint.namespace),
        name: (!endpoint.pod_name.is_empty()).then(|| Arc::clone(&endpoint.pod_name)),
        workload: workload.map(|workload| (Arc::clone(&workload.kind), Arc::clone(&workload.name))),
        labels: labels(&endpoint.labels),
    }
}

fn labels(written: &[String]) -> Labels {
    let of_pod = written.iter().filter_map(|label| label.strip_prefix(KUBERNETES));
    let of_pod = of_pod.filter(|label| !MADE.iter().any(|made| label.starts_with(made)));
    of_pod.filter_map(|label| label.split_once('=').or(Some((label, "")))).collect()
}
