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
use sekisho_catalog::{
    Imported, Source,
    document::{Document, Environment, Ignored},
    environment_names, import,
};
use sekisho_core::object::ObjectKey;
use sekisho_k8s::{Options, Reading, is_manifest, read_all, render};
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    io::Write,
    path::{Path, PathBuf},
    sync::Arc,
};

/// The manifests of what may be an environment.
#[derive(Default)]
struct Folder {
    /// What the folder is called.
    name: String,
    /// Where it lies, from where the catalog is to be.
    path: String,
    /// Where that is in the end.
    real: Option<PathBuf>,
    reading: Reading,
}

impl Folder {
    /// A folder of which nothing is read yet.
    fn at(folder: &Path, path: String) -> Self {
        let real = folder.canonicalize().ok();
        let name = folder.file_name().or_else(|| real.as_deref()?.file_name());
        let name = name.map_or_else(|| path.clone(), |name| name.to_string_lossy().into_owned());
        Self { name, path, real, reading: Reading::default() }
    }
}

/// What was read.
#[derive(Default)]
struct Folders {
    environments: Vec<Folder>,
    /// What lies beside them and has no policies of namespaces.
    beside: Vec<Reading>,
}

impl Folders {
    fn readings(&self) -> impl Iterator<Item = &Reading> {
        self.environments.iter().map(|folder| &folder.reading).chain(&self.beside)
    }
}

/// Prints the catalog of the policies, and what does not follow it.
pub(crate) fn run(arguments: &CatalogImportArgs) -> anyhow::Result<Outcome> {
    let (base, base_folder) = match &arguments.catalog {
        Some(path) => {
            let settings = settings::read::<Ignored>(Some(path))?;
            if !input::tell(&settings.diagnostics, &settings.sources, "the catalog")? {
                return Ok(Outcome::CouldNot);
            }
            (settings.document.unwrap_or_default(), settings.folder)
        }
        None => (Document::default(), PathBuf::from(".")),
    };
    let folders = folders(arguments)?;
    let mut is_readable = true;
    for reading in folders.readings() {
        is_readable &= input::tell(&reading.diagnostics, &reading.sources, "the manifests")?;
    }
    if !is_readable {
        return Ok(Outcome::CouldNot);
    }
    let names = names(&folders.environments, &base, &base_folder);
    let sources: Vec<Source<'_>> = folders
        .environments
        .iter()
        .zip(&names)
        .map(|(folder, name)| Source {
            environment: name.as_deref(),
            path: &folder.path,
            reading: &folder.reading,
        })
        .collect();
    let Imported { document, diagnostics } = import(&sources, &folders.beside, &base);
    let texts: BTreeMap<_, _> = folders.readings().flat_map(|reading| reading.sources.clone()).collect();
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

/// What the environments of `folders` are called: as in `base` where it has one there or of that name, and else like
/// the folder, as far as a catalog takes it. A folder by itself is of one only where `base` says so.
fn names(folders: &[Folder], base: &Document, base_folder: &Path) -> Vec<Option<Arc<str>>> {
    let known = |folder: &Folder| {
        let real = folder.real.as_ref()?;
        let lies_there = |environment: &Environment| {
            let mut paths = environment.paths.0.iter();
            paths.any(|path| base_folder.join(&path.value).canonicalize().is_ok_and(|path| path == *real))
        };
        let (name, _) = base.environments.iter().find(|(_, environment)| lies_there(environment))?;
        Some(name.value.clone())
    };
    let wanted: Vec<String> =
        folders.iter().map(|folder| known(folder).unwrap_or_else(|| folder.name.clone())).collect();
    let names = environment_names(&wanted);
    if let ([_], [name]) = (folders, names.as_slice()) {
        return vec![base.environments.get(name).map(|_| Arc::clone(name))];
    }
    for (wanted, name) in wanted.iter().zip(&names).filter(|(wanted, name)| ***wanted != ***name) {
        output::note(&format!("the environment of the folder `{wanted}` is called `{name}` in the catalog"));
    }
    names.into_iter().map(Some).collect()
}

fn count(number: usize) -> String {
    if number == 1 { "1 thing".to_owned() } else { format!("{number} things") }
}

/// The environments that the paths are, or all of them as one.
fn folders(arguments: &CatalogImportArgs) -> anyhow::Result<Folders> {
    let candidates: Vec<(PathBuf, String)> = match arguments.paths.as_slice() {
        [root] => within(root)?,
        paths => paths.iter().map(|path| (path.clone(), path.display().to_string())).collect(),
    };
    // Policies beside the folders are of all of them, or of none: nobody can say, so it is one environment.
    let are_folders = candidates.len() > 1 && candidates.iter().all(|(path, _)| path.is_dir());
    let beside = if are_folders { beside(arguments)? } else { None };
    if are_folders && beside.is_none() {
        output::note("policies lie beside the folders, so that all of it is read as one environment");
    }
    if let Some(beside) = beside {
        let mut folders = Folders { beside, ..Folders::default() };
        for (path, shown) in candidates {
            let reading = read(std::slice::from_ref(&path), arguments)?;
            if reading.cluster.policies.is_empty() {
                folders.beside.push(reading);
            } else {
                folders.environments.push(Folder { reading, ..Folder::at(&path, shown) });
            }
        }
        let mut seen: BTreeSet<&ObjectKey> = BTreeSet::new();
        let mut keys = folders.environments.iter().flat_map(|folder| folder.reading.cluster.policies.keys());
        if keys.any(|key| !seen.insert(key)) {
            return Ok(folders);
        }
    }
    let reading = read(&arguments.paths, arguments)?;
    let path = ".".to_owned();
    let folder = match arguments.paths.as_slice() {
        [only] => Folder { reading, ..Folder::at(only, path) },
        _ => Folder { reading, path, ..Folder::default() },
    };
    Ok(Folders { environments: vec![folder], beside: Vec::new() })
}

/// What lies in the only path itself, beside its folders; `None` where policies of namespaces do.
fn beside(arguments: &CatalogImportArgs) -> anyhow::Result<Option<Vec<Reading>>> {
    let [root] = arguments.paths.as_slice() else { return Ok(Some(Vec::new())) };
    let mut files = Vec::new();
    for entry in fs::read_dir(root)? {
        let path = entry?.path();
        if is_manifest(&path) && path.is_file() {
            files.push(path);
        }
    }
    files.sort();
    let reading = read(&files, arguments)?;
    Ok(reading.cluster.policies.is_empty().then(|| vec![reading]))
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
