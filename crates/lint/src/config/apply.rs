//! Settings, applied to findings.

use super::{Choice, Config, ForPaths, Level, validate::glob};
use crate::finding::Finding;
use globset::{GlobSet, GlobSetBuilder};
use std::collections::BTreeMap;

impl Config {
    /// What is left of `findings`, each as bad as it is here.
    ///
    /// `environment` is that of the manifests, and `path` tells of the name of a text where it lies, relative to the
    /// folder of the settings. What is nearer decides: the settings of an environment over those of everything, and
    /// those of paths over both; and the name of a rule over its category.
    #[must_use]
    pub fn apply(
        &self,
        findings: Vec<Finding>,
        environment: Option<&str>,
        path: impl Fn(&str) -> String,
    ) -> Vec<Finding> {
        let of_paths: Vec<(GlobSet, &ForPaths)> =
            self.paths.iter().map(|one| (patterns(&one.paths), one)).collect();
        let here = environment.and_then(|name| self.environments.get(name));
        let applied = |mut finding: Finding| {
            let path = path(&finding.diagnostic.origin.source);
            let near = of_paths.iter().filter(|(globs, _)| globs.is_match(&path)).map(|(_, one)| one);
            let mut ignore = vec![&self.ignore];
            let mut severity = vec![&self.severity];
            ignore.extend(here.map(|one| &one.ignore));
            severity.extend(here.map(|one| &one.severity));
            for one in near {
                ignore.push(&one.ignore);
                severity.push(&one.severity);
            }
            let is_selected = self.select.is_empty() || is_among(&self.select, &finding);
            if !is_selected || ignore.iter().any(|choices| is_among(choices, &finding)) {
                return None;
            }
            if let Some(level) = severity.iter().rev().find_map(|levels| level(levels, &finding)) {
                finding.diagnostic.severity = level.into();
            }
            Some(finding)
        };
        findings.into_iter().filter_map(applied).collect()
    }
}

fn is_among(choices: &[Choice], finding: &Finding) -> bool {
    choices.iter().any(|choice| choice.is_of(finding))
}

/// What is said of a finding, by its rule before its category.
fn level(levels: &BTreeMap<Choice, Level>, finding: &Finding) -> Option<Level> {
    let said = || levels.iter().filter(|(choice, _)| choice.is_of(finding));
    said().find(|(choice, _)| !choice.is_category()).or_else(|| said().next()).map(|(_, level)| *level)
}

/// The patterns that can be read. A folder is everything in it.
fn patterns(patterns: &[String]) -> GlobSet {
    let mut set = GlobSetBuilder::new();
    for pattern in patterns {
        let pattern = pattern.trim_start_matches("./").trim_end_matches('/');
        for glob in [glob(pattern), glob(&format!("{pattern}/**"))].into_iter().flatten() {
            set.add(glob);
        }
    }
    set.build().unwrap_or_default()
}
