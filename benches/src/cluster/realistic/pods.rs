//! The pods.

use super::{
    PODS_ON_NODE,
    plan::{Plan, SYSTEM, Work},
};
use crate::cluster::parts::{address, name};
use sekisho_core::{
    object::{ContainerPort, Labels, ObjectKey, Pod, PodUid, Workload},
    set::Protocol,
};
use std::{collections::BTreeSet, sync::Arc};

pub(super) fn all(plan: &Plan) -> impl Iterator<Item = Pod> + '_ {
    plan.workloads.iter().flat_map(move |work| (0..work.pods).map(move |number| pod(plan, work, number)))
}

/// The `number`th pod of a workload.
fn pod(plan: &Plan, work: &Work, number: usize) -> Pod {
    let namespace = plan.namespaces.get(work.namespace).map(|space| space.name.clone()).unwrap_or_default();
    let (workload, global) = (work.name(), work.first_pod + number);
    let hash = format!("{:08x}", work.first_pod.wrapping_mul(0x9e37_79b1) & 0xffff_ffff);
    let mut pod = Pod::new(ObjectKey::new(namespace.clone(), format!("{workload}-{hash}-{number:05x}")));
    pod.uid = PodUid(format!("00000000-0000-4000-8000-{global:012x}").into());
    pod.workload = Workload { key: ObjectKey::new(namespace, workload.clone()), kind: "Deployment".into() };
    let mut labels: Labels = [
        ("app.kubernetes.io/name", &*workload),
        ("app.kubernetes.io/component", work.tier.name()),
        ("app.kubernetes.io/part-of", &*work.service),
        ("pod-template-hash", &*hash),
    ]
    .into_iter()
    .collect();
    if work.namespace == SYSTEM {
        labels.set("k8s-app", "kube-dns");
    }
    pod.labels = labels;
    // Neighbours of a workload are spread over nodes, as the scheduler does.
    let nodes = plan.size.pods.div_ceil(PODS_ON_NODE).max(1);
    pod.node = Some(name("node", global % nodes));
    pod.host_addresses = [address([192, 168, 0, 0], global % nodes)].into();
    pod.addresses = [address([10, 16, 0, 0], global)].into();
    let (port_name, port) = work.tier.port();
    let declared = |name: &str, protocol, number| ContainerPort { name: Some(name.into()), protocol, number };
    let mut ports =
        BTreeSet::from([declared(port_name, Protocol::Tcp, port), declared("metrics", Protocol::Tcp, 9100)]);
    if work.namespace == SYSTEM {
        ports.insert(declared("dns", Protocol::Udp, 53));
        ports.insert(declared("dns-tcp", Protocol::Tcp, 53));
    }
    pod.ports = Arc::new(ports);
    pod
}
