//! Ends of a connection as people type them.

use anyhow::{anyhow, bail};
use sekisho_core::{
    near,
    object::{Cluster, Pod, Workload},
};
use std::{collections::BTreeSet, net::IpAddr};

/// Who stands at an end.
pub(super) enum Pods<'a> {
    /// Pods; at least one.
    Of(Vec<&'a Pod>),
    /// An address as it was typed.
    Address(IpAddr),
}

/// One end of a question.
pub(super) struct Side<'a> {
    /// What a person calls it.
    pub(super) label: String,
    /// Who stands there.
    pub(super) pods: Pods<'a>,
}

impl Side<'_> {
    /// The address that was typed, where one was.
    pub(super) fn address(&self) -> Option<IpAddr> {
        match &self.pods {
            Pods::Address(address) => Some(*address),
            Pods::Of(_) => None,
        }
    }
}

/// A name as it was typed.
struct Name<'a> {
    namespace: &'a str,
    kind: Option<&'a str>,
    name: &'a str,
}

/// Finds the end that `text` names: an address, a workload or a pod.
pub(super) fn find<'a>(cluster: &'a Cluster, text: &str, namespace: &str) -> anyhow::Result<Side<'a>> {
    if let Ok(address) = text.parse::<IpAddr>() {
        return Ok(Side { label: address.to_string(), pods: Pods::Address(address) });
    }
    let name = parse(text, namespace)?;
    let mut workloads: BTreeSet<&Workload> = BTreeSet::new();
    for pod in cluster.pods.values() {
        let workload = &pod.workload;
        if *workload.key.namespace == *name.namespace && *workload.key.name == *name.name {
            workloads.insert(workload);
        }
    }
    workloads.retain(|workload| name.kind.is_none_or(|kind| workload.kind.eq_ignore_ascii_case(kind)));
    let workloads: Vec<&Workload> = workloads.into_iter().collect();
    let pod = pod(cluster, &name);
    match (workloads.as_slice(), pod) {
        ([workload], None) => {
            Ok(Side { label: workload.key.to_string(), pods: of_workload(cluster, workload) })
        }
        ([], Some(pod)) => Ok(Side { label: pod.key.to_string(), pods: Pods::Of(vec![pod]) }),
        ([], None) => Err(unknown(cluster, text, &name)),
        (workloads, pod) => {
            let pod = pod.map(|_| "Pod");
            let kinds = workloads.iter().map(|workload| &*workload.kind).chain(pod);
            let kinds: Vec<String> = kinds.map(|kind| written(&name, kind)).collect();
            bail!("`{text}` names more than one thing: write {}", kinds.join(" or "))
        }
    }
}

fn written(name: &Name<'_>, kind: &str) -> String {
    format!("`{}/{}/{}`", name.namespace, kind.to_lowercase(), name.name)
}

fn parse<'a>(text: &'a str, namespace: &'a str) -> anyhow::Result<Name<'a>> {
    let parts: Vec<&str> = text.split('/').collect();
    let name = match parts.as_slice() {
        [name] => Name { namespace, kind: None, name },
        [namespace, name] => Name { namespace, kind: None, name },
        [namespace, kind, name] => Name { namespace, kind: Some(kind), name },
        _ => bail!("`{text}` is no end: write `namespace/name`, `namespace/kind/name` or an address"),
    };
    if name.namespace.is_empty() || name.name.is_empty() || name.kind.is_some_and(str::is_empty) {
        bail!("`{text}` is no end: write `namespace/name`, `namespace/kind/name` or an address");
    }
    Ok(name)
}

/// The pod of this name, where it is not its own workload.
fn pod<'a>(cluster: &'a Cluster, name: &Name<'_>) -> Option<&'a Pod> {
    if name.kind.is_some_and(|kind| !kind.eq_ignore_ascii_case("pod")) {
        return None;
    }
    let mut pods = cluster.pods.values().map(AsRef::as_ref);
    pods.find(|pod: &&Pod| {
        // The template pod of a controller bears the controller's name and is meant by it.
        *pod.key.namespace == *name.namespace && *pod.key.name == *name.name && pod.workload.key != pod.key
    })
}

fn of_workload<'a>(cluster: &'a Cluster, workload: &Workload) -> Pods<'a> {
    let pods: Vec<&Pod> =
        cluster.pods.values().map(AsRef::as_ref).filter(|pod| pod.workload == *workload).collect();
    // S24: pods that have finished are asked about only where there are no others.
    let running: Vec<&Pod> = pods.iter().copied().filter(|pod| !pod.finished).collect();
    Pods::Of(if running.is_empty() { pods } else { running })
}

/// Says that there is no such thing, and what may have been meant.
fn unknown(cluster: &Cluster, text: &str, name: &Name<'_>) -> anyhow::Error {
    if let Some(kind) = name.kind {
        let plain = Name { namespace: name.namespace, kind: None, name: name.name };
        let of_kinds = cluster.pods.values().map(|pod| &pod.workload).find(|workload| {
            *workload.key.namespace == *plain.namespace && *workload.key.name == *plain.name
        });
        if let Some(workload) = of_kinds {
            return anyhow!("`{}` is a {}, not a {kind}", workload.key, workload.kind);
        }
    }
    let wanted = format!("{}/{}", name.namespace, name.name);
    let workloads = cluster.pods.values().map(|pod| pod.workload.key.to_string());
    let names: BTreeSet<String> =
        workloads.chain(cluster.pods.values().map(|pod| pod.key.to_string())).collect();
    let same_name =
        names.iter().map(String::as_str).find(|known| known.rsplit('/').next() == Some(name.name));
    let similar = near::nearest(&wanted, names.iter().map(String::as_str));
    let nothing =
        format!("no workload or pod is called `{}`", if name.kind.is_some() { text } else { &wanted });
    let service = cluster.services.keys().any(|key| key.to_string() == wanted);
    match (same_name.or(similar), service) {
        (Some(known), _) => anyhow!("{nothing}; did you mean `{known}`?"),
        (None, true) => anyhow!(
            "{nothing}; there is a Service of this name, but policies see the pods behind it: ask for one of them"
        ),
        (None, false) if names.is_empty() => anyhow!("{nothing}: the manifests have no workload at all"),
        (None, false) => anyhow!("{nothing}; `sekisho reach` lists what there is"),
    }
}
