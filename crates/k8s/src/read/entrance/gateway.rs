//! Gateways.

use super::{balancer, optional, required, spec};
use crate::{
    policy,
    read::{
        context::{Context, Path},
        meta, pod,
    },
    tree::NodeId,
};
use sekisho_core::object::{Gateway, LabelSelector, Listener, RoutesFrom};
use std::sync::Arc;

/// The Gateway at `node`.
pub(super) fn read(cx: &mut Context<'_>, node: NodeId) -> Option<Gateway> {
    let meta = meta::read(cx, node)?;
    let spec = spec(cx, node)?;
    let path = Path::TOP.field("spec");
    let class = required(cx, spec, "gatewayClassName", path);
    let entries = cx.list(spec, "listeners", path);
    let list = path.field("listeners");
    let listeners = entries
        .into_iter()
        .enumerate()
        .filter_map(|(index, entry)| listener(cx, entry, list.index(index)))
        .collect();
    let balancer = balancer::ingress(cx, node);
    Some(Gateway { key: meta.key, class: class?.into(), listeners, balancer, origin: meta.origin })
}

fn listener(cx: &mut Context<'_>, entry: NodeId, path: Path<'_>) -> Option<Listener> {
    let name = required(cx, entry, "name", path)?.into();
    let protocol = required(cx, entry, "protocol", path)?.into();
    let Some(port) = cx.get(entry, "port") else {
        cx.error("missing-field", entry, format!("`{path}.port` is missing"));
        return None;
    };
    let port = pod::port_number(cx, port, path.field("port"))?;
    let hostname = optional(cx, entry, "hostname", path);
    let allowed = cx.mapping(entry, "allowedRoutes", path);
    let path = path.field("allowedRoutes");
    let (routes_from, kinds) = match allowed {
        Some(allowed) => (routes_from(cx, allowed, path)?, kinds(cx, allowed, path)),
        None => (RoutesFrom::default(), Vec::new()),
    };
    Some(Listener { name, hostname, port, protocol, routes_from, kinds, origin: cx.origin(entry) })
}

fn routes_from(cx: &mut Context<'_>, allowed: NodeId, path: Path<'_>) -> Option<RoutesFrom> {
    let Some(namespaces) = cx.mapping(allowed, "namespaces", path) else { return Some(RoutesFrom::Same) };
    let path = path.field("namespaces");
    match cx.text(namespaces, "from", path) {
        None | Some("Same") => Some(RoutesFrom::Same),
        Some("All") => Some(RoutesFrom::All),
        Some("None") => Some(RoutesFrom::None),
        Some("Selector") => {
            let selector = policy::selector::read_optional(cx, namespaces, "selector", path);
            Some(RoutesFrom::Selector(selector.unwrap_or_else(LabelSelector::everything)))
        }
        Some(other) => {
            let place = cx.get(namespaces, "from").unwrap_or(namespaces);
            let message = format!("`{other}` does not say which namespaces");
            cx.error_help("invalid-route", place, message, "write Same, All, Selector or None");
            None
        }
    }
}

fn kinds(cx: &mut Context<'_>, allowed: NodeId, path: Path<'_>) -> Vec<Arc<str>> {
    let entries = cx.list(allowed, "kinds", path);
    let path = path.field("kinds");
    let kinds = entries
        .into_iter()
        .enumerate()
        .filter_map(|(index, entry)| required(cx, entry, "kind", path.index(index)).map(Arc::from));
    kinds.collect()
}
