//! The findings that were there on the day when a team began, in a file: they make no run fail, and are not shown.

use super::{
    Checked,
    known::{Identity, Known},
    paths::Paths,
};
use anyhow::{Context, bail};
use sekisho_lint::Finding;
use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

/// What the file's first field has to say.
const VERSION: u32 = 1;

/// The file.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct File {
    version: u32,
    findings: Vec<Entry>,
}

/// Findings that look alike. Lines are not told: they move.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    path: String,
    code: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
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
    let known = Known::of(&checked.findings, |finding| path(finding, &folder, paths));
    let entry = |(identity, count): (Identity, usize)| {
        let Identity { path, code, object, message } = identity;
        Entry { path, code, object, message, count }
    };
    let file = File { version: VERSION, findings: known.0.into_iter().map(entry).collect() };
    let text = serde_json::to_string_pretty(&file)? + "\n";
    fs::write(to, text).with_context(|| format!("cannot write `{}`", to.display()))
}

/// Takes out of `checked` what the file at `from` has.
pub(crate) fn subtract(checked: &mut Checked, from: &Path, paths: &Paths) -> anyhow::Result<()> {
    let folder = folder(from);
    let mut known = read(from)?;
    let path = |finding: &Finding| path(finding, &folder, paths);
    let findings = std::mem::take(&mut checked.findings);
    let before = findings.len();
    checked.findings = known.subtract(findings, path);
    // Of files that nobody looked at nothing can be said, unless they are no longer there.
    let read: BTreeSet<String> =
        checked.sources.keys().map(|source| paths.relative(source, &folder)).collect();
    let is_gone =
        |identity: &Identity| read.contains(&identity.path) || !folder.join(&identity.path).exists();
    let gone = known.0.iter().filter(|(identity, _)| is_gone(identity)).map(|(_, count)| count).sum();
    checked.old = Some(Old { known: before - checked.findings.len(), gone });
    Ok(())
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
    let read: File = serde_json::from_str(&text)
        .with_context(|| format!("`{name}` is no baseline: write it anew with `--write-baseline`"))?;
    if read.version != VERSION {
        bail!("`{name}` is of another version of sekisho: write it anew with `--write-baseline`");
    }
    let mut known = Known::default();
    for Entry { path, code, object, message, count } in read.findings {
        *known.0.entry(Identity { path, code, object, message }).or_default() += count;
    }
    Ok(known)
}
