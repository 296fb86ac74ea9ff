//! What breaks a promise.

use super::{part::Part, question::Question, world::World};
use crate::{
    object::Workload,
    packet::Packet,
    reach::{ClassId, Term},
    set::{AddressSet, PortSet},
};
use std::{collections::BTreeMap, fmt, sync::Arc};

/// How many breaches of one promise are kept: no person reads more, and of a cluster without policies
/// there would be the square of its workloads.
pub const MAX_BREACHES: usize = 100;

/// One end of a breach.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Party {
    /// Addresses, as far as no pod bears them.
    Addresses(AddressSet),
    /// Some pods of a workload.
    Workload(Arc<Workload>),
}

impl fmt::Display for Party {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Addresses(addresses) => Term::Addresses(addresses.clone()).fmt(f),
            Self::Workload(workload) => workload.key.fmt(f),
        }
    }
}

/// Two parties between which a promise does not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Breach {
    /// Who opens connections.
    pub from: Party,
    /// To whom.
    pub to: Party,
    /// The ports that are open and should not be, or closed and should not be, between some of their
    /// ends; never none.
    pub ports: PortSet,
    /// One packet that shows it. Where both its ends are one pod without an address, two pods are meant
    /// of the many that it stands for.
    pub packet: Packet,
}

/// A party, as far as breaches are told apart. Outside comes first, being the worst.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Key {
    Outside,
    Workload(Arc<Workload>),
}

/// What is known of a breach between two parties.
#[derive(Debug)]
struct Row {
    /// Where the parties are outside: their addresses.
    from: AddressSet,
    to: AddressSet,
    ports: PortSet,
    packet: Packet,
}

/// The breaches of one promise, as they are found.
#[derive(Debug, Default)]
pub(super) struct Breaches {
    rows: BTreeMap<(Key, Key), Row>,
    is_full: bool,
}

impl Breaches {
    /// Whether there are more breaches than are kept.
    pub(super) fn is_full(&self) -> bool {
        self.is_full
    }

    /// Notes that from one class to another `ports` break the promise, for those of their ends that the
    /// question is about and that are two.
    pub(super) fn note(
        &mut self,
        world: &World<'_>,
        question: &Question,
        classes: (ClassId, ClassId),
        ports: &PortSet,
    ) {
        let to_parts = Part::all_of(world, &question.to, classes.1);
        for from in Part::all_of(world, &question.from, classes.0) {
            for to in &to_parts {
                if let Some(packet) = from.packet(to, ports, world) {
                    self.add(&from, to, ports, packet);
                }
            }
        }
    }

    fn add(&mut self, from: &Part, to: &Part, ports: &PortSet, packet: Packet) {
        let key = (Key::from(from), Key::from(to));
        if let Some(row) = self.rows.get_mut(&key) {
            row.ports = row.ports.union(ports);
            row.from = row.from.union(from.addresses());
            row.to = row.to.union(to.addresses());
        } else if self.rows.len() < MAX_BREACHES {
            let (from, to) = (from.addresses().clone(), to.addresses().clone());
            self.rows.insert(key, Row { from, to, ports: ports.clone(), packet });
        } else {
            self.is_full = true;
        }
    }

    /// The breaches, sorted: those from outside first.
    pub(super) fn finish(self) -> Vec<Breach> {
        let party = |key: Key, addresses: AddressSet| match key {
            Key::Outside => Party::Addresses(addresses),
            Key::Workload(workload) => Party::Workload(workload),
        };
        let breach = |((from, to), row): ((Key, Key), Row)| Breach {
            from: party(from, row.from),
            to: party(to, row.to),
            ports: row.ports,
            packet: row.packet,
        };
        self.rows.into_iter().map(breach).collect()
    }
}

impl From<&Part> for Key {
    fn from(part: &Part) -> Self {
        match part {
            Part::Outside { .. } => Self::Outside,
            Part::Pods { workload, .. } => Self::Workload(Arc::clone(workload)),
        }
    }
}
