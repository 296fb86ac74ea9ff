//! Cluster-wide policies, checked as the API server checks them (S43).
//!
//! The rules are those of the types and the generated schemas of the network-policy-api project:
//! ClusterNetworkPolicy in `v1alpha2`, which `v1beta1` repeats, and its forerunners in `v1alpha1`.

mod peer;
mod port;
mod rule;
mod schema;

use crate::{
    read::{
        context::{Context, Path},
        meta,
    },
    tree::NodeId,
};
use schema::{ADMIN, BASELINE, CLUSTER};
use sekisho_core::object::{
    ClusterPods, ClusterPolicy, ClusterPolicyKind, ClusterPolicyName, Direction, Tier,
};

/// The API group of the kinds.
pub(crate) const GROUP: &str = "policy.networking.k8s.io";

/// The kinds, each with the versions that are read.
pub(crate) const KINDS: [(ClusterPolicyKind, &str, &[&str]); 3] = [
    (ClusterPolicyKind::ClusterNetworkPolicy, "ClusterNetworkPolicy", &["v1alpha2", "v1beta1"]),
    (ClusterPolicyKind::AdminNetworkPolicy, "AdminNetworkPolicy", &["v1alpha1"]),
    (ClusterPolicyKind::BaselineAdminNetworkPolicy, "BaselineAdminNetworkPolicy", &["v1alpha1"]),
];

/// The one name that a BaselineAdminNetworkPolicy may have.
const BASELINE_NAME: &str = "default";

/// What the kinds do not have in common.
struct Dialect {
    kind: ClusterPolicyKind,
    /// The most rules in a direction, peers in a rule, and ports in a rule.
    most: usize,
    /// What `Accept` is called.
    accept: &'static str,
    /// The field of a rule that lists ports.
    ports: &'static str,
}

impl Dialect {
    fn of(kind: ClusterPolicyKind) -> Self {
        match kind {
            ClusterPolicyKind::ClusterNetworkPolicy => {
                Self { kind, most: 25, accept: "Accept", ports: "protocols" }
            }
            ClusterPolicyKind::AdminNetworkPolicy | ClusterPolicyKind::BaselineAdminNetworkPolicy => {
                Self { kind, most: 100, accept: "Allow", ports: "ports" }
            }
        }
    }

    /// Whether it is of `v1alpha1`.
    fn is_old(&self) -> bool {
        self.kind != ClusterPolicyKind::ClusterNetworkPolicy
    }
}

/// The policy of `kind` at `node`.
pub(crate) fn read(cx: &mut Context<'_>, node: NodeId, kind: ClusterPolicyKind) -> Option<ClusterPolicy> {
    let dialect = Dialect::of(kind);
    let schema = match kind {
        ClusterPolicyKind::ClusterNetworkPolicy => &CLUSTER,
        ClusterPolicyKind::AdminNetworkPolicy => &ADMIN,
        ClusterPolicyKind::BaselineAdminNetworkPolicy => &BASELINE,
    };
    super::schema::check(cx, node, schema);
    let meta = meta::read(cx, node);
    let Some(spec) = cx.mapping(node, "spec", Path::TOP) else {
        if cx.get(node, "spec").is_none() {
            cx.error("missing-field", node, "`spec` is missing");
        }
        return None;
    };
    let path = Path::TOP.field("spec");
    let tier = tier(cx, spec, path, kind);
    let priority = priority(cx, spec, path, kind);
    let subjects = subject(cx, spec, path, &dialect);
    let ingress = rule::read_all(cx, spec, path, Direction::Ingress, &dialect);
    let egress = rule::read_all(cx, spec, path, Direction::Egress, &dialect);
    let meta = meta?;
    let name = meta.key.name;
    if kind == ClusterPolicyKind::BaselineAdminNetworkPolicy && *name != *BASELINE_NAME {
        let place = cx.get(node, "metadata").and_then(|metadata| cx.get(metadata, "name")).unwrap_or(node);
        let message = format!("a BaselineAdminNetworkPolicy must be named `{BASELINE_NAME}`, not `{name}`");
        cx.error_help("invalid-name", place, message, "there is one in a cluster");
    }
    Some(ClusterPolicy {
        name: ClusterPolicyName { name, kind },
        tier: tier?,
        priority: priority?,
        subjects: subjects?,
        ingress,
        egress,
        origin: meta.origin,
    })
}

fn tier(cx: &mut Context<'_>, spec: NodeId, path: Path<'_>, kind: ClusterPolicyKind) -> Option<Tier> {
    match kind {
        ClusterPolicyKind::AdminNetworkPolicy => return Some(Tier::Admin),
        ClusterPolicyKind::BaselineAdminNetworkPolicy => return Some(Tier::Baseline),
        ClusterPolicyKind::ClusterNetworkPolicy => {}
    }
    let tier = required(cx, spec, "tier", path)?;
    match cx.text_at(tier, path.field("tier"))? {
        "Admin" => Some(Tier::Admin),
        "Baseline" => Some(Tier::Baseline),
        other => {
            let message = format!("`{other}` is not a tier");
            cx.error_help("invalid-tier", tier, message, "write `Admin` or `Baseline`");
            None
        }
    }
}

fn priority(cx: &mut Context<'_>, spec: NodeId, path: Path<'_>, kind: ClusterPolicyKind) -> Option<u16> {
    if kind == ClusterPolicyKind::BaselineAdminNetworkPolicy {
        return Some(ClusterPolicy::LAST);
    }
    let priority = required(cx, spec, "priority", path)?;
    let number = cx.integer_at(priority, path.field("priority"))?;
    let valid = u16::try_from(number).ok().filter(|number| *number <= ClusterPolicy::LAST);
    if valid.is_none() {
        let message = format!("`{path}.priority` must be from 0 to {}, not {number}", ClusterPolicy::LAST);
        cx.error("invalid-priority", priority, message);
    }
    valid
}

fn subject(cx: &mut Context<'_>, spec: NodeId, path: Path<'_>, dialect: &Dialect) -> Option<ClusterPods> {
    let node = required(cx, spec, "subject", path)?;
    let path = path.field("subject");
    if cx.tree.mapping(node).is_none() {
        cx.wrong_type(node, path, "a mapping");
        return None;
    }
    match peer::only_field(cx, node, &["namespaces", "pods"]) {
        Some(field) => peer::pods(cx, node, field, path, dialect),
        None => {
            let message = format!("`{path}` must have exactly one of `namespaces` and `pods`");
            cx.error_help("invalid-subject", node, message, "for every pod write `namespaces: {}`");
            None
        }
    }
}

/// The value under `key`, which must be there.
fn required(cx: &mut Context<'_>, node: NodeId, key: &str, path: Path<'_>) -> Option<NodeId> {
    let value = cx.get(node, key);
    if value.is_none() {
        cx.error("missing-field", node, format!("`{path}.{key}` is missing"));
    }
    value
}

/// The entries of the list under `key`, at least `least` and at most `most` where it is written.
fn bounded(
    cx: &mut Context<'_>,
    node: NodeId,
    key: &str,
    path: Path<'_>,
    (least, most): (usize, usize),
) -> Vec<NodeId> {
    let entries = cx.list(node, key, path);
    let Some(list) = cx.get(node, key).filter(|list| cx.tree.sequence(*list).is_some()) else {
        return entries;
    };
    if entries.len() > most {
        let message = format!("`{path}.{key}` has {} entries, and {most} are the most", entries.len());
        cx.error("invalid-length", list, message);
    } else if entries.len() < least {
        cx.error("invalid-length", list, format!("`{path}.{key}` must have an entry"));
    }
    entries
}
