//! Entries of lists: taken out, replaced, added.

use super::{Found, NodeId};
use crate::emit::{Item, Value};
use std::ops::Range;

/// A stretch of the text, and what comes in its place.
pub(super) type Piece = (Range<usize>, String);

/// The list around the value, and the index of the value in it.
fn place(found: &Found<'_>) -> Option<(NodeId, usize)> {
    let list = found.parent()?;
    let at = found.tree.sequence(list)?.iter().position(|entry| *entry == found.node)?;
    Some((list, at))
}

/// The key under which the list around the value stands.
fn key_of<'f>(found: &Found<'f>, list: NodeId) -> Option<&'f str> {
    let around = found.around.iter().rev().nth(1)?;
    let (key, _) = found.tree.mapping(*around)?.find(|(_, value)| *value == list)?;
    Some(found.tree.key_text(key))
}

/// The offset of the dash before an entry of a list in block style.
pub(super) fn dash(found: &Found<'_>, entry: NodeId) -> Option<usize> {
    let before = found.text.get(..found.start(entry))?;
    let trimmed = before.trim_end_matches([' ', '\n', '\r']);
    trimmed.ends_with('-').then(|| trimmed.len() - 1)
}

/// Whether the line before `line` is a comment that is indented by `column`, and where it starts.
fn comment_above(found: &Found<'_>, line: usize, column: usize) -> Option<usize> {
    let start = found.line(line.checked_sub(1)?);
    let text = found.text.get(start..line)?;
    let content = text.trim_start_matches(' ');
    (content.starts_with('#') && text.len() - content.len() == column).then_some(start)
}

/// Takes the entry out of its list. `None` where it is not in one, or written unusually.
pub(super) fn remove(found: &Found<'_>) -> Option<Piece> {
    let (list, at) = place(found)?;
    let entries = found.tree.sequence(list)?;
    // A list of nobody is everybody (S5): who wants that must say so.
    if entries.len() == 1 && key_of(found, list).is_some_and(|key| ["from", "to", "ports"].contains(&key)) {
        return None;
    }
    if found.is_flow(list) {
        return remove_from_flow(found, entries, at);
    }
    if entries.len() == 1 {
        return Some(empty(found, list));
    }
    let dash_at = dash(found, found.node)?;
    let end = found.line_end(found.end(found.node));
    if !found.before(dash_at).trim().is_empty() {
        // `- - a`, or the first entry beside the dash of a list around it.
        return None;
    }
    let (mut start, column) = (found.line(dash_at), found.column(dash_at));
    // A comment above is of this entry alone where the next has one too, or there is none.
    let next = entries.get(at + 1).and_then(|next| dash(found, *next)).map(|next| found.line(next));
    if next.is_none_or(|next| comment_above(found, next, column).is_some()) {
        while let Some(above) = comment_above(found, start, column) {
            start = above;
        }
    }
    Some((start..end, String::new()))
}

/// The list becomes one without entries.
fn empty(found: &Found<'_>, list: NodeId) -> Piece {
    let (start, end) = (found.start(list), found.end(list));
    let first = found.tree.sequence(list).and_then(|entries| entries.first()).copied();
    let start = first.and_then(|entry| dash(found, entry)).unwrap_or(start);
    let key_end = found.text.get(..start).map_or(start, |before| {
        // Comments between the key and its first entry go with it.
        let mut end = before.trim_end().len();
        while let Some(line) =
            found.text.get(found.line(end)..end).filter(|line| line.trim_start().starts_with('#'))
        {
            end = found.text.get(..end - line.len()).map_or(0, |before| before.trim_end().len());
        }
        end
    });
    (key_end..end, " []".to_owned())
}

fn remove_from_flow(found: &Found<'_>, entries: &[NodeId], at: usize) -> Option<Piece> {
    let entry = *entries.get(at)?;
    if let Some(next) = entries.get(at + 1) {
        return Some((found.start(entry)..found.start(*next), String::new()));
    }
    let start = match at.checked_sub(1).and_then(|before| entries.get(before)) {
        Some(before) => found.end(*before),
        None => found.start(entry),
    };
    Some((start..found.end(entry), String::new()))
}

/// Writes other entries in place of this one.
pub(super) fn replace(found: &Found<'_>, with: &[Value]) -> Option<Piece> {
    let (list, _) = place(found)?;
    let range = found.start(found.node)..found.end(found.node);
    if found.is_flow(list) || found.is_flow(found.node) && with.len() == 1 {
        let entries: Vec<String> = with.iter().map(|value| found.inline(value)).collect();
        return Some((range, entries.join(", ")));
    }
    let dash_at = dash(found, found.node)?;
    Some((dash_at..range.end, indented(&entries(with), found.column(dash_at))))
}

/// The lines of entries of a list.
pub(super) fn entries(of: &[Value]) -> Vec<String> {
    Value::List(of.iter().cloned().map(Item::new).collect()).lines()
}

/// Makes one entry of two that follow each other: the dash of the second goes.
pub(super) fn join(found: &Found<'_>, second: usize) -> Option<Vec<Piece>> {
    let (list, at) = place(found)?;
    let next = *found.tree.sequence(list)?.get(at + 1)?;
    if found.is_flow(list) || found.is_flow(found.node) || found.is_flow(next) || found.start(next) != second
    {
        return None;
    }
    let dash_at = dash(found, next)?;
    let is_alone = found.before(dash_at).trim().is_empty() && found.text.get(dash_at..second)? == "- ";
    is_alone.then(|| vec![(dash_at..dash_at + 1, " ".to_owned())])
}

/// Adds entries behind the last of a list that has some.
pub(super) fn add(found: &Found<'_>, list: NodeId, entry: &Value) -> Option<Piece> {
    let Some(last) = found.tree.sequence(list)?.last() else {
        let range = found.start(list)..found.end(list);
        return Some((range, format!("[{}]", found.inline(entry))));
    };
    let end = found.end(*last);
    if found.is_flow(list) {
        return Some((end..end, format!(", {}", found.inline(entry))));
    }
    let column = found.column(dash(found, *last)?);
    Some(after_line(found, end, &entries(std::slice::from_ref(entry)), column))
}

/// Lines of their own behind the line of an offset.
pub(super) fn after_line(found: &Found<'_>, offset: usize, lines: &[String], column: usize) -> Piece {
    let end = found.line_end(offset);
    let text = indented(lines, column);
    let pad = " ".repeat(column);
    let broken = found.text.get(..end).is_some_and(|before| before.ends_with('\n'));
    let text = if broken { format!("{pad}{text}\n") } else { format!("\n{pad}{text}") };
    (end..end, text)
}

/// The lines, of which the first is indented already.
pub(super) fn indented(lines: &[String], column: usize) -> String {
    lines.join(&format!("\n{}", " ".repeat(column)))
}
