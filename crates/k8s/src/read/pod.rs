//! Pods, and the pod templates of controllers.

use super::{
    context::{Context, Path},
    meta::{self, Owner},
};
use crate::{Diagnostic, Severity, syntax, tree::NodeId};
use sekisho_core::{
    object::{ContainerPort, Pod, PodUid},
    set::Protocol,
};
use std::{collections::BTreeSet, net::IpAddr, sync::Arc};

/// The annotation that gives a pod written by hand its addresses, as the status does for a real one.
pub(crate) const ADDRESSES: &str = "sekisho.dev/addresses";

/// A pod and what its manifest says of its owner.
#[derive(Clone, Debug)]
pub(crate) struct RawPod {
    pub(crate) pod: Pod,
    pub(crate) owner: Option<Owner>,
}

/// The pod at `node`.
pub(crate) fn read(cx: &mut Context<'_>, node: NodeId) -> Option<RawPod> {
    let meta = meta::read(cx, node)?;
    let mut pod = Pod::new(meta.key);
    if let Some(uid) = meta.uid {
        pod.uid = PodUid(uid);
    }
    pod.labels = meta.labels;
    pod.origin = meta.origin;
    if let Some(spec) = cx.mapping(node, "spec", Path::TOP) {
        read_spec(cx, spec, Path::TOP.field("spec"), &mut pod);
    }
    if let Some(status) = cx.mapping(node, "status", Path::TOP) {
        read_status(cx, status, &mut pod);
    }
    annotated_addresses(cx, node, Path::TOP, &mut pod);
    if pod.host_network {
        // S22: what the status calls the pod's addresses are the node's.
        pod.host_addresses.extend(pod.addresses.iter().copied());
    }
    Some(RawPod { pod, owner: meta.owner })
}

/// What the pod spec at `spec` says of `pod`.
pub(crate) fn read_spec(cx: &mut Context<'_>, spec: NodeId, path: Path<'_>, pod: &mut Pod) {
    let node = cx.text(spec, "nodeName", path).filter(|name| !name.is_empty());
    pod.node = node.map(|name| cx.share(name));
    pod.host_network = cx.flag(spec, "hostNetwork", path);
    for (field, init) in [("containers", false), ("initContainers", true)] {
        let containers = cx.list(spec, field, path);
        let path = path.field(field);
        for (index, container) in containers.into_iter().enumerate() {
            let path = path.index(index);
            if cx.tree.mapping(container).is_none() {
                cx.wrong_type(container, path, "a mapping");
                continue;
            }
            // An init container that restarts always is a sidecar and goes on listening.
            if init && cx.text(container, "restartPolicy", path) != Some("Always") {
                continue;
            }
            read_ports(cx, container, path, Arc::make_mut(&mut pod.ports));
        }
    }
}

fn read_ports(cx: &mut Context<'_>, container: NodeId, path: Path<'_>, ports: &mut BTreeSet<ContainerPort>) {
    let entries = cx.list(container, "ports", path);
    let path = path.field("ports");
    for (index, entry) in entries.into_iter().enumerate() {
        ports.extend(read_port(cx, entry, path.index(index)));
    }
}

fn read_port(cx: &mut Context<'_>, entry: NodeId, path: Path<'_>) -> Option<ContainerPort> {
    if cx.tree.mapping(entry).is_none() {
        cx.wrong_type(entry, path, "a mapping");
        return None;
    }
    let Some(value) = cx.get(entry, "containerPort") else {
        cx.error("missing-field", entry, format!("`{path}.containerPort` is missing"));
        return None;
    };
    let number = port_number(cx, value, path.field("containerPort"));
    let protocol = protocol(cx, entry, path);
    let name = cx.text(entry, "name", path).filter(|name| !name.is_empty());
    if let Some(name) = name
        && let Err(reason) = syntax::port_name(name)
        && let Some(node) = cx.get(entry, "name")
    {
        cx.error("invalid-port", node, format!("the port name {reason}"));
    }
    Some(ContainerPort { name: name.map(|name| cx.share(name)), protocol: protocol?, number: number? })
}

/// The port number at `node`.
pub(crate) fn port_number(cx: &mut Context<'_>, node: NodeId, path: Path<'_>) -> Option<u16> {
    let number = cx.integer_at(node, path)?;
    let port = u16::try_from(number).ok().filter(|port| *port > 0);
    if port.is_none() {
        cx.error("invalid-port", node, format!("the port `{number}` does not lie between 1 and 65535"));
    }
    port
}

/// The `protocol` of a port; TCP when it is not written (S12).
pub(crate) fn protocol(cx: &mut Context<'_>, entry: NodeId, path: Path<'_>) -> Option<Protocol> {
    let Some(node) = cx.get(entry, "protocol") else { return Some(Protocol::Tcp) };
    let text = cx.text_at(node, path.field("protocol"))?;
    let found = Protocol::ALL.into_iter().find(|protocol| protocol.to_string() == text);
    if found.is_none() {
        let message = format!("`{text}` is not a protocol");
        let help = match text.parse::<Protocol>() {
            Ok(meant) => format!("protocols are written in upper case: {meant}"),
            Err(_) => "write TCP, UDP or SCTP; no policy can name another protocol".to_owned(),
        };
        cx.error_help("invalid-protocol", node, message, help);
    }
    found
}

fn read_status(cx: &mut Context<'_>, status: NodeId, pod: &mut Pod) {
    let path = Path::TOP.field("status");
    // S24
    pod.finished = matches!(cx.text(status, "phase", path), Some("Succeeded" | "Failed"));
    pod.addresses = addresses(cx, status, path, ("podIP", "podIPs"));
    pod.host_addresses = addresses(cx, status, path, ("hostIP", "hostIPs"));
}

/// The addresses in a field that has one and in the list that has all of them.
fn addresses(
    cx: &mut Context<'_>,
    status: NodeId,
    path: Path<'_>,
    (one, all): (&str, &str),
) -> BTreeSet<IpAddr> {
    let mut found = BTreeSet::new();
    if let Some(node) = cx.get(status, one) {
        found.extend(address(cx, node, path.field(one)));
    }
    let entries = cx.list(status, all, path);
    let path = path.field(all);
    for (index, entry) in entries.into_iter().enumerate() {
        let path = path.index(index);
        match cx.get(entry, "ip") {
            Some(node) => found.extend(address(cx, node, path.field("ip"))),
            None if cx.tree.mapping(entry).is_none() => cx.wrong_type(entry, path, "a mapping with `ip`"),
            None => {}
        }
    }
    found
}

/// The address at `node`; none where it is empty text.
pub(crate) fn address(cx: &mut Context<'_>, node: NodeId, path: Path<'_>) -> Option<IpAddr> {
    let text = cx.text_at(node, path)?;
    let parsed = text.parse().ok();
    if parsed.is_none() && !text.is_empty() {
        cx.error("invalid-address", node, format!("`{text}` is not an IP address"));
    }
    parsed
}

/// Adds the addresses that the annotation of the object at `node` names.
pub(crate) fn annotated_addresses(cx: &mut Context<'_>, node: NodeId, path: Path<'_>, pod: &mut Pod) {
    let Some(metadata) = cx.get(node, "metadata") else { return };
    let Some(annotations) = cx.get(metadata, "annotations") else { return };
    let Some(value) = cx.get(annotations, ADDRESSES) else { return };
    let metadata_path = path.field("metadata");
    let annotations_path = metadata_path.field("annotations");
    let Some(text) = cx.text_at(value, annotations_path.field(ADDRESSES)) else { return };
    for part in text.split(',').map(str::trim).filter(|part| !part.is_empty()) {
        match part.parse::<IpAddr>() {
            Ok(address) => drop(pod.addresses.insert(address)),
            Err(_) => {
                let origin = cx.origin(value);
                let message = format!("`{part}` is not an IP address");
                cx.report(
                    Diagnostic::new(Severity::Error, "invalid-address", message, origin)
                        .with_help(format!("`{ADDRESSES}` lists addresses, with commas between them")),
                );
            }
        }
    }
}
