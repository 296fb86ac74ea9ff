//! Manifests that belong together, and what was found in them.
//!
//! When a text changes, what is in the namespaces of its objects is looked at again at once, and what was found of others
//! stays. It may have become wrong (a label that a namespace loses is asked for by policies of others), so everything is
//! looked at again as soon as nobody types. INVARIANT: of the text that has changed all is told at once, as if everything
//! had been looked at.

use crate::check::{Checked, Found, Look, scope::Scope, settings::Settings};
use sekisho_core::{index::Index, object::Cluster};
use sekisho_k8s::{Options, Reading, Shelf, edit::Sources, is_read, read_paths};
use sekisho_lint::{World, rego::Rules};
use std::{collections::BTreeSet, path::Path, sync::Arc};

/// Manifests that belong together.
pub(super) struct Area {
    scope: Scope,
    /// What the team has set; `None` where it is not to be read, and then everything is told.
    settings: Option<Settings>,
    /// The team's own rules.
    rules: Option<Arc<Rules>>,
    texts: Sources,
    shelf: Shelf,
    /// The texts that have changed since somebody looked.
    changed: BTreeSet<Arc<str>>,
    looked: Option<Looked>,
}

/// What was found when somebody looked.
struct Looked {
    checked: Checked,
    /// The index of the objects.
    index: Index,
    found: Found,
    /// Whether everything was looked at since the last change.
    is_complete: bool,
}

impl Area {
    /// The manifests of a scope, as they are on disk.
    pub(super) fn load(settings: Option<Settings>, rules: Option<Arc<Rules>>, scope: Scope) -> Self {
        // What cannot be read now may be there when it is saved.
        let texts =
            read_paths(&scope.paths, &Options::default()).map(|read| read.sources).unwrap_or_default();
        let shelf = Shelf::new(Options::default());
        Self { scope, settings, rules, texts, shelf, changed: BTreeSet::new(), looked: None }
    }

    /// Whether a file is one of its manifests, or would be if it were there.
    pub(super) fn has(&self, path: &Path) -> bool {
        self.scope.paths.iter().any(|home| is_read(home, path))
    }

    /// Takes a text in the place of what was there; `None` where there is none any more.
    pub(super) fn set(&mut self, name: &Arc<str>, text: Option<&str>) {
        let text: Option<Arc<str>> = text.map(|text| text.trim_start_matches('\u{feff}').into());
        if self.texts.get(name) == text.as_ref() {
            return;
        }
        match text {
            Some(text) => drop(self.texts.insert(Arc::clone(name), text)),
            None => drop(self.texts.remove(name)),
        }
        self.changed.insert(Arc::clone(name));
    }

    /// Looks at what has changed, if something has.
    pub(super) fn look(&mut self) {
        let looked = match self.looked.take() {
            Some(looked) if self.changed.is_empty() => looked,
            Some(before) => self.look_again(before),
            None => self.look_first(),
        };
        self.looked = Some(looked);
    }

    /// What was found, as long as somebody has looked.
    pub(super) fn checked(&self) -> Option<&Checked> {
        self.looked.as_ref().map(|looked| &looked.checked)
    }

    /// The world that was looked at.
    pub(super) fn world(&self) -> Option<World<'_>> {
        let Looked { checked, index, .. } = self.looked.as_ref()?;
        Some(self.world_of(&checked.cluster, index, checked.has_gaps))
    }

    /// Whether everything was looked at since the last change.
    pub(super) fn is_complete(&self) -> bool {
        self.changed.is_empty() && self.looked.as_ref().is_some_and(|looked| looked.is_complete)
    }

    /// Looks at everything, unless `is_wanted` says meanwhile that there is something better to do.
    pub(super) fn complete(&mut self, is_wanted: impl Fn() -> bool + Sync) {
        self.look();
        let Some(Looked { is_complete: false, .. }) = self.looked else { return };
        let Some(found) = self.world().and_then(|world| Found::of(&world, self.rules.as_deref(), is_wanted))
        else {
            return;
        };
        if let Some(Looked { index, .. }) = self.looked.take() {
            let reading = self.shelf.read(&self.texts);
            self.looked = Some(self.conclude(reading, index, found, true));
        }
    }

    fn look_first(&mut self) -> Looked {
        let reading = self.shelf.read(&self.texts);
        self.changed.clear();
        let index = Index::of(reading.cluster.changes());
        let found = self.find(&reading, &index, None);
        self.conclude(reading, index, found, true)
    }

    fn look_again(&mut self, before: Looked) -> Looked {
        let reading = self.shelf.read(&self.texts);
        let changed = std::mem::take(&mut self.changed);
        let Looked { checked: Checked { cluster, has_gaps, .. }, index, found, is_complete } = before;
        let changes = reading.cluster.changes_since(&cluster);
        // What was told of a text that has changed is to be told anew, for its places have moved.
        let affected = reading.cluster.namespaces_since(&cluster, &changes).map(|mut affected| {
            affected.extend(found.about(&changed));
            affected
        });
        let index = index.follow(&cluster, &reading.cluster, changes);
        let newer = self.find(&reading, &index, affected.as_ref());
        let Some(affected) = affected else { return self.conclude(reading, index, newer, true) };
        let is_complete = is_complete && affected.is_empty() && has_gaps == reading.has_errors();
        self.conclude(reading, index, found.renewed(newer, &affected), is_complete)
    }

    /// What rules find in some namespaces, or in all.
    fn find(&self, reading: &Reading, index: &Index, namespaces: Option<&BTreeSet<Arc<str>>>) -> Found {
        let world = self.world_of(&reading.cluster, index, reading.has_errors());
        let world = match namespaces {
            Some(namespaces) => world.only(namespaces.clone()),
            None => world,
        };
        Found::of(&world, self.rules.as_deref(), || true).unwrap_or_default()
    }

    fn world_of<'a>(&'a self, cluster: &'a Cluster, index: &'a Index, has_gaps: bool) -> World<'a> {
        World::new(cluster, index, &self.scope.standard, self.scope.extent, has_gaps)
    }

    fn conclude(&self, reading: Reading, index: Index, found: Found, is_complete: bool) -> Looked {
        let Self { scope, settings, rules, .. } = self;
        let look = Look {
            standard: &scope.standard,
            extent: scope.extent,
            own: rules.as_deref(),
            settings: settings.as_ref(),
        };
        let has_gaps = reading.has_errors();
        let checked = look.conclude(reading, has_gaps, &index, found.clone());
        Looked { checked, index, found, is_complete }
    }
}

#[cfg(test)]
mod tests;
