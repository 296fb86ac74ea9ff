//! What people keep quiet in their manifests: comments, and annotations of policies.

use super::settings::Settings;
use sekisho_core::object::{Cluster, NetworkPolicy, Origin, annotation::IGNORE};
use sekisho_k8s::{Comment, comments, edit};
use sekisho_lint::{
    Category, Finding,
    ignore::{self, Covers, Ignore, Silence},
    settle,
};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// Texts by name.
type Sources = BTreeMap<Arc<str>, Arc<str>>;

/// What is to be heard of `found`: what `settings` leave of it, but for what comments in `sources` and annotations of
/// policies keep quiet. `own` has the codes of the team's own rules.
pub(super) fn hear(
    found: Vec<Finding>,
    settings: Option<&Settings>,
    (cluster, sources): (&Cluster, &Sources),
    mut own: BTreeSet<String>,
) -> Silence {
    let mut ignores: Vec<Ignore> = sources.iter().flat_map(|(name, text)| of_text(name, text)).collect();
    ignores.extend(cluster.policies.values().flat_map(|policy| of_policy(policy, sources)));
    let found_own = found.iter().filter(|one| one.category == Category::Own);
    own.extend(found_own.map(|one| one.code().to_owned()));
    let Some(settings) = settings else { return ignore::silence(settle(found), &[], &ignores, &own) };
    let unset = if ignores.is_empty() { Vec::new() } else { settle(found.clone()) };
    let Silence { heard, silenced } = ignore::silence(settle(settings.choose(found)), &unset, &ignores, &own);
    let (of_ignores, mut heard): (Vec<_>, Vec<_>) =
        heard.into_iter().partition(|one| one.category == Category::Ignoring);
    heard.extend(settings.choose(of_ignores));
    heard.sort_by(Finding::by_place);
    Silence { heard, silenced }
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
