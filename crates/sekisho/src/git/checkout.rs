//! The files of a commit in a folder of their own, for programs that build manifests from files.

use super::{program, tree};
use crate::input::built::{self, Building};
use anyhow::Context;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// A commit that is checked out beside the repository; gone with the value.
struct Checkout {
    /// The top of the repository.
    top: PathBuf,
    /// Where the current folder is, from there.
    prefix: String,
    /// The files of the commit.
    files: PathBuf,
    /// Holds them, and an index of their own: that of the repository is not touched.
    _folder: TempDir,
}

impl Checkout {
    fn of(commit: &str) -> anyhow::Result<Self> {
        let top = PathBuf::from(line(&["rev-parse", "--show-toplevel"])?);
        let prefix = line(&["rev-parse", "--show-prefix"])?;
        let folder = TempDir::with_prefix("sekisho-").context("cannot make a folder for a revision")?;
        // A chart at the top is released under the name of its folder.
        let name = top.file_name().unwrap_or_else(|| "repository".as_ref());
        let files = folder.path().join("files").join(name);
        let index = folder.path().join("index");
        let from_the_top = top.to_string_lossy();
        program::with_index(&index, &["-C", &from_the_top, "read-tree", commit])?;
        let into = format!("--prefix={}/", files.display());
        program::with_index(&index, &["-C", &from_the_top, "checkout-index", "--all", "--quiet", &into])?;
        Ok(Self { top, prefix, files, _folder: folder })
    }

    /// Where a path of the current folder is.
    fn path(&self, path: &Path) -> PathBuf {
        match path.strip_prefix(&self.top) {
            Ok(inside) => self.files.join(inside),
            Err(_) => self.files.join(&self.prefix).join(path),
        }
    }
}

fn line(arguments: &[&str]) -> anyhow::Result<String> {
    let text = program::stdout(arguments)?;
    Ok(String::from_utf8_lossy(&text).trim_end_matches('\n').to_owned())
}

/// A text with its name.
pub(super) type Named = (String, Vec<u8>);

/// Those of `paths` that are read as they are in a commit, and the texts that the others are made into there.
pub(super) fn built<'p>(
    (name, commit): (&str, &str),
    paths: &[&'p PathBuf],
    building: Building<'_>,
) -> anyhow::Result<(Vec<&'p PathBuf>, Vec<Named>)> {
    let (mut plain, mut texts) = (Vec::new(), Vec::new());
    let mut checkout = None;
    for path in paths {
        let mut is_built = false;
        for sign in built::signs(path) {
            is_built = is_built || tree::has(commit, &sign)?;
        }
        if !is_built {
            plain.push(*path);
            continue;
        }
        let files = match &checkout {
            Some(files) => files,
            None => checkout.insert(Checkout::of(commit)?),
        };
        let values = values(commit, files, building);
        let building = Building { values: &values, ..building };
        let shown = format!("{name}:{}", path.display());
        match built::one(&files.path(path), &shown, building)? {
            Some(text) => texts.push(text),
            None => plain.push(*path),
        }
    }
    Ok((plain, texts))
}

/// The files of values: those of the commit, and for one that it lacks the file as it is now.
fn values(commit: &str, files: &Checkout, building: Building<'_>) -> Vec<PathBuf> {
    // Git refuses a path outside of the repository: that one has no revisions.
    let is_there = |path: &Path| tree::has(commit, path).unwrap_or(false);
    let of = |path: &PathBuf| if is_there(path) { files.path(path) } else { path.clone() };
    building.values.iter().map(of).collect()
}
