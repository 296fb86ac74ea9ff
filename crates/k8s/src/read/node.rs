//! Nodes.

use super::{
    context::{Context, Path},
    meta, pod,
};
use crate::tree::NodeId;
use sekisho_core::object::Node;

/// The node at `node`.
pub(crate) fn read(cx: &mut Context<'_>, node: NodeId) -> Option<Node> {
    let meta = meta::read(cx, node)?;
    let mut read = Node { name: meta.key.name, labels: meta.labels, origin: meta.origin, ..Node::default() };
    if let Some(spec) = cx.mapping(node, "spec", Path::TOP) {
        let path = Path::TOP.field("spec");
        let mut ranges = cx.list(spec, "podCIDRs", path);
        ranges.extend(cx.get(spec, "podCIDR"));
        for range in ranges {
            let Some(text) = cx.text_at(range, path.field("podCIDR")) else { continue };
            match text.parse() {
                Ok(range) => drop(read.pod_cidrs.insert(range)),
                Err(_) if text.is_empty() => {}
                Err(error) => cx.error("invalid-cidr", range, error.to_string()),
            }
        }
    }
    if let Some(status) = cx.mapping(node, "status", Path::TOP) {
        let path = Path::TOP.field("status");
        for entry in cx.list(status, "addresses", path) {
            let kind = cx.text(entry, "type", path);
            if matches!(kind, Some("InternalIP" | "ExternalIP"))
                && let Some(value) = cx.get(entry, "address")
            {
                read.addresses.extend(pod::address(cx, value, path.field("address")));
            }
        }
    }
    Some(read)
}
