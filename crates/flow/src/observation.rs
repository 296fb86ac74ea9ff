//! What an observer says of one connection, before anybody looks up who stands at its ends.

use crate::record::{Carried, Leave, Names, Observer, Outcome};
use jiff::Timestamp;
use sekisho_core::object::{Direction, Labels, ObjectKey};
use std::{net::IpAddr, sync::Arc};

/// One connection, or several of one kind: as the kernel, or another tool, tells of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Observation {
    /// When, by the observer's clock.
    pub at: Timestamp,
    /// How many connections or attempts; at least 1.
    pub count: u64,
    /// Who opened it.
    pub from: Party,
    /// Whom it was opened to.
    pub to: Party,
    /// What it carries.
    pub carried: Carried,
    /// What became of it, at the side that saw it.
    pub outcome: Outcome,
    /// By whose leave, as far as the observer says.
    pub leave: Leave,
    /// Who tells.
    pub observer: Observer,
    /// At which end it was seen; `None` where the observer does not say.
    pub side: Option<Direction>,
    /// The node that saw it, where the observer says.
    pub node: Option<Arc<str>>,
}

/// One end as the observer tells of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Party {
    /// The address.
    pub address: Option<IpAddr>,
    /// Who it is.
    pub told: Told,
    /// DNS names of the address.
    pub names: Names,
}

impl Party {
    /// Whoever bears `address`.
    #[must_use]
    pub fn at(address: IpAddr) -> Self {
        Self { address: Some(address), ..Self::default() }
    }
}

/// Who an end is, in the observer's words.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Told {
    /// It does not say.
    #[default]
    Nothing,
    /// A pod.
    Pod(ToldPod),
    /// A node, by its name where the observer knows it.
    Node(Option<Arc<str>>),
    /// A Service's own address.
    Service(ObjectKey),
    /// Something outside the cluster.
    External,
}

/// A pod in the observer's words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToldPod {
    /// Its namespace.
    pub namespace: Arc<str>,
    /// Its name.
    pub name: Option<Arc<str>>,
    /// The kind and the name of what it belongs to; not always the topmost controller.
    pub workload: Option<(Arc<str>, Arc<str>)>,
    /// Its labels, as far as the observer knows them.
    pub labels: Labels,
}
