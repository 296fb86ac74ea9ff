//! Flows of several observers, windows or files, joined.

use crate::record::{Flow, Key, Seen, Window};
use std::collections::{BTreeMap, btree_map::Entry};

/// The flows joined that have equal keys and equal windows, sorted by window and key.
#[must_use]
pub fn merge(flows: impl IntoIterator<Item = Flow>) -> Vec<Flow> {
    let mut known: BTreeMap<(Window, Key), Seen> = BTreeMap::new();
    for Flow { window, key, seen } in flows {
        match known.entry((window, key)) {
            Entry::Vacant(entry) => drop(entry.insert(seen)),
            Entry::Occupied(mut entry) => entry.get_mut().join(&seen),
        }
    }
    known.into_iter().map(|((window, key), seen)| Flow { window, key, seen }).collect()
}

/// The flows joined that have equal keys, whatever their windows, sorted by key. The window of each is the
/// smallest that holds those it was joined of.
#[must_use]
pub fn merge_windows(flows: impl IntoIterator<Item = Flow>) -> Vec<Flow> {
    let mut totals = Totals::default();
    flows.into_iter().for_each(|flow| totals.add(flow));
    totals.into_flows()
}

/// Flows joined one after another, whatever their windows: [`merge_windows`] for who is handed them singly.
#[derive(Clone, Debug, Default)]
pub struct Totals {
    known: BTreeMap<Key, (Window, Seen)>,
}

impl Totals {
    /// Adds a flow.
    pub fn add(&mut self, Flow { window, key, seen }: Flow) {
        match self.known.entry(key) {
            Entry::Vacant(entry) => drop(entry.insert((window, seen))),
            Entry::Occupied(mut entry) => {
                let (of, joined) = entry.get_mut();
                *of = of.cover(window);
                joined.join(&seen);
            }
        }
    }

    /// What was added, sorted by key.
    #[must_use]
    pub fn into_flows(self) -> Vec<Flow> {
        self.known.into_iter().map(|(key, (window, seen))| Flow { window, key, seen }).collect()
    }
}
