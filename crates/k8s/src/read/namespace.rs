//! Namespaces.

use super::{context::Context, meta};
use crate::{syntax, tree::NodeId};
use sekisho_core::object::Namespace;

/// The namespace at `node`.
pub(crate) fn read(cx: &mut Context<'_>, node: NodeId) -> Option<Namespace> {
    let meta = meta::read(cx, node)?;
    // A subdomain that is no label was not refused with the names of other kinds.
    if syntax::dns_subdomain(&meta.key.name).is_ok()
        && let Err(reason) = syntax::dns_label(&meta.key.name)
    {
        let name = cx.get(node, "metadata").and_then(|metadata| cx.get(metadata, "name"));
        cx.error("invalid-name", name.unwrap_or(node), format!("`metadata.name` {reason}"));
    }
    Some(Namespace::new(meta.key.name, meta.labels, meta.origin))
}
