//! Ways through Gateways: a route, the listeners that take it, and the Services that it names.

use super::{
    Finder,
    way::{Clients, DeadEnd, Hop, NotTaken, Proxy, WayIn},
};
use crate::object::{
    Cluster, Gateway, Listener, ObjectKey, Route, RouteBackend, RouteParent, RouteRule, RoutesFrom,
    ServicePortRef,
};
use std::sync::Arc;

/// The ways that begin at a Gateway.
pub(super) fn ways(finder: &mut Finder<'_>, out: &mut Vec<WayIn>) {
    for route in finder.cluster.entrances.routes.values() {
        for parent in route.parents.iter().filter(|parent| &*parent.kind == "Gateway") {
            let Some(gateway) = finder.cluster.entrances.gateways.get(&parent.key) else {
                let end = DeadEnd::NoGateway(parent.key.to_string().into());
                let hop = route_hop(route, "".into(), parent);
                out.push(finder.dead(Clients::Controller, vec![hop], end));
                continue;
            };
            let proxy = finder.proxy_of_gateway(gateway);
            match taken(finder.cluster, gateway, route, parent) {
                Err(why) => {
                    let end = DeadEnd::NoListener { gateway: gateway.key.to_string().into(), why };
                    let clients = finder.clients_of(&proxy);
                    out.push(finder.dead(clients, vec![route_hop(route, "".into(), parent)], end));
                }
                Ok(listeners) => through(finder, out, (gateway, &proxy), (route, parent), &listeners),
            }
        }
    }
}

/// The ways of a route through the listeners that take it: one for each rule and Service.
fn through(
    finder: &mut Finder<'_>,
    out: &mut Vec<WayIn>,
    (gateway, proxy): (&Gateway, &Proxy),
    (route, parent): (&Route, &RouteParent),
    listeners: &[&Listener],
) {
    let clients = finder.clients_of(proxy);
    let ports: Vec<String> =
        listeners.iter().map(|listener| format!("{}:{}", listener.name, listener.port)).collect();
    let first = Hop {
        kind: "Gateway".into(),
        name: gateway.key.to_string().into(),
        detail: ports.join(", ").into(),
        origin: listeners.first().map_or(&gateway.origin, |listener| &listener.origin).clone(),
    };
    for rule in &route.rules {
        let detail = detail(&hosts(route, listeners), rule);
        for backend in rule.backends.iter().filter(|backend| backend.weight > 0) {
            let mut second = route_hop(route, detail.clone(), parent);
            second.origin = backend.origin.clone();
            let mut hops = vec![first.clone(), second];
            let port = backend.port.map(ServicePortRef::Number);
            match (allowed(finder.cluster, route, backend), port) {
                (Err(end), _) => out.push(finder.dead(clients.clone(), hops, end)),
                (Ok(()), None) => {
                    let service = backend.key.to_string().into();
                    let end = DeadEnd::NoPort { service, port: "".into(), has: Vec::new() };
                    out.push(finder.dead(clients.clone(), hops, end));
                }
                (Ok(()), Some(port)) => match finder.services.find(&backend.key, &port) {
                    Err(end) => out.push(finder.dead(clients.clone(), hops, end)),
                    Ok((service, port)) => {
                        hops.extend(finder.hop_of(proxy));
                        hops.push(super::service_hop(service, port));
                        let source = finder.source_of(proxy, service);
                        finder.finish(out, clients.clone(), hops, source, (service, port));
                    }
                },
            }
        }
    }
}

fn route_hop(route: &Route, detail: Arc<str>, parent: &RouteParent) -> Hop {
    let (kind, name) = (Arc::clone(&route.kind), route.key.to_string().into());
    Hop { kind, name, detail, origin: parent.origin.clone() }
}

/// The listeners of a Gateway that take a route, or why the nearest does not.
fn taken<'a>(
    cluster: &Cluster,
    gateway: &'a Gateway,
    route: &Route,
    parent: &RouteParent,
) -> Result<Vec<&'a Listener>, NotTaken> {
    let mut nearest = NotTaken::NotAsked;
    let mut taken = Vec::new();
    for listener in &gateway.listeners {
        let asked = parent.section.as_ref().is_none_or(|section| *section == listener.name)
            && parent.port.is_none_or(|port| port == listener.port);
        if !asked {
            continue;
        }
        let why = if !listener.takes(&route.kind) {
            NotTaken::Kind
        } else if !admits(cluster, gateway, listener, &route.key) {
            NotTaken::Namespace
        } else if hosts(route, &[listener]).is_empty() {
            NotTaken::Hostname
        } else {
            taken.push(listener);
            continue;
        };
        nearest = nearest.max(why);
    }
    if taken.is_empty() { Err(nearest) } else { Ok(taken) }
}

/// Whether a listener takes routes of the namespace of `route`.
fn admits(cluster: &Cluster, gateway: &Gateway, listener: &Listener, route: &ObjectKey) -> bool {
    match &listener.routes_from {
        RoutesFrom::All => true,
        RoutesFrom::None => false,
        RoutesFrom::Same => route.namespace == gateway.key.namespace,
        RoutesFrom::Selector(selector) => selector.matches(cluster.namespace(&route.namespace).labels()),
    }
}

/// The host names that a route has in common with listeners; `*` for every one.
fn hosts(route: &Route, listeners: &[&Listener]) -> Vec<Arc<str>> {
    let mut hosts: Vec<Arc<str>> = Vec::new();
    for listener in listeners {
        match (&listener.hostname, route.hostnames.as_slice()) {
            (None, []) => hosts.push("*".into()),
            (Some(own), []) => hosts.push(Arc::clone(own)),
            (None, names) => hosts.extend(names.iter().cloned()),
            (Some(own), names) => hosts.extend(names.iter().filter_map(|name| common(own, name).cloned())),
        }
    }
    hosts.sort();
    hosts.dedup();
    hosts
}

/// The narrower of two host names that have something in common. `*.` stands for one label or more.
fn common<'a>(a: &'a Arc<str>, b: &'a Arc<str>) -> Option<&'a Arc<str>> {
    let within = |wide: &str, narrow: &str| {
        wide == narrow
            || wide.strip_prefix('*').is_some_and(|end| end.starts_with('.') && narrow.ends_with(end))
    };
    if within(a, b) {
        return Some(b);
    }
    within(b, a).then_some(a)
}

/// Host names with the paths of a rule, as a person types them.
fn detail(hosts: &[Arc<str>], rule: &RouteRule) -> Arc<str> {
    let plain = hosts.iter().all(|host| &**host == "*");
    if plain && rule.matches.is_empty() {
        return "".into();
    }
    let with_paths = |host: &Arc<str>| match rule.matches.as_slice() {
        [] => vec![host.to_string()],
        paths => paths.iter().map(|path| format!("{host}{path}")).collect(),
    };
    hosts.iter().flat_map(with_paths).collect::<Vec<_>>().join(", ").into()
}

/// Whether a route may lead to a backend: a Service of its own namespace, or of one that grants it.
fn allowed(cluster: &Cluster, route: &Route, backend: &RouteBackend) -> Result<(), DeadEnd> {
    if &*backend.kind != "Service" {
        return Err(DeadEnd::Other(format!("{} {}", backend.kind, backend.key).into()));
    }
    if backend.key.namespace == route.key.namespace {
        return Ok(());
    }
    let from = (Arc::clone(&route.kind), Arc::clone(&route.key.namespace));
    let mut grants = cluster.entrances.grants.values();
    let granted = grants.any(|grant| {
        let names = |(kind, name): &(Arc<str>, Option<Arc<str>>)| {
            &**kind == "Service" && name.as_ref().is_none_or(|name| *name == backend.key.name)
        };
        grant.key.namespace == backend.key.namespace
            && grant.from.contains(&from)
            && grant.to.iter().any(names)
    });
    if granted { Ok(()) } else { Err(DeadEnd::NoGrant { service: backend.key.to_string().into() }) }
}
