//! Files that are generated: what a folder has of them, and what it is to have.

use crate::render::unified;
use anyhow::{Context, bail};
use sekisho_catalog::{Files, layout::MARK};
use std::{
    collections::BTreeMap,
    fs,
    io::{self, Write},
    path::{Component, Path, PathBuf},
};
use walkdir::WalkDir;

/// What is to change.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    /// What is to be written, with what stands there now.
    write: BTreeMap<PathBuf, (Option<String>, String)>,
    /// What is to be removed, with what stands there now.
    remove: BTreeMap<PathBuf, String>,
    /// How many files are as they should be.
    unchanged: usize,
}

impl Plan {
    /// What makes `folder` have `files`, and no others that were generated.
    pub(crate) fn folder(folder: &Path, files: Files) -> anyhow::Result<Self> {
        let mut plan = Self::default();
        plan.files(files.into_iter().map(|(path, text)| (folder.join(path), text)))?;
        for (path, text) in generated(folder)? {
            let path = plain(&path);
            if !plan.write.contains_key(&path) {
                plan.remove.insert(path, text);
            }
        }
        Ok(plan)
    }

    /// Adds files.
    pub(crate) fn files(&mut self, files: impl IntoIterator<Item = (PathBuf, String)>) -> anyhow::Result<()> {
        files.into_iter().try_for_each(|(path, text)| self.file(path, text))
    }

    /// Adds a file. One that somebody else wrote is not replaced.
    fn file(&mut self, path: PathBuf, text: String) -> anyhow::Result<()> {
        let path = plain(&path);
        let old = match fs::read_to_string(&path) {
            Ok(old) => Some(old),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(error).with_context(|| format!("cannot read `{}`", path.display())),
        };
        if old.as_deref().is_some_and(|old| !is_generated(old)) {
            bail!(
                "`{}` was not written by `sekisho generate`: move it away, or write elsewhere",
                path.display()
            );
        }
        if old.as_ref() == Some(&text) {
            self.unchanged += 1;
        }
        self.remove.remove(&path);
        self.write.insert(path, (old, text));
        Ok(())
    }

    /// Whether nothing is to change.
    pub(crate) fn is_empty(&self) -> bool {
        self.changes().next().is_none() && self.remove.is_empty()
    }

    fn changes(&self) -> impl Iterator<Item = (&PathBuf, Option<&String>, &String)> {
        let all = self.write.iter().map(|(path, (old, new))| (path, old.as_ref(), new));
        all.filter(|(_, old, new)| *old != Some(*new))
    }

    /// Prints how files differ from what they are to be, as a patch.
    pub(crate) fn show(&self, out: &mut dyn Write) -> anyhow::Result<()> {
        let written = self.changes().map(|(path, old, new)| (path, old, Some(new)));
        let removed = self.remove.iter().map(|(path, old)| (path, Some(old), None));
        let mut all: Vec<_> = written.chain(removed).collect();
        all.sort();
        for (path, old, new) in all {
            let texts = [old, new].map(|text| text.map(String::as_str));
            unified::write(&path.display().to_string(), texts, out)?;
        }
        Ok(())
    }

    /// Makes the changes, and says each.
    pub(crate) fn apply(&self, out: &mut dyn Write) -> anyhow::Result<()> {
        for (path, _, text) in self.changes() {
            let cannot = || format!("cannot write `{}`", path.display());
            if let Some(folder) = path.parent() {
                fs::create_dir_all(folder).with_context(cannot)?;
            }
            fs::write(path, text).with_context(cannot)?;
            writeln!(out, "wrote {}", path.display())?;
        }
        for path in self.remove.keys() {
            fs::remove_file(path).with_context(|| format!("cannot remove `{}`", path.display()))?;
            writeln!(out, "removed {}", path.display())?;
            // Folders that are empty now say nothing; one that is not stays.
            path.ancestors().skip(1).take_while(|folder| fs::remove_dir(folder).is_ok()).count();
        }
        let (written, removed) = (self.changes().count(), self.remove.len());
        writeln!(out, "{written} written, {removed} removed, {} as they were", self.unchanged)?;
        Ok(())
    }
}

/// The path without `.` in it, so that one file has one path.
fn plain(path: &Path) -> PathBuf {
    path.components().filter(|part| *part != Component::CurDir).collect()
}

/// Whether the text has the line by which generated files are known, above everything else.
fn is_generated(text: &str) -> bool {
    let mut lines = text.lines();
    match lines.next() {
        Some(MARK) => true,
        // A JSON file has it as the value of its first field.
        Some("{") => lines.next().is_some_and(|line| {
            line.trim() == format!("\"$comment\": \"{}\",", MARK.trim_start_matches("# "))
        }),
        _ => false,
    }
}

/// The generated files in `folder`.
fn generated(folder: &Path) -> anyhow::Result<Vec<(PathBuf, String)>> {
    let mut found = Vec::new();
    if !folder.exists() {
        return Ok(found);
    }
    let is_hidden = |name: &std::ffi::OsStr| name.to_string_lossy().starts_with('.');
    let walk = WalkDir::new(folder).sort_by_file_name().into_iter();
    for entry in walk.filter_entry(|entry| entry.depth() == 0 || !is_hidden(entry.file_name())) {
        let entry = entry.with_context(|| format!("cannot read `{}`", folder.display()))?;
        let is_ours = entry.path().extension().is_some_and(|is| is == "yaml" || is == "json");
        if !entry.file_type().is_file() || !is_ours {
            continue;
        }
        // What is no text was not generated.
        if let Ok(text) = fs::read_to_string(entry.path())
            && is_generated(&text)
        {
            found.push((entry.into_path(), text));
        }
    }
    Ok(found)
}
