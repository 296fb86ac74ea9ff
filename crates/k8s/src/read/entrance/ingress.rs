//! Ingresses.

use super::{balancer, optional, required, spec};
use crate::{
    Diagnostic, Severity,
    read::{
        context::{Context, Path},
        meta, pod,
    },
    tree::NodeId,
};
use sekisho_core::object::{Ingress, IngressPath, IngressTarget, ServicePortRef};
use std::sync::Arc;

/// The only version of Ingress that any cluster of today serves; older ones went with Kubernetes 1.22.
const VERSION: &str = "networking.k8s.io/v1";
/// How an Ingress told its class before it had a field for it, and still may.
const CLASS: &str = "kubernetes.io/ingress.class";

/// The Ingress at `node`, unless it is of an older version: it is left out with a warning then.
pub(super) fn read(cx: &mut Context<'_>, node: NodeId, version: &str) -> Option<Ingress> {
    if version != VERSION {
        let place = cx.get(node, "apiVersion").unwrap_or(node);
        let message =
            format!("an Ingress of `{version}` is not read: no cluster since Kubernetes 1.22 serves it");
        let warning = Diagnostic::new(Severity::Warning, "unsupported-version", message, cx.origin(place));
        cx.report(warning.with_help(format!("write `apiVersion: {VERSION}`")));
        return None;
    }
    let meta = meta::read(cx, node)?;
    let spec = spec(cx, node)?;
    let path = Path::TOP.field("spec");
    let annotated = balancer::annotation(cx, node, CLASS).filter(|class| !class.is_empty());
    let class = annotated.map(Arc::from).or(optional(cx, spec, "ingressClassName", path));
    let mut paths = Vec::new();
    let rules = cx.list(spec, "rules", path);
    for (index, rule) in rules.into_iter().enumerate() {
        read_rule(cx, rule, path.field("rules").index(index), &mut paths);
    }
    if let Some(backend) = cx.mapping(spec, "defaultBackend", path) {
        let target = read_target(cx, backend, path.field("defaultBackend"));
        let origin = cx.origin(backend);
        paths.extend(target.map(|target| IngressPath { host: None, path: None, target, origin }));
    }
    let balancer = balancer::ingress(cx, node);
    Some(Ingress { key: meta.key, class, paths, balancer, origin: meta.origin })
}

fn read_rule(cx: &mut Context<'_>, rule: NodeId, path: Path<'_>, paths: &mut Vec<IngressPath>) {
    let host = optional(cx, rule, "host", path);
    let Some(http) = cx.mapping(rule, "http", path) else { return };
    let entries = cx.list(http, "paths", path.field("http"));
    let http_path = path.field("http");
    let path = http_path.field("paths");
    for (index, entry) in entries.into_iter().enumerate() {
        let path = path.index(index);
        if cx.tree.mapping(entry).is_none() {
            cx.wrong_type(entry, path, "a mapping");
            continue;
        }
        let own = optional(cx, entry, "path", path);
        let Some(backend) = cx.mapping(entry, "backend", path) else {
            if cx.get(entry, "backend").is_none() {
                cx.error("missing-field", entry, format!("`{path}.backend` is missing"));
            }
            continue;
        };
        let Some(target) = read_target(cx, backend, path.field("backend")) else { continue };
        let origin = cx.origin(backend);
        paths.push(IngressPath { host: host.clone(), path: own, target, origin });
    }
}

fn read_target(cx: &mut Context<'_>, backend: NodeId, path: Path<'_>) -> Option<IngressTarget> {
    if let Some(resource) = cx.mapping(backend, "resource", path) {
        let path = path.field("resource");
        let (kind, name) = (required(cx, resource, "kind", path)?, required(cx, resource, "name", path)?);
        return Some(IngressTarget::Resource(format!("{kind}/{name}").into()));
    }
    let Some(service) = cx.mapping(backend, "service", path) else {
        if cx.get(backend, "service").is_none() {
            let message = format!("`{path}` has neither `service` nor `resource`");
            cx.error("missing-field", backend, message);
        }
        return None;
    };
    let path = path.field("service");
    let name = required(cx, service, "name", path)?.into();
    let Some(port) = cx.mapping(service, "port", path) else {
        if cx.get(service, "port").is_none() {
            cx.error("missing-field", service, format!("`{path}.port` is missing"));
        }
        return None;
    };
    let path = path.field("port");
    if let Some(number) = cx.get(port, "number").filter(|number| cx.tree.key_text(*number) != "0") {
        let number = pod::port_number(cx, number, path.field("number"))?;
        return Some(IngressTarget::Service(name, ServicePortRef::Number(number)));
    }
    Some(IngressTarget::Service(name, ServicePortRef::Name(required(cx, port, "name", path)?.into())))
}
