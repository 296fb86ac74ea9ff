//! The manifests that the editor has before it, and what was found in them.

use crate::{
    check::{
        self, Checked,
        scope::{Scope, all},
    },
    settings,
};
use sekisho_catalog::document::Ignored;
use sekisho_k8s::{Options, Shelf, edit::Sources, read_paths};
use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

/// Manifests that belong together.
struct Area {
    scope: Scope,
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
        let file = self.root.join(settings::FILE);
        let file = file.is_file().then_some(file);
        let Ok(settings) = settings::read::<Ignored>(file.as_deref()) else { return };
        let scopes = all(&settings, &self.root);
        self.areas = scopes.into_iter().map(Area::load).collect();
        self.catalog = (settings.diagnostics, settings.sources);
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
        if path.file_name().is_some_and(|name| name == settings::FILE) {
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
            let mut area = Area::load(Scope::of_file(path));
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
    fn load(scope: Scope) -> Self {
        // What cannot be read now may be there when it is saved.
        let texts =
            read_paths(&scope.paths, &Options::default()).map(|read| read.sources).unwrap_or_default();
        Self { scope, texts, shelf: Shelf::new(Options::default()), checked: None }
    }

    fn has(&self, path: &Path) -> bool {
        self.scope.paths.iter().any(|home| path.starts_with(home))
    }

    fn checked(&mut self) -> &Checked {
        let Self { scope, texts, shelf, checked } = self;
        checked.get_or_insert_with(|| check::look(shelf.read(texts), &scope.standard, scope.extent, None))
    }
}

fn is_manifest(path: &Path) -> bool {
    path.file_name().is_none_or(|name| name != settings::FILE)
        && path
            .extension()
            .is_some_and(|extension| ["yaml", "yml", "json"].iter().any(|known| extension == *known))
}
