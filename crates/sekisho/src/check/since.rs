//! Only what a change brought: the same is looked at as it was before, and what was found there is taken away.

use super::{Checked, known::Known, look, paths::Paths, settings::Settings};
use crate::{args::ReadingArgs, git, input::built::Building};
use sekisho_core::standard::Standard;
use sekisho_k8s::Options;
use sekisho_lint::{Extent, Finding, rego::Rules};
use std::path::{Path, PathBuf};

/// What is known of a run that looks at a change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Since {
    /// The revision, as it was named.
    pub(crate) revision: String,
    /// How many findings were there before, and are not shown.
    pub(crate) known: usize,
}

/// Takes out of `checked`, which came of `paths`, what is found in them at `revision` as well: where the current commit
/// left it.
///
/// # Errors
/// When there is no git, no repository, or no such revision.
pub(crate) fn subtract(
    checked: &mut Checked,
    revision: &str,
    (how, paths): (&ReadingArgs, &[PathBuf]),
    (settings, standard, own): (&Settings, &Standard, Option<&Rules>),
) -> anyhow::Result<()> {
    let options = Options { default_namespace: how.namespace().into() };
    let building = Building { namespace: how.namespace(), values: &how.helm_values };
    let (prefix, reading) = git::read_before(revision, paths, building, &options)?;
    let mut before = look(reading, standard, Extent::Part, own);
    for finding in &mut before.findings {
        let source = &mut finding.diagnostic.origin.source;
        if let Some(path) = source.strip_prefix(&*prefix) {
            *source = path.into();
        }
    }
    settings.apply(&mut before);
    let here = Paths::new()?;
    let path = |finding: &Finding| here.relative(&finding.diagnostic.origin.source, Path::new(""));
    let mut known = Known::of(&before.findings, path);
    let findings = std::mem::take(&mut checked.findings);
    let count = findings.len();
    checked.findings = known.subtract(findings, path);
    checked.since = Some(Since { revision: revision.to_owned(), known: count - checked.findings.len() });
    Ok(())
}
