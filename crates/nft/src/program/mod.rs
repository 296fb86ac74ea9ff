//! One node's ruleset, kept true to the index.

mod edits;
mod guard;
mod parts;

use crate::{
    compile::{
        ChainPart, Mode, Phase, Target, base, element, entrances, members_name, names, policy_chain_name,
        target,
    },
    transaction::Transaction,
    tree::{Element, Family, Name, Ruleset},
};
use edits::Edits;
use sekisho_core::{
    index::{Delta, Effect, Index, Member, PolicyKey, ProfileKey, SetKey},
    object::Direction,
};
use std::{
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
    sync::Arc,
};

/// Fail closed: another program may have cut connections here. A sweep knows.
const ENFORCING: Mode = Mode {
    phase: Phase::Enforcing,
    refusing: true,
    guarded: false,
    isolating: false,
    tried: false,
    naming: false,
};

/// A local address: what polices it, and the chains that it leads to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Seat {
    profiles: BTreeSet<ProfileKey>,
    targets: BTreeMap<Direction, Name>,
}

/// The ruleset of one node.
///
/// Chains and sets are there while something names them; what a change costs is what it touches.
#[derive(Debug)]
pub struct Program {
    node: Arc<str>,
    mode: Mode,
    ruleset: Ruleset,
    seats: BTreeMap<IpAddr, Seat>,
    parts: BTreeMap<Name, ChainPart>,
    users: BTreeMap<Name, usize>,
    edits: Edits,
}

impl Program {
    /// The ruleset of `node` as the index has it now.
    #[must_use]
    pub fn new(index: &Index, node: &str) -> Self {
        Self::in_mode(index, node, ENFORCING)
    }

    /// The ruleset of `node` for what is only tried: nothing is dropped, and it is counted and logged what
    /// would be. It is for [`Table::Tried`](crate::tree::Table::Tried).
    #[must_use]
    pub fn trying(index: &Index, node: &str) -> Self {
        Self::in_mode(index, node, Mode { refusing: false, tried: true, ..ENFORCING })
    }

    /// The ruleset of `node` for the time in which enforcement begins on it (S32): TCP packets that
    /// open nothing pass, so that connections which are open already show themselves and go on. Those
    /// that no end was allowed to open are for [`Conntrack::sweep`](crate::conntrack::Conntrack::sweep)
    /// to cut, again and again until [`Self::settle`] ends the time.
    #[must_use]
    pub fn attaching(index: &Index, node: &str) -> Self {
        Self::in_mode(index, node, Mode { phase: Phase::Attaching, ..ENFORCING })
    }

    /// The same, which also hands over the answers to the DNS questions of this node's pods:
    /// [`names`](crate::names).
    #[must_use]
    pub fn naming(self, index: &Index) -> Self {
        Self::in_mode(index, &self.node, Mode { naming: true, ..self.mode })
    }

    fn in_mode(index: &Index, node: &str, mode: Mode) -> Self {
        let mut program = Self {
            node: node.into(),
            mode,
            ruleset: base(mode),
            seats: BTreeMap::new(),
            parts: BTreeMap::new(),
            users: BTreeMap::new(),
            edits: Edits::default(),
        };
        for (address, profiles) in index.endpoints(node) {
            program.seat(index, address, profiles.clone());
        }
        program.heed_groups();
        program.edits = Edits::default();
        program
    }

    /// Ends the time in which enforcement begins: what the kernel must do for it.
    pub fn settle(&mut self) -> Transaction {
        self.enter(Mode { phase: Phase::Enforcing, ..self.mode })
    }

    /// Looks for connections that were cut (S31), or no longer does: what the kernel must do for it.
    /// [`Conntrack::sweep`](crate::conntrack::Conntrack::sweep) knows when.
    pub(crate) fn refuse_cut(&mut self, refusing: bool) -> Transaction {
        self.enter(Mode { refusing, ..self.mode })
    }

    fn enter(&mut self, mode: Mode) -> Transaction {
        self.lay_entrances(mode);
        self.transaction()
    }

    fn lay_entrances(&mut self, mode: Mode) {
        self.mode = mode;
        for (name, rules) in entrances(mode) {
            if let Some(chain) = self.ruleset.chains.get_mut(&name) {
                let old = std::mem::replace(&mut chain.rules, rules);
                self.edits.chain_was(&name, Some(old));
            }
        }
    }

    /// The node.
    #[must_use]
    pub fn node(&self) -> &Arc<str> {
        &self.node
    }

    /// The ruleset.
    #[must_use]
    pub fn ruleset(&self) -> &Ruleset {
        &self.ruleset
    }

    /// Who denies in a chain that counts: the direction and the policies, in order. Nothing for a chain
    /// that denies nothing by policy.
    #[must_use]
    pub fn denying(&self, chain: &Name) -> Option<(Direction, &[PolicyKey])> {
        self.parts.get(chain)?.denying()
    }

    /// Follows what changed in the index, and says what the kernel must do for it: one transaction,
    /// whether for one change or for a burst.
    pub fn follow<'a>(&mut self, index: &Index, deltas: impl IntoIterator<Item = &'a Delta>) -> Transaction {
        for effect in deltas.into_iter().flat_map(|delta| &delta.effects) {
            match effect {
                Effect::Members { set, added, removed } => self.members(set, added, removed),
                Effect::Endpoint { node, address, after, .. } if *node == self.node => {
                    self.seat(index, *address, after.clone());
                }
                Effect::Policy { key } => self.policy(index, key),
                // The hooks tell a node's own packets, whatever its addresses (S20).
                Effect::Endpoint { .. } | Effect::Node { .. } => {}
            }
        }
        self.heed_groups();
        self.transaction()
    }

    /// What is meant for many passes while no pod here is isolated for ingress.
    fn heed_groups(&mut self) {
        let maps = Family::ALL.map(|family| names::dispatch(Direction::Ingress, family));
        let isolates = |map: &Name| self.ruleset.sets.get(map).is_some_and(|set| !set.elements.is_empty());
        let isolating = maps.iter().any(isolates);
        if isolating != self.mode.isolating {
            self.lay_entrances(Mode { isolating, ..self.mode });
        }
    }

    fn members(&mut self, set: &SetKey, added: &BTreeSet<Member>, removed: &BTreeSet<Member>) {
        for family in Family::ALL {
            let name = members_name(set, family);
            if self.ruleset.sets.contains_key(&name) {
                removed.iter().filter_map(|m| element(*m, family)).for_each(|e| self.remove(&name, &e));
                added.iter().filter_map(|m| element(*m, family)).for_each(|e| self.add(&name, e));
            }
        }
    }

    /// A policy came, went or has other rules: the chains that have its rules are made anew, and pods
    /// about which it has a say in other directions than before lead elsewhere.
    fn policy(&mut self, index: &Index, key: &PolicyKey) {
        let mixed = self.parts.iter().filter(|(_, part)| part.mixes_in(key));
        let mut chains: Vec<Name> = mixed.map(|(name, _)| name.clone()).collect();
        for family in Family::ALL {
            chains.extend(Direction::ALL.map(|direction| policy_chain_name(direction, family, key)));
        }
        for name in chains {
            self.rebuild(index, &name);
        }
        let selected = |seat: &Seat| seat.profiles.iter().any(|profile| profile.contains(key));
        let seats: Vec<_> = self.seats.iter().filter(|(_, seat)| selected(seat)).collect();
        let seats: Vec<_> =
            seats.into_iter().map(|(address, seat)| (*address, seat.profiles.clone())).collect();
        for (address, profiles) in seats {
            self.seat(index, address, profiles);
        }
    }

    /// Leads the packets of an address to where its profiles want them.
    fn seat(&mut self, index: &Index, address: IpAddr, profiles: BTreeSet<ProfileKey>) {
        let family = Family::of(address);
        let old = self.seats.remove(&address).unwrap_or_default();
        let mut seat = Seat { profiles, targets: BTreeMap::new() };
        for direction in Direction::ALL {
            let target = target(index, direction, family, &seat.profiles);
            let old_target = old.targets.get(&direction);
            if let Some((name, _)) = &target {
                seat.targets.insert(direction, name.clone());
            }
            self.lead(index, direction, address, old_target, target);
        }
        self.police(address, !old.targets.is_empty(), !seat.targets.is_empty());
        self.know(address, !seat.profiles.is_empty());
        if !seat.profiles.is_empty() {
            self.seats.insert(address, seat);
        }
    }

    fn lead(
        &mut self,
        index: &Index,
        direction: Direction,
        address: IpAddr,
        old: Option<&Name>,
        new: Option<Target>,
    ) {
        let new_name = new.as_ref().map(|(name, _)| name.clone());
        if old == new_name.as_ref() {
            return;
        }
        let map = names::dispatch(direction, Family::of(address));
        if let Some((name, part)) = new {
            self.acquire_chain(index, &name, part);
        }
        if let Some(old) = old {
            self.remove(&map, &Element::Dispatch(address, old.clone()));
        }
        if let Some(name) = new_name {
            self.add(&map, Element::Dispatch(address, name));
        }
        if let Some(old) = old {
            self.release(old);
        }
    }

    fn police(&mut self, address: IpAddr, was: bool, is: bool) {
        let family = Family::of(address);
        let elements = [
            (names::policed(family), Element::Address(address)),
            (names::itself(family), Element::AddressPair(address, address)),
        ];
        for (set, element) in elements {
            match (was, is) {
                (false, true) => self.add(&set, element),
                (true, false) => self.remove(&set, &element),
                _ => {}
            }
        }
    }
}
