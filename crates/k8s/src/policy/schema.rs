//! The fields of a NetworkPolicy, and what to say about one that is not among them (S43).

use crate::{
    diagnostic::{Diagnostic, Severity},
    read::context::{Context, Path},
    tree::NodeId,
};
use sekisho_core::object::Direction;

/// The fields of a mapping, or of each mapping in a list.
#[derive(Debug)]
struct Fields(&'static [(&'static str, Option<&'static Fields>)]);

const POLICY: Fields = Fields(&[
    ("apiVersion", None),
    ("kind", None),
    ("metadata", Some(&METADATA)),
    ("spec", Some(&SPEC)),
    // Written by Kubernetes 1.24 to 1.27.
    ("status", None),
]);

const METADATA: Fields = Fields(&[
    ("annotations", None),
    ("creationTimestamp", None),
    ("deletionGracePeriodSeconds", None),
    ("deletionTimestamp", None),
    ("finalizers", None),
    ("generateName", None),
    ("generation", None),
    ("labels", None),
    ("managedFields", None),
    ("name", None),
    ("namespace", None),
    ("ownerReferences", None),
    ("resourceVersion", None),
    ("selfLink", None),
    ("uid", None),
]);

const SPEC: Fields = Fields(&[
    ("podSelector", Some(&SELECTOR)),
    ("policyTypes", None),
    ("ingress", Some(&INGRESS)),
    ("egress", Some(&EGRESS)),
]);

const SELECTOR: Fields = Fields(&[("matchLabels", None), ("matchExpressions", Some(&EXPRESSION))]);

const EXPRESSION: Fields = Fields(&[("key", None), ("operator", None), ("values", None)]);

const INGRESS: Fields = Fields(&[("from", Some(&PEER)), ("ports", Some(&PORT))]);

const EGRESS: Fields = Fields(&[("to", Some(&PEER)), ("ports", Some(&PORT))]);

const PEER: Fields = Fields(&[
    ("podSelector", Some(&SELECTOR)),
    ("namespaceSelector", Some(&SELECTOR)),
    ("ipBlock", Some(&BLOCK)),
]);

const BLOCK: Fields = Fields(&[("cidr", None), ("except", None)]);

const PORT: Fields = Fields(&[("protocol", None), ("port", None), ("endPort", None)]);

impl Fields {
    fn find(&self, name: &str) -> Option<&(&'static str, Option<&'static Fields>)> {
        self.0.iter().find(|(field, _)| *field == name)
    }

    /// The field that `name` was probably meant to be.
    fn nearest(&self, name: &str) -> Option<&'static str> {
        let lower = name.to_ascii_lowercase();
        self.0
            .iter()
            .map(|(field, _)| (strsim::damerau_levenshtein(&field.to_ascii_lowercase(), &lower), *field))
            .filter(|(distance, field)| *distance <= (field.len() / 3).max(1))
            .min()
            .map(|(_, field)| field)
    }
}

/// Where a mapping stands among those around it.
struct Level<'l> {
    fields: &'static Fields,
    path: Path<'l>,
    outer: Option<&'l Level<'l>>,
}

/// Reports the fields that nobody knows in the policy at `node`.
pub(super) fn check(cx: &mut Context<'_>, node: NodeId) {
    check_level(cx, node, &Level { fields: &POLICY, path: Path::TOP, outer: None });
}

/// Recursion goes as deep as [`POLICY`], not as the text.
fn check_level(cx: &mut Context<'_>, node: NodeId, level: &Level<'_>) {
    let tree = cx.tree;
    if let Some(entries) = tree.sequence(node) {
        for (index, entry) in entries.iter().enumerate() {
            // A list in a list is a mistake of type, which the readers report.
            if tree.mapping(*entry).is_some() {
                let path = level.path.index(index);
                check_level(cx, *entry, &Level { fields: level.fields, path, outer: level.outer });
            }
        }
        return;
    }
    for (key, value) in tree.mapping(node).into_iter().flatten() {
        let name = tree.key_text(key);
        match level.fields.find(name) {
            Some((_, Some(fields))) => {
                check_level(cx, value, &Level { fields, path: level.path.field(name), outer: Some(level) });
            }
            Some((_, None)) => {}
            None => unknown(cx, key, name, level),
        }
    }
}

/// Whether the rule at `rule`, of either direction, has a field that nobody knows.
pub(super) fn is_beyond(cx: &Context<'_>, rule: NodeId, direction: Direction) -> bool {
    let fields = match direction {
        Direction::Ingress => &INGRESS,
        Direction::Egress => &EGRESS,
    };
    has_unknown(cx, rule, fields)
}

/// Recursion goes as deep as [`POLICY`], not as the text.
fn has_unknown(cx: &Context<'_>, node: NodeId, fields: &Fields) -> bool {
    if let Some(entries) = cx.tree.sequence(node) {
        let mut mappings = entries.iter().filter(|entry| cx.tree.mapping(**entry).is_some());
        return mappings.any(|entry| has_unknown(cx, *entry, fields));
    }
    cx.tree.mapping(node).into_iter().flatten().any(|(key, value)| match fields.find(cx.tree.key_text(key)) {
        Some((_, Some(inner))) => has_unknown(cx, value, inner),
        Some((_, None)) => false,
        None => true,
    })
}

fn unknown(cx: &mut Context<'_>, key: NodeId, name: &str, level: &Level<'_>) {
    let place =
        if level.outer.is_none() { "a NetworkPolicy".to_owned() } else { format!("`{}`", level.path) };
    let origin = cx.origin(key);
    if cx.from_cluster {
        // The API server knows it, or it would have dropped it.
        let message = format!("{place} has a field `{name}` that this version of sekisho does not know");
        let warning = Diagnostic::new(Severity::Warning, "unknown-field", message, origin);
        cx.report(warning.with_help("a rule that has one is read as if it allowed nothing"));
        return;
    }
    let mut diagnostic =
        Diagnostic::new(Severity::Error, "unknown-field", format!("{place} has no field `{name}`"), origin);
    if !cx.is_full() {
        diagnostic = diagnostic.with_help(advice(name, level));
    }
    cx.report(diagnostic);
}

fn advice(name: &str, level: &Level<'_>) -> String {
    if let Some(advice) = too_deep(name, level).or_else(|| too_shallow(name, level)) {
        return advice;
    }
    if let Some(meant) = level.fields.nearest(name) {
        return format!("did you mean `{meant}`?");
    }
    if let Some(owner) = owner(name, &POLICY) {
        return format!("`{name}` is a field of `{owner}`");
    }
    let fields: Vec<String> = level.fields.0.iter().map(|(field, _)| format!("`{field}`")).collect();
    format!("its fields are {}", fields.join(", "))
}

/// The first field anywhere that has a field `name`. The schema is a tree, so this ends.
fn owner(name: &str, fields: &'static Fields) -> Option<&'static str> {
    fields.0.iter().find_map(|(field, inner)| {
        let inner = (*inner)?;
        if inner.find(name).is_some() { Some(*field) } else { owner(name, inner) }
    })
}

/// `name` is a field of a mapping around this one.
fn too_deep(name: &str, level: &Level<'_>) -> Option<String> {
    let mut outer = level.outer;
    while let Some(around) = outer {
        if around.fields.find(name).is_some() {
            let owner = if around.outer.is_none() {
                "the policy itself".to_owned()
            } else {
                format!("`{}`", around.path)
            };
            return Some(format!("`{name}` is a field of {owner}: indent it less"));
        }
        outer = around.outer;
    }
    None
}

/// `name` is a field of a mapping inside this one.
fn too_shallow(name: &str, level: &Level<'_>) -> Option<String> {
    let owners: Vec<String> = level
        .fields
        .0
        .iter()
        .filter(|(_, fields)| fields.is_some_and(|fields| fields.find(name).is_some()))
        .map(|(field, _)| format!("`{field}`"))
        .collect();
    if owners.is_empty() {
        return None;
    }
    Some(format!("`{name}` is a field of {}: indent it more", owners.join(" and of ")))
}
