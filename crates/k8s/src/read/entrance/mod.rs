//! What leads into the cluster from outside: Ingresses, Gateways, routes, their classes and grants.
//!
//! No verdict depends on them. What the API server would refuse in the fields that are read is an
//! error here too (S43); other fields are none of our business.

mod balancer;
mod class;
mod gateway;
mod grant;
mod ingress;
mod route;

pub(crate) use balancer::service as service_balancer;

use super::context::{Context, Path};
use crate::tree::NodeId;
use sekisho_core::object::{Class, Entrances, Gateway, Ingress, ObjectKey, Origin, ReferenceGrant, Route};
use std::sync::Arc;

const INGRESS: &[&str] = &["networking.k8s.io", "extensions"];
const GATEWAY: &[&str] = &["gateway.networking.k8s.io"];

/// The kinds that are read here, with the API groups they were ever in.
pub(crate) const KINDS: [(&str, &[&str]); 10] = [
    ("Ingress", INGRESS),
    ("IngressClass", &["networking.k8s.io"]),
    ("Gateway", GATEWAY),
    ("GatewayClass", GATEWAY),
    ("HTTPRoute", GATEWAY),
    ("GRPCRoute", GATEWAY),
    ("TLSRoute", GATEWAY),
    ("TCPRoute", GATEWAY),
    ("UDPRoute", GATEWAY),
    ("ReferenceGrant", GATEWAY),
];

/// An object that leads in, and has yet to find its place.
#[derive(Clone)]
pub(crate) struct Entrance {
    /// Its namespace and name; no namespace for a class.
    pub(crate) key: ObjectKey,
    /// Where it was written.
    pub(crate) origin: Origin,
    what: What,
}

#[derive(Clone)]
enum What {
    Ingress(Ingress),
    IngressClass(Class),
    GatewayClass(Class),
    Gateway(Gateway),
    Grant(ReferenceGrant),
    Route(Route),
}

impl Entrance {
    /// Puts it among the others.
    pub(crate) fn put(self, all: &mut Entrances) {
        match self.what {
            What::Ingress(read) => drop(all.ingresses.insert(self.key, read)),
            What::IngressClass(read) => drop(all.ingress_classes.insert(self.key.name, read)),
            What::GatewayClass(read) => drop(all.gateway_classes.insert(self.key.name, read)),
            What::Gateway(read) => drop(all.gateways.insert(self.key, read)),
            What::Grant(read) => drop(all.grants.insert(self.key, read)),
            What::Route(read) => drop(all.routes.insert((Arc::clone(&read.kind), self.key), read)),
        }
    }
}

/// The object of `kind`, one of [`KINDS`], at `node`; `None` where it cannot be read, or is of a version
/// that is not.
pub(crate) fn read(cx: &mut Context<'_>, node: NodeId, kind: &str, version: &str) -> Option<Entrance> {
    let (key, origin, what) = match kind {
        "Ingress" => {
            let read = ingress::read(cx, node, version)?;
            (read.key.clone(), read.origin.clone(), What::Ingress(read))
        }
        "IngressClass" | "GatewayClass" => {
            let read = class::read(cx, node, kind)?;
            let (key, origin) = (ObjectKey::new("", Arc::clone(&read.name)), read.origin.clone());
            (
                key,
                origin,
                if kind == "IngressClass" { What::IngressClass(read) } else { What::GatewayClass(read) },
            )
        }
        "Gateway" => {
            let read = gateway::read(cx, node)?;
            (read.key.clone(), read.origin.clone(), What::Gateway(read))
        }
        "ReferenceGrant" => {
            let read = grant::read(cx, node)?;
            (read.key.clone(), read.origin.clone(), What::Grant(read))
        }
        kind => {
            let read = route::read(cx, node, kind)?;
            (read.key.clone(), read.origin.clone(), What::Route(read))
        }
    };
    Some(Entrance { key, origin, what })
}

/// The mapping under `spec` of the object at `node`; an error where there is none.
fn spec(cx: &mut Context<'_>, node: NodeId) -> Option<NodeId> {
    let spec = cx.mapping(node, "spec", Path::TOP);
    if spec.is_none() && cx.get(node, "spec").is_none() {
        cx.error("missing-field", node, "`spec` is missing");
    }
    spec
}

/// The text under `key`, which has to be there and not empty.
fn required<'c>(cx: &mut Context<'c>, node: NodeId, key: &str, path: Path<'_>) -> Option<&'c str> {
    if cx.tree.mapping(node).is_none() {
        cx.wrong_type(node, path, "a mapping");
        return None;
    }
    match cx.text(node, key, path) {
        Some("") => {}
        Some(text) => return Some(text),
        None if cx.get(node, key).is_some() => return None,
        None => {}
    }
    cx.error("missing-field", node, format!("`{}` is missing", path.field(key)));
    None
}

/// The text under `key`, where it is there and not empty.
fn optional(cx: &mut Context<'_>, node: NodeId, key: &str, path: Path<'_>) -> Option<Arc<str>> {
    cx.text(node, key, path).filter(|text| !text.is_empty()).map(Arc::from)
}

/// The port number under `key`, where it is there.
fn optional_port(cx: &mut Context<'_>, node: NodeId, key: &str, path: Path<'_>) -> Option<u16> {
    let port = cx.get(node, key)?;
    super::pod::port_number(cx, port, path.field(key))
}
