//! Services. No verdict depends on them (S16), but the lab translates as they say, and ways in from
//! outside lead through them.

use super::{
    context::{Context, Path},
    entrance, meta, pod,
};
use crate::tree::NodeId;
use sekisho_core::{
    object::{LabelSelector, Requirement, Service, ServicePort, TargetPort},
    set::Cidr,
};
use std::{collections::BTreeSet, net::IpAddr, sync::Arc};

/// The Service at `node`.
pub(crate) fn read(cx: &mut Context<'_>, node: NodeId) -> Option<Service> {
    let meta = meta::read(cx, node)?;
    let Some(spec) = cx.mapping(node, "spec", Path::TOP) else {
        if cx.get(node, "spec").is_none() {
            cx.error("missing-field", node, "`spec` is missing");
        }
        return None;
    };
    let path = Path::TOP.field("spec");
    let mut cluster = texts(cx, spec, path, ("clusterIP", "clusterIPs"));
    let headless = cluster.iter().any(|(_, text)| *text == "None");
    cluster.retain(|(_, text)| *text != "None");
    // `loadBalancerIP` is only asked for; what was given stands in the status.
    let mut external = balancer(cx, node);
    for entry in cx.list(spec, "externalIPs", path) {
        external.extend(cx.text_at(entry, path.field("externalIPs")).map(|text| (entry, text)));
    }
    let entries = cx.list(spec, "ports", path);
    let ports_path = path.field("ports");
    let ports = entries
        .into_iter()
        .enumerate()
        .filter_map(|(index, entry)| port(cx, entry, ports_path.index(index)))
        .collect();
    Some(Service {
        key: meta.key,
        selector: selector(cx, spec, path),
        kind: cx.text(spec, "type", path).unwrap_or("ClusterIP").into(),
        cluster_addresses: parse(cx, cluster),
        external_addresses: parse(cx, external),
        headless,
        ports,
        external_local: cx.text(spec, "externalTrafficPolicy", path) == Some("Local"),
        source_ranges: source_ranges(cx, spec, path),
        balancer: entrance::service_balancer(cx, node),
        labels: meta.labels,
        origin: meta.origin,
    })
}

/// The selector, where it is not empty: an empty one selects nothing in a Service.
fn selector(cx: &mut Context<'_>, spec: NodeId, path: Path<'_>) -> Option<LabelSelector> {
    let pairs = cx.texts(spec, "selector", path);
    let terms = pairs
        .into_iter()
        .map(|(_, key, _, value)| Requirement::In(key.into(), BTreeSet::from([Arc::from(value)])));
    let selector: LabelSelector = terms.collect();
    (!selector.is_everything()).then_some(selector)
}

fn texts<'c>(
    cx: &mut Context<'c>,
    spec: NodeId,
    path: Path<'_>,
    (one, all): (&str, &str),
) -> Vec<(NodeId, &'c str)> {
    let mut nodes = cx.list(spec, all, path);
    nodes.extend(cx.get(spec, one));
    nodes
        .into_iter()
        .filter_map(|node| Some((node, cx.text_at(node, path.field(one))?)))
        .filter(|(_, text)| !text.is_empty())
        .collect()
}

/// The addresses that a load balancer was given. One may have a host name instead.
fn balancer<'c>(cx: &mut Context<'c>, node: NodeId) -> Vec<(NodeId, &'c str)> {
    let Some(status) = cx.get(node, "status") else { return Vec::new() };
    let Some(balancer) = cx.get(status, "loadBalancer") else { return Vec::new() };
    let path = Path::TOP.field("status");
    let path = path.field("loadBalancer");
    let entries = cx.list(balancer, "ingress", path);
    entries
        .into_iter()
        .filter_map(|entry| Some((cx.get(entry, "ip")?, cx.text(entry, "ip", path)?)))
        .collect()
}

/// The only clients that the load balancer takes. The API server allows space around them.
fn source_ranges(cx: &mut Context<'_>, spec: NodeId, path: Path<'_>) -> BTreeSet<Cidr> {
    let entries = cx.list(spec, "loadBalancerSourceRanges", path);
    let path = path.field("loadBalancerSourceRanges");
    let mut ranges = BTreeSet::new();
    for entry in entries {
        let Some(text) = cx.text_at(entry, path) else { continue };
        match text.trim().parse() {
            Ok(range) => drop(ranges.insert(range)),
            Err(error) => cx.error("invalid-cidr", entry, format!("{error}")),
        }
    }
    ranges
}

fn parse(cx: &mut Context<'_>, texts: Vec<(NodeId, &str)>) -> BTreeSet<IpAddr> {
    let mut addresses = BTreeSet::new();
    for (node, text) in texts {
        match text.parse() {
            Ok(address) => drop(addresses.insert(address)),
            Err(_) => cx.error("invalid-address", node, format!("`{text}` is not an IP address")),
        }
    }
    addresses
}

fn port(cx: &mut Context<'_>, entry: NodeId, path: Path<'_>) -> Option<ServicePort> {
    let Some(number) = cx.get(entry, "port") else {
        cx.error("missing-field", entry, format!("`{path}.port` is missing"));
        return None;
    };
    let number = pod::port_number(cx, number, path.field("port"))?;
    let target = match cx.get(entry, "targetPort") {
        None => TargetPort::Number(number),
        Some(target) => target_port(cx, target, path.field("targetPort"), number)?,
    };
    let node_port = match cx.get(entry, "nodePort") {
        Some(node) if cx.tree.key_text(node) != "0" => {
            Some(pod::port_number(cx, node, path.field("nodePort"))?)
        }
        _ => None,
    };
    let name = cx.text(entry, "name", path).filter(|name| !name.is_empty()).map(Arc::from);
    Some(ServicePort { name, protocol: pod::protocol(cx, entry, path)?, port: number, target, node_port })
}

/// A number or a name. Zero and empty text stand for the Service's own port.
fn target_port(cx: &mut Context<'_>, node: NodeId, path: Path<'_>, own: u16) -> Option<TargetPort> {
    let scalar = cx.tree.scalar(node);
    if scalar.and_then(|scalar| scalar.integer()) == Some(0) {
        return Some(TargetPort::Number(own));
    }
    match scalar.and_then(|scalar| scalar.string()) {
        Some("") => Some(TargetPort::Number(own)),
        Some(name) => Some(TargetPort::Name(name.into())),
        None => pod::port_number(cx, node, path).map(TargetPort::Number),
    }
}
