//! Annotations that say what load balancer stands before an object. There is no standard: each
//! provider has its own, and these are the ones that change who comes to a pod.

use crate::{
    Diagnostic, Severity,
    read::context::Context,
    source::Text,
    tree::{Documents, NodeId},
};
use sekisho_core::object::{Balancer, BalancerTargets, Provider};
use std::sync::Arc;

/// Google Cloud: which load balancers send to the pods of a Service themselves.
const NEG: &str = "cloud.google.com/neg";
const NODES: Option<BalancerTargets> = Some(BalancerTargets::Nodes);
const PODS: Option<BalancerTargets> = Some(BalancerTargets::Pods);

/// What an annotation with some value says: of whose load balancer, where it sends, and whether only the
/// inner network reaches it. A value of `""` stands for any.
type Said = (&'static str, &'static str, Provider, Option<BalancerTargets>, bool);

/// Of Services of type LoadBalancer.
const OF_SERVICES: [Said; 11] = [
    ("networking.gke.io/load-balancer-type", "Internal", Provider::Google, NODES, true),
    ("cloud.google.com/load-balancer-type", "Internal", Provider::Google, NODES, true),
    ("cloud.google.com/l4-rbs", "", Provider::Google, NODES, false),
    ("service.beta.kubernetes.io/aws-load-balancer-nlb-target-type", "ip", Provider::Amazon, PODS, false),
    ("service.beta.kubernetes.io/aws-load-balancer-type", "nlb-ip", Provider::Amazon, PODS, false),
    ("service.beta.kubernetes.io/aws-load-balancer-type", "nlb", Provider::Amazon, NODES, false),
    ("service.beta.kubernetes.io/aws-load-balancer-type", "external", Provider::Amazon, NODES, false),
    ("service.beta.kubernetes.io/aws-load-balancer-scheme", "internal", Provider::Amazon, None, true),
    ("service.beta.kubernetes.io/aws-load-balancer-scheme", "", Provider::Amazon, None, false),
    ("service.beta.kubernetes.io/aws-load-balancer-internal", "true", Provider::Amazon, None, true),
    ("service.beta.kubernetes.io/azure-load-balancer-internal", "true", Provider::Azure, NODES, true),
];

/// Of Ingresses and Gateways.
const OF_INGRESSES: [Said; 5] = [
    ("alb.ingress.kubernetes.io/target-type", "ip", Provider::Amazon, PODS, false),
    ("alb.ingress.kubernetes.io/target-type", "", Provider::Amazon, NODES, false),
    ("alb.ingress.kubernetes.io/scheme", "internal", Provider::Amazon, None, true),
    ("alb.ingress.kubernetes.io/scheme", "", Provider::Amazon, None, false),
    ("appgw.ingress.kubernetes.io/use-private-ip", "true", Provider::Azure, PODS, true),
];

/// What the annotations of the Service at `node` say.
pub(crate) fn service(cx: &mut Context<'_>, node: NodeId) -> Balancer {
    let mut balancer = said(cx, node, &OF_SERVICES);
    let Some(text) = annotation(cx, node, NEG) else { return balancer };
    let text = Text { name: Arc::clone(&cx.text.name), text: text.into() };
    let mut problems = Vec::new();
    let document = Documents::new(&text, &mut problems).next();
    let Some(document) = document.filter(|document| !document.broken) else {
        wrong(cx, node, "it is not JSON");
        return balancer;
    };
    let (tree, root) = (&document.tree, document.root);
    balancer.provider = Some(Provider::Google);
    if let Some(flag) = tree.get(root, "ingress").and_then(|flag| tree.scalar(flag)?.boolean()) {
        balancer.targets = if flag { PODS } else { NODES };
    }
    let ports = tree.get(root, "exposed_ports").and_then(|ports| tree.mapping(ports));
    for port in ports.into_iter().flatten().map(|(port, _)| tree.key_text(port)) {
        match port.parse() {
            Ok(port) => drop(balancer.exposed_ports.insert(port)),
            Err(_) => wrong(cx, node, &format!("`{port}` is not a port")),
        }
    }
    balancer
}

/// Warns that the annotation cannot be read. The API server takes any text, so it is no error.
fn wrong(cx: &mut Context<'_>, node: NodeId, why: &str) {
    let place = annotation_node(cx, node, NEG).unwrap_or(node);
    let message = format!("the annotation `{NEG}` cannot be read: {why}");
    let origin = cx.origin(place);
    cx.report(
        Diagnostic::new(Severity::Warning, "invalid-annotation", message, origin)
            .with_help("write for example '{\"ingress\": true}'"),
    );
}

/// What the annotations of the Ingress or Gateway at `node` say.
pub(super) fn ingress(cx: &mut Context<'_>, node: NodeId) -> Balancer {
    said(cx, node, &OF_INGRESSES)
}

/// The value of the annotation `key` of the object at `node`.
pub(super) fn annotation<'c>(cx: &mut Context<'c>, node: NodeId, key: &str) -> Option<&'c str> {
    let value = annotation_node(cx, node, key)?;
    let tree = cx.tree;
    tree.scalar(value).and_then(|scalar| scalar.string())
}

fn annotation_node(cx: &Context<'_>, node: NodeId, key: &str) -> Option<NodeId> {
    let metadata = cx.get(node, "metadata")?;
    cx.get(cx.get(metadata, "annotations")?, key)
}

fn said(cx: &mut Context<'_>, node: NodeId, sayings: &[Said]) -> Balancer {
    let mut balancer = Balancer::default();
    for (key, value, provider, targets, internal) in sayings {
        let Some(written) = annotation(cx, node, key) else { continue };
        // A key's first fitting line is the one that counts: a value before any value.
        if !value.is_empty() && written != *value {
            continue;
        }
        balancer.provider = balancer.provider.or(Some(*provider));
        balancer.targets = balancer.targets.or(*targets);
        balancer.internal |= internal;
    }
    balancer
}
