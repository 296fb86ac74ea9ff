//! Routes: HTTPRoute, GRPCRoute, TLSRoute, TCPRoute, UDPRoute.

use super::{optional, optional_port, required, spec};
use crate::{
    read::{
        context::{Context, Path},
        meta,
    },
    tree::NodeId,
};
use sekisho_core::object::{ObjectKey, Route, RouteBackend, RouteParent, RouteRule};
use std::sync::Arc;

/// The route of `kind` at `node`.
pub(super) fn read(cx: &mut Context<'_>, node: NodeId, kind: &str) -> Option<Route> {
    let meta = meta::read(cx, node)?;
    let spec = spec(cx, node)?;
    let path = Path::TOP.field("spec");
    let own = &meta.key.namespace;
    let entries = cx.list(spec, "parentRefs", path);
    let list = path.field("parentRefs");
    let parents = entries
        .into_iter()
        .enumerate()
        .filter_map(|(index, entry)| parent(cx, entry, list.index(index), own))
        .collect();
    let hostnames = cx.list(spec, "hostnames", path);
    let list = path.field("hostnames");
    let hostnames = hostnames.into_iter().filter_map(|name| cx.text_at(name, list).map(Arc::from)).collect();
    let entries = cx.list(spec, "rules", path);
    let list = path.field("rules");
    let rules = entries
        .into_iter()
        .enumerate()
        .filter_map(|(index, entry)| rule(cx, entry, list.index(index), own))
        .collect();
    Some(Route { kind: kind.into(), key: meta.key, parents, hostnames, rules, origin: meta.origin })
}

/// An object that a route names: of its own namespace where it does not say another.
fn reference(
    cx: &mut Context<'_>,
    entry: NodeId,
    path: Path<'_>,
    own: &Arc<str>,
    kind: &str,
) -> Option<(Arc<str>, ObjectKey)> {
    let name = required(cx, entry, "name", path)?;
    let kind = optional(cx, entry, "kind", path).unwrap_or_else(|| kind.into());
    let namespace = optional(cx, entry, "namespace", path).unwrap_or_else(|| Arc::clone(own));
    Some((kind, ObjectKey::new(namespace, name)))
}

fn parent(cx: &mut Context<'_>, entry: NodeId, path: Path<'_>, own: &Arc<str>) -> Option<RouteParent> {
    let (kind, key) = reference(cx, entry, path, own, "Gateway")?;
    let section = optional(cx, entry, "sectionName", path);
    let port = optional_port(cx, entry, "port", path);
    Some(RouteParent { kind, key, section, port, origin: cx.origin(entry) })
}

fn rule(cx: &mut Context<'_>, entry: NodeId, path: Path<'_>, own: &Arc<str>) -> Option<RouteRule> {
    if cx.tree.mapping(entry).is_none() {
        cx.wrong_type(entry, path, "a mapping");
        return None;
    }
    let entries = cx.list(entry, "matches", path);
    let list = path.field("matches");
    let matches = entries
        .into_iter()
        .enumerate()
        .filter_map(|(index, entry)| matched(cx, entry, list.index(index)))
        .collect();
    let entries = cx.list(entry, "backendRefs", path);
    let list = path.field("backendRefs");
    let backends = entries
        .into_iter()
        .enumerate()
        .filter_map(|(index, entry)| backend(cx, entry, list.index(index), own))
        .collect();
    Some(RouteRule { matches, backends, origin: cx.origin(entry) })
}

/// A match as a person writes it: a path of HTTP, or a service and method of gRPC.
fn matched(cx: &mut Context<'_>, entry: NodeId, path: Path<'_>) -> Option<Arc<str>> {
    if let Some(http) = cx.mapping(entry, "path", path) {
        return optional(cx, http, "value", path.field("path"));
    }
    let grpc = cx.get(entry, "method").filter(|method| cx.tree.mapping(*method).is_some())?;
    let path = path.field("method");
    let (service, method) = (optional(cx, grpc, "service", path), optional(cx, grpc, "method", path));
    let part = |part: Option<Arc<str>>| part.unwrap_or_else(|| "*".into());
    Some(format!("/{}/{}", part(service), part(method)).into())
}

fn backend(cx: &mut Context<'_>, entry: NodeId, path: Path<'_>, own: &Arc<str>) -> Option<RouteBackend> {
    let (kind, key) = reference(cx, entry, path, own, "Service")?;
    let port = optional_port(cx, entry, "port", path);
    let weight = match cx.get(entry, "weight") {
        None => 1,
        Some(node) => {
            let number = cx.integer_at(node, path.field("weight"))?;
            let Ok(weight) = u32::try_from(number) else {
                cx.error("invalid-route", node, format!("the weight `{number}` is less than 0"));
                return None;
            };
            weight
        }
    };
    Some(RouteBackend { kind, key, port, weight, origin: cx.origin(entry) })
}
