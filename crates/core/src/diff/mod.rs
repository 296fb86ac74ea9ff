//! What a change opens and closes: two states of a cluster compared, connection by connection.
//!
//! Workloads that both states have are compared; those of one state alone are told apart, with what they
//! may do there. Ends that policies treat alike in the old state and in the new one form units, and what a
//! unit may do is compared a row at a time, never workload by workload.
//!
//! Pods are matched by their workload and name, see [`diff`]. Who a pod is does not depend on its address:
//! manifests can be compared with a cluster.

mod cause;
mod change;
mod effect;
mod joint;
mod outside;
mod pairing;
mod protection;
mod risk;
mod rows;
mod witness;

pub use cause::{Cause, PolicyName, Reason};
pub use change::{ConnectionChange, Kind};
pub use effect::Effects;
pub use joint::When;
pub use protection::Protection;
pub use risk::Risk;
pub use witness::{MAX_WITNESSES, Witness};

use crate::{
    index::{Index, RoaringBitmap},
    object::{Cluster, Direction, Workload},
    reach::{Cell, ClassId, Connection, Ends, Filter, Reach, connections},
};
use joint::Joint;
use std::sync::Arc;

/// A state of the cluster, in all the forms that are asked.
#[derive(Clone, Copy, Debug)]
pub struct State<'a> {
    /// The objects: they say why.
    pub cluster: &'a Cluster,
    /// Their index.
    pub index: &'a Index,
    /// The whole answer of the index.
    pub reach: &'a Reach,
}

impl rows::Cells for [State<'_>; 2] {
    fn cells(&self, when: When, direction: Direction, class: ClassId) -> Arc<[Cell]> {
        let reach = when.of(self).reach;
        match direction {
            Direction::Ingress => reach.sources(class),
            Direction::Egress => reach.destinations(class),
        }
    }
}

/// What differs between two states.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Difference {
    /// Connections between ends that both states have, the riskiest first: see [`Risk`].
    pub changes: Vec<ConnectionChange>,
    /// Workloads that policies isolate in a direction in one state only, whether a connection differs or
    /// not.
    pub protection: Vec<Protection>,
    /// Workloads that the new state alone has, and what they may do there.
    pub came: Arrivals,
    /// Workloads that the old state alone has, and what they might do there.
    pub went: Arrivals,
}

impl Difference {
    /// Whether the states are the same to whoever opens connections.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
            && self.protection.is_empty()
            && self.came.workloads.is_empty()
            && self.went.workloads.is_empty()
    }
}

/// Workloads that one state alone has.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Arrivals {
    /// The workloads, sorted.
    pub workloads: Vec<Arc<Workload>>,
    /// Every connection that has one of them at either end.
    pub connections: Vec<Connection>,
}

/// What differs between `old` and `new`.
///
/// A workload is the same in both where namespace, name and kind are. Of its pods those of one name stand
/// for each other; of the others, whose names a rollout makes, any for any.
#[must_use]
pub fn diff(old: State<'_>, new: State<'_>) -> Difference {
    let states = [old, new];
    let joint = Joint::of(&states);
    let rows = rows::rows(&joint, &states);
    let [went, came] = &joint.alone;
    Difference {
        changes: change::changes(&change::Whole::new(&joint, &states), rows),
        protection: protection::protection(&joint, &states),
        came: arrivals(&new, came),
        went: arrivals(&old, went),
    }
}

/// What differs between two clusters of which nothing is at hand yet but the objects.
#[must_use]
pub fn between(old: &Cluster, new: &Cluster) -> Difference {
    let (old_index, new_index) = (Index::of(old.changes()), Index::of(new.changes()));
    let (old_reach, new_reach) = (Reach::of(&old_index), Reach::of(&new_index));
    diff(
        State { cluster: old, index: &old_index, reach: &old_reach },
        State { cluster: new, index: &new_index, reach: &new_reach },
    )
}

fn arrivals(state: &State<'_>, workloads: &[Arc<Workload>]) -> Arrivals {
    if workloads.is_empty() {
        return Arrivals::default();
    }
    // INVARIANT: the workloads are sorted.
    let is_one = |pod: &u32| {
        state.reach.workload_of(*pod).is_some_and(|workload| workloads.binary_search(workload).is_ok())
    };
    let (these, others): (RoaringBitmap, RoaringBitmap) = {
        let all: RoaringBitmap = state.index.pods().map(|(id, _)| id).collect();
        let these: RoaringBitmap = all.iter().filter(is_one).collect();
        (these.clone(), all - these)
    };
    let mut out = Filter { from: Ends::of_pods(these.clone()), ..Filter::default() };
    let mut found = connections(state.reach, &out);
    out.from = Ends { pods: Some(others), addresses: None };
    out.to = Ends::of_pods(these);
    found.extend(connections(state.reach, &out));
    Arrivals { workloads: workloads.to_vec(), connections: found }
}
