//! What each edit changes in the text.

use super::{EditError, Found, NodeId, document, list, list::Piece, merge};
use crate::emit::{self, Item, Value};
use sekisho_core::{
    mend::Edit,
    object::{Direction, NAME_LABEL, Origin, Rule},
};
use std::{collections::BTreeSet, sync::Arc};

type Made = Result<Vec<Piece>, EditError>;

/// The pieces of text that make `edit`, of the value at its place.
pub(super) fn edit(found: &Found<'_>, edit: &Edit) -> Made {
    let at = edit.place();
    let piece = match edit {
        Edit::Remove(_) if found.parent().is_none() => Some(document::remove(found)),
        Edit::Remove(_) => return remove(found, at),
        // A comment is no value: it is taken out of the text before one is looked for.
        Edit::Comment(_) => None,
        Edit::Outdent { levels, .. } => return outdent(found, at, *levels),
        Edit::Text { with, .. } => Some((found.start(found.node)..found.end(found.node), found.scalar(with))),
        Edit::Peers { with, .. } => {
            return entries(found, at, &with.iter().map(|kind| emit::peer(kind, None)).collect::<Vec<_>>());
        }
        Edit::Ports { with, .. } => {
            return entries(
                found,
                at,
                &with.iter().map(|(protocol, port)| emit::port(*protocol, port)).collect::<Vec<_>>(),
            );
        }
        Edit::Join { second, .. } => {
            return list::join(found, second.span.start).ok_or_else(|| unusual(at));
        }
        Edit::AddRule { direction, rule, .. } => return add_rule(found, at, *direction, rule),
        Edit::Types { types, .. } => return policy_types(found, at, types),
        Edit::Label { from, to, .. } => return label(found, at, from, to),
        Edit::Namespace { to, .. } => return namespace(found, at, to),
    };
    match piece {
        Some(piece) => Ok(vec![piece]),
        None => Err(unusual(at)),
    }
}

/// Takes an entry out of its list. A policy without `policyTypes` that loses its last egress rule would no longer be
/// about egress (S3): then it says that it is.
fn remove(found: &Found<'_>, at: &Origin) -> Made {
    let mut pieces = vec![list::remove(found).ok_or_else(|| unusual(at))?];
    let mut around = found.around.iter().rev();
    if let (Some(list), Some(spec)) = (around.next(), around.next())
        && found.tree.get(*spec, "egress") == Some(*list)
        && found.tree.sequence(*list).is_some_and(|rules| rules.len() == 1)
        && found.tree.get(*spec, "policyTypes").is_none()
    {
        pieces.extend(field_of(found, at, *spec, "policyTypes", emit::types(Direction::ALL))?);
    }
    Ok(pieces)
}

fn unusual(at: &Origin) -> EditError {
    EditError::Unusual(at.clone(), "it is no entry of a list that has lines of its own")
}

/// Moves a field, the last of its mapping, to the left.
fn outdent(found: &Found<'_>, at: &Origin, levels: usize) -> Made {
    let stuck = || EditError::Unusual(at.clone(), "what stands behind it would belong to it then");
    let mappings = || found.around.iter().rev().filter(|node| found.tree.mapping(**node).is_some());
    let (Some(own), Some(target)) = (found.parent(), mappings().nth(levels)) else { return Err(stuck()) };
    let name = found.tree.key_text(found.node);
    let Some((_, value)) = found.tree.entry(own, name) else { return Err(EditError::NotThere(at.clone())) };
    let end = found.end(value).max(found.end(found.node));
    let inner = found.around.iter().rev().take_while(|node| *node != target);
    let is_last = inner.copied().all(|node| !found.is_flow(node) && found.end(node) == end);
    let first = found.tree.mapping(*target).and_then(|mut entries| entries.next()).map(|(key, _)| key);
    let column = first.map_or(0, |first| found.column(found.start(first)));
    let start = found.start(found.node);
    let is_free = found.tree.get(*target, name).is_none() && found.before(start).trim().is_empty();
    let Some(left) = found.column(start).checked_sub(column).filter(|_| is_last && is_free) else {
        return Err(stuck());
    };
    let range = found.line(start)..found.line_end(end);
    let mut moved = String::new();
    for line in found.text.get(range.clone()).unwrap_or_default().split_inclusive('\n') {
        let blanks = line.len() - line.trim_start_matches(' ').len();
        moved.push_str(line.get(blanks.min(left)..).unwrap_or_default());
    }
    Ok(vec![(range, moved)])
}

/// Other entries in place of one, with as much of its text kept as can be.
fn entries(found: &Found<'_>, at: &Origin, with: &[Value]) -> Made {
    let made = merge::entry(found, with).or_else(|| Some(vec![list::replace(found, with)?]));
    made.ok_or_else(|| unusual(at))
}

fn spec(found: &Found<'_>, at: &Origin) -> Result<NodeId, EditError> {
    found.tree.get(found.node, "spec").ok_or_else(|| EditError::NotThere(at.clone()))
}

fn add_rule(found: &Found<'_>, at: &Origin, direction: Direction, rule: &Rule) -> Made {
    let spec = spec(found, at)?;
    let field = match direction {
        Direction::Ingress => "ingress",
        Direction::Egress => "egress",
    };
    let rule = emit::rule(direction, rule);
    match found.tree.get(spec, field) {
        Some(rules) => list::add(found, rules, &rule)
            .map(|piece| vec![piece])
            .ok_or_else(|| EditError::Unusual(at.clone(), "its rules have no lines of their own")),
        None => field_of(found, at, spec, field, Value::List(vec![Item::new(rule)])),
    }
}

fn policy_types(found: &Found<'_>, at: &Origin, types: &BTreeSet<Direction>) -> Made {
    let spec = spec(found, at)?;
    let value = emit::types(types.iter().copied());
    let Some(written) = found.tree.get(spec, "policyTypes") else {
        return field_of(found, at, spec, "policyTypes", value);
    };
    let range = found.start(written)..found.end(written);
    if found.is_flow(written) {
        return Ok(vec![(range, found.inline(&value))]);
    }
    let first = found.tree.sequence(written).and_then(|entries| entries.first()).copied();
    let Some(dash) =
        first.map(|entry| found.text.get(..found.start(entry)).unwrap_or_default().trim_end().len())
    else {
        return Err(EditError::NotThere(at.clone()));
    };
    let dash = dash.saturating_sub(1);
    Ok(vec![(dash..range.end, list::indented(&value.lines(), found.column(dash)))])
}

/// Writes a field that is not there yet, behind the last of the mapping.
fn field_of(found: &Found<'_>, at: &Origin, mapping: NodeId, key: &'static str, value: Value) -> Made {
    let end = found.end(mapping);
    let field = Value::Map(vec![Item::of(key, value)]);
    if found.is_flow(mapping) {
        let before = found.text.get(..end.saturating_sub(1)).unwrap_or_default();
        let is_empty = found.tree.mapping(mapping).is_none_or(|mut entries| entries.next().is_none());
        let (comma, inside) = if is_empty { ("", before.len()) } else { (", ", before.trim_end().len()) };
        let field = found.inline(&field);
        // The outer braces are there: what is in them goes into those.
        let field =
            field.strip_prefix('{').and_then(|field| field.strip_suffix('}')).unwrap_or(&field).trim();
        return Ok(vec![(inside..inside, format!("{comma}{field}"))]);
    }
    let Some((first, _)) = found.tree.mapping(mapping).and_then(|mut entries| entries.next()) else {
        return Err(EditError::Unusual(at.clone(), "it has no fields"));
    };
    Ok(vec![list::after_line(found, end, &field.lines(), found.column(found.start(first)))])
}

/// Changes a label of a selector, where it is written as `matchLabels` or, its value alone, in `matchExpressions`.
fn label(found: &Found<'_>, at: &Origin, from: &(Arc<str>, Arc<str>), to: &(Arc<str>, Arc<str>)) -> Made {
    // The label that a namespace has of itself is no pod's.
    let is_name = [&from.0, &to.0].into_iter().any(|key| **key == *NAME_LABEL);
    let fields: &[&str] =
        if is_name { &["namespaceSelector"] } else { &["podSelector", "namespaceSelector"] };
    let inner = fields.iter().filter_map(|field| found.tree.get(found.node, field));
    let of_policy = found.tree.get(found.node, "spec").and_then(|spec| found.tree.get(spec, "podSelector"));
    for selector in inner.chain(of_policy) {
        let Some(labels) = found.tree.get(selector, "matchLabels") else { continue };
        for (key, value) in found.tree.mapping(labels).into_iter().flatten() {
            if found.tree.key_text(key) == &*from.0 && found.tree.key_text(value) == &*from.1 {
                let mut pieces = Vec::new();
                if from.0 != to.0 {
                    pieces.push((found.start(key)..found.end(key), found.scalar(&to.0)));
                }
                if from.1 != to.1 {
                    pieces.push((found.start(value)..found.end(value), found.scalar(&to.1)));
                }
                return Ok(pieces);
            }
        }
    }
    Err(EditError::Unusual(at.clone(), "the label is not among its `matchLabels`"))
}

fn namespace(found: &Found<'_>, at: &Origin, to: &Arc<str>) -> Made {
    let metadata = found.tree.get(found.node, "metadata").ok_or_else(|| EditError::NotThere(at.clone()))?;
    match found.tree.get(metadata, "namespace") {
        Some(value) => Ok(vec![(found.start(value)..found.end(value), found.scalar(to))]),
        None => field_of(found, at, metadata, "namespace", Value::text(&**to)),
    }
}
