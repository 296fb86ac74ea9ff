//! Namespaces.

use super::{context::Context, meta};
use crate::{syntax, tree::NodeId};
use sekisho_core::object::Namespace;

/// The namespace at `node`.
pub(crate) fn read(cx: &mut Context<'_>, node: NodeId) -> Option<Namespace> {
    let meta = meta::read(cx, node)?;
    if let Err(reason) = syntax::dns_label(&meta.key.name) {
        cx.error("invalid-name", node, format!("the namespace's name {reason}"));
    }
    Some(Namespace::new(meta.key.name, meta.labels, meta.origin))
}
