//! How much a person should look at a change.

use super::{joint::Joint, rows::Row};
use crate::{
    index::RoaringBitmap,
    set::{AddressSet, PortSet},
};
use std::{collections::BTreeSet, fmt, sync::Arc};

/// Where a change lets connections come from or go to: what is opened comes before what is closed, and the
/// farther its peer, the earlier. Ports that are opened beside others that were open count as much as
/// those of a connection that is new.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Risk {
    /// Opened to all of the internet, but for some blocks at most: the addresses have a block of at most
    /// eight bits in them.
    FromInternet,
    /// Opened to some addresses outside.
    FromAddresses,
    /// Opened to pods of another namespace.
    FromOtherNamespace,
    /// Opened to pods of the same namespace.
    WithinNamespace,
    /// Opened from pods to addresses outside.
    ToOutside,
    /// Closed, and nothing opened.
    Closed,
}

impl Risk {
    /// All of them, the riskiest first.
    pub const ALL: [Self; 6] = [
        Self::FromInternet,
        Self::FromAddresses,
        Self::FromOtherNamespace,
        Self::WithinNamespace,
        Self::ToOutside,
        Self::Closed,
    ];

    /// A block of at most this length is what people call the internet: `0.0.0.0/0`, and what is left of
    /// it when private and other ranges are taken away.
    const INTERNET_PREFIX: u8 = 8;

    pub(super) fn of(joint: &Joint, row: &Row) -> Self {
        let from = (joint.addresses(&row.from), namespaces(joint, &row.from));
        Self::between(&row.ports, &from, &namespaces(joint, &row.to))
    }

    /// Of what goes from addresses and pods of namespaces to pods of others.
    pub(super) fn between(
        [before, after]: &[Arc<PortSet>; 2],
        (addresses, from): &(AddressSet, BTreeSet<&Arc<str>>),
        to: &BTreeSet<&Arc<str>>,
    ) -> Self {
        if after.difference(before).is_empty() {
            return Self::Closed;
        }
        if !addresses.is_empty() {
            let is_wide =
                addresses.cidrs().iter().any(|block| block.prefix_length() <= Self::INTERNET_PREFIX);
            return if is_wide { Self::FromInternet } else { Self::FromAddresses };
        }
        if to.is_empty() {
            return Self::ToOutside;
        }
        if from == to && from.len() == 1 { Self::WithinNamespace } else { Self::FromOtherNamespace }
    }
}

fn namespaces<'j>(joint: &'j Joint, units: &RoaringBitmap) -> BTreeSet<&'j Arc<str>> {
    units.iter().map_while(|unit| joint.unit(unit)).map(|unit| &unit.workload.key.namespace).collect()
}

impl fmt::Display for Risk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::FromInternet => "opened from the internet",
            Self::FromAddresses => "opened from addresses outside",
            Self::FromOtherNamespace => "opened from another namespace",
            Self::WithinNamespace => "opened within a namespace",
            Self::ToOutside => "opened to addresses outside",
            Self::Closed => "closed",
        })
    }
}
