//! The rows of a difference in words: who, how much it matters, and why.

use super::{actors::Actors, half::Half, roster::Roster, world::World};
use crate::{
    diff::{
        cause::{Cause, causes},
        change::Teller,
        joint::Unit,
        risk::Risk,
        rows::Row,
        witness::Witness,
    },
    index::{Index, PodSelectorKey, RoaringBitmap},
    object::{Change, Cluster, Workload},
    reach::{Party, Term, Told},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// The new state with what the difference is said of.
pub(super) struct Tale<'a> {
    pub(super) cluster: &'a Cluster,
    pub(super) index: &'a Index,
    pub(super) roster: &'a Roster,
    pub(super) halves: [&'a Half; 2],
    pub(super) world: &'a World,
    /// The touched units, by workload.
    pub(super) touched: BTreeMap<Arc<Workload>, Vec<u32>>,
    /// The selectors that only policies of the old state use.
    pub(super) gone: &'a [Arc<PodSelectorKey>],
    /// What makes the old state of the new one.
    pub(super) undo: &'a Change,
    /// Whether an address is that of a node in either state.
    pub(super) is_host: &'a dyn Fn(std::net::IpAddr) -> bool,
}

/// A set of those who take part, each kind by itself.
pub(super) struct Split<'a> {
    /// Touched units, ascending.
    pub(super) units: Vec<(u32, &'a Unit)>,
    /// Pods of other workloads.
    pub(super) others: RoaringBitmap,
}

impl Split<'_> {
    fn has(&self, unit: u32) -> bool {
        self.units.binary_search_by_key(&unit, |(at, _)| *at).is_ok()
    }
}

impl World {
    /// The touched units, by workload.
    pub(super) fn by_workload(&self) -> BTreeMap<Arc<Workload>, Vec<u32>> {
        let mut touched: BTreeMap<Arc<Workload>, Vec<u32>> = BTreeMap::new();
        for (at, unit) in (0..).zip(self.joint.units.iter().take(self.touched)) {
            touched.entry(Arc::clone(&unit.workload)).or_default().push(at);
        }
        touched
    }
}

impl Tale<'_> {
    pub(super) fn split(&self, set: &RoaringBitmap) -> Split<'_> {
        let (mut units, mut others) = (Vec::new(), RoaringBitmap::new());
        for at in set {
            match self.world.bunches.get((at as usize).wrapping_sub(self.world.touched)) {
                Some(bunch) => others |= bunch,
                None => units.extend(self.world.joint.unit(at).map(|unit| (at, unit))),
            }
        }
        Split { units, others }
    }

    /// The groups of names that a set comes to.
    fn groups(&self, split: &Split<'_>) -> RoaringBitmap {
        let mut groups = self.roster.groups(&self.roster.count(&split.others));
        for (workload, units) in &self.touched {
            let meant = units.iter().filter(|at| split.has(**at)).count();
            let Some(place) = self.roster.place(workload).filter(|_| meant > 0) else { continue };
            groups.insert(place * 2);
            if meant == units.len() {
                groups.insert(place * 2 + 1);
            }
        }
        groups
    }

    /// The pods of a workload that are in a set, or the rest of them.
    fn tell(&self, workload: &Workload, split: &Split<'_>, is_rest: bool, told: &mut Told) {
        if let Some(units) = self.touched.get(workload) {
            let meant = units.iter().filter(|at| is_rest != split.has(**at));
            let units = meant.filter_map(|at| self.world.joint.unit(*at));
            told.pods.extend(units.flat_map(|unit| unit.told.pods.iter().cloned()));
            return;
        }
        let pods = self.roster.pods(workload).filter(|id| is_rest != split.others.contains(*id));
        told.pods.extend(pods.filter_map(|id| self.index.pod(id)).map(|pod| Arc::clone(&pod.key.name)));
    }

    fn namespaces<'s>(&'s self, split: &Split<'s>) -> BTreeSet<&'s Arc<str>> {
        let counts = self.roster.count(&split.others);
        let others: Vec<&Arc<str>> =
            self.roster.counted(counts).map(|(workload, _)| &workload.key.namespace).collect();
        let units = split.units.iter().map(|(_, unit)| &unit.workload.key.namespace);
        others.into_iter().chain(units).collect()
    }
}

impl Teller for Tale<'_> {
    fn party(&self, end: &RoaringBitmap) -> Party {
        let (words, split) = (self.roster.words(), self.split(end));
        let groups = self.groups(&split);
        let mut terms = words.names.terms(&groups, &|group, told| {
            if let Some(workload) = words.workload(group) {
                self.tell(workload, &split, group % 2 == 1, told);
            }
        });
        let addresses = self.world.joint.addresses(end);
        if !addresses.is_empty() {
            terms.push(Term::Addresses(addresses));
        }
        Party { terms }
    }

    fn risk(&self, row: &Row) -> Risk {
        let (from, to) = (self.split(&row.from), self.split(&row.to));
        let from = (self.world.joint.addresses(&row.from), self.namespaces(&from));
        Risk::between(&row.ports, &from, &self.namespaces(&to))
    }

    fn causes(&self, row: &Row) -> (Vec<Cause>, Option<Witness>) {
        let (actors, row) = Actors::of(self, row);
        causes(&actors, &row)
    }
}
