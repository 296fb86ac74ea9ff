//! Findings that are known already, by how many there are of each: lines may move, and some may look alike.

use super::identity::Identity;
use sekisho_k8s::edit::{Editor, Sources};
use sekisho_lint::Finding;
use std::collections::BTreeMap;

/// What findings are known by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum By {
    /// Where they are.
    #[default]
    Place,
    /// How they are told, as sekisho knew them first.
    Words,
}

/// Some findings, and how often there is each.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Known {
    pub(super) by: By,
    pub(super) counts: BTreeMap<Identity, usize>,
}

impl Known {
    /// These findings, whose texts are `sources`, each in the file that `path` says.
    pub(super) fn of(findings: &[Finding], sources: &Sources, path: impl Fn(&Finding) -> String) -> Self {
        let mut known = Self::default();
        let editor = Editor::new(sources);
        for finding in findings {
            let identity = Identity::of(finding, &path(finding), &editor);
            *known.counts.entry(identity).or_default() += 1;
        }
        known
    }

    /// Those of `findings` that are not known; what is left here are the known ones that are not found.
    pub(super) fn subtract(
        &mut self,
        findings: Vec<Finding>,
        sources: &Sources,
        path: impl Fn(&Finding) -> String,
    ) -> Vec<Finding> {
        let editor = Editor::new(sources);
        let is_new = |finding: &Finding| {
            let identity = match self.by {
                By::Place => Identity::of(finding, &path(finding), &editor),
                By::Words => Identity::by_words(finding, path(finding)),
            };
            match self.counts.get_mut(&identity) {
                Some(count) if *count > 0 => {
                    *count -= 1;
                    false
                }
                _ => true,
            }
        };
        let mut is_new = is_new;
        findings.into_iter().filter(|finding| is_new(finding)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sekisho_core::{diagnostic::Severity, object::Origin};
    use sekisho_lint::Subject;

    fn finding(message: &str) -> Finding {
        Finding::own("O1", Severity::Warning, Subject::Text, Origin::default(), message.to_owned())
    }

    #[test]
    fn of_two_alike_one_may_be_new() {
        let path = |_: &Finding| "a.yaml".to_owned();
        let none = Sources::new();
        let mut known = Known::of(&[finding("x"), finding("x"), finding("gone")], &none, path);
        let new = known.subtract(vec![finding("x"), finding("x"), finding("x"), finding("y")], &none, path);
        let messages: Vec<&str> = new.iter().map(|one| one.diagnostic.message.as_str()).collect();
        assert_eq!(messages, ["x", "y"]);
        assert_eq!(known.counts.values().sum::<usize>(), 1, "one is gone");
        assert_eq!(
            known.subtract(vec![finding("gone")], &none, |_| "b.yaml".to_owned()).len(),
            1,
            "another file"
        );
    }
}
