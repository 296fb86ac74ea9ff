//! Pods by workload, and the words for sets of them.

use crate::{
    index::{PodId, RoaringBitmap},
    object::{Pod, Workload},
    reach::Names,
};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, OnceLock},
};

/// The pods of one workload.
#[derive(Debug)]
pub(super) struct Slot {
    number: u32,
    /// By name and number.
    pub(super) pods: BTreeSet<(Arc<str>, PodId)>,
}

/// Everybody by name.
#[derive(Debug, Default)]
pub(super) struct Roster {
    workloads: BTreeMap<Arc<Workload>, Slot>,
    slot_of: Vec<u32>,
    free: Vec<u32>,
    slots: u32,
    /// How many pods have the name of another of their workload.
    namesakes: usize,
    /// How many pods each slot has.
    sizes: Vec<u32>,
    words: OnceLock<Words>,
}

/// The names of workloads, in order; each has two groups: some of its pods, and the rest of them.
#[derive(Debug, Default)]
pub(super) struct Words {
    pub(super) names: Names,
    workloads: Vec<Arc<Workload>>,
    /// The place of each slot in the order.
    places: Vec<u32>,
}

impl Roster {
    /// Notes a pod.
    pub(super) fn add(&mut self, id: PodId, pod: &Pod) {
        let slot = match self.workloads.get_mut(&pod.workload) {
            Some(slot) => slot,
            None => {
                let number = self.free.pop().unwrap_or_else(|| {
                    self.slots += 1;
                    self.slots - 1
                });
                self.words = OnceLock::new();
                let slot = Slot { number, pods: BTreeSet::new() };
                self.workloads.entry(Arc::new(pod.workload.clone())).or_insert(slot)
            }
        };
        self.namesakes += usize::from(slot.has(&pod.key.name));
        slot.pods.insert((Arc::clone(&pod.key.name), id));
        let slot = slot.number;
        self.resize(slot, 1);
        let at = id as usize;
        if self.slot_of.len() <= at {
            self.slot_of.resize(at + 1, u32::MAX);
        }
        if let Some(of) = self.slot_of.get_mut(at) {
            *of = slot;
        }
    }

    fn resize(&mut self, slot: u32, more: i32) {
        let at = slot as usize;
        if self.sizes.len() <= at {
            self.sizes.resize(at + 1, 0);
        }
        if let Some(size) = self.sizes.get_mut(at) {
            *size = size.saturating_add_signed(more);
        }
    }

    /// Notes that a pod goes.
    pub(super) fn remove(&mut self, id: PodId, pod: &Pod) {
        let Some(slot) = self.workloads.get_mut(&pod.workload) else { return };
        slot.pods.remove(&(Arc::clone(&pod.key.name), id));
        self.namesakes -= usize::from(slot.has(&pod.key.name));
        let (number, is_empty) = (slot.number, slot.pods.is_empty());
        self.resize(number, -1);
        if is_empty {
            self.words = OnceLock::new();
            self.free.push(number);
            self.workloads.remove(&pod.workload);
        }
    }

    /// Whether two pods of a workload have one name.
    pub(super) fn has_namesakes(&self) -> bool {
        self.namesakes > 0
    }

    /// The pods of a workload, by name.
    pub(super) fn pods(&self, workload: &Workload) -> impl Iterator<Item = PodId> + '_ {
        self.workloads.get(workload).into_iter().flat_map(|slot| &slot.pods).map(|(_, id)| *id)
    }

    /// The shared name of a workload.
    pub(super) fn workload(&self, workload: &Workload) -> Option<&Arc<Workload>> {
        self.workloads.get_key_value(workload).map(|(workload, _)| workload)
    }

    /// How many pods of each slot are in a set.
    pub(super) fn count(&self, pods: &RoaringBitmap) -> Vec<u32> {
        let mut counts = vec![0; self.slots as usize];
        for id in pods {
            let slot = self.slot_of.get(id as usize).and_then(|slot| counts.get_mut(*slot as usize));
            if let Some(count) = slot {
                *count += 1;
            }
        }
        counts
    }

    /// The workloads of which `counts` has pods, in order, each with all of its pods by name.
    pub(super) fn counted(
        &self,
        counts: Vec<u32>,
    ) -> impl Iterator<Item = (&Arc<Workload>, impl Iterator<Item = PodId>)> {
        self.workloads.iter().filter_map(move |(workload, slot)| {
            let count = *counts.get(slot.number as usize)?;
            (count > 0).then(|| (workload, slot.pods.iter().map(|(_, id)| *id)))
        })
    }

    /// The names, put together when they are first asked for after a change.
    pub(super) fn words(&self) -> &Words {
        self.words.get_or_init(|| {
            let twice = self.workloads.keys().flat_map(|workload| [workload, workload]);
            let mut words = Words {
                names: Names::of(twice),
                workloads: self.workloads.keys().cloned().collect(),
                places: vec![0; self.slots as usize],
            };
            for (place, slot) in (0..).zip(self.workloads.values()) {
                if let Some(of) = words.places.get_mut(slot.number as usize) {
                    *of = place;
                }
            }
            words
        })
    }

    /// The groups that counts of pods by slot come to.
    pub(super) fn groups(&self, counts: &[u32]) -> RoaringBitmap {
        let mut groups = RoaringBitmap::new();
        let places = self.words().places.iter().zip(&self.sizes);
        for (count, (place, all)) in counts.iter().zip(places).filter(|(count, _)| **count > 0) {
            groups.insert(place * 2);
            if count == all {
                groups.insert(place * 2 + 1);
            }
        }
        groups
    }

    /// The place of a workload among the names.
    pub(super) fn place(&self, workload: &Workload) -> Option<u32> {
        let slot = self.workloads.get(workload)?;
        self.words().places.get(slot.number as usize).copied()
    }
}

impl Slot {
    fn has(&self, name: &Arc<str>) -> bool {
        let all = (Arc::clone(name), 0)..=(Arc::clone(name), PodId::MAX);
        self.pods.range(all).next().is_some()
    }
}

impl Words {
    /// The workload that a group is of.
    pub(super) fn workload(&self, group: u32) -> Option<&Arc<Workload>> {
        self.workloads.get(group as usize / 2)
    }
}
