//! The ruleset as a typed tree: only what sekisho uses, and all of it with a meaning.
//!
//! INVARIANT: text, netlink and the interpreter match these types without a wildcard: a new kind of
//! node does not compile until each of them says what it means.

mod chain;
mod name;
mod set;

pub use chain::{Action, Chain, Hook, Match, NumberRange, Rule, Side, TagKind, TrackedState};
pub use name::Name;
pub(crate) use name::digest;
pub use set::{Element, Family, Set, SetKind};

use std::collections::BTreeMap;

/// A table of ours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Table {
    /// What is enforced.
    #[default]
    Enforced,
    /// What is only tried: packets pass, and it is told which would not. It sees what the other let pass.
    Tried,
    /// What bridges take from pods: no frame that the kernel would not show to the others. It is the same on every
    /// node, whatever the policies: [`frames`](crate::frames).
    Frames,
}

impl Table {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Enforced, Self::Tried, Self::Frames];

    /// Its name, which others may bear in another family.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Enforced | Self::Frames => "sekisho",
            Self::Tried => "sekisho_audit",
        }
    }

    /// Its family, as the `nft` program names it.
    #[must_use]
    pub fn family(self) -> &'static str {
        match self {
            Self::Enforced | Self::Tried => "inet",
            Self::Frames => "bridge",
        }
    }

    /// The priority of its base chains at their hooks: `NF_IP_PRI_FILTER`, behind it, and
    /// `NF_BR_PRI_FILTER_BRIDGED`, which is before bridges show packets to the other tables (`NF_BR_PRI_BRNF`, 0).
    #[must_use]
    pub fn priority(self) -> i32 {
        match self {
            Self::Enforced => 0,
            Self::Tried => 1,
            Self::Frames => -200,
        }
    }
}

/// The bit of a connection's label that says it was cut (S31). Labels have 128 bits.
pub const CUT_LABEL_BIT: u8 = 119;

/// The NFLOG group that denials are logged to.
pub const LOG_GROUP: u16 = 1719;

/// The NFLOG group that answers to DNS questions are copied to.
pub const NAMES_GROUP: u16 = 1720;

/// All of one node's table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ruleset {
    /// Sets and maps.
    pub sets: BTreeMap<Name, Set>,
    /// Chains.
    pub chains: BTreeMap<Name, Chain>,
}
