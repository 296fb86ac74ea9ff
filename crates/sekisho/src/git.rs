//! Manifests of revisions, read by the `git` program, which touches no file of the work tree.

mod checkout;
mod program;
mod revisions;
mod tree;

use crate::{
    input::built::{self, Building},
    output,
};
use anyhow::bail;
use checkout::Named;
use revisions::{Revision, Revisions};
use sekisho_k8s::{Options, Reading, read_all, read_texts};
use std::path::{Path, PathBuf};

/// Reads `paths`, or the current folder where there are none, in the two revisions that `text` names.
///
/// # Errors
/// When there is no git, no repository, or no such revision; or a path is in neither of them.
pub(crate) fn read(
    text: &str,
    paths: &[PathBuf],
    building: Building<'_>,
    options: &Options,
) -> anyhow::Result<[anyhow::Result<Reading>; 2]> {
    program::in_a_repository()?;
    let here = [PathBuf::from(".")];
    let paths = if paths.is_empty() { here.as_slice() } else { paths };
    if paths.iter().any(|path| path == Path::new("-")) {
        bail!("standard input has no revisions: name files or folders with --git");
    }
    let Revisions { old, new } = Revisions::parse(text)?;
    let (there, here) = (present(&old, paths)?, present(&new, paths)?);
    for path in paths {
        match (there.contains(&path), here.contains(&path)) {
            (false, false) => bail!("`{}` is neither in {old} nor in {new}", path.display()),
            (false, true) => output::note(&missing(path, &old)),
            (true, false) => output::note(&missing(path, &new)),
            (true, true) => {}
        }
    }
    Ok([read_in(&old, &there, building, options), read_in(&new, &here, building, options)])
}

/// The top of the repository that the current folder is in; `None` where it is in none, or there is no git.
pub(crate) fn top() -> Option<PathBuf> {
    let output =
        program::output(&["rev-parse", "--show-toplevel"]).ok().filter(|output| output.status.success())?;
    let text = String::from_utf8(output.stdout).ok()?;
    Some(PathBuf::from(text.trim_end_matches('\n')))
}

/// Reads `paths` as they were where the current commit left `revision`. The texts are named as those of the work tree
/// are, to be held against them.
///
/// # Errors
/// When there is no git, no repository, or no such revision.
pub(crate) fn read_before(
    revision: &str,
    paths: &[PathBuf],
    building: Building<'_>,
    options: &Options,
) -> anyhow::Result<Reading> {
    program::in_a_repository()?;
    if paths.iter().any(|path| path == Path::new("-")) {
        bail!("standard input has no revisions: name files or folders with --changed-since");
    }
    if revision.contains("..") {
        bail!("`{revision}` is two revisions: give --changed-since the one that the change began from");
    }
    let Revisions { old, .. } = Revisions::parse(&format!("{revision}...HEAD"))?;
    let there = present(&old, paths)?;
    let Revision::Commit { name, .. } = &old else { return read_in(&old, &there, building, options) };
    let prefix = format!("{name}:");
    let plain = |(name, bytes): Named| (name.strip_prefix(&*prefix).unwrap_or(&name).to_owned(), bytes);
    let texts: Vec<Named> = texts(&old, &there, building)?.into_iter().map(plain).collect();
    Ok(read_texts(texts, options))
}

fn missing(path: &Path, revision: &Revision) -> String {
    format!("`{}` is not in {revision}: nothing is read of it there", path.display())
}

/// Those of `paths` that are there.
fn present<'p>(revision: &Revision, paths: &'p [PathBuf]) -> anyhow::Result<Vec<&'p PathBuf>> {
    let mut present = Vec::new();
    for path in paths {
        let is_there = match revision {
            Revision::WorkTree => path.exists(),
            Revision::Commit { id, .. } => tree::has(id, path)?,
        };
        present.extend(is_there.then_some(path));
    }
    Ok(present)
}

fn read_in(
    revision: &Revision,
    paths: &[&PathBuf],
    building: Building<'_>,
    options: &Options,
) -> anyhow::Result<Reading> {
    if matches!(revision, Revision::WorkTree) {
        let paths: Vec<PathBuf> = paths.iter().map(|path| (*path).clone()).collect();
        let (paths, texts) = built::all(&paths, building)?;
        return Ok(read_all(&paths, texts, options)?);
    }
    Ok(read_texts(texts(revision, paths, building)?, options))
}

/// The texts of a commit, each with the commit before its name; of the work tree none.
fn texts(revision: &Revision, paths: &[&PathBuf], building: Building<'_>) -> anyhow::Result<Vec<Named>> {
    let Revision::Commit { name, id } = revision else { return Ok(Vec::new()) };
    let (paths, mut texts) = checkout::built((name, id), paths, building)?;
    if !paths.is_empty() {
        let manifests = tree::manifests(id, &paths)?;
        texts.extend(manifests.into_iter().map(|(path, bytes)| (format!("{name}:{path}"), bytes)));
    }
    Ok(texts)
}
