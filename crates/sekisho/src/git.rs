//! Manifests of revisions, read by the `git` program, which touches no file of the work tree.

mod program;
mod revisions;
mod tree;

use crate::output;
use anyhow::bail;
use revisions::{Revision, Revisions};
use sekisho_k8s::{Options, ReadError, Reading, read_paths, read_texts};
use std::path::{Path, PathBuf};

type Read = Result<Reading, ReadError>;

/// Reads `paths`, or the current folder where there are none, in the two revisions that `text` names.
///
/// # Errors
/// When there is no git, no repository, or no such revision; or a path is in neither of them.
pub(crate) fn read(text: &str, paths: &[PathBuf], options: &Options) -> anyhow::Result<[Read; 2]> {
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
    Ok([read_in(&old, &there, options)?, read_in(&new, &here, options)?])
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

fn read_in(revision: &Revision, paths: &[&PathBuf], options: &Options) -> anyhow::Result<Read> {
    let Revision::Commit { name, id } = revision else {
        let paths: Vec<PathBuf> = paths.iter().map(|path| (*path).clone()).collect();
        return Ok(read_paths(&paths, options));
    };
    let mut texts = Vec::new();
    for (path, bytes) in tree::manifests(id, paths)? {
        texts.push((format!("{name}:{path}"), bytes));
    }
    Ok(Ok(read_texts(texts, options)))
}
