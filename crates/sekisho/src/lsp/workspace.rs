//! The manifests that the editor has before it, and what was found in them.

use super::area::Area;
use crate::{
    check::{
        Checked,
        scope::{Scope, all},
        settings::Settings,
    },
    input, settings as catalog,
};
use sekisho_core::diagnostic::Diagnostic;
use sekisho_k8s::edit::Sources;
use sekisho_lint::config::Config;
use std::{
    collections::BTreeMap,
    ffi::OsStr,
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

/// The folders that are open.
pub(super) struct Workspace {
    roots: Vec<PathBuf>,
    /// The manifests of the folders, by what belongs together.
    areas: Vec<Area>,
    /// The files from elsewhere, each by itself for as long as it is open.
    elsewhere: BTreeMap<PathBuf, Area>,
    /// The texts that are being edited.
    open: BTreeMap<PathBuf, Arc<str>>,
    /// What is wrong with the catalogs, and their texts.
    catalogs: Vec<(Vec<Diagnostic>, Sources)>,
    /// The folders with the team's own rules.
    rego: Vec<PathBuf>,
}

impl Workspace {
    /// The manifests under some folders.
    pub(super) fn open(roots: Vec<PathBuf>) -> Self {
        let mut workspace = Self {
            roots,
            areas: Vec::new(),
            elsewhere: BTreeMap::new(),
            open: BTreeMap::new(),
            catalogs: Vec::new(),
            rego: Vec::new(),
        };
        workspace.load();
        workspace
    }

    /// Other folders are open now.
    pub(super) fn turn_to(&mut self, come: Vec<PathBuf>, gone: &[PathBuf]) {
        self.roots.retain(|root| !gone.contains(root) && !come.contains(root));
        self.roots.extend(come);
        self.load();
    }

    /// Reads the catalogs and all manifests anew.
    fn load(&mut self) {
        self.areas.clear();
        self.catalogs.clear();
        self.rego.clear();
        self.elsewhere.clear();
        for root in self.roots.clone() {
            self.load_folder(&root);
        }
        for (path, text) in std::mem::take(&mut self.open) {
            self.put(&path, Some(text.to_string()));
        }
    }

    fn load_folder(&mut self, root: &Path) {
        let file = root.join(catalog::FILE);
        let file = file.is_file().then_some(file);
        let Ok(team) = catalog::read::<Config>(file.as_deref()) else { return };
        let config = team.document.as_ref().and_then(|document| document.check.clone()).unwrap_or_default();
        let settings =
            |scope: &Scope| Settings::team(config.clone(), (&team.folder, scope.environment.clone())).ok();
        let folders: Vec<PathBuf> = config.rego.iter().map(|folder| team.folder.join(folder)).collect();
        // Rules that cannot be read are told on standard error, which editors show as the server's log.
        let rules = input::rego::optional(&folders).ok().and_then(Result::ok).flatten().map(Arc::new);
        let scopes = all(&team, root).into_iter();
        self.areas.extend(scopes.map(|scope| Area::load(settings(&scope), rules.clone(), scope)));
        self.catalogs.push((team.diagnostics, team.sources));
        self.rego.extend(folders);
    }

    /// Takes the text of a file that is edited; without one, the file on disk holds again.
    pub(super) fn put(&mut self, path: &Path, text: Option<String>) {
        match text {
            Some(text) => {
                self.open.insert(path.to_owned(), text.as_str().into());
                self.set(path, Some(&text));
            }
            None => {
                self.open.remove(path);
                self.elsewhere.remove(path);
                self.set(path, fs::read_to_string(path).ok().as_deref());
            }
        }
    }

    /// A file on disk has changed.
    pub(super) fn reload(&mut self, path: &Path) {
        let is_rule = || {
            path.extension() == Some(OsStr::new("rego"))
                && self.rego.iter().any(|folder| path.starts_with(folder))
        };
        if path.file_name() == Some(OsStr::new(catalog::FILE)) || is_rule() {
            self.load();
        } else if !self.open.contains_key(path) {
            self.set(path, fs::read_to_string(path).ok().as_deref());
        }
    }

    fn set(&mut self, path: &Path, text: Option<&str>) {
        if !is_manifest(path) {
            return;
        }
        let name: Arc<str> = path.display().to_string().into();
        let mut is_known = false;
        for area in self.areas.iter_mut().filter(|area| area.has(path)) {
            is_known = true;
            area.set(&name, text);
        }
        // A file from elsewhere is looked at by itself.
        if !is_known && self.open.contains_key(path) {
            let alone = || Area::load(None, None, Scope::of_file(path));
            self.elsewhere.entry(path.to_owned()).or_insert_with(alone).set(&name, text);
        }
    }

    fn all(&self) -> impl Iterator<Item = &Area> {
        self.areas.iter().chain(self.elsewhere.values())
    }

    fn all_mut(&mut self) -> impl Iterator<Item = &mut Area> {
        self.areas.iter_mut().chain(self.elsewhere.values_mut())
    }

    /// Looks at what has changed.
    pub(super) fn look(&mut self) {
        self.all_mut().for_each(Area::look);
    }

    /// Whether everything was looked at since the last change.
    pub(super) fn is_complete(&self) -> bool {
        self.all().all(Area::is_complete)
    }

    /// Looks at everything, as long as `is_wanted` says that there is nothing better to do.
    pub(super) fn complete(&mut self, is_wanted: impl Fn() -> bool + Sync) {
        self.all_mut().for_each(|area| area.complete(&is_wanted));
    }

    /// Everything that was found in each area.
    pub(super) fn checked(&self) -> impl Iterator<Item = &Checked> {
        self.all().filter_map(Area::checked)
    }

    /// What is wrong with the catalogs, and their texts.
    pub(super) fn catalogs(&self) -> &[(Vec<Diagnostic>, Sources)] {
        &self.catalogs
    }

    /// The areas that have a file, after a look at what has changed.
    pub(super) fn areas(&mut self, path: &Path) -> impl Iterator<Item = &Area> {
        let of = self.all_mut().filter(|area| area.has(path));
        of.map(|area| {
            area.look();
            &*area
        })
    }
}

fn is_manifest(path: &Path) -> bool {
    path.file_name() != Some(OsStr::new(catalog::FILE)) && sekisho_k8s::is_manifest(path)
}
