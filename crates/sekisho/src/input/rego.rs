//! The rules in Rego that a verb reads.

use crate::{input, output};
use anyhow::{Context, bail};
use sekisho_core::diagnostic::Severity;
use sekisho_lint::rego::Rules;
use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

/// The file of data beside rules.
const DATA: &str = "data.json";

/// What cannot be read; it is told already.
pub(crate) struct Unreadable;

/// Reads rules, where some are asked for.
pub(crate) fn optional(paths: &[PathBuf]) -> anyhow::Result<Result<Option<Rules>, Unreadable>> {
    if paths.is_empty() {
        return Ok(Ok(None));
    }
    let rules = load(paths)?;
    if let Ok(rules) = &rules
        && !rules.has_checks()
    {
        bail!("none of the rules in Rego is called `deny`, `warn` or `violation`, so they can find nothing");
    }
    Ok(rules.map(Some))
}

/// Reads the rules of files and folders: `.rego`, and `data.json`.
pub(crate) fn load(paths: &[PathBuf]) -> anyhow::Result<Result<Rules, Unreadable>> {
    let mut texts = BTreeMap::new();
    for path in paths {
        let mut found = BTreeMap::new();
        let is_folder = fs::metadata(path).with_context(|| cannot(path))?.is_dir();
        if is_folder {
            folder(path, &mut found)?
        } else {
            file(path, &mut found)?
        }
        // Who misspells the folder would believe that all is well.
        if found.keys().all(|name| name.ends_with(".json")) {
            bail!("`{}` has no `.rego` file: a folder without rules checks nothing", path.display());
        }
        texts.append(&mut found);
    }
    let (rules, told) = match Rules::load(&texts) {
        Ok((rules, told)) => (Some(rules), told),
        Err(told) => (None, told),
    };
    let is_readable = input::tell(&told, &texts, "the rules in Rego")?;
    Ok(rules
        .filter(|_| is_readable && told.iter().all(|one| one.severity > Severity::Error))
        .ok_or(Unreadable))
}

fn cannot(path: &Path) -> String {
    format!("cannot read `{}`", path.display())
}

fn folder(path: &Path, texts: &mut BTreeMap<Arc<str>, Arc<str>>) -> anyhow::Result<()> {
    for entry in fs::read_dir(path).with_context(|| cannot(path))? {
        let entry = entry.with_context(|| cannot(path))?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        // A link to a folder may lead back here; it is not followed.
        let kind = entry.file_type().with_context(|| cannot(&entry.path()))?;
        if name.starts_with('.') {
            continue;
        }
        if kind.is_dir() {
            folder(&entry.path(), texts)?;
        } else if name.ends_with(".rego") || name == DATA {
            file(&entry.path(), texts)?;
        }
    }
    Ok(())
}

fn file(path: &Path, texts: &mut BTreeMap<Arc<str>, Arc<str>>) -> anyhow::Result<()> {
    let text = fs::read_to_string(path).with_context(|| cannot(path))?;
    texts.insert(path.display().to_string().into(), text.into());
    Ok(())
}

/// Tells what rules printed, on standard error.
pub(crate) fn tell_prints(prints: &[String]) {
    for line in prints {
        output::note(&format!("printed at {line}"));
    }
}
