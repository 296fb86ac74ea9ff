//! Only what a change brought: the same is looked at as it was before, and what was found there is taken away.

use super::{Checked, Look, known::Known, paths::Paths};
use sekisho_k8s::{Reading, edit::Sources};
use sekisho_lint::Finding;
use std::path::Path;

/// What is known of a run that looks at a change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Since {
    /// The revision, as it was named.
    pub(crate) revision: String,
    /// How many findings were there before, and are not shown.
    pub(crate) known: usize,
}

/// Takes out of `checked` what is found in `before` as well: the same manifests where the current commit left
/// `revision`.
///
/// # Errors
/// Where there is no current folder.
pub(crate) fn subtract(
    checked: &mut Checked,
    revision: &str,
    before: Reading,
    look: Look<'_>,
) -> anyhow::Result<()> {
    // Where only the old manifests cannot all be read, what they had is told in spite of it: what is not told of them
    // would all look as if the change had brought it. Where only the new ones cannot, there is less to take away from.
    let has_gaps = checked.has_gaps && before.has_errors();
    let before = look.with_gaps(before, has_gaps);
    let here = Paths::new()?;
    let path = |finding: &Finding| here.relative(&finding.diagnostic.origin.source, Path::new(""));
    let mut known = Known::of(&before.findings, &before.sources, path);
    let findings = std::mem::take(&mut checked.findings);
    let count = findings.len();
    checked.findings = known.subtract(findings, &checked.sources, path);
    checked.since = Some(Since { revision: revision.to_owned(), known: count - checked.findings.len() });
    Ok(())
}

/// Those of the findings `after` a change that were not there `before` it, each with the texts it was found in.
pub(crate) fn brought(before: (&[Finding], &Sources), after: (Vec<Finding>, &Sources)) -> Vec<Finding> {
    let path = |finding: &Finding| finding.diagnostic.origin.source.to_string();
    Known::of(before.0, before.1, path).subtract(after.0, after.1, path)
}
