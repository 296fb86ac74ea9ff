//! Peers and ports as rectangles, whose difference is exact.

use crate::set::{AddressSet, PortSet};
use roaring::RoaringBitmap;

/// Peers: whoever has one of the addresses, and pods whose address is not known.
#[derive(Clone, Debug, Default)]
pub(super) struct Space {
    pub(super) addresses: AddressSet,
    pub(super) unknown: RoaringBitmap,
}

impl Space {
    pub(super) fn is_empty(&self) -> bool {
        self.addresses.is_empty() && self.unknown.is_empty()
    }

    pub(super) fn union(&self, other: &Self) -> Self {
        Self { addresses: self.addresses.union(&other.addresses), unknown: &self.unknown | &other.unknown }
    }

    pub(super) fn intersection(&self, other: &Self) -> Self {
        Self {
            addresses: self.addresses.intersection(&other.addresses),
            unknown: &self.unknown & &other.unknown,
        }
    }

    fn difference(&self, other: &Self) -> Self {
        Self {
            addresses: self.addresses.difference(&other.addresses),
            unknown: &self.unknown - &other.unknown,
        }
    }
}

/// What a rule allows its subject: each of the peers on each of the ports.
#[derive(Clone, Debug)]
pub(super) struct Allowed {
    pub(super) peers: Space,
    pub(super) ports: PortSet,
}

impl Allowed {
    pub(super) fn is_empty(&self) -> bool {
        self.peers.is_empty() || self.ports.is_empty()
    }

    /// Whether both have something in common.
    pub(super) fn meets(&self, other: &Self) -> bool {
        !self.ports.intersection(&other.ports).is_empty() && !self.peers.intersection(&other.peers).is_empty()
    }

    /// What `other` leaves of it.
    fn minus(self, other: &Self) -> Vec<Self> {
        let common = self.peers.intersection(&other.peers);
        if common.is_empty() || self.ports.intersection(&other.ports).is_empty() {
            return vec![self];
        }
        let beside = Self { peers: self.peers.difference(&other.peers), ports: self.ports.clone() };
        let within = Self { peers: common, ports: self.ports.difference(&other.ports) };
        [beside, within].into_iter().filter(|left| !left.is_empty()).collect()
    }
}

/// Whether `others` together allow all that `allowed` does.
pub(super) fn is_covered(allowed: Allowed, others: &[Allowed]) -> bool {
    let mut left = vec![allowed];
    left.retain(|part| !part.is_empty());
    for other in others {
        left = left.into_iter().flat_map(|part| part.minus(other)).collect();
        if left.is_empty() {
            return true;
        }
    }
    left.is_empty()
}
