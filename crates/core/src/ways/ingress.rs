//! Ways through Ingresses.

use super::{
    Finder,
    way::{DeadEnd, Hop, WayIn},
};
use crate::object::{IngressPath, IngressTarget, ObjectKey};
use std::sync::Arc;

/// The ways that begin at an Ingress.
pub(super) fn ways(finder: &mut Finder<'_>, out: &mut Vec<WayIn>) {
    for ingress in finder.cluster.entrances.ingresses.values() {
        let proxy = finder.proxy_of_ingress(ingress);
        let clients = finder.clients_of(&proxy);
        for path in &ingress.paths {
            let first = Hop {
                kind: "Ingress".into(),
                name: ingress.key.to_string().into(),
                detail: detail(path),
                origin: path.origin.clone(),
            };
            let mut hops = vec![first];
            match &path.target {
                IngressTarget::Resource(resource) => {
                    let end = DeadEnd::Other(Arc::clone(resource));
                    out.push(finder.dead(clients.clone(), hops, end));
                }
                IngressTarget::Service(name, port) => {
                    let key = ObjectKey::new(Arc::clone(&ingress.key.namespace), Arc::clone(name));
                    match finder.services.find(&key, port) {
                        Err(end) => out.push(finder.dead(clients.clone(), hops, end)),
                        Ok((service, port)) => {
                            hops.extend(finder.hop_of(&proxy));
                            hops.push(super::service_hop(service, port));
                            let source = finder.source_of(&proxy, service);
                            finder.finish(out, clients.clone(), hops, source, (service, port));
                        }
                    }
                }
            }
        }
    }
}

/// Host and path as a person types them.
fn detail(path: &IngressPath) -> Arc<str> {
    match (&path.host, &path.path) {
        (Some(host), Some(path)) => format!("{host}{path}").into(),
        (Some(host), None) => Arc::clone(host),
        (None, Some(path)) => format!("*{path}").into(),
        (None, None) => "".into(),
    }
}
