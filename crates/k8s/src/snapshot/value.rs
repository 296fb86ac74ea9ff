//! From trees to JSON values.

use crate::tree::{NodeId, Scalar, Tree};
use serde_json::Value;

/// The value at `node`, as `kubectl` would send it to the API server.
///
/// Recursion goes as deep as the tree, which has a limit.
pub(super) fn of(tree: &Tree<'_>, node: NodeId) -> Value {
    if let Some(entries) = tree.sequence(node) {
        return entries.iter().map(|entry| of(tree, *entry)).collect();
    }
    if let Some(pairs) = tree.mapping(node) {
        let pairs = pairs.map(|(key, value)| (key_text(tree, key), of(tree, value)));
        return Value::Object(pairs.collect());
    }
    tree.scalar(node).map_or(Value::Null, scalar)
}

/// A truth value as a key is read as `true` or `false`.
fn key_text(tree: &Tree<'_>, key: NodeId) -> String {
    match tree.scalar(key).and_then(Scalar::boolean) {
        Some(flag) => flag.to_string(),
        None => tree.key_text(key).to_owned(),
    }
}

fn scalar(scalar: Scalar<'_>) -> Value {
    if scalar.is_null() {
        return Value::Null;
    }
    if let Some(flag) = scalar.boolean() {
        return flag.into();
    }
    match scalar.integer() {
        Some(number) => number.into(),
        None => scalar.text.into(),
    }
}
