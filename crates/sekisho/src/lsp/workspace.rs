//! The manifests that the editor has before it, and what was found in them.

use crate::{
    check::{
        Checked, Look,
        scope::{Scope, all},
        settings::Settings,
    },
    input, settings as catalog,
};
use sekisho_k8s::{Options, Shelf, edit::Sources, read_paths};
use sekisho_lint::{config::Config, rego::Rules};
use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

/// Manifests that belong together.
struct Area {
    scope: Scope,
    /// What the team has set; `None` where it is not to be read, and then everything is told.
    settings: Option<Settings>,
    /// The team's own rules.
    rules: Option<Arc<Rules>>,
    texts: Sources,
    shelf: Shelf,
    /// What was found; `None` when a text has changed since.
    checked: Option<Checked>,
}

/// The folder that is open.
pub(super) struct Workspace {
    root: PathBuf,
    areas: Vec<Area>,
    /// The texts that are being edited.
    open: BTreeMap<PathBuf, Arc<str>>,
    /// What is wrong with the catalog, and its text.
    catalog: (Vec<sekisho_core::diagnostic::Diagnostic>, Sources),
}

impl Workspace {
    /// The manifests under `root`.
    pub(super) fn open(root: PathBuf) -> Self {
        let mut workspace =
            Self { root, areas: Vec::new(), open: BTreeMap::new(), catalog: Default::default() };
        workspace.load();
        workspace
    }

    /// Reads the catalog and all manifests anew.
    fn load(&mut self) {
        let file = self.root.join(catalog::FILE);
        let file = file.is_file().then_some(file);
        let Ok(team) = catalog::read::<Config>(file.as_deref()) else { return };
        let config = team.document.as_ref().and_then(|document| document.check.clone()).unwrap_or_default();
        let settings =
            |scope: &Scope| Settings::team(config.clone(), (&team.folder, scope.environment.clone())).ok();
        let folders: Vec<PathBuf> = config.rego.iter().map(|folder| team.folder.join(folder)).collect();
        // Rules that cannot be read are told on standard error, which editors show as the server's log.
        let rules = input::rego::optional(&folders).ok().and_then(Result::ok).flatten().map(Arc::new);
        let scopes = all(&team, &self.root).into_iter();
        self.areas = scopes.map(|scope| Area::load(settings(&scope), rules.clone(), scope)).collect();
        self.catalog = (team.diagnostics, team.sources);
        for (path, text) in std::mem::take(&mut self.open) {
            self.put(&path, Some(text.to_string()));
        }
    }

    /// Takes the text of a file that is edited; without one, the file on disk holds again.
    pub(super) fn put(&mut self, path: &Path, text: Option<String>) {
        match &text {
            Some(text) => drop(self.open.insert(path.to_owned(), Arc::from(text.as_str()))),
            None => drop(self.open.remove(path)),
        }
        let text = text.or_else(|| fs::read_to_string(path).ok());
        self.set(path, text);
    }

    /// A file on disk has changed.
    pub(super) fn reload(&mut self, path: &Path) {
        if path.file_name().is_some_and(|name| name == catalog::FILE) {
            self.load();
        } else if !self.open.contains_key(path) {
            self.set(path, fs::read_to_string(path).ok());
        }
    }

    fn set(&mut self, path: &Path, text: Option<String>) {
        if !is_manifest(path) {
            return;
        }
        let name: Arc<str> = path.display().to_string().into();
        let mut is_known = false;
        for area in self.areas.iter_mut().filter(|area| area.has(path)) {
            is_known = true;
            match &text {
                Some(text) => {
                    drop(area.texts.insert(Arc::clone(&name), text.trim_start_matches('\u{feff}').into()))
                }
                None => drop(area.texts.remove(&name)),
            }
            area.checked = None;
        }
        // A file from elsewhere is looked at by itself.
        if let (false, Some(text)) = (is_known, text) {
            let mut area = Area::load(None, None, Scope::of_file(path));
            area.texts.insert(name, text.into());
            self.areas.push(area);
        }
    }

    /// Everything that was found in each area, and what is wrong with the catalog.
    pub(super) fn checked(&mut self) -> impl Iterator<Item = &Checked> {
        self.areas.iter_mut().map(Area::checked)
    }

    /// What is wrong with the catalog, and its text.
    pub(super) fn catalog(&self) -> (&[sekisho_core::diagnostic::Diagnostic], &Sources) {
        (&self.catalog.0, &self.catalog.1)
    }

    /// What was found in the area that has a file, and what that is held against.
    pub(super) fn area(&mut self, path: &Path) -> Option<(&Checked, &Scope)> {
        let area = self.areas.iter_mut().find(|area| area.has(path))?;
        area.checked();
        Some((area.checked.as_ref()?, &area.scope))
    }
}

impl Area {
    fn load(settings: Option<Settings>, rules: Option<Arc<Rules>>, scope: Scope) -> Self {
        // What cannot be read now may be there when it is saved.
        let texts =
            read_paths(&scope.paths, &Options::default()).map(|read| read.sources).unwrap_or_default();
        Self { scope, settings, rules, texts, shelf: Shelf::new(Options::default()), checked: None }
    }

    fn has(&self, path: &Path) -> bool {
        self.scope.paths.iter().any(|home| path.starts_with(home))
    }

    fn checked(&mut self) -> &Checked {
        let Self { scope, settings, rules, texts, shelf, checked } = self;
        checked.get_or_insert_with(|| {
            let (own, settings) = (rules.as_deref(), settings.as_ref());
            let look = Look { standard: &scope.standard, extent: scope.extent, own, settings };
            look.at(shelf.read(texts))
        })
    }
}

fn is_manifest(path: &Path) -> bool {
    path.file_name().is_none_or(|name| name != catalog::FILE) && sekisho_k8s::is_manifest(path)
}
