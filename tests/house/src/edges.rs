//! Who may depend on whom. ARCHITECTURE.md says why.

use cargo_metadata::{DependencyKind, Metadata, Package};
use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    process::Command,
};

/// The crates of this workspace that a crate depends on directly.
#[derive(Clone, Copy, Debug)]
pub struct Edges {
    /// The crate.
    pub of: &'static str,
    /// What its code uses.
    pub uses: &'static [&'static str],
    /// What only its tests use.
    pub tests_use: &'static [&'static str],
}

/// Every edge between crates of this workspace. An edge that is not here must not exist, and one that
/// is here must: the list is the map, not a permission in advance.
pub const EDGES: &[Edges] = &[
    Edges {
        of: "sekisho",
        uses: &[
            "sekisho-catalog",
            "sekisho-core",
            "sekisho-flow",
            "sekisho-history",
            "sekisho-k8s",
            "sekisho-lab",
            "sekisho-lint",
            "sekisho-nft",
            "sekisho-recommend",
            "sekisho-tls",
        ],
        tests_use: &[],
    },
    Edges {
        of: "sekisho-agent",
        uses: &["sekisho-core", "sekisho-flow", "sekisho-k8s", "sekisho-nft", "sekisho-tls"],
        tests_use: &["sekisho-lab"],
    },
    Edges {
        of: "sekisho-benches",
        uses: &["sekisho-core", "sekisho-flow", "sekisho-history", "sekisho-k8s", "sekisho-nft"],
        tests_use: &[],
    },
    Edges { of: "sekisho-catalog", uses: &["sekisho-core", "sekisho-k8s"], tests_use: &[] },
    Edges { of: "sekisho-core", uses: &[], tests_use: &[] },
    Edges { of: "sekisho-flow", uses: &["sekisho-core"], tests_use: &[] },
    Edges { of: "sekisho-history", uses: &["sekisho-core", "sekisho-flow"], tests_use: &[] },
    Edges { of: "sekisho-house", uses: &[], tests_use: &[] },
    Edges { of: "sekisho-k8s", uses: &["sekisho-core"], tests_use: &[] },
    Edges { of: "sekisho-lab", uses: &["sekisho-core", "sekisho-nft"], tests_use: &[] },
    Edges { of: "sekisho-lint", uses: &["sekisho-core"], tests_use: &[] },
    Edges { of: "sekisho-nft", uses: &["sekisho-core"], tests_use: &[] },
    Edges { of: "sekisho-recommend", uses: &["sekisho-core", "sekisho-flow"], tests_use: &[] },
    Edges { of: "sekisho-tls", uses: &[], tests_use: &[] },
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

const PROGRAMS_BELOW: &[&str] =
    &["sekisho-catalog", "sekisho-core", "sekisho-flow", "sekisho-k8s", "sekisho-nft", "sekisho-lab"];

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
    // The client of the API server brings a little of a web stack, and three pages are served with it.
    Ban {
        from: &["sekisho-agent"],
        to: &["axum*", "actix*", "reqwest", "tonic", "warp", "rocket", "ureq", "regorus", "globset", "lsp-*"],
        because: "what runs with privileges carries no web framework, no Rego and no editor",
    },
    Ban {
        from: &["sekisho-flow"],
        to: &[
            "tokio",
            "async-*",
            "futures*",
            "kube*",
            "k8s-openapi",
            "netlink-*",
            "nix",
            "rustix",
            "libc",
            "socket2",
            "rand",
        ],
        because: "records of flows are made, joined and read by all: no sockets, no netlink, no API server",
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
        let code = siblings(package, false, &members);
        // Tests may use what the code does, with other features.
        let tests = &siblings(package, true, &members) - &code;
        for (kind, found, listed) in [("code", code, edges.uses), ("tests", tests, edges.tests_use)] {
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
    let names = names.map(|dependency| dependency.name.as_str());
    // A crate's tests may switch on features of the crate itself.
    names.filter(|name| members.contains_key(name) && package.name.as_str() != *name).collect()
}

/// Finds what `bans` forbid among what each crate carries, as `carried` tells it.
///
/// # Errors
/// When `carried` cannot tell.
pub fn banned(
    bans: &[Ban],
    carried: impl Fn(&str) -> Result<BTreeSet<String>, String>,
) -> Result<Vec<String>, String> {
    let mut complaints = Vec::new();
    for ban in bans {
        for from in ban.from {
            let found = carried(from)?;
            let forbidden = found.iter().filter(|name| ban.to.iter().any(|pattern| matches(pattern, name)));
            complaints.extend(forbidden.map(|name| format!("`{from}` carries `{name}`: {}", ban.because)));
        }
    }
    Ok(complaints)
}

fn matches(pattern: &str, name: &str) -> bool {
    pattern.strip_suffix('*').map_or(pattern == name, |start| name.starts_with(start))
}

/// The names of all packages in the build of `package`, as `cargo tree` resolves it: without tests,
/// and with the features that a user of the crate gets.
///
/// Procedural macros and build scripts count as well: they run on our machine, but what they drag
/// along is what somebody has to read.
///
/// # Errors
/// When `cargo tree` cannot tell.
pub fn carried(workspace: &Path, package: &str) -> Result<BTreeSet<String>, String> {
    let options =
        ["tree", "--locked", "--edges", "normal,build", "--prefix", "none", "--format", "{p}", "--package"];
    let run = Command::new("cargo").args(options).arg(package).current_dir(workspace).output();
    let output = run.map_err(|error| format!("cargo tree: {error}"))?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned());
    }
    let text = String::from_utf8_lossy(&output.stdout);
    let names = text.lines().filter_map(|line| line.split_whitespace().next());
    Ok(names.filter(|name| *name != package).map(str::to_owned).collect())
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
