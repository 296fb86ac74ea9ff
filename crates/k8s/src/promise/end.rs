//! Whom a promise names: groups, built-in groups, `namespace/name`, `namespace/*`, address blocks.

use crate::{
    Diagnostic, Severity,
    read::context::{Context, Path},
    syntax,
    tree::NodeId,
};
use sekisho_core::{
    near::nearest,
    object::{ObjectKey, Origin},
    promise::{Group, Members},
    set::{AddressSet, Cidr},
};
use std::{collections::BTreeMap, net::IpAddr, sync::Arc};

/// The groups that need no definition.
pub(super) const BUILT_IN: [&str; 3] = ["anyone", "cluster", "internet"];

/// A group as its file defines it.
struct Defined {
    origin: Origin,
    /// `None` where it cannot be read.
    group: Option<Arc<Group>>,
    used: bool,
}

/// The groups of a file.
#[derive(Default)]
pub(super) struct Groups {
    /// All names, also of groups that stand further down.
    names: Vec<String>,
    defined: BTreeMap<String, Defined>,
}

impl Groups {
    /// Makes names known before what they mean is read.
    pub(super) fn announce<'n>(&mut self, names: impl Iterator<Item = &'n str>) {
        self.names.extend(names.map(str::to_owned));
    }

    pub(super) fn define(&mut self, name: &str, origin: Origin, group: Option<Group>) {
        let group = group.map(Arc::new);
        self.defined.insert(name.to_owned(), Defined { origin, group, used: false });
    }

    /// Warns of groups that nobody names: a promise may be missing, or a name mistyped.
    pub(super) fn tell_unused(&self, cx: &mut Context<'_>) {
        for (name, defined) in self.defined.iter().filter(|(_, defined)| !defined.used) {
            let message = format!("no promise names the group `{name}`");
            cx.report(Diagnostic::new(Severity::Warning, "unused-group", message, defined.origin.clone()));
        }
    }

    /// The group called `text`.
    fn find(&mut self, cx: &mut Context<'_>, node: NodeId, text: &str) -> Option<Arc<Group>> {
        if let Some(defined) = self.defined.get_mut(text) {
            defined.used = true;
            return defined.group.clone();
        }
        if self.names.iter().any(|name| name == text) {
            // Groups are read from the top, which is what keeps one from being a part of itself.
            let message = format!("the group `{text}` is not defined above");
            cx.error_help("unknown-group", node, message, format!("move `{text}` up"));
            return None;
        }
        let names = self.names.iter().map(String::as_str).chain(BUILT_IN);
        let help = match nearest(text, names) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None => "define it under `groups`; a workload is written `namespace/name`, all of a namespace \
                     `namespace/*`, addresses as a block"
                .to_owned(),
        };
        cx.error_help("unknown-group", node, format!("no group is called `{text}`"), help);
        None
    }
}

/// A list, or the one entry that stands for a list of one.
pub(super) fn entries(cx: &Context<'_>, node: NodeId) -> Vec<NodeId> {
    cx.tree.sequence(node).map_or_else(|| vec![node], <[NodeId]>::to_vec)
}

/// The groups that the text or list of texts at `node` names.
pub(super) fn read_list(
    cx: &mut Context<'_>,
    node: NodeId,
    path: Path<'_>,
    groups: &mut Groups,
) -> Vec<Arc<Group>> {
    let nodes = entries(cx, node);
    if nodes.is_empty() {
        cx.error_help("invalid-value", node, format!("`{path}` names nobody"), "name at least one group");
    }
    let read = nodes.into_iter().filter_map(|entry| {
        let text = cx.text_at(entry, path)?;
        read(cx, entry, text.trim(), groups)
    });
    read.collect()
}

fn read(cx: &mut Context<'_>, node: NodeId, text: &str, groups: &mut Groups) -> Option<Arc<Group>> {
    let members = match text {
        "anyone" => Members::Anyone,
        "cluster" => Members::Cluster,
        "internet" => Members::Internet,
        _ => match addresses(cx, node, text) {
            Some(addresses) => Members::Addresses(addresses),
            None => match text.split_once('/') {
                Some((namespace, name)) => named(cx, node, namespace, name)?,
                None => return groups.find(cx, node, text),
            },
        },
    };
    Some(Arc::new(Group { name: text.into(), members, except: Vec::new() }))
}

fn named(cx: &mut Context<'_>, node: NodeId, namespace: &str, name: &str) -> Option<Members> {
    let is_name = name == "*" || syntax::dns_subdomain(name).is_ok();
    if syntax::dns_label(namespace).is_err() || !is_name {
        let message = format!("`{namespace}/{name}` can be the name of nobody");
        let help = "write `namespace/name`, `namespace/*` or an address block such as `10.0.0.0/8`";
        cx.error_help("invalid-value", node, message, help);
        return None;
    }
    Some(match name {
        "*" => Members::Namespace(namespace.into()),
        name => Members::Named(ObjectKey::new(namespace, name)),
    })
}

/// The address or address block that `text` is. Bits beyond its length are reported (S19).
pub(super) fn addresses(cx: &mut Context<'_>, node: NodeId, text: &str) -> Option<AddressSet> {
    if let Ok(address) = text.parse::<IpAddr>() {
        return Some(Cidr::host(address).into());
    }
    let cidr: Cidr = text.parse().ok()?;
    let written = text.split_once('/').and_then(|(address, _)| address.parse::<IpAddr>().ok());
    if written != Some(cidr.first()) {
        let message = format!("`{text}` has bits set beyond its length, and is read as `{cidr}`");
        let origin = cx.origin(node);
        cx.report(Diagnostic::new(Severity::Warning, "host-bits", message, origin));
    }
    Some(cidr.into())
}
