//! The fields of policies, and what to say about one that is not among them (S43).

use crate::{
    Diagnostic, Severity,
    read::context::{Context, Path},
    tree::NodeId,
};
use sekisho_core::{
    mend::{Edit, Mend},
    near,
    object::Direction,
};

/// The fields of a kind.
#[derive(Debug)]
pub(super) struct Schema {
    /// The kind with its article, as in `a NetworkPolicy has no field`.
    pub(super) kind: &'static str,
    /// Its fields.
    pub(super) fields: &'static Fields,
}

/// The fields of a mapping, or of each mapping in a list.
#[derive(Debug)]
pub(super) struct Fields {
    pub(super) fields: &'static [(&'static str, Option<&'static Fields>)],
    /// Whether a mapping that has none of them may be of a later version (S41).
    pub(super) may_be_newer: bool,
}

pub(super) const NETWORK_POLICY: Schema = Schema { kind: "a NetworkPolicy", fields: &POLICY };

const POLICY: Fields = Fields::of(&[
    ("apiVersion", None),
    ("kind", None),
    ("metadata", Some(&METADATA)),
    ("spec", Some(&SPEC)),
    // Written by Kubernetes 1.24 to 1.27.
    ("status", None),
]);

pub(super) const METADATA: Fields = Fields::of(&[
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

const SPEC: Fields = Fields::of(&[
    ("podSelector", Some(&SELECTOR)),
    ("policyTypes", None),
    ("ingress", Some(&INGRESS)),
    ("egress", Some(&EGRESS)),
]);

pub(super) const SELECTOR: Fields =
    Fields::of(&[("matchLabels", None), ("matchExpressions", Some(&EXPRESSION))]);

const EXPRESSION: Fields = Fields::of(&[("key", None), ("operator", None), ("values", None)]);

const INGRESS: Fields = Fields::of(&[("from", Some(&PEER)), ("ports", Some(&PORT))]);

const EGRESS: Fields = Fields::of(&[("to", Some(&PEER)), ("ports", Some(&PORT))]);

const PEER: Fields = Fields::of(&[
    ("podSelector", Some(&SELECTOR)),
    ("namespaceSelector", Some(&SELECTOR)),
    ("ipBlock", Some(&BLOCK)),
]);

const BLOCK: Fields = Fields::of(&[("cidr", None), ("except", None)]);

const PORT: Fields = Fields::of(&[("protocol", None), ("port", None), ("endPort", None)]);

impl Fields {
    pub(super) const fn of(fields: &'static [(&'static str, Option<&'static Self>)]) -> Self {
        Self { fields, may_be_newer: false }
    }

    fn find(&self, name: &str) -> Option<&(&'static str, Option<&'static Fields>)> {
        self.fields.iter().find(|(field, _)| *field == name)
    }

    /// The field that `name` was probably meant to be.
    fn nearest(&self, name: &str) -> Option<&'static str> {
        near::nearest(name, self.fields.iter().map(|(field, _)| *field))
    }
}

/// Where a mapping stands among those around it.
struct Level<'l> {
    schema: &'static Schema,
    fields: &'static Fields,
    path: Path<'l>,
    outer: Option<&'l Level<'l>>,
}

/// Reports the fields that nobody knows in the policy at `node`.
pub(super) fn check(cx: &mut Context<'_>, node: NodeId, schema: &'static Schema) {
    check_level(cx, node, &Level { schema, fields: schema.fields, path: Path::TOP, outer: None });
}

/// Recursion goes as deep as the schema, not as the text.
fn check_level(cx: &mut Context<'_>, node: NodeId, level: &Level<'_>) {
    let tree = cx.tree;
    if let Some(entries) = tree.sequence(node) {
        for (index, entry) in entries.iter().enumerate() {
            // A list in a list is a mistake of type, which the readers report.
            if tree.mapping(*entry).is_some() {
                let path = level.path.index(index);
                check_level(cx, *entry, &Level { path, ..*level });
            }
        }
        return;
    }
    if level.fields.may_be_newer && is_newer(cx, node, level) {
        return;
    }
    for (key, value) in tree.mapping(node).into_iter().flatten() {
        let name = tree.key_text(key);
        match level.fields.find(name) {
            Some((_, Some(fields))) => {
                let (schema, path) = (level.schema, level.path.field(name));
                check_level(cx, value, &Level { schema, fields, path, outer: Some(level) });
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

/// S41: whether nobody here knows any field of the mapping, and none looks like a slip of the pen or a
/// field of NetworkPolicy. Says so.
fn is_newer(cx: &mut Context<'_>, node: NodeId, level: &Level<'_>) -> bool {
    let tree = cx.tree;
    let names: Vec<&str> =
        tree.mapping(node).into_iter().flatten().map(|(key, _)| tree.key_text(key)).collect();
    let is_slip = |name: &&str| {
        level.fields.find(name).is_some()
            || level.fields.nearest(name).is_some()
            || owner(name, level.schema.fields).is_some()
            || owner(name, NETWORK_POLICY.fields).is_some()
    };
    if names.is_empty() || names.iter().any(is_slip) {
        return false;
    }
    let message = format!("`{}` has only fields that this version does not know", level.path);
    let warning = Diagnostic::new(Severity::Warning, "unknown-peer", message, cx.origin(node));
    cx.report(
        warning.with_help("so a rule that accepts opens nothing, and any other denies everything (S41)"),
    );
    true
}

fn unknown(cx: &mut Context<'_>, key: NodeId, name: &str, level: &Level<'_>) {
    let place =
        if level.outer.is_none() { level.schema.kind.to_owned() } else { format!("`{}`", level.path) };
    let origin = cx.origin(key);
    // Of a cluster-wide policy what is not understood is refused: of its rules some would have to be wider
    // for it and some narrower.
    if cx.from_cluster && level.schema.kind == NETWORK_POLICY.kind {
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
        if let Some(meant) = meant(name, level) {
            let edit = Edit::Text { at: diagnostic.origin.clone(), with: meant.to_owned() };
            diagnostic = diagnostic.with_mend(Mend::risky(format!("write `{meant}`"), [edit]));
        }
        if let Some((_, levels)) = too_deep(name, level) {
            let edit = Edit::Outdent { at: diagnostic.origin.clone(), levels };
            diagnostic = diagnostic.with_mend(Mend::risky(format!("indent `{name}` less"), [edit]));
        }
    }
    cx.report(diagnostic);
}

fn advice(name: &str, level: &Level<'_>) -> String {
    let too_deep = too_deep(name, level).map(|(advice, _)| advice);
    if let Some(advice) = too_deep.or_else(|| too_shallow(name, level)) {
        return advice;
    }
    if let Some(meant) = meant(name, level) {
        return format!("did you mean `{meant}`?");
    }
    if let Some(owner) = owner(name, level.schema.fields) {
        return format!("`{name}` is a field of `{owner}`");
    }
    let fields: Vec<String> = level.fields.fields.iter().map(|(field, _)| format!("`{field}`")).collect();
    format!("its fields are {}", fields.join(", "))
}

/// The field of the same mapping that was probably meant, where it is not one of another level.
fn meant(name: &str, level: &Level<'_>) -> Option<&'static str> {
    if too_deep(name, level).is_some() || too_shallow(name, level).is_some() {
        return None;
    }
    level.fields.nearest(name)
}

/// The first field anywhere that has a field `name`. The schema is a tree, so this ends.
fn owner(name: &str, fields: &'static Fields) -> Option<&'static str> {
    fields.fields.iter().find_map(|(field, inner)| {
        let inner = (*inner)?;
        if inner.find(name).is_some() { Some(*field) } else { owner(name, inner) }
    })
}

/// `name` is a field of a mapping around this one: the advice, and how many further out that is.
fn too_deep(name: &str, level: &Level<'_>) -> Option<(String, usize)> {
    let (mut outer, mut levels) = (level.outer, 0);
    while let Some(around) = outer {
        levels += 1;
        if around.fields.find(name).is_some() {
            let owner = if around.outer.is_none() {
                "the policy itself".to_owned()
            } else {
                format!("`{}`", around.path)
            };
            return Some((format!("`{name}` is a field of {owner}: indent it less"), levels));
        }
        outer = around.outer;
    }
    None
}

/// `name` is a field of a mapping inside this one.
fn too_shallow(name: &str, level: &Level<'_>) -> Option<String> {
    let owners: Vec<String> = level
        .fields
        .fields
        .iter()
        .filter(|(_, fields)| fields.is_some_and(|fields| fields.find(name).is_some()))
        .map(|(field, _)| format!("`{field}`"))
        .collect();
    if owners.is_empty() {
        return None;
    }
    Some(format!("`{name}` is a field of {}: indent it more", owners.join(" and of ")))
}
