//! What one change of a large cluster opens and closes, without the whole answer being put together again.
//!
//! Every connection that a change can touch has an end in a pod that the change is about: a subject of the
//! policy, the pod itself, a pod of the namespace. [`Effects`] asks what those pods may do before and after,
//! each with everybody else at once, by bitmaps that it keeps true from change to change; what differs is
//! then told as `diff` of two states tells it.

mod actors;
mod book;
mod half;
mod local;
mod readers;
mod roster;
mod side;
mod steps;
mod told;
mod world;

use super::{
    Arrivals, Difference, State,
    change::{Teller, changes},
    diff,
    joint::{Unit, When, alone, units},
    protection::Protection,
    rows::rows,
};
use crate::{
    index::{Index, PodSelectorKey, PolicyRules, RoaringBitmap},
    object::{Change, Cluster, Direction, ObjectKey, Origin, Workload},
    reach::{Reach, ports::PortTable},
};
use book::Book;
use half::{Half, Now, Outers};
use readers::Readers;
use roster::Roster;
use std::{
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
    sync::Arc,
};
use steps::undoing;
use told::Tale;
use world::World;

/// A loaded cluster that says what each change opens and closes.
///
/// [`Effects::effect`] gives the same [`Difference`] as [`diff`] of the states before and after,
/// in a time that follows the pods that the change is about and not the size of the cluster. It compares the
/// whole states, which takes a time of another order, where that cannot be had:
/// - the change is about more than [`Effects::MOST_PODS`] pods: a policy that selects most of a cluster;
/// - a workload comes or goes with its first or last pod;
/// - pods share an address (S26), have several addresses of one family, have the name of another of their
///   workload, or bear the address of a node (S20): a pod then does not stand for those that policies treat
///   like it.
#[derive(Debug)]
pub struct Effects {
    cluster: Cluster,
    index: Index,
    book: Book,
    readers: Readers,
    roster: Roster,
    outers: Outers,
}

/// What a change is about, in one state.
#[derive(Default)]
struct About {
    pods: RoaringBitmap,
    workloads: BTreeSet<Arc<Workload>>,
    policies: Vec<Arc<PolicyRules>>,
    hosts: BTreeSet<IpAddr>,
}

impl Effects {
    /// Changes that are about more pods are answered by comparing the whole states.
    pub const MOST_PODS: u64 = 5_000;

    /// Of a cluster that is there.
    #[must_use]
    pub fn of(cluster: Cluster) -> Self {
        let index = Index::of(cluster.changes());
        let (mut book, mut readers, mut roster) = (Book::default(), Readers::default(), Roster::default());
        for (id, pod) in index.pods() {
            book.add_pod(id, pod);
            roster.add(id, pod);
        }
        for policy in index.policies() {
            readers.add(policy);
            if let Some(subjects) = index.selected_pods(&policy.subjects) {
                book.isolate(policy, subjects, true);
            }
        }
        cluster.nodes.values().for_each(|node| book.add_node(node));
        Self { cluster, index, book, readers, roster, outers: Outers::default() }
    }

    /// The cluster as it is now.
    #[must_use]
    pub fn cluster(&self) -> &Cluster {
        &self.cluster
    }

    /// Its index.
    #[must_use]
    pub fn index(&self) -> &Index {
        &self.index
    }

    /// Makes a change, and says what it opens and closes.
    pub fn effect(&mut self, change: Change) -> Difference {
        let undo = undoing(&self.cluster, &change);
        if undo == change {
            return Difference::default();
        }
        let (was_strange, before) = (self.is_strange(), self.about(&change));
        self.apply(change.clone());
        let after = self.about(&change);
        let most = before.pods.len().max(after.pods.len());
        if was_strange || self.is_strange() || most > Self::MOST_PODS {
            return self.whole(undo);
        }
        let workloads: BTreeSet<Arc<Workload>> = before.workloads.union(&after.workloads).cloned().collect();
        if workloads.is_empty() {
            return Difference::default();
        }
        let mut table = PortTable::new();
        let mut new = self.half(&workloads, &mut table);
        self.apply(undo.clone());
        let mut old = self.half(&workloads, &mut table);
        self.apply(change);
        let rolls = [&mut old, &mut new].map(|half| std::mem::take(&mut half.roll));
        let units = units(&rolls);
        if alone(&rolls, &units).iter().any(|alone| !alone.is_empty()) {
            return self.whole(undo);
        }
        self.told([&old, &new], units, &undo, &before, &table)
    }

    fn told(
        &self,
        halves: [&Half; 2],
        units: Vec<Unit>,
        undo: &Change,
        before: &About,
        table: &PortTable,
    ) -> Difference {
        let found = protected(&units, halves);
        let world = World::of(halves, units, table);
        let selectors = before.policies.iter().flat_map(|policy| {
            let sets = policy.sets().into_iter().map(|set| Arc::clone(set.selector()));
            sets.chain([Arc::clone(&policy.subjects)])
        });
        let selectors: BTreeSet<Arc<PodSelectorKey>> = selectors.collect();
        let gone: Vec<_> =
            selectors.into_iter().filter(|key| self.index.selected_pods(key).is_none()).collect();
        let is_host = |address| self.book.is_host(address) || before.hosts.contains(&address);
        let tale = Tale {
            cluster: &self.cluster,
            index: &self.index,
            roster: &self.roster,
            halves,
            world: &world,
            touched: world.by_workload(),
            gone: &gone,
            undo,
            is_host: &is_host,
        };
        let protection = found.into_iter().map(|((is_gained, direction, policies), units)| Protection {
            is_gained,
            direction,
            of: tale.party(&units),
            policies,
        });
        Difference {
            protection: protection.collect(),
            changes: changes(&tale, rows(&world.joint, &world)),
            came: Arrivals::default(),
            went: Arrivals::default(),
        }
    }

    /// What the present state says of workloads.
    fn half(&mut self, workloads: &BTreeSet<Arc<Workload>>, table: &mut PortTable) -> Half {
        let outer = self.outers.of(&self.readers);
        let Self { cluster, index, book, readers, roster, .. } = self;
        Half::of(Now { cluster, index, book, readers, roster }, outer, workloads, table)
    }

    fn is_strange(&self) -> bool {
        self.roster.has_namesakes() || self.book.is_strange(&self.index)
    }

    /// The states compared as wholes. Both indexes are made anew: which packet is shown does not depend on
    /// the history of this one.
    fn whole(&self, undo: Change) -> Difference {
        let mut before = self.cluster.clone();
        before.apply(undo);
        let [old, new] = [&before, &self.cluster].map(|cluster| Index::of(cluster.changes()));
        let (old_reach, new_reach) = (Reach::of(&old), Reach::of(&new));
        diff(
            State { cluster: &before, index: &old, reach: &old_reach },
            State { cluster: &self.cluster, index: &new, reach: &new_reach },
        )
    }
}

type Policies = Vec<(ObjectKey, Origin)>;

/// The units that policies isolate in one state only: whether they do so now, in which direction, and by
/// which policies.
fn protected(units: &[Unit], halves: [&Half; 2]) -> BTreeMap<(bool, Direction, Policies), RoaringBitmap> {
    let mut found: BTreeMap<(bool, Direction, Policies), RoaringBitmap> = BTreeMap::new();
    for (at, unit) in (0..).zip(units) {
        for direction in Direction::ALL {
            let policies = When::ALL.map(|when| {
                let of_face = |face: &[u32; 2]| when.of(&halves).isolating(*when.of(face), direction);
                unit.faces.iter().map(of_face).find(|policies| !policies.is_empty()).unwrap_or_default()
            });
            let [old, new] = policies;
            if old.is_empty() != new.is_empty() {
                let policies = if new.is_empty() { old } else { new };
                found.entry((old.is_empty(), direction, policies.to_vec())).or_default().insert(at);
            }
        }
    }
    found
}
