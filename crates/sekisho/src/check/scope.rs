//! What is checked: the manifests of each environment, held against the standard of that environment.

use crate::{
    cmd::snapshot,
    settings::{self, Settings},
};
use anyhow::bail;
use sekisho_catalog::{Catalog, Environment};
use sekisho_core::standard::Standard;
use sekisho_lint::Extent;
use std::path::{Path, PathBuf};

/// Manifests that belong together, and what they are held against.
pub(crate) struct Scope {
    /// The environment, where it is known.
    pub(crate) environment: Option<String>,
    /// The files and folders; none where the cluster is looked at.
    pub(crate) paths: Vec<PathBuf>,
    /// What the team has agreed on.
    pub(crate) standard: Standard,
    /// How much of a cluster they are.
    pub(crate) extent: Extent,
}

/// What people ask to be looked at.
pub(crate) struct Asked<'a> {
    /// The environment, where it is named.
    pub(crate) environment: Option<&'a str>,
    /// The files and folders that are named.
    pub(crate) paths: &'a [PathBuf],
    /// Whether it is the cluster, and no manifests.
    pub(crate) is_live: bool,
}

/// The scopes of what is `asked`: what is named, or else every environment of the catalog.
pub(crate) fn scopes<C>(asked: &Asked<'_>, settings: &Settings<C>) -> anyhow::Result<Vec<Scope>> {
    let catalog = &settings.catalog;
    let &Asked { environment: named, is_live, .. } = asked;
    is_there(named, catalog)?;
    let scope = |environment: Option<&str>, paths: Vec<PathBuf>| {
        let extent = if is_live || paths.iter().any(|path| snapshot::is_one(path)) {
            Extent::Whole
        } else {
            Extent::Part
        };
        Scope {
            environment: environment.map(str::to_owned),
            standard: standard(catalog, environment, settings.path.is_some()),
            paths,
            extent,
        }
    };
    if is_live {
        return Ok(vec![scope(named, Vec::new())]);
    }
    if !asked.paths.is_empty() {
        let paths = asked.paths.to_vec();
        let environment = named.map(str::to_owned).or_else(|| environment_of(&paths, settings));
        return Ok(vec![scope(environment.as_deref(), paths)]);
    }
    let environments = catalog.environments.iter();
    let scopes: Vec<Scope> = environments
        .filter(|one| named.is_none_or(|name| *name == *one.name))
        .filter(|one| !one.paths.is_empty())
        .map(|one| scope(Some(&one.name), paths(one, &settings.folder)))
        .collect();
    if scopes.is_empty() {
        bail!(
            "what is to be checked? give files or folders, or write `paths` for the environments in sekisho.yaml"
        );
    }
    Ok(scopes)
}

/// What the team has agreed on, for the environment that is named.
pub(crate) fn agreed<C>(named: Option<&str>, settings: &Settings<C>) -> anyhow::Result<Standard> {
    is_there(named, &settings.catalog)?;
    Ok(standard(&settings.catalog, named, settings.path.is_some()))
}

/// What the team has agreed on for what is named: of the environment, where it is named or the paths are of one.
pub(crate) fn of_paths<C>(
    named: Option<&str>,
    paths: &[PathBuf],
    settings: &Settings<C>,
) -> anyhow::Result<Standard> {
    let found = named.map(str::to_owned).or_else(|| match paths {
        [] => None,
        paths => environment_of(paths, settings),
    });
    agreed(found.as_deref(), settings)
}

/// Asserts that the catalog has an environment that is named.
fn is_there(named: Option<&str>, catalog: &Catalog) -> anyhow::Result<()> {
    if let Some(name) = named
        && !catalog.environments.iter().any(|one| &*one.name == name)
    {
        let known: Vec<String> = catalog.environments.iter().map(|one| format!("`{}`", one.name)).collect();
        bail!("`{name}` is no environment of sekisho.yaml, which has: {}", known.join(", "));
    }
    Ok(())
}

/// The scopes of a folder, in which an editor has files open: the environments of the catalog, or all of it.
pub(crate) fn all<C>(settings: &Settings<C>, folder: &Path) -> Vec<Scope> {
    let with_paths = settings.catalog.environments.iter().filter(|one| !one.paths.is_empty());
    let scopes: Vec<Scope> = with_paths
        .map(|one| Scope {
            environment: Some(one.name.to_string()),
            paths: paths(one, &settings.folder),
            standard: standard(&settings.catalog, Some(&one.name), true),
            extent: Extent::Part,
        })
        .collect();
    if !scopes.is_empty() {
        return scopes;
    }
    let standard = standard(&settings.catalog, None, settings.path.is_some());
    vec![Scope { environment: None, paths: vec![folder.to_owned()], standard, extent: Extent::Part }]
}

impl Scope {
    /// Of one file, of which nothing more is known.
    pub(crate) fn of_file(path: &Path) -> Self {
        let standard = standard(&Catalog::builtin(), None, false);
        Self { environment: None, paths: vec![path.to_owned()], standard, extent: Extent::Part }
    }
}

/// Without a catalog nobody has agreed on labels, or on what every namespace has.
fn standard(catalog: &Catalog, environment: Option<&str>, is_agreed: bool) -> Standard {
    let mut standard = catalog.standard(environment);
    standard.today = settings::today();
    if !is_agreed {
        (standard.naming, standard.baseline) = (None, None);
    }
    standard
}

fn paths(environment: &Environment, folder: &Path) -> Vec<PathBuf> {
    let join = |path: &String| if folder == Path::new(".") { path.into() } else { folder.join(path) };
    environment.paths.iter().map(join).collect()
}

/// The environment whose paths hold everything that is named.
fn environment_of<C>(named: &[PathBuf], settings: &Settings<C>) -> Option<String> {
    let real = |path: &PathBuf| path.canonicalize().ok();
    let named: Vec<PathBuf> = named.iter().map(real).collect::<Option<_>>()?;
    let holds = |environment: &&Environment| {
        let homes: Vec<PathBuf> = paths(environment, &settings.folder).iter().filter_map(real).collect();
        named.iter().all(|path| homes.iter().any(|home| path.starts_with(home)))
    };
    settings.catalog.environments.iter().find(holds).map(|one| one.name.to_string())
}
