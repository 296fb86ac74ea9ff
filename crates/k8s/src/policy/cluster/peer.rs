//! Peers: entries of `from` and `to`. Each has exactly one field.

use super::{Dialect, bounded, required};
use crate::{
    Diagnostic, Severity,
    policy::{peer::parse_cidr, selector},
    read::context::{Context, Path},
    tree::NodeId,
};
use sekisho_core::{
    object::{ClusterPeer, ClusterPeerKind, ClusterPods, ClusterPolicyKind, Direction},
    set::Cidr,
};
use std::{collections::BTreeSet, net::IpAddr, sync::Arc};

/// The most networks, and the most domain names, in a peer.
const MOST: usize = 25;
const INGRESS: &[&str] = &["namespaces", "pods"];
const EGRESS: &[&str] = &["namespaces", "pods", "nodes", "networks", "domainNames"];
const BASELINE_EGRESS: &[&str] = &["namespaces", "pods", "nodes", "networks"];

/// The peer at `entry`.
pub(super) fn read(
    cx: &mut Context<'_>,
    entry: NodeId,
    path: Path<'_>,
    direction: Direction,
    dialect: &Dialect,
) -> Option<ClusterPeer> {
    let known = match direction {
        Direction::Ingress => INGRESS,
        Direction::Egress if dialect.kind == ClusterPolicyKind::BaselineAdminNetworkPolicy => BASELINE_EGRESS,
        Direction::Egress => EGRESS,
    };
    let Some(fields) = cx.tree.mapping(entry) else {
        cx.wrong_type(entry, path, "a mapping");
        return None;
    };
    let names: Vec<&str> = fields.map(|(key, _)| cx.tree.key_text(key)).collect();
    let kind = match only_field(cx, entry, known) {
        Some("networks") => ClusterPeerKind::Networks(networks(cx, entry, path)),
        Some("nodes") => ClusterPeerKind::Nodes(selector::read_optional(cx, entry, "nodes", path)?),
        Some("domainNames") => ClusterPeerKind::DomainNames(domain_names(cx, entry, path)),
        Some(field) => ClusterPeerKind::Pods(pods(cx, entry, field, path, dialect)?),
        // S41. Whether the fields may be of a later version was looked at with all others.
        None if !names.is_empty() && names.iter().all(|name| !known.contains(name)) => {
            ClusterPeerKind::Unknown
        }
        None => {
            let fields: Vec<String> = known.iter().map(|field| format!("`{field}`")).collect();
            let message = format!("a peer must have exactly one of {}", fields.join(", "));
            cx.error_help("invalid-peer", entry, message, "make the others entries of their own in the list");
            return None;
        }
    };
    Some(ClusterPeer { kind, origin: cx.origin(entry) })
}

/// The one field of `known` that a mapping has; `None` where it has none or several.
pub(super) fn only_field<'k>(cx: &Context<'_>, node: NodeId, known: &[&'k str]) -> Option<&'k str> {
    let mut fields = known.iter().filter(|field| cx.get(node, field).is_some());
    let first = fields.next()?;
    fields.next().is_none().then_some(*first)
}

/// What `namespaces` or `pods` of `node` names.
pub(super) fn pods(
    cx: &mut Context<'_>,
    node: NodeId,
    field: &str,
    path: Path<'_>,
    dialect: &Dialect,
) -> Option<ClusterPods> {
    if field == "namespaces" {
        let namespaces = selector::read_optional(cx, node, field, path)?;
        return Some(ClusterPods { namespaces, ..ClusterPods::default() });
    }
    let pods = cx.mapping(node, field, path)?;
    let path = path.field(field);
    if dialect.is_old() {
        required(cx, pods, "namespaceSelector", path);
    }
    required(cx, pods, "podSelector", path)?;
    let namespaces = selector::read_optional(cx, pods, "namespaceSelector", path).unwrap_or_default();
    Some(ClusterPods { namespaces, pods: selector::read_optional(cx, pods, "podSelector", path)? })
}

fn networks(cx: &mut Context<'_>, entry: NodeId, path: Path<'_>) -> BTreeSet<Cidr> {
    let entries = bounded(cx, entry, "networks", path, (1, MOST));
    let path = path.field("networks");
    let mut networks = BTreeSet::new();
    let mut texts = BTreeSet::new();
    for (at, entry) in entries.into_iter().enumerate() {
        let Some((address, cidr)) = parse_cidr(cx, entry, path.index(at)) else { continue };
        let text = cx.tree.key_text(entry);
        if !texts.insert(text) {
            cx.error("duplicate-entry", entry, format!("`{text}` stands twice in `{path}`"));
        }
        // Unlike an `ipBlock` (S19): the API server takes networks alone.
        if address != cidr.first() {
            let message = format!("`{text}` has host bits set");
            cx.error_help("invalid-cidr", entry, message, format!("write `{cidr}`"));
        }
        if matches!(cidr.first(), IpAddr::V6(first) if first.to_ipv4_mapped().is_some()) {
            cx.error("invalid-cidr", entry, format!("`{text}` is an IPv4 block written as IPv6"));
        }
        networks.insert(cidr);
    }
    networks
}

fn domain_names(cx: &mut Context<'_>, entry: NodeId, path: Path<'_>) -> BTreeSet<Arc<str>> {
    let entries = bounded(cx, entry, "domainNames", path, (1, MOST));
    let path = path.field("domainNames");
    let mut names = BTreeSet::new();
    for (at, entry) in entries.into_iter().enumerate() {
        let Some(name) = cx.text_at(entry, path.index(at)) else { continue };
        if !is_domain(name) {
            let message = format!("`{name}` is not a domain name such as `example.org` or `*.example.org`");
            cx.error("invalid-domain", entry, message);
        } else if !names.insert(Arc::from(name)) {
            cx.error("duplicate-entry", entry, format!("`{name}` stands twice in `{path}`"));
        }
    }
    let message = format!("`{path}` matches no address: only a name server knows which addresses a name has");
    let note = Diagnostic::new(Severity::Note, "domain-names", message, cx.origin(entry));
    cx.report(note.with_help("what a rule accepts by name alone stays closed where a later one denies it"));
    names
}

/// Labels with dots between them, at least two, the first of which may be `*`; and a dot at the end.
fn is_domain(name: &str) -> bool {
    let name = name.strip_prefix("*.").unwrap_or(name);
    let name = name.strip_suffix('.').unwrap_or(name);
    let is_label = |label: &str| {
        let bytes = label.as_bytes();
        bytes.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
            && bytes.first().is_some_and(u8::is_ascii_alphanumeric)
            && bytes.last().is_some_and(u8::is_ascii_alphanumeric)
    };
    name.contains('.') && name.split('.').all(is_label)
}
