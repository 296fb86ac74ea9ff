//! Named peers.

use super::{Layer, tell::Tell, values};
use crate::{
    document::{self, RoleName},
    model::Peer,
};
use sekisho_core::{
    object::{LabelSelector, Origin, PolicyPort, PortMatch},
    standard::{Role, Whom},
};
use std::{collections::BTreeSet, sync::Arc};

/// All of them: what is built in first, each in the place where its name stands first.
pub(super) fn all(layers: &[Layer<'_>; 2], known: &BTreeSet<Arc<str>>, tell: &mut Tell) -> Vec<Peer> {
    let mut peers: Vec<Peer> = Vec::new();
    for layer in layers {
        for (name, peer) in layer.peers.iter() {
            let origin = layer.origin(name.span);
            check_name(&name.value, peer.role, &origin, tell);
            let Some(whom) = whom(layer, &name.value, peer, &origin, tell) else { continue };
            let ports = values::ports(layer, &peer.ports, tell);
            if matches!(whom, Whom::Ranges(_)) {
                check_numbers(&ports, tell);
            }
            let peer = Peer {
                name: name.value.as_str().into(),
                whom,
                role: peer.role.map_or(Role::Other, Role::from),
                ports,
                environments: peer
                    .environments
                    .as_ref()
                    .map(|names| values::environments(layer, names, known, tell)),
                comment: peer.comment.as_deref().map(Arc::from),
                origin,
            };
            match peers.iter_mut().find(|other| other.name == peer.name) {
                Some(other) => *other = peer,
                None => peers.push(peer),
            }
        }
    }
    peers
}

fn check_name(name: &str, role: Option<RoleName>, origin: &Origin, tell: &mut Tell) {
    if let Err(reason) = sekisho_k8s::syntax::dns_label(name) {
        tell.error("invalid-name", origin, format!("the peer's name {reason}"));
    }
    // Among callers a role's name stands for all that have it.
    if RoleName::of(name).is_some_and(|of_name| role != Some(of_name)) {
        let message = format!("`{name}` is a role, and this peer has another");
        tell.error_help(
            "invalid-name",
            origin,
            message,
            format!("call it otherwise, or write `role: {name}`"),
        );
    }
}

/// A name stands for the numbers that pods give it; addresses outside the cluster give none (S14), so a policy
/// would look as if it let somebody out, and let out nobody.
fn check_numbers(ports: &[PolicyPort], tell: &mut Tell) {
    for port in ports {
        if let PortMatch::Named(name) = &port.port {
            let message = format!("`{name}` is the name of a port, and only pods name their ports");
            let help = "addresses are called on numbers: write `443`, or `UDP/53`";
            tell.error_help("invalid-port", &port.origin, message, help);
        }
    }
}

fn whom(
    layer: &Layer<'_>,
    name: &str,
    peer: &document::Peer,
    origin: &Origin,
    tell: &mut Tell,
) -> Option<Whom> {
    let namespaces = match (&peer.namespace, &peer.namespaces) {
        (Some(names), None) if names.0.is_empty() => {
            let message = format!("`{name}` names no namespace");
            tell.error_help("missing-field", origin, message, "for all of them write `namespaces: {}`");
            return None;
        }
        (Some(names), None) => Some(values::namespaces(layer, names, tell)),
        (None, Some(selector)) => Some(values::selector(layer, selector, tell)),
        (None, None) => None,
        (Some(_), Some(selector)) => {
            let message = format!("`{name}` has `namespace` and `namespaces`");
            let help = "write names of namespaces, or a selector of their labels";
            tell.error_help("conflict", &layer.origin(selector.span), message, help);
            return None;
        }
    };
    let pods = peer.pods.as_ref().map(|selector| values::selector(layer, selector, tell));
    match (&peer.ranges, namespaces, pods) {
        (Some(ranges), None, None) => {
            let before = ranges.0.len();
            let ranges = values::ranges(layer, ranges, tell);
            if before == 0 {
                tell.error("missing-field", origin, format!("`{name}` has no range"));
            }
            Some(Whom::Ranges(ranges))
        }
        (None, None, None) => {
            let message = format!("nobody knows who `{name}` is");
            let help = "write `ranges`, `namespace`, `namespaces` or `pods`";
            tell.error_help("missing-field", origin, message, help);
            None
        }
        (None, namespaces, pods) => {
            Some(Whom::Pods { namespaces: namespaces.unwrap_or_else(LabelSelector::everything), pods })
        }
        (Some(_), _, _) => {
            let message = format!("`{name}` has ranges, and pods as well");
            tell.error_help("conflict", origin, message, "make two peers of it, of one role");
            None
        }
    }
}
