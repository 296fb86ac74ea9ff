//! The findings that were there on the day when a team began, in a file: they make no run fail, and are not shown.

use super::{
    Checked,
    identity::Identity,
    known::{By, Known},
    paths::Paths,
};
use crate::output;
use anyhow::{Context, bail};
use sekisho_k8s::Reading;
use sekisho_lint::Finding;
use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

/// What the file's first field has to say.
const VERSION: u32 = 2;
/// The same of files that know findings by their words. They are still read.
const WORDS: u32 = 1;

/// The file.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct File<E> {
    version: u32,
    findings: Vec<E>,
}

/// What every version of the file begins with.
#[derive(Debug, Deserialize)]
struct Version {
    version: u32,
}

/// Findings that look alike. Lines are not told: they move.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    #[serde(default, skip_serializing_if = "String::is_empty")]
    path: String,
    code: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    object: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    place: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    value: String,
    count: usize,
}

/// The same in files that know findings by their words.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct InWords {
    path: String,
    code: String,
    #[serde(default)]
    object: String,
    message: String,
    count: usize,
}

/// What a baseline says of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Old {
    /// How many findings are in it, and not shown.
    pub(crate) known: usize,
    /// How many of it are found no more.
    pub(crate) gone: usize,
}

/// Writes what was found to the file at `to`.
pub(crate) fn write(checked: &Checked, to: &Path, paths: &Paths) -> anyhow::Result<()> {
    let folder = folder(to);
    let known = Known::of(&checked.findings, &checked.sources, |finding| path(finding, &folder, paths));
    let entry = |(identity, count): (Identity, usize)| {
        let Identity { path, code, object, place, value } = identity;
        Entry { path, code, object, place, value, count }
    };
    let file = File { version: VERSION, findings: known.counts.into_iter().map(entry).collect::<Vec<_>>() };
    let text = serde_json::to_string_pretty(&file)? + "\n";
    fs::write(to, text).with_context(|| format!("cannot write `{}`", to.display()))
}

/// Takes out of `checked` what the file at `from` has.
pub(crate) fn subtract(checked: &mut Checked, from: &Path, paths: &Paths) -> anyhow::Result<()> {
    let folder = folder(from);
    let mut known = read(from)?;
    if known.by == By::Words {
        output::note(&format!(
            "`{}` is of an earlier sekisho and knows findings by their words, which change with others: write it anew with \
             `--write-baseline`",
            from.display()
        ));
    }
    let path = |finding: &Finding| path(finding, &folder, paths);
    let findings = std::mem::take(&mut checked.findings);
    let before = findings.len();
    checked.findings = known.subtract(findings, &checked.sources, path);
    // Where something cannot be read not all is told that there is; and of files that nobody looked at nothing can be said, unless they are no longer there.
    let read: BTreeSet<String> =
        checked.sources.keys().map(|source| paths.relative(source, &folder)).collect();
    let is_gone =
        |identity: &Identity| read.contains(&identity.path) || !folder.join(&identity.path).exists();
    let gone = known.counts.iter().filter(|(identity, _)| !checked.has_gaps && is_gone(identity));
    let gone = gone.map(|(_, count)| count).sum();
    checked.old = Some(Old { known: before - checked.findings.len(), gone });
    Ok(())
}

/// Takes the baseline itself out of what was read: it lies among the manifests often, and is none.
pub(crate) fn leave_out(reading: &mut Reading, file: &Path, paths: &Paths) {
    let folder = folder(file);
    let own = file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let is_own = |source: &str| paths.relative(source, &folder) == own;
    reading.diagnostics.retain(|one| !is_own(&one.origin.source));
    reading.sources.retain(|source, _| !is_own(source));
}

fn folder(file: &Path) -> PathBuf {
    file.parent().unwrap_or(Path::new("")).to_owned()
}

fn path(finding: &Finding, folder: &Path, paths: &Paths) -> String {
    match &*finding.diagnostic.origin.source {
        source @ ("" | "-") => source.to_owned(),
        source => paths.relative(source, folder),
    }
}

fn read(file: &Path) -> anyhow::Result<Known> {
    let name = file.display();
    let text = fs::read_to_string(file)
        .with_context(|| format!("cannot read the baseline `{name}`: `--write-baseline` writes it"))?;
    let no_baseline = || format!("`{name}` is no baseline: write it anew with `--write-baseline`");
    let Version { version } = serde_json::from_str(&text).with_context(no_baseline)?;
    match version {
        VERSION => {
            let File { findings, .. } = serde_json::from_str(&text).with_context(no_baseline)?;
            Ok(known(By::Place, findings, |Entry { path, code, object, place, value, count }| {
                (Identity { path, code, object, place, value }, count)
            }))
        }
        WORDS => {
            let File { findings, .. } = serde_json::from_str(&text).with_context(no_baseline)?;
            Ok(known(By::Words, findings, |InWords { path, code, object, message, count }| {
                (Identity::words(path, code, object, message), count)
            }))
        }
        _ => bail!("`{name}` is of another version of sekisho: write it anew with `--write-baseline`"),
    }
}

fn known<E>(by: By, entries: Vec<E>, read: impl Fn(E) -> (Identity, usize)) -> Known {
    let mut known = Known { by, ..Known::default() };
    for (identity, count) in entries.into_iter().map(read) {
        *known.counts.entry(identity).or_default() += count;
    }
    known
}
