//! One of the two states, as far as a change touches it.

use super::{
    book::Book,
    local::{Local, Locals},
    readers::{PortName, Readers},
    roster::Roster,
    side::Sides,
};
use crate::{
    diff::{outside::Outside, pairing::Roll},
    index::{Index, PodId, PolicyKey, RoaringBitmap},
    object::{Cluster, Direction, ObjectKey, Origin, Pod, Workload},
    reach::{
        ClassId, Family, Row,
        external::{ExternalClass, Stretches, classes},
        number,
        ports::PortTable,
    },
    set::AddressSet,
};
use std::{
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
    sync::Arc,
};

/// Addresses outside, split where some policy tells them apart.
#[derive(Debug)]
pub(super) struct Outer {
    sets: Vec<AddressSet>,
    pub(super) classes: Vec<ExternalClass>,
    pub(super) stretches: Stretches,
}

impl Outer {
    /// The classes with their numbers.
    pub(super) fn numbered(&self) -> Outside<'_> {
        (0..).zip(&self.classes).map(|(at, class)| (at, &class.addresses)).collect()
    }
}

/// The last splits: a change that writes no new addresses needs no new one.
#[derive(Debug, Default)]
pub(super) struct Outers {
    known: Vec<Arc<Outer>>,
}

impl Outers {
    const KEPT: usize = 3;

    /// The split that the policies make now.
    pub(super) fn of(&mut self, readers: &Readers) -> Arc<Outer> {
        let found = self.known.iter().position(|outer| outer.sets.iter().eq(readers.sets()));
        let outer = match found {
            Some(at) => self.known.remove(at),
            None => {
                let sets: Vec<AddressSet> = readers.sets().cloned().collect();
                let classes = classes(&sets);
                Arc::new(Outer { stretches: Stretches::of(&classes), classes, sets })
            }
        };
        self.known.insert(0, Arc::clone(&outer));
        self.known.truncate(Self::KEPT);
        outer
    }
}

/// What the policies of a state decide about one class: rows by family, see [`Sides`].
pub(super) type Answer = [Row; 2];

/// What is known of a class.
#[derive(Debug)]
pub(super) struct Known {
    /// Who may reach it, and whom it may.
    answers: [Answer; 2],
    /// The NetworkPolicies that isolate it in each direction, and where they are written; sorted.
    isolating: [Vec<(ObjectKey, Origin)>; 2],
}

/// What a state says of the workloads that a change touches.
#[derive(Debug)]
pub(super) struct Half {
    pub(super) roll: Roll,
    pub(super) outer: Arc<Outer>,
    /// The classes outside of which pods bear every address.
    pub(super) borne: RoaringBitmap,
    /// The pods of all other workloads: by IPv4 or without an address, and by IPv6.
    pub(super) others: [RoaringBitmap; 2],
    /// Those of them without a known address.
    pub(super) unknown: RoaringBitmap,
    /// The pods of the workloads.
    pub(super) pods: BTreeMap<PodId, Arc<Pod>>,
    /// Their addresses.
    pub(super) addresses: BTreeSet<IpAddr>,
    /// The named ports that policies use.
    pub(super) names: BTreeSet<PortName>,
    known: Vec<Known>,
}

/// The state as it is now.
pub(super) struct Now<'a> {
    pub(super) cluster: &'a Cluster,
    pub(super) index: &'a Index,
    pub(super) book: &'a mut Book,
    pub(super) readers: &'a Readers,
    pub(super) roster: &'a Roster,
}

impl Half {
    pub(super) fn of(
        now: Now<'_>,
        outer: Arc<Outer>,
        workloads: &BTreeSet<Arc<Workload>>,
        table: &mut PortTable,
    ) -> Self {
        let Now { cluster, index, book, readers, roster } = now;
        let names: BTreeSet<PortName> = readers.names().cloned().collect();
        let Locals { list, roll, .. } = Locals::of(index, roster, &outer.stretches, &names, workloads);
        let of_roll = roll.values().flat_map(|pods| pods.values().flatten()).map(|body| body.id);
        let pods: BTreeMap<PodId, Arc<Pod>> =
            of_roll.filter_map(|id| Some((id, index.pod(id)?.clone()))).collect();
        let addresses = pods.values().flat_map(|pod| &pod.addresses).copied().collect();
        let touched: RoaringBitmap = pods.keys().copied().collect();
        let [v4, v6] = &book.having;
        let others = [(v4 | &book.unknown) - &touched, v6 - &touched];
        let unknown = &book.unknown - &touched;
        let borne = outer.classes.iter().enumerate().filter(|(_, class)| book.are_borne(&class.addresses));
        let borne = borne.map(|(at, _)| number(at)).collect();
        let mut sides = Sides::new((index, book, readers), table, &list, &outer.classes, others.clone());
        let known = list.iter().map(|local| known(&mut sides, cluster, local)).collect();
        Self { roll, borne, others, unknown, pods, addresses, names, known, outer }
    }

    /// What a class may do.
    pub(super) fn answer(&self, class: ClassId, direction: Direction) -> Option<&Answer> {
        let [ingress, egress] = &self.known.get(class as usize)?.answers;
        Some(if direction == Direction::Ingress { ingress } else { egress })
    }

    /// The policies that isolate a class in a direction (S2).
    pub(super) fn isolating(&self, class: ClassId, direction: Direction) -> &[(ObjectKey, Origin)] {
        let Some(known) = self.known.get(class as usize) else { return &[] };
        let [ingress, egress] = &known.isolating;
        if direction == Direction::Ingress { ingress } else { egress }
    }
}

fn known(sides: &mut Sides<'_>, cluster: &Cluster, local: &Local) -> Known {
    let answers =
        Direction::ALL.map(|direction| Family::ALL.map(|family| sides.answer(local, direction, family)));
    let selecting = sides.index.policies_selecting(local.pod);
    // Cluster-wide policies do not isolate (S40).
    let policies = selecting.iter().filter_map(|key| match key {
        PolicyKey::Namespaced(key) => cluster.policies.get(key),
        PolicyKey::Admin(_) | PolicyKey::Baseline(_) => None,
    });
    let policies: Vec<_> = policies.collect();
    let isolating = Direction::ALL.map(|direction| {
        let isolating = policies.iter().filter(|policy| policy.isolates(direction));
        isolating.map(|policy| (policy.key.clone(), policy.origin.clone())).collect()
    });
    Known { answers, isolating }
}
