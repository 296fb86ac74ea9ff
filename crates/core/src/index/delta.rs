//! What a change asks of a dataplane.

use super::key::{Member, PolicyKey, ProfileKey, SetKey};
use std::{
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
    sync::Arc,
};

/// One consequence of a change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Members came into or went out of a set that was in use before the change and still is. (The
    /// members of a set that comes into use are read from the index.)
    Members {
        /// The set.
        set: SetKey,
        /// Who came.
        added: BTreeSet<Member>,
        /// Who went.
        removed: BTreeSet<Member>,
    },
    /// The profiles of an address on a node changed. There is one profile for each distinct set of
    /// policies that selects a pod with the address; none when no pod bears it any more (S26).
    Endpoint {
        /// The node.
        node: Arc<str>,
        /// The address.
        address: IpAddr,
        /// The profiles before.
        before: BTreeSet<ProfileKey>,
        /// The profiles now.
        after: BTreeSet<ProfileKey>,
    },
    /// A policy came or went, or its rules changed.
    Policy {
        /// The policy.
        key: PolicyKey,
    },
    /// A node came, went, or changed its addresses or its pods' ranges.
    Node {
        /// The node.
        name: Arc<str>,
    },
}

/// Everything that a change asks of a dataplane, sorted: sets, endpoints, policies, nodes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Delta {
    /// The consequences.
    pub effects: Vec<Effect>,
}

impl Delta {
    /// Whether a dataplane has nothing to do.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.effects.is_empty()
    }
}

/// Gathers the consequences of one change.
#[derive(Debug, Default)]
pub(super) struct DeltaBuilder {
    members: BTreeMap<SetKey, (BTreeSet<Member>, BTreeSet<Member>)>,
    rest: Vec<Effect>,
}

impl DeltaBuilder {
    /// Notes how a set differs between `before` and `after`.
    pub(super) fn set(&mut self, key: SetKey, before: &BTreeSet<Member>, after: &BTreeSet<Member>) {
        if before != after {
            let (added, removed) = self.members.entry(key).or_default();
            added.extend(after.difference(before));
            removed.extend(before.difference(after));
        }
    }

    /// Notes any other consequence.
    pub(super) fn push(&mut self, effect: Effect) {
        self.rest.push(effect);
    }

    /// Notes the consequences of the next step of the change.
    pub(super) fn append(&mut self, other: Self) {
        for (set, (added, removed)) in other.members {
            let (all_added, all_removed) = self.members.entry(set).or_default();
            all_added.extend(added);
            all_removed.extend(removed);
        }
        self.rest.extend(other.rest);
    }

    pub(super) fn finish(self) -> Delta {
        let members = self.members.into_iter();
        let members = members.map(|(set, (added, removed))| Effect::Members { set, added, removed });
        Delta { effects: members.chain(self.rest).collect() }
    }
}
