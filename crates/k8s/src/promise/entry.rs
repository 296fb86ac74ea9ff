//! An entry of `promises`.

use super::{
    end::{self, Groups},
    fields, port,
};
use crate::{
    read::context::{Context, Path},
    syntax,
    tree::NodeId,
};
use sekisho_core::promise::{Claim, Group, Members, Promise, Same};
use std::sync::Arc;

/// The fields of a promise.
pub const PROMISE_FIELDS: [&str; 10] = [
    "name",
    "who",
    "only",
    "can reach",
    "cannot reach",
    "can reach only",
    "with the same",
    "on ports",
    "because",
    "may match nothing",
];

const FORMS: &str = "a promise says `who` ... `can reach`, `cannot reach` or `can reach only` ..., \
                     or `only` ... `can reach` ...";

/// The promise at `node`.
pub(super) fn read(
    cx: &mut Context<'_>,
    node: NodeId,
    path: Path<'_>,
    groups: &mut Groups,
) -> Option<Promise> {
    if cx.tree.mapping(node).is_none() {
        cx.wrong_type(node, path, "a mapping");
        return None;
    }
    let errors = cx.errors();
    let is_known = fields::check(cx, node, &format!("`{path}`"), &PROMISE_FIELDS);
    let name = name(cx, node, path);
    let because = cx.text(node, "because", path);
    let form = form(cx, node, path, is_known);
    let ports = match cx.get(node, "on ports") {
        Some(value) => port::read_list(cx, value, path.field("on ports")),
        None => Vec::new(),
    };
    let same = same(cx, node, path);
    let may_match_nothing = cx.flag(node, "may match nothing", path);
    // The names are looked up also where the form is not clear: what is wrong is told in one run.
    for key in ["who", "only", "can reach", "cannot reach", "can reach only"] {
        if form.as_ref().is_none_or(|form| form.who.0 != key && form.whom.0 != key)
            && let Some(value) = cx.get(node, key)
        {
            end::read_list(cx, value, path.field(key), groups);
        }
    }
    let form = form?;
    if form.claim == Claim::Can && cx.get(node, "on ports").is_none() {
        let message = format!("`{path}` says that somebody can reach somebody, and not on which ports");
        let help = "write `on ports: TCP/8080`, `declared` for the container ports, or `all`";
        cx.error_help("missing-field", form.whom.1, message, help);
    }
    let who = end::read_list(cx, form.who.1, path.field(form.who.0), groups);
    let whom = end::read_list(cx, form.whom.1, path.field(form.whom.0), groups);
    if same.as_ref().is_some_and(Option::is_some) {
        without_addresses(cx, node, who.iter().chain(&whom));
    }
    let origin = cx.origin(node);
    // A group that cannot be read is told where it is defined, and makes no error here.
    let is_whole = cx.errors() == errors && !who.is_empty() && !whom.is_empty();
    is_whole.then_some(Promise {
        name: name?.into(),
        because: because.map(Into::into),
        who,
        claim: form.claim,
        whom,
        ports,
        same: same?,
        may_match_nothing,
        origin,
    })
}

fn name<'c>(cx: &mut Context<'c>, node: NodeId, path: Path<'_>) -> Option<&'c str> {
    if cx.get(node, "name").is_none() {
        let help = "write what is promised, as you would say it";
        cx.error_help("missing-field", node, format!("`{path}.name` is missing"), help);
        return None;
    }
    let name = cx.text(node, "name", path)?;
    if name.trim().is_empty() {
        let value = cx.get(node, "name").unwrap_or(node);
        cx.error("invalid-value", value, format!("`{path}.name` is empty"));
        return None;
    }
    Some(name.trim())
}

/// Which sentence it is: the keys and values of its two sides.
struct Form {
    claim: Claim,
    who: (&'static str, NodeId),
    whom: (&'static str, NodeId),
}

/// Where a field is not known (`is_known`), it may be the one that is missing: that is told once.
fn form(cx: &mut Context<'_>, node: NodeId, path: Path<'_>, is_known: bool) -> Option<Form> {
    let pick = |cx: &mut Context<'_>, keys: &[&'static str]| -> Option<(&'static str, NodeId)> {
        let mut there: Vec<(&'static str, NodeId)> =
            keys.iter().filter_map(|key| Some((*key, cx.get(node, key)?))).collect();
        match there.len() {
            0 if !is_known => None,
            0 => {
                let names: Vec<String> = keys.iter().map(|key| format!("`{key}`")).collect();
                let message = format!("`{path}` has none of {}", names.join(", "));
                cx.error_help("missing-field", node, message, FORMS);
                None
            }
            1 => there.pop(),
            _ => {
                let (second, value) = there.swap_remove(1);
                let message =
                    format!("`{path}` has `{}` and `{second}`", there.first().map_or("", |one| one.0));
                cx.error_help("conflict", value, message, "a promise is one sentence: make two of it");
                None
            }
        }
    };
    let who = pick(cx, &["who", "only"]);
    let whom = pick(cx, &["can reach", "cannot reach", "can reach only"]);
    let (who, whom) = (who?, whom?);
    let claim = match (who.0, whom.0) {
        ("who", "can reach") => Claim::Can,
        ("who", "cannot reach") => Claim::Cannot,
        ("who", _) => Claim::OnlyWhom,
        (_, "can reach") => Claim::OnlyWho,
        (_, key) => {
            let message = format!("`only` goes with `can reach`, not with `{key}`");
            cx.error_help("conflict", whom.1, message, FORMS);
            return None;
        }
    };
    Some(Form { claim, who, whom })
}

/// Reports groups that can have nothing in common with anybody.
fn without_addresses<'g>(cx: &mut Context<'_>, node: NodeId, groups: impl Iterator<Item = &'g Arc<Group>>) {
    let Some(value) = cx.get(node, "with the same") else { return };
    for group in groups.filter(|group| matches!(group.members, Members::Internet | Members::Addresses(_))) {
        let message = format!("`{}` is addresses, which have neither labels nor a namespace", group.name);
        cx.error_help("conflict", value, message, "leave either out");
    }
}

/// What follows `with the same`; `None` where it cannot be read.
fn same(cx: &mut Context<'_>, node: NodeId, path: Path<'_>) -> Option<Option<Same>> {
    let Some(value) = cx.get(node, "with the same") else { return Some(None) };
    let text = cx.text_at(value, path.field("with the same"))?.trim();
    let (key, made): (&str, fn(&str) -> Same) = match text.strip_prefix("namespace label ") {
        Some(key) => (key.trim(), |key| Same::NamespaceLabel(key.into())),
        None if text == "namespace" => return Some(Some(Same::Namespace)),
        None => (text, |key| Same::Label(key.into())),
    };
    if let Err(reason) = syntax::qualified_name(key) {
        let help = "write the key of a label, `namespace`, or `namespace label KEY`";
        cx.error_help("invalid-label", value, format!("the label key {reason}"), help);
        return None;
    }
    Some(Some(made(key)))
}
