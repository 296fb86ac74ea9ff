//! Findings that are known already, by how many there are of each: lines may move, and some may look alike.

use sekisho_lint::Finding;
use std::collections::BTreeMap;

/// What tells a finding from others while lines move.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Identity {
    pub(super) path: String,
    pub(super) code: String,
    pub(super) object: String,
    pub(super) message: String,
}

impl Identity {
    /// That of a finding in the file at `path`.
    pub(super) fn of(finding: &Finding, path: String) -> Self {
        Self {
            path,
            code: finding.code().to_owned(),
            object: finding.subject.to_string(),
            message: finding.diagnostic.message.clone(),
        }
    }
}

/// Some findings, and how often there is each.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Known(pub(super) BTreeMap<Identity, usize>);

impl Known {
    /// These findings, each in the file that `path` says.
    pub(super) fn of(findings: &[Finding], path: impl Fn(&Finding) -> String) -> Self {
        let mut known = Self::default();
        for finding in findings {
            *known.0.entry(Identity::of(finding, path(finding))).or_default() += 1;
        }
        known
    }

    /// Those of `findings` that are not known; what is left here are the known ones that are not found.
    pub(super) fn subtract(
        &mut self,
        findings: Vec<Finding>,
        path: impl Fn(&Finding) -> String,
    ) -> Vec<Finding> {
        let is_new = |finding: &Finding| match self.0.get_mut(&Identity::of(finding, path(finding))) {
            Some(count) if *count > 0 => {
                *count -= 1;
                false
            }
            _ => true,
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
        let mut known = Known::of(&[finding("x"), finding("x"), finding("gone")], path);
        let new = known.subtract(vec![finding("x"), finding("x"), finding("x"), finding("y")], path);
        let messages: Vec<&str> = new.iter().map(|one| one.diagnostic.message.as_str()).collect();
        assert_eq!(messages, ["x", "y"]);
        assert_eq!(known.0.values().sum::<usize>(), 1, "one is gone");
        assert_eq!(known.subtract(vec![finding("gone")], |_| "b.yaml".to_owned()).len(), 1, "another file");
    }
}
