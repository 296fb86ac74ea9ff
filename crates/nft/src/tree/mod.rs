//! The ruleset as a typed tree: only what sekisho uses, and all of it with a meaning.
//!
//! INVARIANT: text, netlink and the interpreter match these types without a wildcard: a new kind of
//! node does not compile until each of them says what it means.

mod chain;
mod name;
mod set;

pub use chain::{Action, Chain, Hook, Match, NumberRange, Rule, Side, TrackedState};
pub use name::Name;
pub(crate) use name::digest;
pub use set::{Element, Family, Set, SetKind};

use std::collections::BTreeMap;

/// A table of ours; its family is `inet`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Table {
    /// What is enforced.
    #[default]
    Enforced,
    /// What is only tried: packets pass, and it is told which would not. It sees what the other let pass.
    Tried,
}

impl Table {
    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Enforced => "sekisho",
            Self::Tried => "sekisho_audit",
        }
    }

    /// The priority of its base chains at their hooks; `NF_IP_PRI_FILTER` is 0.
    #[must_use]
    pub fn priority(self) -> u32 {
        match self {
            Self::Enforced => 0,
            Self::Tried => 1,
        }
    }
}

/// The bit of a connection's label that says it was cut (S31). Labels have 128 bits.
pub const CUT_LABEL_BIT: u8 = 119;

/// The NFLOG group that denials are logged to.
pub const LOG_GROUP: u16 = 1719;

/// All of one node's table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ruleset {
    /// Sets and maps.
    pub sets: BTreeMap<Name, Set>,
    /// Chains.
    pub chains: BTreeMap<Name, Chain>,
}
