//! `sekisho catalog import`.

use crate::{
    args::CatalogImportArgs,
    input::{
        self,
        built::{self, Building},
    },
    outcome::Outcome,
    output, settings,
};
use sekisho_catalog::{Imported, Source, document::Ignored, import};
use sekisho_core::object::ObjectKey;
use sekisho_k8s::{Options, Reading, is_manifest, read_all, render};
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    io::Write,
    path::{Path, PathBuf},
};

/// The manifests of what may be an environment.
struct Folder {
    /// What the folder is called.
    name: String,
    /// Where it lies, from where the catalog is to be.
    path: String,
    reading: Reading,
}

/// Prints the catalog of the policies, and what does not follow it.
pub(crate) fn run(arguments: &CatalogImportArgs) -> anyhow::Result<Outcome> {
    let base = match &arguments.catalog {
        Some(path) => {
            let settings = settings::read::<Ignored>(Some(path))?;
            if !input::tell(&settings.diagnostics, &settings.sources, "the catalog")? {
                return Ok(Outcome::CouldNot);
            }
            settings.document.unwrap_or_default()
        }
        None => Default::default(),
    };
    let folders = folders(arguments)?;
    let mut is_readable = true;
    for folder in &folders {
        is_readable &= input::tell(&folder.reading.diagnostics, &folder.reading.sources, "the manifests")?;
    }
    if !is_readable {
        return Ok(Outcome::CouldNot);
    }
    let are_environments = folders.len() > 1;
    let sources: Vec<Source<'_>> = folders
        .iter()
        .map(|folder| Source {
            environment: are_environments.then_some(folder.name.as_str()),
            path: &folder.path,
            reading: &folder.reading,
        })
        .collect();
    let Imported { document, diagnostics } = import(&sources, &base);
    let texts: BTreeMap<_, _> = folders.iter().flat_map(|folder| folder.reading.sources.clone()).collect();
    let mut err = output::stderr();
    for diagnostic in &diagnostics {
        writeln!(err, "{}\n", render(diagnostic, &texts, true))?;
    }
    output::plain_to_stdout(|out| Ok(out.write_all(document.to_text().as_bytes())?))?;
    if diagnostics.is_empty() {
        return Ok(Outcome::Holds);
    }
    output::note(&format!("{} of it the catalog would not give as it is written", count(diagnostics.len())));
    Ok(Outcome::DoesNotHold)
}

fn count(number: usize) -> String {
    if number == 1 { "1 thing".to_owned() } else { format!("{number} things") }
}

/// The environments that the paths are, or all of them as one.
fn folders(arguments: &CatalogImportArgs) -> anyhow::Result<Vec<Folder>> {
    let candidates: Vec<(PathBuf, String)> = match arguments.paths.as_slice() {
        [root] => within(root)?,
        paths => paths.iter().map(|path| (path.clone(), path.display().to_string())).collect(),
    };
    // Policies beside the folders are of all of them, or of none: nobody can say, so it is one environment.
    let is_split = candidates.len() > 1 && candidates.iter().all(|(path, _)| path.is_dir());
    if is_split && !has_policies_beside(arguments)? {
        let mut folders = Vec::new();
        for (path, shown) in candidates {
            let reading = read(std::slice::from_ref(&path), arguments)?;
            if !reading.cluster.policies.is_empty() {
                let name = path
                    .file_name()
                    .map_or_else(|| shown.clone(), |name| name.to_string_lossy().into_owned());
                folders.push(Folder { name, path: shown, reading });
            }
        }
        let mut seen: BTreeSet<&ObjectKey> = BTreeSet::new();
        let mut keys = folders.iter().flat_map(|folder| folder.reading.cluster.policies.keys());
        if keys.any(|key| !seen.insert(key)) {
            return Ok(folders);
        }
    }
    let reading = read(&arguments.paths, arguments)?;
    Ok(vec![Folder { name: String::new(), path: ".".to_owned(), reading }])
}

/// Whether policies lie in the only path itself, beside its folders.
fn has_policies_beside(arguments: &CatalogImportArgs) -> anyhow::Result<bool> {
    let [root] = arguments.paths.as_slice() else { return Ok(false) };
    let mut files = Vec::new();
    for entry in fs::read_dir(root)? {
        let path = entry?.path();
        if is_manifest(&path) && path.is_file() {
            files.push(path);
        }
    }
    let read = read_all(&files, Vec::new(), &Options::default())?;
    Ok(!read.cluster.policies.is_empty())
}

/// The folders in `root`, each with its name, sorted.
fn within(root: &Path) -> anyhow::Result<Vec<(PathBuf, String)>> {
    if !root.is_dir() || built::signs(root).any(|sign| sign.is_file()) {
        return Ok(Vec::new());
    }
    let mut folders = Vec::new();
    for entry in fs::read_dir(root)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if entry.path().is_dir() && !name.starts_with('.') {
            folders.push((entry.path(), name));
        }
    }
    folders.sort();
    Ok(folders)
}

fn read(paths: &[PathBuf], arguments: &CatalogImportArgs) -> anyhow::Result<Reading> {
    let building = Building { namespace: &arguments.namespace, values: &arguments.helm_values };
    let (paths, texts) = built::all(paths, building)?;
    Ok(read_all(&paths, texts, &Options { default_namespace: arguments.namespace.as_str().into() })?)
}
