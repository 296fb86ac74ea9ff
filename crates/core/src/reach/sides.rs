//! What the classes allow, in both directions.

use super::{
    class::Classes,
    ends::port_names,
    ports::{PortTable, PortsId},
    row::Row,
    side::Side,
    turned::Turned,
};
use crate::{
    index::{Index, PodId, PolicyKey, Profiles},
    object::Direction,
    set::{AddressSet, Protocol},
    threads,
};
use roaring::RoaringBitmap;
use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};

/// What rows are computed of.
pub(super) struct Sides<'a> {
    pub(super) index: &'a Index,
    pub(super) classes: &'a Classes,
    pub(super) profiles: Profiles,
    pub(super) sets: BTreeMap<&'a AddressSet, usize>,
    /// The named ports that some policy uses: no others tell subjects apart.
    pub(super) names: BTreeSet<(Protocol, Arc<str>)>,
    pub(super) everyone: RoaringBitmap,
    pub(super) unknown: RoaringBitmap,
}

/// The row of each class in one direction, where policies have a say about it, by its number.
struct Rows {
    rows: Vec<Arc<Row>>,
    row_of: Vec<Option<u32>>,
}

impl<'a> Sides<'a> {
    /// Of the classes of `index`, whose rules write `sets` of addresses.
    pub(super) fn new(index: &'a Index, classes: &'a Classes, sets: &'a [AddressSet]) -> Self {
        let unknown = classes.list.iter().enumerate().filter(|(_, class)| class.family.is_none());
        Self {
            index,
            classes,
            profiles: index.profiles(),
            sets: sets.iter().enumerate().map(|(at, set)| (set, at)).collect(),
            names: port_names(index),
            everyone: (0..number(classes.list.len())).collect(),
            unknown: unknown.map(|(at, _)| number(at)).collect(),
        }
    }

    /// What every class allows in ingress and in egress, and the numbers of all ports in that.
    pub(super) fn turned(&self) -> ([Turned; 2], PortTable) {
        let rows = |direction| {
            let mut table = PortTable::new();
            (self.rows(direction, &mut table), table)
        };
        let ((ingress, mut table), (mut egress, others)) =
            threads::both(|| rows(Direction::Ingress), || rows(Direction::Egress));
        egress.renumber(&table.absorb(&others));
        let turned =
            |Rows { rows, row_of }: &Rows| Turned::of(rows.clone(), row_of.clone(), self.classes.list.len());
        let (ingress, egress) = threads::both(|| turned(&ingress), || turned(&egress));
        ([ingress, egress], table)
    }

    fn rows(&self, direction: Direction, table: &mut PortTable) -> Rows {
        let mut side = Side::new(self, direction, table);
        let (mut rows, mut row_of) = (Vec::new(), Vec::with_capacity(self.classes.list.len()));
        let mut numbers: HashMap<*const Row, u32> = HashMap::new();
        for class in &self.classes.list {
            let row = side.side(class).map(|row| {
                *numbers.entry(Arc::as_ptr(&row)).or_insert_with(|| {
                    rows.push(Arc::clone(&row));
                    number(rows.len() - 1)
                })
            });
            row_of.push(row);
        }
        Rows { rows, row_of }
    }

    /// The classes of which a NetworkPolicy isolates a pod (S2). Cluster-wide policies do not (S40).
    pub(super) fn isolated(&self, direction: Direction) -> RoaringBitmap {
        let profiles = self.profiles.all().map(|policies| self.isolates(policies, direction));
        let isolating: Vec<bool> = profiles.collect();
        let is_isolated = |pod: &PodId| {
            let profile = self.profiles.number_of(*pod);
            profile.and_then(|number| isolating.get(number as usize)).is_some_and(|isolating| *isolating)
        };
        let classes = self.classes.list.iter().enumerate();
        let isolated = classes.filter(|(_, class)| class.bearers.iter().any(is_isolated));
        isolated.map(|(at, _)| number(at)).collect()
    }

    /// Whether one of these is a NetworkPolicy that isolates (S2).
    fn isolates(&self, policies: &BTreeSet<PolicyKey>, direction: Direction) -> bool {
        let mut namespaced = policies.iter().filter(|key| key.tier().is_none());
        namespaced.any(|key| self.index.policy(key).is_some_and(|policy| policy.rules(direction).is_some()))
    }
}

impl Rows {
    /// Takes the numbers of ports for others.
    fn renumber(&mut self, numbers: &[PortsId]) {
        for row in &mut self.rows {
            Arc::make_mut(row).renumber(numbers);
        }
    }
}

/// INVARIANT: there are fewer ends in memory than 2^32.
pub(crate) fn number(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}
