//! `groups`: names for sets of pods, or of addresses.

use super::{
    end::{self, BUILT_IN, Groups},
    fields,
};
use crate::{
    read::context::{Context, Path},
    selector::parse_selector,
    tree::NodeId,
};
use sekisho_core::{
    object::LabelSelector,
    promise::{Group, Members},
    set::AddressSet,
};

/// The fields of a group.
pub const GROUP_FIELDS: [&str; 4] = ["pods", "namespaces", "addresses", "except"];

/// Reads all groups of the file at `root`.
pub(super) fn read_all(cx: &mut Context<'_>, root: NodeId, groups: &mut Groups) {
    let Some(mapping) = cx.mapping(root, "groups", Path::TOP) else { return };
    let tree = cx.tree;
    let entries: Vec<(NodeId, NodeId)> = tree.mapping(mapping).into_iter().flatten().collect();
    groups.announce(entries.iter().map(|(key, _)| tree.key_text(*key)));
    let path = Path::TOP.field("groups");
    for (key, value) in entries {
        let name = tree.key_text(key);
        if !is_name(cx, key, name) {
            continue;
        }
        // What is wrong with a group is told once, and not again wherever it is named.
        let group = read(cx, name, value, path.field(name), groups);
        groups.define(name, cx.origin(key), group);
    }
}

fn is_name(cx: &mut Context<'_>, key: NodeId, name: &str) -> bool {
    if BUILT_IN.contains(&name) {
        let message = format!("`{name}` has a meaning already");
        cx.error_help("invalid-name", key, message, "call the group something else");
        return false;
    }
    if name.trim().is_empty() || name.contains('/') || name.parse::<std::net::IpAddr>().is_ok() {
        let message = format!("`{name}` cannot be the name of a group");
        let help = "a name is text without `/`, and no address";
        cx.error_help("invalid-name", key, message, help);
        return false;
    }
    true
}

fn read(
    cx: &mut Context<'_>,
    name: &str,
    node: NodeId,
    path: Path<'_>,
    groups: &mut Groups,
) -> Option<Group> {
    if cx.tree.mapping(node).is_none() {
        let origin = cx.origin(node);
        let message = format!("`{path}` must be a mapping, not {}", cx.tree.describe(node));
        let found = crate::Diagnostic::new(crate::Severity::Error, "wrong-type", message, origin);
        cx.report(found.with_help("write `{ pods: app=web }`, or `namespaces` or `addresses`"));
        return None;
    }
    let errors = cx.errors();
    fields::check(cx, node, &format!("`{path}`"), &GROUP_FIELDS);
    let members = members(cx, node, path);
    let except = match cx.get(node, "except") {
        Some(value) => end::read_list(cx, value, path.field("except"), groups),
        None => Vec::new(),
    };
    (cx.errors() == errors).then_some(())?;
    Some(Group { name: name.into(), members: members?, except })
}

fn members(cx: &mut Context<'_>, node: NodeId, path: Path<'_>) -> Option<Members> {
    let pods = selector(cx, node, "pods", path);
    let namespaces = selector(cx, node, "namespaces", path);
    let addresses = cx.get(node, "addresses");
    match (pods, namespaces, addresses) {
        (None, None, None) => {
            let message = format!("`{path}` says of nobody that they belong to it");
            cx.error_help("missing-field", node, message, "write `pods`, `namespaces` or `addresses`");
            None
        }
        (None, None, Some(addresses)) => blocks(cx, addresses, path.field("addresses")),
        (_, _, Some(addresses)) => {
            let message = format!("`{path}` has addresses and pods");
            let help = "make two groups of it, and name both: `who: [one, other]`";
            cx.error_help("conflict", addresses, message, help);
            None
        }
        (pods, namespaces, None) => {
            let everything = LabelSelector::everything;
            Some(Members::Pods {
                namespaces: namespaces.unwrap_or_else(|| Some(everything()))?,
                pods: pods.unwrap_or_else(|| Some(everything()))?,
            })
        }
    }
}

/// The selector under `key`; `None` where it is missing, `Some(None)` where it cannot be read.
fn selector(cx: &mut Context<'_>, node: NodeId, key: &str, path: Path<'_>) -> Option<Option<LabelSelector>> {
    let value = cx.get(node, key)?;
    let Some(text) = cx.tree.scalar(value).map(|scalar| scalar.text) else {
        let origin = cx.origin(value);
        let message =
            format!("`{}` must be a label selector, not {}", path.field(key), cx.tree.describe(value));
        let found = crate::Diagnostic::new(crate::Severity::Error, "wrong-type", message, origin);
        cx.report(found.with_help("write it as text, as in `app=web,tier in (a, b),!debug`"));
        return Some(None);
    };
    match parse_selector(text) {
        Ok(selector) => Some(Some(selector)),
        Err(reason) => {
            cx.error("invalid-selector", value, reason);
            Some(None)
        }
    }
}

fn blocks(cx: &mut Context<'_>, node: NodeId, path: Path<'_>) -> Option<Members> {
    let mut all = AddressSet::empty();
    let errors = cx.errors();
    for entry in end::entries(cx, node) {
        let Some(text) = cx.text_at(entry, path) else { continue };
        match end::addresses(cx, entry, text) {
            Some(block) => all = all.union(&block),
            None => {
                let message = format!("`{text}` is not an address or an address block");
                cx.error_help("invalid-value", entry, message, "write one such as `10.0.0.0/8`");
            }
        }
    }
    if all.is_empty() && cx.errors() == errors {
        cx.error("invalid-value", node, format!("`{path}` has no address"));
    }
    (cx.errors() == errors).then_some(Members::Addresses(all))
}
