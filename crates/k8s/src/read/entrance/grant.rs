//! ReferenceGrants.

use super::{optional, required, spec};
use crate::{
    read::{
        context::{Context, Path},
        meta,
    },
    tree::NodeId,
};
use sekisho_core::object::ReferenceGrant;

/// The ReferenceGrant at `node`.
pub(super) fn read(cx: &mut Context<'_>, node: NodeId) -> Option<ReferenceGrant> {
    let meta = meta::read(cx, node)?;
    let spec = spec(cx, node)?;
    let path = Path::TOP.field("spec");
    let (mut from, mut to) = (Vec::new(), Vec::new());
    let entries = cx.list(spec, "from", path);
    let list = path.field("from");
    for (index, entry) in entries.into_iter().enumerate() {
        let path = list.index(index);
        let kind = required(cx, entry, "kind", path);
        let namespace = required(cx, entry, "namespace", path);
        from.extend(kind.zip(namespace).map(|(kind, namespace)| (kind.into(), namespace.into())));
    }
    let entries = cx.list(spec, "to", path);
    let list = path.field("to");
    for (index, entry) in entries.into_iter().enumerate() {
        let path = list.index(index);
        let Some(kind) = required(cx, entry, "kind", path) else { continue };
        to.push((kind.into(), optional(cx, entry, "name", path)));
    }
    Some(ReferenceGrant { key: meta.key, from, to, origin: meta.origin })
}
