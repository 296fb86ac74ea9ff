//! An entry that gives way to others, with as much of its text kept as stays true.

use super::{
    Found, NodeId, Words,
    list::{self, Piece},
};

/// The pieces that make of the entry the first of `with`, and add the others behind it. `None` where it cannot be
/// done in place.
pub(super) fn entry(found: &Found<'_>, with: &[Words]) -> Option<Vec<Piece>> {
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
    let lines: Vec<String> = others.iter().flat_map(Words::entry).collect();
    let (range, text) = list::after_line(found, end, &lines, column);
    // What is added to the entry itself stands before those that follow it.
    match pieces.iter_mut().find(|(own, _)| *own == range) {
        Some((_, own)) => own.push_str(&text),
        None => pieces.push((range, text)),
    }
    Some(pieces)
}

/// Makes the mapping at `node` say what `words` does.
fn mapping(found: &Found<'_>, node: NodeId, words: &Words, pieces: &mut Vec<Piece>) -> Option<()> {
    if found.is_flow(node) {
        if !is_same(found, node, words) {
            pieces.push((found.start(node)..found.end(node), words.flow()));
        }
        return Some(());
    }
    let old: Vec<(NodeId, NodeId)> = found.tree.mapping(node)?.collect();
    let new = words.entries()?;
    let is_kept = |key: &str| new.iter().any(|(name, _)| name == key);
    if old.is_empty() || !old.iter().all(|(key, _)| is_kept(found.tree.key_text(*key))) {
        return None;
    }
    let mut added = Vec::new();
    for (name, value) in &new {
        match old.iter().find(|(key, _)| found.tree.key_text(*key) == name) {
            Some((_, there)) => field(found, *there, value, pieces)?,
            None => added.push((name, value)),
        }
    }
    let (first, _) = old.first()?;
    let column = found.column(found.start(*first));
    let mut below = Vec::new();
    for (name, value) in added {
        let lines = value.under(&super::words::scalar(name));
        if name == "namespaceSelector" {
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
fn field(found: &Found<'_>, there: NodeId, value: &Words, pieces: &mut Vec<Piece>) -> Option<()> {
    if is_same(found, there, value) {
        return Some(());
    }
    match value {
        Words::Text(_) | Words::Number(_) if found.tree.scalar(there).is_some() => {
            pieces.push((found.start(there)..found.end(there), value.short()));
            Some(())
        }
        Words::Mapping(_) | Words::Labels(_) if found.tree.mapping(there).is_some() => {
            mapping(found, there, value, pieces)
        }
        Words::List(_) if found.is_flow(there) => {
            pieces.push((found.start(there)..found.end(there), value.flow()));
            Some(())
        }
        _ => None,
    }
}

/// Whether what is written at `node` says what `words` does, in whatever order and style.
fn is_same(found: &Found<'_>, node: NodeId, words: &Words) -> bool {
    let tree = found.tree;
    match words {
        Words::Text(text) => tree.scalar(node).is_some_and(|scalar| scalar.text == text),
        Words::Number(number) => {
            tree.scalar(node).and_then(|scalar| scalar.integer()) == Some(i64::from(*number))
        }
        Words::List(entries) => tree.sequence(node).is_some_and(|there| {
            there.len() == entries.len()
                && there.iter().zip(entries).all(|(node, words)| is_same(found, *node, words))
        }),
        Words::Mapping(_) | Words::Labels(_) => {
            let Some(there) = tree.mapping(node).map(Iterator::count) else { return false };
            let entries = words.entries().unwrap_or_default();
            there == entries.len()
                && entries
                    .iter()
                    .all(|(key, value)| tree.get(node, key).is_some_and(|node| is_same(found, node, value)))
        }
    }
}
