//! Whom workloads are open to, beyond those who call them: the internet, the whole cluster, other
//! namespaces, pods that do not exist yet. And which of them no policy protects.
//!
//! Exposure is a matter of a workload's own policies: that the pods opposite are shut in today does not
//! make it less open. What addresses outside may do is read off [`Reach`]; whom selectors mean, off the
//! rules, for nobody who exists can stand for those who do not.

mod both;
mod finder;
mod future;
mod ports;
mod roster;
mod rule;
mod tiers;
mod walk;
mod words;

pub use future::{Future, Place};
pub use ports::OpenPorts;
pub use rule::{OpeningRule, RuleName};

use crate::{
    index::{Index, PodId},
    object::{Cluster, Direction, Workload},
    reach::Reach,
    set::AddressSet,
};
use finder::Finder;
use roster::Roster;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// Whom something is open to: the wider, the earlier.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Opening {
    /// Everybody: no policy isolates it in this direction (S2).
    Unprotected,
    /// Addresses of the internet.
    Internet(AddressSet),
    /// Every pod of the cluster, and those to come.
    Cluster,
    /// Every pod of a namespace that is not its own.
    Namespace(Arc<str>),
    /// Pods that do not exist yet.
    Future(Future),
}

/// Workloads that are open alike.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exposure {
    /// In which direction.
    pub direction: Direction,
    /// To whom.
    pub opening: Opening,
    /// On which ports; never none.
    pub ports: OpenPorts,
    /// Rules of cluster-wide policies that refuse some of them, or leave them to others who do; who they
    /// are, what is there does not tell. Not of the internet, whose addresses are known.
    pub but: BTreeSet<OpeningRule>,
    /// Which workloads, sorted; with the names of the pods where not all of a workload are meant.
    pub workloads: Vec<(Workload, Vec<Arc<str>>)>,
    /// The rules that open them, sorted; none where no policy says otherwise.
    pub rules: Vec<OpeningRule>,
}

/// Pods and rules of what is open alike.
type Gathered = BTreeMap<
    (Direction, Opening, OpenPorts, BTreeSet<OpeningRule>),
    (BTreeSet<PodId>, BTreeSet<OpeningRule>),
>;

/// What pods of a profile are open to, but for whom: the ports, and the rules.
type Found = BTreeMap<(Opening, BTreeSet<OpeningRule>), (OpenPorts, BTreeSet<OpeningRule>)>;

/// What the workloads of `cluster` are open to, sorted: ingress first, the wider first.
#[must_use]
pub fn exposures(cluster: &Cluster, index: &Index, reach: &Reach) -> Vec<Exposure> {
    let mut finder = Finder::of(cluster, index, reach);
    let mut gathered = Gathered::new();
    for (alike, ids) in finder.profiles() {
        for direction in Direction::ALL {
            finder.of_profile(direction, &alike, &ids, &mut gathered);
        }
    }
    let roster = Roster::of(index);
    let exposures = gathered.into_iter().map(|((direction, opening, ports, but), (pods, rules))| Exposure {
        direction,
        opening,
        ports,
        but,
        workloads: roster.workloads(&pods),
        rules: rules.into_iter().collect(),
    });
    exposures.collect()
}
