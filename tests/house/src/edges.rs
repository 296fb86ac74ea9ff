//! Who may depend on whom. ARCHITECTURE.md says why.

use cargo_metadata::{DependencyKind, Metadata, Package};
use std::collections::{BTreeMap, BTreeSet};

/// The crates of this workspace that a crate depends on directly.
#[derive(Clone, Copy, Debug)]
pub struct Edges {
    /// The crate.
    pub of: &'static str,
    /// What its code uses.
    pub uses: &'static [&'static str],
    /// What only its tests and benches use.
    pub tests_use: &'static [&'static str],
}

/// Every edge between crates of this workspace. An edge that is not here must not exist, and one that
/// is here must: the list is the map, not a permission in advance.
pub const EDGES: &[Edges] = &[
    Edges { of: "sekisho-core", uses: &[], tests_use: &[] },
    Edges { of: "sekisho-house", uses: &[], tests_use: &[] },
];

/// Crates that must not come along, directly or through others, with a reason.
#[derive(Clone, Copy, Debug)]
pub struct Ban {
    /// Crates of this workspace.
    pub from: &'static [&'static str],
    /// What their builds must not contain; a name that ends in `*` stands for all that begin so.
    pub to: &'static [&'static str],
    /// Why.
    pub because: &'static str,
}

const PROGRAMS_BELOW: &[&str] = &["sekisho-core", "sekisho-k8s", "sekisho-nft", "sekisho-lab"];

/// What must not come along.
pub const BANS: &[Ban] = &[
    Ban {
        from: &["sekisho-core"],
        to: &[
            "serde",
            "serde_*",
            "tokio",
            "async-*",
            "futures*",
            "kube*",
            "k8s-openapi",
            "netlink-*",
            "nix",
            "rustix",
            "libc",
            "chrono",
            "jiff",
            "time",
            "rand",
        ],
        because: "the core is pure: no I/O, no clock, no serialisation, no Kubernetes, no netlink",
    },
    Ban {
        from: PROGRAMS_BELOW,
        to: &["axum*", "actix*", "hyper*", "reqwest", "tonic", "tower*", "warp", "rocket", "ureq"],
        because: "what runs with privileges or is shared by all carries no web stack",
    },
    Ban {
        from: &["sekisho-nft", "sekisho-lab"],
        to: &["kube*", "k8s-openapi", "serde_yaml*", "saphyr*", "sekisho-k8s"],
        because: "the dataplane knows no manifests and no API server",
    },
];

/// Compares the edges that `metadata` has with the `allowed` ones.
#[must_use]
pub fn unexpected(metadata: &Metadata, allowed: &[Edges]) -> Vec<String> {
    let members: BTreeMap<&str, &Package> =
        metadata.workspace_packages().into_iter().map(|package| (package.name.as_str(), package)).collect();
    let mut complaints = Vec::new();
    for (name, package) in &members {
        let Some(edges) = allowed.iter().find(|edges| edges.of == *name) else {
            complaints.push(format!("`{name}` is not in the list of edges"));
            continue;
        };
        for (kind, listed) in [("code", edges.uses), ("tests", edges.tests_use)] {
            let found = siblings(package, kind == "tests", &members);
            let listed: BTreeSet<&str> = listed.iter().copied().collect();
            let extra =
                found.difference(&listed).map(|to| format!("`{name}` must not depend on `{to}` ({kind})"));
            let gone = listed.difference(&found).map(|to| format!("`{name}` no longer uses `{to}` ({kind})"));
            complaints.extend(extra.chain(gone));
        }
    }
    let gone = allowed.iter().filter(|edges| !members.contains_key(edges.of));
    complaints.extend(gone.map(|edges| format!("`{}` is listed but is no crate", edges.of)));
    complaints
}

fn siblings<'a>(package: &'a Package, tests: bool, members: &BTreeMap<&str, &Package>) -> BTreeSet<&'a str> {
    let of_kind = |kind| tests == (kind == DependencyKind::Development);
    let names = package.dependencies.iter().filter(|dependency| of_kind(dependency.kind));
    names.map(|dependency| dependency.name.as_str()).filter(|name| members.contains_key(name)).collect()
}

/// Finds what `bans` forbid in the builds of `metadata`.
#[must_use]
pub fn banned(metadata: &Metadata, bans: &[Ban]) -> Vec<String> {
    let mut complaints = Vec::new();
    for ban in bans {
        for from in ban.from {
            for carried in carried(metadata, from) {
                if ban.to.iter().any(|pattern| matches(pattern, &carried)) {
                    complaints.push(format!("`{from}` carries `{carried}`: {}", ban.because));
                }
            }
        }
    }
    complaints
}

fn matches(pattern: &str, name: &str) -> bool {
    pattern.strip_suffix('*').map_or(pattern == name, |start| name.starts_with(start))
}

/// The names of all packages in the build of `package`, tests left out.
///
/// Procedural macros and build scripts count as well: they run on our machine, but what they drag
/// along is what somebody has to read.
fn carried(metadata: &Metadata, package: &str) -> BTreeSet<String> {
    let nodes: BTreeMap<_, _> =
        metadata.resolve.iter().flat_map(|resolve| &resolve.nodes).map(|node| (&node.id, node)).collect();
    let named = metadata.workspace_packages().into_iter().filter(|found| found.name.as_str() == package);
    let mut waiting: Vec<_> = named.map(|found| &found.id).collect();
    let mut seen = BTreeSet::new();
    while let Some(id) = waiting.pop() {
        let dependencies = nodes.get(id).into_iter().flat_map(|node| &node.deps);
        for dependency in dependencies {
            let in_build = dependency.dep_kinds.iter().any(|kind| kind.kind != DependencyKind::Development);
            if in_build && seen.insert(&dependency.pkg) {
                waiting.push(&dependency.pkg);
            }
        }
    }
    seen.into_iter().filter(|id| nodes.contains_key(id)).map(|id| metadata[id].name.to_string()).collect()
}

/// The crates from elsewhere that the crates of this workspace depend on directly, by name.
#[must_use]
pub fn direct_dependencies(metadata: &Metadata) -> BTreeSet<String> {
    let packages = metadata.workspace_packages();
    let dependencies = packages.iter().flat_map(|package| &package.dependencies);
    dependencies
        .filter(|dependency| dependency.path.is_none())
        .map(|dependency| dependency.name.clone())
        .collect()
}
