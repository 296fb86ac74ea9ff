//! The catalog that verbs work by: `sekisho.yaml`, where there is one.

use anyhow::Context;
use sekisho_catalog::{Catalog, document::Document};
use sekisho_core::diagnostic::{Diagnostic, Severity};
use serde::de::DeserializeOwned;
use std::{
    collections::BTreeMap,
    env, fs,
    path::{Path, PathBuf},
    sync::Arc,
};

/// What the file is called.
pub(crate) const FILE: &str = "sekisho.yaml";

/// A catalog that was read. `C` is what its `check` says.
pub(crate) struct Settings<C> {
    /// The file, as findings call it; `None` where there is none and what is built in has to do.
    pub(crate) path: Option<PathBuf>,
    /// The folder that the paths in it start from.
    pub(crate) folder: PathBuf,
    /// The file as it is written; `None` where there is none, or it cannot be read.
    pub(crate) document: Option<Document<C>>,
    /// What it means, with what is built in.
    pub(crate) catalog: Catalog,
    /// What is wrong with it.
    pub(crate) diagnostics: Vec<Diagnostic>,
    /// Its text by its name, for excerpts.
    pub(crate) sources: BTreeMap<Arc<str>, Arc<str>>,
}

impl<C> Settings<C> {
    /// Whether something is wrong with it.
    pub(crate) fn has_errors(&self) -> bool {
        self.diagnostics.iter().any(|found| found.severity == Severity::Error)
    }
}

/// Reads the catalog in `file`; where none is named, the one that [`find`] finds, or what is built in.
pub(crate) fn read<C: DeserializeOwned>(file: Option<&Path>) -> anyhow::Result<Settings<C>> {
    match file.map(Path::to_owned).or_else(find) {
        Some(path) => read_file(path),
        None => Ok(Settings {
            path: None,
            folder: PathBuf::from("."),
            document: None,
            catalog: Catalog::builtin(),
            diagnostics: Vec::new(),
            sources: BTreeMap::new(),
        }),
    }
}

/// The `sekisho.yaml` in the current folder, or in the nearest one around it that has one.
fn find() -> Option<PathBuf> {
    if Path::new(FILE).is_file() {
        return Some(FILE.into());
    }
    let here = env::current_dir().ok()?;
    here.ancestors().skip(1).map(|folder| folder.join(FILE)).find(|file| file.is_file())
}

fn read_file<C: DeserializeOwned>(path: PathBuf) -> anyhow::Result<Settings<C>> {
    let bytes = fs::read(&path).with_context(|| format!("cannot read `{}`", path.display()))?;
    let name = path.display().to_string();
    let read = sekisho_catalog::read::<C>(&name, &bytes);
    let mut diagnostics = read.diagnostics;
    let mut catalog = Catalog::builtin();
    if let Some(document) = &read.document {
        let (resolved, mut found) = Catalog::of(&name, document);
        catalog = resolved;
        diagnostics.append(&mut found);
    }
    let text = String::from_utf8_lossy(&bytes);
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    let folder = match path.parent() {
        Some(folder) if folder != Path::new("") => folder.to_owned(),
        _ => PathBuf::from("."),
    };
    Ok(Settings {
        folder,
        document: read.document,
        catalog,
        diagnostics,
        sources: BTreeMap::from([(name.into(), text.into())]),
        path: Some(path),
    })
}
