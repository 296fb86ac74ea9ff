//! From a document to the reader of its kind.

use super::{
    context::{Context, Path},
    entrance,
    gather::{Gathered, Object},
    namespace, node, pod, service, workload,
};
use crate::{
    Diagnostic, Severity,
    policy::{self, cluster},
    snapshot::MARK,
    tree::NodeId,
};
use sekisho_core::near;

/// Fields that a catalog, `sekisho.yaml`, has one of.
const CATALOG: [&str; 5] = ["environments", "peers", "standard", "services", "check"];

/// The kinds that are read, with the API groups they were ever in.
const KINDS: [(&str, &[&str]); 8] = [
    ("Namespace", &[""]),
    ("Node", &[""]),
    ("Pod", &[""]),
    ("Service", &[""]),
    ("NetworkPolicy", &["networking.k8s.io", "extensions"]),
    ("ClusterNetworkPolicy", &[cluster::GROUP]),
    ("AdminNetworkPolicy", &[cluster::GROUP]),
    ("BaselineAdminNetworkPolicy", &[cluster::GROUP]),
];

/// What a document or an entry of a list says it is.
#[derive(Clone, Copy)]
struct Claim<'c> {
    version: &'c str,
    kind: &'c str,
}

impl<'c> Claim<'c> {
    fn group(self) -> &'c str {
        self.version.rsplit_once('/').map_or("", |(group, _)| group)
    }
}

/// Reads the object at `node` and puts it into `objects`.
pub(crate) fn read(cx: &mut Context<'_>, node: NodeId, objects: &mut Gathered) {
    if cx.tree.is_null(node) {
        return;
    }
    if let Some(claim) = claim(cx, node, None) {
        read_claimed(cx, node, claim, objects);
    }
}

/// What the list at `node` says its entries are, where they do not say it themselves; `None` where
/// it is no list, or not all right.
pub(crate) fn list(cx: &mut Context<'_>, node: NodeId) -> Option<Inherited> {
    let claim = claim(cx, node, None)?;
    let kind = claim.kind.strip_suffix("List")?;
    let of_one_kind = || (claim.version.to_owned(), kind.to_owned());
    Some(Inherited { claim: (!kind.is_empty()).then(of_one_kind), from_cluster: is_marked(cx, node) })
}

/// What a list says of its entries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Inherited {
    /// `apiVersion` and kind, if it is of one kind.
    claim: Option<(String, String)>,
    from_cluster: bool,
}

/// Reads the entry of a list at `node`.
pub(crate) fn read_entry<'c>(
    cx: &mut Context<'c>,
    node: NodeId,
    list: &'c Inherited,
    objects: &mut Gathered,
) {
    let inherited = list.claim.as_ref().map(|(version, kind)| Claim { version, kind });
    cx.from_cluster = list.from_cluster;
    if let Some(claim) = claim(cx, node, inherited) {
        read_claimed(cx, node, claim, objects);
    }
}

/// What the object at `node` is. Entries of a typed list, as the API gives them, do not say it
/// themselves: the list does.
fn claim<'c>(cx: &mut Context<'c>, node: NodeId, list: Option<Claim<'c>>) -> Option<Claim<'c>> {
    if cx.tree.mapping(node).is_none() {
        cx.error(
            "not-an-object",
            node,
            format!("this is {}, not a Kubernetes object", cx.tree.describe(node)),
        );
        return None;
    }
    let version = cx.text(node, "apiVersion", Path::TOP);
    let kind = cx.text(node, "kind", Path::TOP);
    match (version, kind, list) {
        (Some(version), Some(kind), _) => Some(Claim { version, kind }),
        (None, None, Some(claim)) => Some(claim),
        _ => {
            missing(cx, node, version.is_some(), kind.is_some());
            None
        }
    }
}

/// Something that is half an object is an error: a policy that nobody reads protects nobody. What
/// is none at all, such as values for a template, is only worth a warning.
fn missing(cx: &mut Context<'_>, node: NodeId, version: bool, kind: bool) {
    let written = |key| cx.get(node, key).is_some();
    if (written("apiVersion") && !version) || (written("kind") && !kind) {
        return; // of the wrong type, and reported as such
    }
    if written("version") && written("promises") {
        return; // It is for `sekisho test`, and may lie beside the policies that it is about.
    }
    let is_first = cx.get(node, "version").and_then(|version| cx.tree.scalar(version)?.integer()) == Some(1);
    if is_first && CATALOG.iter().any(|field| written(field)) {
        return; // It says what policies are made of, and may lie beside them.
    }
    let object = version || kind || written("spec") || written("metadata");
    if object {
        let field = if kind { "apiVersion" } else { "kind" };
        cx.error("missing-field", node, format!("`{field}` is missing"));
    } else {
        let origin = cx.origin(node);
        let message = "this is not a Kubernetes object, and is left out";
        cx.report(Diagnostic::new(Severity::Warning, "not-an-object", message, origin));
    }
}

fn read_claimed<'c>(cx: &mut Context<'c>, node: NodeId, claim: Claim<'c>, objects: &mut Gathered) {
    if let Some(items) = cx.get(node, "items").filter(|_| claim.kind.ends_with("List")) {
        read_list(cx, node, items, claim, objects);
        return;
    }
    if claim.kind == "List" {
        return; // of nothing
    }
    let workloads = workload::KINDS.iter().map(|(kind, groups)| (*kind, *groups));
    let entrances = entrance::KINDS.iter().copied();
    let known = KINDS.iter().copied().chain(workloads).chain(entrances).find(|(kind, _)| *kind == claim.kind);
    match known {
        Some((_, groups)) if groups.contains(&claim.group()) => {
            let errors = cx.errors();
            read_kind(cx, node, claim, objects, errors);
        }
        _ => skip(cx, node, claim, objects),
    }
}

fn read_list<'c>(
    cx: &mut Context<'c>,
    node: NodeId,
    items: NodeId,
    claim: Claim<'c>,
    objects: &mut Gathered,
) {
    let Some(entries) = cx.tree.sequence(items) else {
        cx.wrong_type(items, Path::TOP.field("items"), "a list");
        return;
    };
    let around = cx.from_cluster;
    cx.from_cluster |= is_marked(cx, node);
    let kind = claim.kind.strip_suffix("List").unwrap_or_default();
    let inherited = (!kind.is_empty()).then_some(Claim { version: claim.version, kind });
    for entry in entries.iter().copied() {
        // A list that holds itself by an alias was refused before.
        if entry != node
            && let Some(claim) = self::claim(cx, entry, inherited)
        {
            read_claimed(cx, entry, claim, objects);
        }
    }
    cx.from_cluster = around;
}

/// Whether the list at `node` was made of what an API server gave.
fn is_marked(cx: &Context<'_>, node: NodeId) -> bool {
    let mut mark = ["metadata", "annotations", MARK].into_iter();
    mark.try_fold(node, |value, key| cx.get(value, key)).is_some()
}

fn read_kind(cx: &mut Context<'_>, at: NodeId, claim: Claim<'_>, objects: &mut Gathered, before: usize) {
    let object = match claim.kind {
        "NetworkPolicy" => {
            check_version(cx, at, claim);
            policy::read(cx, at).map(Object::Policy)
        }
        "Namespace" => namespace::read(cx, at).map(Object::Namespace),
        "Node" => node::read(cx, at).map(Object::Node),
        "Service" => service::read(cx, at).map(Object::Service),
        "Pod" => pod::read(cx, at).map(|pod| Object::Pod(Box::new(pod))),
        kind if cluster::KINDS.iter().any(|(_, name, _)| *name == kind) => read_cluster_policy(cx, at, claim),
        kind => match entrance::KINDS.iter().find(|(known, _)| *known == kind) {
            Some((known, _)) => {
                entrance::read(cx, at, known, claim.version).map(|entrance| Object::Entrance(known, entrance))
            }
            None => workload::read(cx, at, kind).map(|controller| Object::Controller(Box::new(controller))),
        },
    };
    // What the API server would refuse is left out (S43).
    if let Some(object) = object.filter(|_| cx.errors() == before) {
        objects.objects.push((cx.findings(), object));
    }
}

fn read_cluster_policy(cx: &mut Context<'_>, at: NodeId, claim: Claim<'_>) -> Option<Object> {
    let (kind, name, versions) = cluster::KINDS.iter().find(|(_, name, _)| *name == claim.kind)?;
    check_cluster_version(cx, at, claim, versions);
    cluster::read(cx, at, *kind).map(|policy| Object::ClusterPolicy(name, policy))
}

fn check_cluster_version(cx: &mut Context<'_>, node: NodeId, claim: Claim<'_>, versions: &[&str]) {
    let version = claim.version.rsplit_once('/').map_or("", |(_, version)| version);
    if !versions.contains(&version)
        && let (Some(value), Some(known)) = (cx.get(node, "apiVersion"), versions.first())
    {
        let message = format!("no {} of `{}` is read", claim.kind, claim.version);
        let help = format!("write `apiVersion: {}/{known}`", cluster::GROUP);
        cx.error_help("unsupported-version", value, message, help);
    }
}

/// The only version of NetworkPolicy that any cluster of today serves.
const POLICY_VERSION: &str = "networking.k8s.io/v1";

fn check_version(cx: &mut Context<'_>, node: NodeId, claim: Claim<'_>) {
    if claim.version != POLICY_VERSION
        && let Some(value) = cx.get(node, "apiVersion")
    {
        let message = format!("there is no NetworkPolicy in `{}`", claim.version);
        cx.error_help("unsupported-version", value, message, format!("write `apiVersion: {POLICY_VERSION}`"));
    }
}

/// Counts what is not read, and says so where a policy may have been meant.
fn skip(cx: &mut Context<'_>, node: NodeId, claim: Claim<'_>, objects: &mut Gathered) {
    let place = cx.get(node, "kind").unwrap_or(node);
    if claim.kind == "NetworkPolicy" && claim.group() == "" {
        let value = cx.get(node, "apiVersion").unwrap_or(node);
        let message = format!("there is no NetworkPolicy in `{}`", claim.version);
        cx.error_help("unsupported-version", value, message, format!("write `apiVersion: {POLICY_VERSION}`"));
        return;
    }
    let kinds = KINDS.iter().chain(&workload::KINDS).chain(&entrance::KINDS);
    // Kinds that are not read may look like one that is: a slip, and not whatever is nearest.
    let meant = near::slip(claim.kind, kinds.map(|(kind, _)| *kind));
    let groups = ["", "apps", "batch", "networking.k8s.io", cluster::GROUP];
    if let Some(meant) = meant
        && groups.contains(&claim.group())
    {
        let message = format!("there is no kind `{}`", claim.kind);
        cx.error_help("unknown-kind", place, message, format!("did you mean `{meant}`?"));
        return;
    }
    if claim.kind == "NetworkPolicy" {
        let origin = cx.origin(place);
        let message = format!("a NetworkPolicy of `{}` is not read", claim.group());
        cx.report(
            Diagnostic::new(Severity::Warning, "foreign-policy", message, origin)
                .with_help(format!("only those of `{POLICY_VERSION}` are")),
        );
    }
    objects.skip(claim.kind);
}
