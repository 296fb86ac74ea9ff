//! An entry that gives way to others, with as much of its text kept as stays true.

use super::{
    Found, NodeId,
    list::{self, Piece},
};
use crate::emit::{Item, Value};

/// The pieces that make of the entry the first of `with`, and add the others behind it. `None` where it cannot be
/// done in place.
pub(super) fn entry(found: &Found<'_>, with: &[Value]) -> Option<Vec<Piece>> {
    let (first, others) = with.split_first()?;
    if found.is_flow(found.node) || found.parent().is_none_or(|list| found.is_flow(list)) {
        return None;
    }
    let mut pieces = Vec::new();
    mapping(found, found.node, first, &mut pieces)?;
    if others.is_empty() {
        return Some(pieces);
    }
    let end = found.end(found.node);
    let column = list::dash(found, found.node).map(|dash| found.column(dash))?;
    let (range, text) = list::after_line(found, end, &list::entries(others), column);
    // What is added to the entry itself stands before those that follow it.
    match pieces.iter_mut().find(|(own, _)| *own == range) {
        Some((_, own)) => own.push_str(&text),
        None => pieces.push((range, text)),
    }
    Some(pieces)
}

/// Makes the mapping at `node` say what `value` does.
fn mapping(found: &Found<'_>, node: NodeId, value: &Value, pieces: &mut Vec<Piece>) -> Option<()> {
    if found.is_flow(node) {
        if !is_same(found, node, value) {
            pieces.push((found.start(node)..found.end(node), found.inline(value)));
        }
        return Some(());
    }
    let old: Vec<(NodeId, NodeId)> = found.tree.mapping(node)?.collect();
    let Value::Map(new) = value else { return None };
    let is_kept = |key: &str| new.iter().any(|item| item.key() == key);
    if new.is_empty() || old.is_empty() || !old.iter().all(|(key, _)| is_kept(found.tree.key_text(*key))) {
        return None;
    }
    let mut added = Vec::new();
    for item in new {
        match old.iter().find(|(key, _)| found.tree.key_text(*key) == item.key()) {
            Some((_, there)) => field(found, *there, item.value(), pieces)?,
            None => added.push(item),
        }
    }
    let (first, _) = old.first()?;
    let column = found.column(found.start(*first));
    let mut below = Vec::new();
    for item in added {
        let lines = Value::Map(vec![item.clone()]).lines();
        if item.key() == "namespaceSelector" {
            // Where it stands in every book: before the pods.
            let at = found.start(*first);
            pieces.push((
                at..at,
                list::indented(&lines, column) + &list::indented(&[String::new(), String::new()], column),
            ));
        } else {
            below.extend(lines);
        }
    }
    if !below.is_empty() {
        pieces.push(list::after_line(found, found.end(node), &below, column));
    }
    Some(())
}

/// Makes the value at `there` say what `value` does.
fn field(found: &Found<'_>, there: NodeId, value: &Value, pieces: &mut Vec<Piece>) -> Option<()> {
    if is_same(found, there, value) {
        return Some(());
    }
    match value {
        Value::Map(_) if found.tree.mapping(there).is_some() => return mapping(found, there, value, pieces),
        Value::Text(_) | Value::Raw(_) if found.tree.scalar(there).is_some() => {}
        Value::List(_) if found.is_flow(there) => {}
        _ => return None,
    }
    pieces.push((found.start(there)..found.end(there), found.inline(value)));
    Some(())
}

/// Whether what is written at `node` says what `value` does, in whatever order and style.
fn is_same(found: &Found<'_>, node: NodeId, value: &Value) -> bool {
    let tree = found.tree;
    match value {
        Value::Text(text) => tree.scalar(node).is_some_and(|scalar| scalar.text == text),
        Value::Raw(number) => {
            let there = tree.scalar(node).and_then(|scalar| scalar.integer());
            there.is_some_and(|there| there.to_string() == *number)
        }
        Value::List(entries) => tree.sequence(node).is_some_and(|there| {
            there.len() == entries.len()
                && there.iter().zip(entries).all(|(node, entry)| is_same(found, *node, entry.value()))
        }),
        Value::Map(entries) => {
            let same = |item: &Item| {
                tree.get(node, item.key()).is_some_and(|node| is_same(found, node, item.value()))
            };
            tree.mapping(node).map(Iterator::count) == Some(entries.len()) && entries.iter().all(same)
        }
        Value::Inline(value) => is_same(found, node, value),
    }
}
