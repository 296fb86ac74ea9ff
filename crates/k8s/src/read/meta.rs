//! `metadata`: name, namespace, labels, owner.

use super::context::{Context, Path};
use crate::{syntax, tree::NodeId};
use sekisho_core::object::{Labels, ObjectKey, Origin};
use std::sync::Arc;

/// How the keys of annotations begin that are for us.
const ANNOTATIONS: &str = "sekisho.dev/";

/// The controller that an object says it belongs to.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Owner {
    pub(crate) kind: Arc<str>,
    pub(crate) name: Arc<str>,
}

/// What `metadata` of a namespaced object tells.
#[derive(Clone, Debug)]
pub(crate) struct Meta {
    pub(crate) key: ObjectKey,
    pub(crate) uid: Option<Arc<str>>,
    pub(crate) labels: Labels,
    /// Those for us: `sekisho.dev/...`.
    pub(crate) annotations: Labels,
    pub(crate) owner: Option<Owner>,
    pub(crate) origin: Origin,
}

/// The `metadata` of the object at `node`, or `None` where it has no usable name.
pub(crate) fn read(cx: &mut Context<'_>, node: NodeId) -> Option<Meta> {
    let top = Path::TOP;
    let Some(metadata) = cx.mapping(node, "metadata", top) else {
        if cx.get(node, "metadata").is_none() {
            cx.error("missing-field", node, "`metadata` is missing");
        }
        return None;
    };
    let path = top.field("metadata");
    let name = name(cx, metadata, path)?;
    let namespace = match cx.text(metadata, "namespace", path) {
        Some(namespace) if !namespace.is_empty() => {
            if let Err(reason) = syntax::dns_label(namespace)
                && let Some(value) = cx.get(metadata, "namespace")
            {
                cx.error("invalid-name", value, format!("`metadata.namespace` {reason}"));
            }
            cx.share(namespace)
        }
        _ => Arc::clone(cx.default_namespace),
    };
    Some(Meta {
        key: ObjectKey { namespace, name },
        uid: cx.text(metadata, "uid", path).filter(|uid| !uid.is_empty()).map(Arc::from),
        labels: labels(cx, metadata, path),
        annotations: annotations(cx, metadata, path),
        owner: owner(cx, metadata, path),
        origin: cx.origin(node),
    })
}

/// Of most annotations nothing is read, but the API server wants them to be text.
fn annotations(cx: &mut Context<'_>, metadata: NodeId, path: Path<'_>) -> Labels {
    let texts = cx.texts(metadata, "annotations", path).into_iter();
    texts
        .filter(|(_, key, _, _)| key.starts_with(ANNOTATIONS))
        .map(|(_, key, _, value)| (key, value))
        .collect()
}

fn name(cx: &mut Context<'_>, metadata: NodeId, path: Path<'_>) -> Option<Arc<str>> {
    let Some(name) = cx.text(metadata, "name", path).filter(|name| !name.is_empty()) else {
        // What is made by `kubectl create` from a generateName has no name yet.
        if let Some(prefix) = cx.text(metadata, "generateName", path).filter(|prefix| !prefix.is_empty()) {
            return Some(prefix.trim_end_matches('-').into());
        }
        match cx.get(metadata, "name") {
            Some(value) if cx.tree.key_text(value).is_empty() => {
                cx.error("missing-field", value, "`metadata.name` is empty");
            }
            Some(_) => {}
            None => cx.error("missing-field", metadata, "`metadata.name` is missing"),
        }
        return None;
    };
    if let Err(reason) = syntax::dns_subdomain(name)
        && let Some(value) = cx.get(metadata, "name")
    {
        cx.error("invalid-name", value, format!("`metadata.name` {reason}"));
    }
    Some(name.into())
}

/// The labels under `labels` of `node`.
pub(crate) fn labels(cx: &mut Context<'_>, node: NodeId, path: Path<'_>) -> Labels {
    let texts = cx.texts(node, "labels", path);
    let written: Vec<(&str, &str)> = texts.iter().map(|(_, key, _, value)| (*key, *value)).collect();
    if let Some(known) = cx.names.labels(&written) {
        return known;
    }
    let before = cx.errors();
    let mut labels = Labels::new();
    for (key_node, key, value_node, value) in texts {
        check_label(cx, (key_node, key), (value_node, value));
        labels.set(cx.share(key), cx.share(value));
    }
    if cx.errors() == before {
        cx.names.keep(&written, &labels);
    }
    labels
}

/// Reports a key or value that cannot be a label's.
pub(crate) fn check_label(cx: &mut Context<'_>, key: (NodeId, &str), value: (NodeId, &str)) {
    if let Err(reason) = syntax::qualified_name(key.1) {
        cx.error("invalid-label", key.0, format!("the label key {reason}"));
    }
    if let Err(reason) = syntax::label_value(value.1) {
        cx.error("invalid-label", value.0, format!("label `{}`: the value {reason}", key.1));
    }
}

fn owner(cx: &mut Context<'_>, metadata: NodeId, path: Path<'_>) -> Option<Owner> {
    let references = cx.list(metadata, "ownerReferences", path);
    let path = path.field("ownerReferences");
    for (index, reference) in references.into_iter().enumerate() {
        let path = path.index(index);
        if !cx.flag(reference, "controller", path) {
            continue;
        }
        let kind = cx.text(reference, "kind", path)?;
        let name = cx.text(reference, "name", path)?;
        return Some(Owner { kind: cx.share(kind), name: cx.share(name) });
    }
    None
}
