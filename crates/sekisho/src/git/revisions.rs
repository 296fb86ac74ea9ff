//! Which two states `--git` means.

use super::program;
use anyhow::bail;
use std::fmt;

/// One state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Revision {
    /// A commit.
    Commit {
        /// As it was named.
        name: String,
        /// Its object.
        id: String,
    },
    /// The files as they are now.
    WorkTree,
}

impl fmt::Display for Revision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Commit { name, .. } => write!(f, "`{name}`"),
            Self::WorkTree => f.write_str("the work tree"),
        }
    }
}

/// The two states, as git reads the same words.
#[derive(Debug)]
pub(super) struct Revisions {
    pub(super) old: Revision,
    pub(super) new: Revision,
}

impl Revisions {
    /// Of `A..B`; `A...B`, which begins where B left A; or `A`, which goes to the work tree. A side of
    /// the dots that is left out is `HEAD`.
    ///
    /// # Errors
    /// When a side is no commit.
    pub(super) fn parse(text: &str) -> anyhow::Result<Self> {
        if let Some((old, new)) = text.split_once("...") {
            let (old, new) = (commit(old)?, commit(new)?);
            return Ok(Self { old: merge_base(&old, &new)?, new });
        }
        match text.split_once("..") {
            Some((old, new)) => Ok(Self { old: commit(old)?, new: commit(new)? }),
            None => Ok(Self { old: commit(text)?, new: Revision::WorkTree }),
        }
    }
}

fn commit(name: &str) -> anyhow::Result<Revision> {
    let name = if name.is_empty() { "HEAD" } else { name };
    let what = format!("{name}^{{commit}}");
    let output = program::output(&["rev-parse", "--verify", "--quiet", "--end-of-options", &what])?;
    let id = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    if !output.status.success() || id.is_empty() {
        bail!("`{name}` is no revision of this repository: `git log --all` and `git branch -a` list them");
    }
    Ok(Revision::Commit { name: name.to_owned(), id })
}

fn merge_base(old: &Revision, new: &Revision) -> anyhow::Result<Revision> {
    let (Revision::Commit { id: a, .. }, Revision::Commit { id: b, .. }) = (old, new) else {
        return Ok(old.clone());
    };
    let output = program::output(&["merge-base", a, b])?;
    let text = String::from_utf8_lossy(&output.stdout);
    let Some(id) = text.lines().next().filter(|_| output.status.success()) else {
        bail!("{old} and {new} have no commit in common here; in a shallow clone, fetch more of the history");
    };
    let short = id.get(..12).unwrap_or(id);
    Ok(Revision::Commit { name: short.to_owned(), id: id.to_owned() })
}
