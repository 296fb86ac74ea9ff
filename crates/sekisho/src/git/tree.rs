//! The manifests of a commit.

use super::program;
use crate::output;
use anyhow::{Context, bail};
use sekisho_k8s::MAX_BYTES;
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

/// A file of a commit.
struct Entry {
    is_link: bool,
    id: String,
    path: String,
}

/// Whether the commit has the path.
pub(super) fn has(commit: &str, path: &Path) -> anyhow::Result<bool> {
    Ok(!list(commit, path)?.is_empty())
}

/// The manifests at the paths, by path, sorted: of a folder the files that are read of one, and a file
/// that is named whatever it is called.
pub(super) fn manifests(commit: &str, paths: &[&PathBuf]) -> anyhow::Result<Vec<(String, Vec<u8>)>> {
    let mut files: BTreeMap<String, String> = BTreeMap::new();
    let mut links = 0_usize;
    for path in paths {
        let named = plain(path);
        for entry in list(commit, path)? {
            if entry.path != named && !is_manifest(within(&entry.path, &named)) {
                continue;
            }
            match entry.is_link {
                true => links += 1,
                false => drop(files.insert(entry.path, entry.id)),
            }
        }
    }
    if links > 0 {
        output::note(&format!("{links} symbolic links are not followed in a revision"));
    }
    contents(files)
}

/// The path as git writes it: without `.` and a slash at its end.
fn plain(path: &Path) -> String {
    let parts = path.components().filter(|part| part.as_os_str() != ".");
    parts.collect::<PathBuf>().to_string_lossy().into_owned()
}

fn within<'p>(path: &'p str, folder: &str) -> &'p str {
    path.strip_prefix(folder).unwrap_or(path).trim_start_matches('/')
}

/// Whether a file of a folder is read: the same as of folders that are not in git.
fn is_manifest(path: &str) -> bool {
    let is_hidden = path.split('/').any(|part| part.starts_with('.') && part != "..");
    !is_hidden && sekisho_k8s::is_manifest(Path::new(path))
}

/// The files at a path, relative to the current folder.
fn list(commit: &str, path: &Path) -> anyhow::Result<Vec<Entry>> {
    let named = plain(path);
    let mut arguments = vec!["ls-tree", "-r", "-z", commit, "--"];
    if !named.is_empty() {
        arguments.push(&named);
    }
    let listed = program::stdout(&arguments)?;
    let text = String::from_utf8_lossy(&listed);
    text.split('\0').filter(|line| !line.is_empty()).filter_map(|line| entry(line).transpose()).collect()
}

/// `<mode> <type> <object>\t<path>`; `None` for what is no file, a submodule.
fn entry(line: &str) -> anyhow::Result<Option<Entry>> {
    let broken = || format!("git lists a file in a way that is not understood: `{line}`");
    let (about, path) = line.split_once('\t').with_context(broken)?;
    let [mode, kind, id] = about.split(' ').collect::<Vec<_>>()[..] else { bail!(broken()) };
    let entry = Entry { is_link: mode == "120000", id: id.to_owned(), path: path.to_owned() };
    Ok((kind == "blob").then_some(entry))
}

/// The contents of files, by one run of git.
fn contents(files: BTreeMap<String, String>) -> anyhow::Result<Vec<(String, Vec<u8>)>> {
    if files.is_empty() {
        return Ok(Vec::new());
    }
    let wanted: String = files.values().map(|id| format!("{id}\n")).collect();
    let read = program::filter(&["cat-file", "--batch"], wanted)?;
    let mut rest = read.as_slice();
    let mut contents = Vec::with_capacity(files.len());
    for (path, _) in files {
        contents.push((path.clone(), take(&mut rest).with_context(|| format!("git cannot read `{path}`"))?));
    }
    Ok(contents)
}

/// The next of `<object> blob <size>\n<bytes>\n`.
fn take(rest: &mut &[u8]) -> anyhow::Result<Vec<u8>> {
    let end = rest.iter().position(|byte| *byte == b'\n').context("its answer ends early")?;
    let (header, after) = rest.split_at(end);
    let header = String::from_utf8_lossy(header).into_owned();
    let size = header.rsplit(' ').next().and_then(|size| size.parse::<usize>().ok());
    let size = size.with_context(|| format!("it says `{header}`"))?;
    if size as u64 > MAX_BYTES {
        bail!("it is larger than {} MiB", MAX_BYTES >> 20);
    }
    let bytes = after.get(1..=size).context("its answer ends early")?;
    *rest = after.get(size + 2..).unwrap_or_default();
    Ok(bytes.to_vec())
}
