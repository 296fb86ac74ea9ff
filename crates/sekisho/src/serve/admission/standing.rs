//! The cluster as it is known, kept true from object to object, and as it would be after a change.
//!
//! It is made of parts that are read by themselves: all objects of a namespace, for pods find their controllers there, and
//! each object that lies in none. A change costs its part to be read again, and the index as many changes as come of that.

use sekisho_core::{
    index::Index,
    object::{Change, Cluster},
};
use sekisho_k8s::{
    Options,
    edit::Sources,
    read_texts,
    snapshot::Piece,
    watch::{Mirrored, mirrored},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// Up to so many changes at once are made one by one, whatever there is.
const FEW: usize = 64;
/// A change costs what a fresh index costs for so many objects, or less.
const WORTH: usize = 16;

/// What somebody wants to do to an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// It is to be like this.
    Put(Piece),
    /// It is to go.
    Take(Piece),
}

impl Step {
    /// The object.
    pub(super) fn piece(&self) -> &Piece {
        match self {
            Self::Put(piece) | Self::Take(piece) => piece,
        }
    }
}

/// Objects that are read together.
#[derive(Default)]
struct Part {
    texts: Sources,
    cluster: Cluster,
    /// Whether some of it cannot be read.
    has_gaps: bool,
}

impl Part {
    fn of(texts: Sources) -> Self {
        let reading =
            read_texts(texts.iter().map(|(name, text)| (name, text.as_bytes())), &Options::default());
        Self { has_gaps: reading.has_errors(), cluster: reading.cluster, texts }
    }
}

/// The cluster as it was at some time.
pub(super) struct Copied {
    /// The objects.
    pub(super) cluster: Cluster,
    /// Their texts.
    pub(super) sources: Sources,
    /// Whether something could not be read.
    pub(super) has_gaps: bool,
}

/// The cluster as it is known.
#[derive(Default)]
pub(super) struct Standing {
    parts: BTreeMap<Arc<str>, Part>,
    /// The parts of which something was heard since they were read.
    stale: BTreeSet<Arc<str>>,
    /// Of the kinds that are being listed, what was known and is not told yet.
    lists: BTreeMap<&'static str, BTreeMap<Arc<str>, Piece>>,
    /// The kinds of which everything was heard once.
    heard: BTreeSet<&'static str>,
    cluster: Cluster,
    index: Index,
    gaps: usize,
    version: u64,
}

impl Standing {
    /// The objects.
    pub(super) fn cluster(&self) -> &Cluster {
        &self.cluster
    }

    /// Their index.
    pub(super) fn index(&self) -> &Index {
        &self.index
    }

    /// Whether something cannot be read.
    pub(super) fn has_gaps(&self) -> bool {
        self.gaps > 0
    }

    /// A number that changes with the cluster.
    pub(super) fn version(&self) -> u64 {
        self.version
    }

    /// Whether everything was heard once.
    pub(super) fn is_whole(&self) -> bool {
        self.lacking().is_none()
    }

    /// A kind of which not everything was heard yet.
    pub(super) fn lacking(&self) -> Option<&'static str> {
        mirrored().find(|kind| !self.heard.contains(kind))
    }

    /// The texts of some namespaces and of the namespaces themselves, or all of them.
    pub(super) fn sources(&self, namespaces: Option<&BTreeSet<Arc<str>>>) -> Sources {
        let texts = |part: &Part| {
            part.texts.iter().map(|(name, text)| (Arc::clone(name), Arc::clone(text))).collect::<Vec<_>>()
        };
        let Some(namespaces) = namespaces else { return self.parts.values().flat_map(texts).collect() };
        let own = namespaces.iter().flat_map(|name| {
            let itself: Arc<str> = format!("cluster/namespaces/{name}").into();
            [Arc::clone(name), itself]
        });
        own.filter_map(|key| self.parts.get(&key)).flat_map(texts).collect()
    }

    /// The cluster as it is now; `None` where not all of it is known.
    pub(super) fn copied(&self) -> Option<Box<Copied>> {
        let copied = || Copied {
            cluster: self.cluster.clone(),
            sources: self.sources(None),
            has_gaps: self.has_gaps(),
        };
        self.is_whole().then(|| Box::new(copied()))
    }

    /// Takes in what was heard. It counts from the next [`Self::renew`] on.
    pub(super) fn hear(&mut self, news: Mirrored) {
        match news {
            Mirrored::ListBegins(kind) => {
                let texts =
                    self.parts.iter().flat_map(|(part, of)| of.texts.keys().map(move |name| (part, name)));
                let sign = format!("cluster/{kind}/");
                let known = texts.filter(|(_, name)| name.starts_with(&sign)).map(|(part, name)| {
                    let namespace = if part == name { Arc::default() } else { Arc::clone(part) };
                    (
                        Arc::clone(name),
                        Piece { kind, namespace, name: Arc::clone(name), text: Arc::default() },
                    )
                });
                let known = known.collect();
                self.lists.insert(kind, known);
            }
            Mirrored::Put(piece) => {
                if let Some(list) = self.lists.get_mut(piece.kind) {
                    list.remove(&piece.name);
                }
                let part = self.parts.entry(Arc::clone(piece.part())).or_default();
                let before = part.texts.insert(Arc::clone(&piece.name), Arc::clone(&piece.text));
                // Most that is told of an object is of no account: its status, and who manages which field.
                if before.as_ref() != Some(&piece.text) {
                    self.stale.insert(Arc::clone(piece.part()));
                }
            }
            Mirrored::Gone(piece) => self.forget(&piece),
            Mirrored::ListEnds(kind) => {
                for piece in self.lists.remove(kind).unwrap_or_default().values() {
                    self.forget(piece);
                }
                self.heard.insert(kind);
            }
            Mirrored::Trouble(..) | Mirrored::Recovered(_) => {}
        }
    }

    fn forget(&mut self, piece: &Piece) {
        if let Some(part) = self.parts.get_mut(piece.part())
            && part.texts.remove(&piece.name).is_some()
        {
            self.stale.insert(Arc::clone(piece.part()));
        }
    }

    /// Reads again what has changed.
    pub(super) fn renew(&mut self) {
        let mut changes = Vec::new();
        for name in std::mem::take(&mut self.stale) {
            let Some(part) = self.parts.get_mut(&name) else { continue };
            let now = Part::of(std::mem::take(&mut part.texts));
            self.gaps = self.gaps + usize::from(now.has_gaps) - usize::from(part.has_gaps);
            changes.extend(self.cluster.exchange(&part.cluster, &now.cluster));
            self.version += 1;
            if now.texts.is_empty() {
                self.parts.remove(&name);
            } else {
                *part = now;
            }
        }
        self.follow(changes);
    }

    /// What `look` sees of the cluster as it would be after a step, which is then as if it had never been.
    pub(super) fn after<R>(&mut self, step: &Step, look: impl FnOnce(&Self) -> R) -> R {
        let key = Arc::clone(step.piece().part());
        let before = self.parts.remove(&key).unwrap_or_default();
        let mut texts = before.texts.clone();
        match step {
            Step::Put(piece) => texts.insert(Arc::clone(&piece.name), Arc::clone(&piece.text)),
            Step::Take(piece) => texts.remove(&piece.name),
        };
        let now = Part::of(texts);
        let gaps = self.gaps;
        self.gaps = self.gaps + usize::from(now.has_gaps) - usize::from(before.has_gaps);
        let changes = self.cluster.exchange(&before.cluster, &now.cluster);
        self.follow(changes);
        self.parts.insert(Arc::clone(&key), now);
        let seen = look(self);
        let now = self.parts.remove(&key).unwrap_or_default();
        let changes = self.cluster.exchange(&now.cluster, &before.cluster);
        self.follow(changes);
        self.gaps = gaps;
        if !before.texts.is_empty() {
            self.parts.insert(key, before);
        }
        seen
    }

    fn follow(&mut self, changes: Vec<Change>) {
        let objects = self.cluster.pods.len() + self.cluster.policies.len();
        if changes.len() > FEW.max(objects / WORTH) {
            self.index = Index::of(self.cluster.changes());
            // The next change needs the endpoints: they are looked up now, and not when somebody waits.
            let _ = self.index.nodes_with_endpoints().next();
            return;
        }
        for change in changes {
            self.index.apply(change);
        }
    }
}

#[cfg(test)]
mod tests;
