//! Ends that one side of a question is about.

use crate::{
    index::{Index, RoaringBitmap},
    reach::{ClassId, Reach},
    set::AddressSet,
};
use std::net::IpAddr;

/// Pods, and addresses that no pod bears.
#[derive(Clone, Debug, Default)]
pub(super) struct Side {
    pub(super) pods: RoaringBitmap,
    /// Addresses that pods bear may be among them, and are not meant.
    pub(super) addresses: AddressSet,
    /// The classes that hold any of them.
    pub(super) classes: RoaringBitmap,
}

impl Side {
    pub(super) fn of(pods: RoaringBitmap, addresses: AddressSet, reach: &Reach, index: &Index) -> Self {
        let classes = reach.classes_of(&pods);
        Self { pods, addresses, classes }.with_outside(reach, index)
    }

    /// The pods of `all` that are not in `without`, and such addresses. Where these are few it costs what
    /// they are, not what there is.
    pub(super) fn of_others(
        all: &RoaringBitmap,
        without: &RoaringBitmap,
        addresses: AddressSet,
        reach: &Reach,
        index: &Index,
    ) -> Self {
        let is_left_out =
            |id: &ClassId| reach.class(*id).is_some_and(|class| (&class.pods & all).is_subset(without));
        let left_out: RoaringBitmap = reach.classes_of(without).iter().filter(is_left_out).collect();
        let classes = reach.inside() - left_out;
        Self { pods: all - without, addresses, classes }.with_outside(reach, index)
    }

    fn with_outside(mut self, reach: &Reach, index: &Index) -> Self {
        if !self.addresses.is_empty() {
            let is_meant = |id: &ClassId| self.address(*id, reach, index).is_some();
            let outside: RoaringBitmap = reach.outside().iter().filter(is_meant).collect();
            self.classes |= outside;
        }
        self
    }

    pub(super) fn is_empty(&self) -> bool {
        self.classes.is_empty()
    }

    /// The pods that are meant of a class.
    pub(super) fn pods_of(&self, id: ClassId, reach: &Reach) -> RoaringBitmap {
        reach.class(id).map(|class| &class.pods & &self.pods).unwrap_or_default()
    }

    /// The addresses that are meant of a class outside.
    pub(super) fn addresses_of(&self, id: ClassId, reach: &Reach) -> AddressSet {
        reach.class(id).map(|class| class.addresses.intersection(&self.addresses)).unwrap_or_default()
    }

    /// The first address that is meant of a class outside.
    pub(super) fn address(&self, id: ClassId, reach: &Reach, index: &Index) -> Option<IpAddr> {
        first_free(&self.addresses_of(id, reach), index, |_| true)
    }
}

/// The first of `addresses` that no pod bears and that is wanted.
pub(super) fn first_free(
    addresses: &AddressSet,
    index: &Index,
    is_wanted: impl Fn(IpAddr) -> bool,
) -> Option<IpAddr> {
    let is_free = |address: &IpAddr| index.pods_at(*address).next().is_none() && is_wanted(*address);
    let v4 = addresses.ranges_v4().flat_map(|range| {
        let (first, last) = range.into_inner();
        (first.to_bits()..=last.to_bits()).map(|bits| IpAddr::V4(bits.into()))
    });
    let v6 = addresses.ranges_v6().flat_map(|range| {
        let (first, last) = range.into_inner();
        (first.to_bits()..=last.to_bits()).map(|bits| IpAddr::V6(bits.into()))
    });
    // Of a run of addresses that pods bear no more are looked at than there are pods.
    v4.chain(v6).find(is_free)
}
