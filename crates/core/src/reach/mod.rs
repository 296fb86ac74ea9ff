//! Who may talk to whom on which ports, for the whole cluster at once.
//!
//! Ends that policies treat alike form classes, and each class's side is computed once, as bitmaps of
//! classes; so the cost follows what policies tell apart, not pods times pods.
//!
//! What the answer covers:
//! - Workloads stand for their pods of the pod network. Pods of the host network are their node's
//!   address (S22) and finished pods are gone (S24): neither is listed.
//! - An address list speaks of addresses that no pod bears. It is split only where a rule tells
//!   addresses apart, and left out where pods bear all of its addresses.
//! - What every pod may do whatever policies say is not listed: being reached from its own node (S20),
//!   itself (S21), neighbour discovery (S34).

mod connection;
mod endpoint;
mod external;
mod group;
mod ports;
mod side;

pub use connection::{Connection, Endpoint, Family, WorkloadPods};

use crate::{index::Index, object::Direction};
use connection::Writer;
use endpoint::Classes;
use ports::{PortTable, PortsId};
use side::{Side, Sides, number};

/// The allowed connections in `index`, sorted: workloads before addresses on either end.
#[must_use]
pub fn reach(index: &Index) -> Vec<Connection> {
    let sets = external::address_sets(index);
    let externals = external::classes(&sets);
    let classes = Classes::of_index(index, &sets);
    let matrix = &mut Matrix::new(index, &classes, &externals, &sets);
    let groups = group::merge_alike(group::groups(index, &classes), matrix, &externals);
    Writer::new(index, &externals, &groups).connections(matrix)
}

/// What is allowed between any two classes, looked up pair by pair.
struct Matrix {
    ports: PortTable,
    egress: Vec<Side>,
    ingress: Vec<Side>,
    shared: Vec<bool>,
}

impl Matrix {
    fn new(
        index: &Index,
        classes: &Classes,
        externals: &[external::ExternalClass],
        sets: &[crate::set::AddressSet],
    ) -> Self {
        let mut ports = PortTable::new();
        let mut sides = Sides::new(index, classes, externals, sets);
        let mut all = |direction, ports: &mut PortTable| -> Vec<Side> {
            (0..number(classes.list.len())).map(|class| sides.side(class, direction, ports)).collect()
        };
        let (egress, ingress) = (all(Direction::Egress, &mut ports), all(Direction::Ingress, &mut ports));
        let shared = classes.list.iter().map(endpoint::Class::is_shared).collect();
        Self { ports, egress, ingress, shared }
    }

    /// The number of the external class at `at` as the other end of a side.
    fn external(&self, at: usize) -> u32 {
        number(self.egress.len() + at)
    }

    /// What two classes allow each other: both sides must (S11). `None` for one end that is both (S21).
    fn between(&mut self, from: u32, to: u32) -> Option<PortsId> {
        if from == to && self.shared.get(from as usize).copied().unwrap_or_default() {
            return None;
        }
        let egress =
            self.egress.get(from as usize).map_or(ports::EVERYTHING, |side| side.with(to, &mut self.ports));
        if egress == ports::NOTHING {
            return Some(egress);
        }
        let ingress =
            self.ingress.get(to as usize).map_or(ports::EVERYTHING, |side| side.with(from, &mut self.ports));
        Some(self.ports.intersection(egress, ingress))
    }
}
