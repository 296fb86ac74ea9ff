//! NetworkPolicies, checked as the API server checks them (S43).
//!
//! The rules are those of `pkg/apis/networking/validation` in Kubernetes.

pub(crate) mod cluster;
mod peer;
mod port;
mod rule;
mod schema;
pub(crate) mod selector;

use crate::{
    Diagnostic, Severity,
    read::{
        context::{Context, Path},
        meta::{self, Meta},
    },
    tree::NodeId,
};
use sekisho_core::object::{Direction, LabelSelector, NetworkPolicy};
use std::collections::BTreeSet;

/// The NetworkPolicy at `node`.
pub(crate) fn read(cx: &mut Context<'_>, node: NodeId) -> Option<NetworkPolicy> {
    schema::check(cx, node, &schema::NETWORK_POLICY);
    let meta = meta::read(cx, node);
    let spec = cx.mapping(node, "spec", Path::TOP);
    let Some(spec) = spec else { return without_spec(cx, node, meta?) };
    let path = Path::TOP.field("spec");
    let subjects = selector::read_optional(cx, spec, "podSelector", path).unwrap_or_default();
    let types = types(cx, spec, path);
    let ingress = rule::read_all(cx, spec, path, Direction::Ingress);
    let egress = rule::read_all(cx, spec, path, Direction::Egress);
    let Meta { key, labels, annotations, origin, .. } = meta?;
    Some(NetworkPolicy { key, subjects, types, ingress, egress, labels, annotations, origin })
}

/// The API server takes a policy without `spec` and reads it as an empty one, which isolates every pod
/// of the namespace for ingress (S1, S3, S4). Nobody means that by leaving it out.
fn without_spec(cx: &mut Context<'_>, node: NodeId, meta: Meta) -> Option<NetworkPolicy> {
    if cx.get(node, "spec").is_some() {
        return None;
    }
    let message = "`spec` is missing: the policy lets nothing in to any pod of its namespace";
    let warning = Diagnostic::new(Severity::Warning, "missing-spec", message, cx.origin(node));
    cx.report(warning.with_help("if that is meant, say so: `spec: {podSelector: {}}`"));
    Some(NetworkPolicy {
        key: meta.key,
        subjects: LabelSelector::everything(),
        types: BTreeSet::new(),
        ingress: Vec::new(),
        egress: Vec::new(),
        labels: meta.labels,
        annotations: meta.annotations,
        origin: meta.origin,
    })
}

fn types(cx: &mut Context<'_>, spec: NodeId, path: Path<'_>) -> BTreeSet<Direction> {
    let entries = cx.list(spec, "policyTypes", path);
    let path = path.field("policyTypes");
    if entries.len() > 2
        && let Some(list) = cx.get(spec, "policyTypes")
    {
        cx.error("invalid-policy-type", list, "`policyTypes` has more than two entries");
    }
    let mut types = BTreeSet::new();
    for (index, entry) in entries.into_iter().enumerate() {
        match cx.text_at(entry, path.index(index)) {
            Some("Ingress") => drop(types.insert(Direction::Ingress)),
            Some("Egress") => drop(types.insert(Direction::Egress)),
            Some(other) => {
                let message = format!("`{other}` is not a policy type");
                cx.error_help("invalid-policy-type", entry, message, "write `Ingress` or `Egress`");
            }
            None => {}
        }
    }
    types
}
