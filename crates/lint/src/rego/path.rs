//! Places of an object that a result names by their path.

use crate::finding::Field;
use sekisho_core::object::{Direction, NetworkPolicy, Origin};

/// Where `path`, such as `spec.ingress[0].from[1]`, of a policy was written: the entry, and which field of it.
/// `None` where the policy has no such place.
pub(super) fn of_policy(policy: &NetworkPolicy, path: &str) -> Option<(Origin, Field)> {
    let whole = |field: Field| Some((policy.origin.clone(), field));
    let direction = match path.split(['.', '[']).nth(1) {
        Some("ingress") => Direction::Ingress,
        Some("egress") => Direction::Egress,
        _ => return whole(field(path)?),
    };
    let rest = path.strip_prefix("spec.")?.strip_prefix(&direction.to_string())?;
    if rest.is_empty() {
        return whole(match direction {
            Direction::Ingress => &["spec", "ingress"],
            Direction::Egress => &["spec", "egress"],
        });
    }
    let (number, rest) = number(rest)?;
    let rule = policy.rules(direction).get(number)?;
    let rest = rest.strip_prefix('.').unwrap_or(rest);
    if rest.is_empty() {
        return Some((rule.origin.clone(), &[]));
    }
    if let Some(ports) = rest.strip_prefix("ports") {
        if ports.is_empty() {
            return Some((rule.origin.clone(), &["ports"]));
        }
        let port = rule.ports.get(self::number(ports)?.0)?;
        return Some((port.origin.clone(), &[]));
    }
    let peers = rest.strip_prefix(direction.peer_field())?;
    if peers.is_empty() {
        let field: Field = if direction == Direction::Ingress { &["from"] } else { &["to"] };
        return Some((rule.origin.clone(), field));
    }
    let (number, rest) = self::number(peers)?;
    let peer = rule.peers.get(number)?;
    let field: Field = match rest {
        "" => &[],
        ".podSelector" => &["podSelector"],
        ".namespaceSelector" => &["namespaceSelector"],
        ".ipBlock" => &["ipBlock"],
        ".ipBlock.cidr" => &["ipBlock", "cidr"],
        ".ipBlock.except" => &["ipBlock", "except"],
        _ => return None,
    };
    Some((peer.origin.clone(), field))
}

/// The field of any object that a path names.
pub(super) fn field(path: &str) -> Option<Field> {
    Some(match path {
        "" => &[],
        "metadata" => &["metadata"],
        "metadata.name" => &["metadata", "name"],
        "metadata.namespace" => &["metadata", "namespace"],
        "metadata.labels" => &["metadata", "labels"],
        "metadata.annotations" => &["metadata", "annotations"],
        "spec" => &["spec"],
        "spec.podSelector" => &["spec", "podSelector"],
        "spec.policyTypes" => &["spec", "policyTypes"],
        "spec.template" => &["spec", "template"],
        "spec.template.metadata.labels" => &["spec", "template", "metadata", "labels"],
        _ => return None,
    })
}

/// The number in brackets that a text begins with, and the rest.
fn number(text: &str) -> Option<(usize, &str)> {
    let (number, rest) = text.strip_prefix('[')?.split_once(']')?;
    Some((number.parse().ok()?, rest))
}
