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
use sekisho_core::object::{Entrances, ObjectKey, Origin};
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
pub(crate) struct Entrance {
    /// Its namespace and name; no namespace for a class.
    pub(crate) key: ObjectKey,
    /// Where it was written.
    pub(crate) origin: Origin,
    put: Put,
}

type Put = Box<dyn FnOnce(&mut Entrances) + Send>;

impl Entrance {
    fn new(key: &ObjectKey, origin: &Origin, put: impl FnOnce(&mut Entrances) + Send + 'static) -> Self {
        Self { key: key.clone(), origin: origin.clone(), put: Box::new(put) }
    }

    /// Puts it among the others.
    pub(crate) fn put(self, entrances: &mut Entrances) {
        (self.put)(entrances);
    }
}

/// The object of `kind`, one of [`KINDS`], at `node`; `None` where it cannot be read, or is of a version
/// that is not.
pub(crate) fn read(cx: &mut Context<'_>, node: NodeId, kind: &str, version: &str) -> Option<Entrance> {
    match kind {
        "Ingress" => {
            let read = ingress::read(cx, node, version)?;
            let (key, origin) = (read.key.clone(), read.origin.clone());
            Some(Entrance::new(&key, &origin, |all| drop(all.ingresses.insert(read.key.clone(), read))))
        }
        "IngressClass" | "GatewayClass" => {
            let read = class::read(cx, node, kind)?;
            let (key, origin) = (ObjectKey::new("", Arc::clone(&read.name)), read.origin.clone());
            let of_ingress = kind == "IngressClass";
            Some(Entrance::new(&key, &origin, move |all| {
                let classes = if of_ingress { &mut all.ingress_classes } else { &mut all.gateway_classes };
                classes.insert(Arc::clone(&read.name), read);
            }))
        }
        "Gateway" => {
            let read = gateway::read(cx, node)?;
            let (key, origin) = (read.key.clone(), read.origin.clone());
            Some(Entrance::new(&key, &origin, |all| drop(all.gateways.insert(read.key.clone(), read))))
        }
        "ReferenceGrant" => {
            let read = grant::read(cx, node)?;
            let (key, origin) = (read.key.clone(), read.origin.clone());
            Some(Entrance::new(&key, &origin, |all| drop(all.grants.insert(read.key.clone(), read))))
        }
        kind => {
            let read = route::read(cx, node, kind)?;
            let (key, origin) = (read.key.clone(), read.origin.clone());
            let at = (Arc::clone(&read.kind), key.clone());
            Some(Entrance::new(&key, &origin, |all| drop(all.routes.insert(at, read))))
        }
    }
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
