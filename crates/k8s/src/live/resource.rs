//! What is listed: those of the kinds that a snapshot keeps which the cluster serves.

use super::{LiveError, connect::Cluster, list};
use crate::snapshot::kind::{KINDS, Kind};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// A kind in the version in which the cluster serves it.
#[derive(Clone, Debug)]
pub struct Resource {
    pub(super) kind: &'static Kind,
    version: String,
}

impl Resource {
    /// As `kubectl` and RBAC call it: `pods`, `deployments.apps`.
    #[must_use]
    pub fn name(&self) -> String {
        match self.kind.group {
            "" => self.kind.plural.to_owned(),
            group => format!("{}.{group}", self.kind.plural),
        }
    }

    /// Where the API server lists them, of all namespaces.
    pub(super) fn path(&self) -> String {
        match self.kind.group {
            "" => format!("/api/{}/{}", self.version, self.kind.plural),
            group => format!("/apis/{group}/{}/{}", self.version, self.kind.plural),
        }
    }
}

/// The resources that the cluster serves. Of a kind that it serves in versions alone that are not
/// read, the first of those: the reader will say so, where there is an object.
pub(super) async fn served(cluster: &Cluster) -> Result<Vec<Resource>, LiveError> {
    let groups = groups(&list::get(cluster, "/apis", "API groups").await?);
    let mut resources = Vec::new();
    let mut known: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for kind in KINDS {
        if kind.group.is_empty() {
            resources.push(Resource { kind, version: "v1".to_owned() });
            continue;
        }
        let Some(served) = groups.get(kind.group) else { continue };
        let read = kind.versions.iter().map(|version| (*version).to_owned());
        let others = served.iter().filter(|version| !kind.versions.contains(&version.as_str()));
        let candidates = read.filter(|version| served.contains(version)).chain(others.cloned());
        for version in candidates {
            let path = format!("/apis/{}/{version}", kind.group);
            if !known.contains_key(&path) {
                let found = list::get(cluster, &path, "API resources").await?;
                known.insert(path.clone(), plurals(&found));
            }
            if known.get(&path).is_some_and(|plurals| plurals.contains(kind.plural)) {
                resources.push(Resource { kind, version });
                break;
            }
        }
    }
    Ok(resources)
}

/// The versions of each group, in the order in which the cluster prefers them.
fn groups(list: &Value) -> BTreeMap<String, Vec<String>> {
    let text = |value: &Value, key: &str| Some(value.get(key)?.as_str()?.to_owned());
    let entries = |value: &Value, key: &str| value.get(key).and_then(Value::as_array).cloned();
    let groups = entries(list, "groups").unwrap_or_default();
    let groups = groups.iter().filter_map(|group| {
        let versions = entries(group, "versions")?;
        Some((text(group, "name")?, versions.iter().filter_map(|version| text(version, "version")).collect()))
    });
    groups.collect()
}

/// The names of the resources of a group's version.
fn plurals(list: &Value) -> BTreeSet<String> {
    let resources = list.get("resources").and_then(Value::as_array);
    let names = resources.into_iter().flatten().filter_map(|resource| resource.get("name")?.as_str());
    names.map(str::to_owned).collect()
}
