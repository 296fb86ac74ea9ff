//! Which part of the answer is asked for.

use crate::set::{AddressSet, PortSet};
use roaring::RoaringBitmap;

/// Ends that are asked about.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Ends {
    /// Pods by their numbers in the index; `None` for all of them.
    pub pods: Option<RoaringBitmap>,
    /// Addresses outside the cluster; `None` for all of them.
    pub addresses: Option<AddressSet>,
}

impl Ends {
    /// These pods, and nothing outside.
    #[must_use]
    pub fn of_pods(pods: RoaringBitmap) -> Self {
        Self { pods: Some(pods), addresses: Some(AddressSet::empty()) }
    }

    /// These addresses outside, and no pod.
    #[must_use]
    pub fn of_addresses(addresses: AddressSet) -> Self {
        Self { pods: Some(RoaringBitmap::new()), addresses: Some(addresses) }
    }

    /// Either's.
    #[must_use]
    pub fn union(self, other: Self) -> Self {
        let pods = self.pods.zip(other.pods).map(|(a, b)| a | b);
        let addresses = self.addresses.zip(other.addresses).map(|(a, b)| a.union(&b));
        Self { pods, addresses }
    }

    pub(super) fn has_pod(&self, pod: u32) -> bool {
        self.pods.as_ref().is_none_or(|pods| pods.contains(pod))
    }

    /// Those of `addresses` that are asked about.
    pub(super) fn of(&self, addresses: &AddressSet) -> AddressSet {
        match &self.addresses {
            Some(asked) => asked.intersection(addresses),
            None => addresses.clone(),
        }
    }
}

/// What pods are named by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Grain {
    /// Their workloads, and pods only where those of one workload are answered differently.
    #[default]
    Workload,
    /// Each by itself.
    Pod,
}

/// Which connections are listed, and how their ends are named.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Filter {
    /// Who opens them.
    pub from: Ends,
    /// To whom.
    pub to: Ends,
    /// On which ports; `None` for all. What is listed has these alone.
    pub ports: Option<PortSet>,
    /// What pods are named by.
    pub grain: Grain,
}
