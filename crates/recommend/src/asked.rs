//! What is asked for.

use sekisho_core::{
    object::{Direction, ObjectKey, Workload},
    set::Cidr,
};
use sekisho_flow::{Timestamp, record::Window};
use std::{collections::BTreeSet, net::IpAddr, sync::Arc};

/// What is asked for.
#[derive(Clone, Debug)]
pub struct Asked {
    /// The directions that are to be closed but for what was seen.
    pub directions: BTreeSet<Direction>,
    /// Whether what was denied is to be let through as well.
    pub include_denied: bool,
    /// How wide a block an address outside stands for.
    pub widen: Widen,
    /// Whether what is recommended is only to be tried at first.
    pub staged: bool,
    /// For which workloads.
    pub only: Only,
    /// The stretch of time that the flows are of, where somebody says; else from the first to the last.
    pub window: Option<Window>,
}

impl Default for Asked {
    fn default() -> Self {
        Self {
            directions: Direction::ALL.into(),
            include_denied: false,
            widen: Widen::default(),
            staged: false,
            only: Only::default(),
            window: None,
        }
    }
}

impl Asked {
    /// Whether something that was seen from `first` to `last` is of the stretch of time that is asked about.
    #[must_use]
    pub fn is_within(&self, first: Timestamp, last: Timestamp) -> bool {
        self.window.is_none_or(|window| last >= window.from() && first < window.to())
    }
}

/// How many leading bits of an address outside are kept: a whole block is let through where one of its addresses was
/// seen. `None` keeps all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Widen {
    /// Of IPv4 addresses.
    pub v4: Option<u8>,
    /// Of IPv6 addresses.
    pub v6: Option<u8>,
}

impl Widen {
    /// The block that `address` stands for.
    #[must_use]
    pub fn block(self, address: IpAddr) -> Cidr {
        let length = if address.is_ipv4() { self.v4 } else { self.v6 };
        let wide = length.and_then(|length| format!("{address}/{length}").parse().ok());
        wide.unwrap_or_else(|| Cidr::host(address))
    }
}

/// For which workloads something is recommended; without any, for all that the standard does not exempt.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Only {
    /// Those of these namespaces.
    pub namespaces: BTreeSet<Arc<str>>,
    /// Those of these names.
    pub workloads: BTreeSet<ObjectKey>,
}

impl Only {
    /// Whether all of them are meant.
    #[must_use]
    pub fn is_everybody(&self) -> bool {
        self.namespaces.is_empty() && self.workloads.is_empty()
    }

    /// Whether these workloads of a namespace, which may be exempt by the standard, are meant.
    pub(crate) fn has(&self, namespace: &Arc<str>, workloads: &BTreeSet<Workload>, exempt: bool) -> bool {
        let is_named = workloads.iter().any(|workload| self.workloads.contains(&workload.key));
        let is_within = self.namespaces.contains(namespace)
            || (self.namespaces.is_empty() && !exempt && self.workloads.is_empty());
        is_named || is_within
    }
}
