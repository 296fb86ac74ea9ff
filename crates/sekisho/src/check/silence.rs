//! What people keep quiet in their manifests: comments, and annotations of policies.

use sekisho_core::object::{Cluster, NetworkPolicy, Origin};
use sekisho_k8s::{Comment, comments, edit};
use sekisho_lint::{
    Category, Finding,
    ignore::{self, Covers, IGNORE, Ignore, Silence},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// Texts by name.
type Sources = BTreeMap<Arc<str>, Arc<str>>;

/// Keeps quiet what comments in `sources` and annotations of policies say. `own` has the codes of the team's own rules.
pub(super) fn silence(
    found: Vec<Finding>,
    cluster: &Cluster,
    sources: &Sources,
    mut own: BTreeSet<String>,
) -> Silence {
    let mut ignores: Vec<Ignore> = sources.iter().flat_map(|(name, text)| of_text(name, text)).collect();
    ignores.extend(cluster.policies.values().flat_map(|policy| of_policy(policy, sources)));
    let found_own = found.iter().filter(|one| one.category == Category::Own);
    own.extend(found_own.map(|one| one.code().to_owned()));
    ignore::silence(found, &ignores, &own)
}

fn of_text(name: &Arc<str>, text: &str) -> Vec<Ignore> {
    let read = |comment: Comment| {
        let covers = Covers::Lines(Arc::clone(name), comment.lines);
        ignore::of_comment(&comment.text, covers, comment.origin)
    };
    comments(name, text, ignore::is_ignore).into_iter().filter_map(read).collect()
}

fn of_policy(policy: &NetworkPolicy, sources: &Sources) -> Vec<Ignore> {
    let annotation = policy.annotations.iter().find(|(key, _)| &***key == IGNORE);
    let Some((_, value)) = annotation else { return Vec::new() };
    let origin: Origin = edit::locate(&policy.origin, &["metadata", "annotations", IGNORE], sources);
    let covers = Covers::Policy(policy.key.clone(), policy.origin.clone());
    ignore::of_annotation(value, &covers, &origin)
}
