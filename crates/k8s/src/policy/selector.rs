//! Label selectors (S7, S8).

use crate::{
    read::{
        context::{Context, Path},
        meta,
    },
    syntax,
    tree::NodeId,
};
use sekisho_core::object::{LabelSelector, Requirement};
use std::{collections::BTreeSet, sync::Arc};

/// The selector under `key`; `None` when it is missing or null, which is not the empty selector (S7).
pub(crate) fn read_optional(
    cx: &mut Context<'_>,
    node: NodeId,
    key: &str,
    path: Path<'_>,
) -> Option<LabelSelector> {
    let selector = cx.mapping(node, key, path)?;
    let path = path.field(key);
    let mut requirements = Vec::new();
    for (key_node, key, value_node, value) in cx.texts(selector, "matchLabels", path) {
        meta::check_label(cx, (key_node, key), (value_node, value));
        requirements.push(Requirement::In(key.into(), BTreeSet::from([Arc::from(value)])));
    }
    let expressions = cx.list(selector, "matchExpressions", path);
    let path = path.field("matchExpressions");
    for (index, expression) in expressions.into_iter().enumerate() {
        requirements.extend(read_expression(cx, expression, path.index(index)));
    }
    Some(requirements.into_iter().collect())
}

fn read_expression(cx: &mut Context<'_>, node: NodeId, path: Path<'_>) -> Option<Requirement> {
    if cx.tree.mapping(node).is_none() {
        cx.wrong_type(node, path, "a mapping");
        return None;
    }
    let key = read_key(cx, node, path);
    let values = read_values(cx, node, path);
    let Some(operator) = cx.get(node, "operator") else {
        cx.error_help("missing-field", node, format!("`{path}.operator` is missing"), OPERATORS);
        return None;
    };
    let text = cx.text_at(operator, path.field("operator"))?;
    let listed = matches!(text, "In" | "NotIn");
    if listed && values.is_empty() {
        cx.error("invalid-selector", operator, format!("`{text}` needs at least one value"));
        return None;
    }
    if matches!(text, "Exists" | "DoesNotExist") && !values.is_empty() {
        let place = cx.get(node, "values").unwrap_or(node);
        cx.error("invalid-selector", place, format!("`{text}` takes no values"));
        return None;
    }
    match text {
        "In" => Some(Requirement::In(key?, values)),
        "NotIn" => Some(Requirement::NotIn(key?, values)),
        "Exists" => Some(Requirement::Exists(key?)),
        "DoesNotExist" => Some(Requirement::DoesNotExist(key?)),
        other => {
            cx.error_help("invalid-selector", operator, format!("`{other}` is not an operator"), OPERATORS);
            None
        }
    }
}

const OPERATORS: &str = "write In, NotIn, Exists or DoesNotExist";

fn read_key(cx: &mut Context<'_>, node: NodeId, path: Path<'_>) -> Option<Arc<str>> {
    let Some(value) = cx.get(node, "key") else {
        cx.error("missing-field", node, format!("`{path}.key` is missing"));
        return None;
    };
    let key = cx.text_at(value, path.field("key"))?;
    if let Err(reason) = syntax::qualified_name(key) {
        cx.error("invalid-label", value, format!("the label key {reason}"));
        return None;
    }
    Some(key.into())
}

fn read_values(cx: &mut Context<'_>, node: NodeId, path: Path<'_>) -> BTreeSet<Arc<str>> {
    let entries = cx.list(node, "values", path);
    let path = path.field("values");
    let mut values = BTreeSet::new();
    for (index, entry) in entries.into_iter().enumerate() {
        let Some(value) = cx.text_at(entry, path.index(index)) else { continue };
        if let Err(reason) = syntax::label_value(value) {
            cx.error("invalid-label", entry, format!("the value {reason}"));
        }
        values.insert(value.into());
    }
    values
}
