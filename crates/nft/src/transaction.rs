//! Changes from one state of the table to the next, as one transaction.

use crate::tree::{Chain, Element, Hook, Name, Rule, Ruleset, Set, SetKind};
use std::collections::{BTreeMap, BTreeSet};

/// One step of a transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Operation {
    /// Switches the table on that somebody switched off.
    Wake,
    /// Makes an empty set.
    AddSet {
        /// Its name.
        set: Name,
        /// What its elements are.
        kind: SetKind,
        /// What it stands for.
        comment: String,
    },
    /// Makes an empty chain.
    AddChain {
        /// Its name.
        chain: Name,
        /// Where packets enter it, for a base chain.
        hook: Option<Hook>,
    },
    /// Takes all rules out of a chain.
    FlushChain(Name),
    /// Puts rules at the end of a chain.
    AddRules(Name, Vec<Rule>),
    /// Takes elements out of a set.
    DeleteElements(Name, BTreeSet<Element>),
    /// Puts elements into a set.
    AddElements(Name, BTreeSet<Element>),
    /// Takes a chain away that nothing leads to any more.
    DeleteChain(Name),
    /// Takes a set away that nothing reads any more.
    DeleteSet(Name),
}

/// Steps that the kernel takes all at once or not at all: no packet meets half of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Transaction {
    operations: Vec<Operation>,
    /// How many of them change what becomes of packets. Those behind take away what no packet meets any more.
    telling: usize,
}

impl Transaction {
    /// The steps, in the order in which the kernel must take them.
    #[must_use]
    pub fn operations(&self) -> &[Operation] {
        &self.operations
    }

    /// The same in two: what changes the fate of packets, and what takes away that nothing leads to any more.
    /// The kernel waits for all its processors before it forgets a chain, which takes some 20 ms; in between
    /// the state is that which is wanted, with remains.
    #[must_use]
    pub fn in_two(mut self) -> (Self, Self) {
        let remains = self.operations.split_off(self.telling);
        (self, Self { operations: remains, telling: 0 })
    }

    /// Whether there is nothing to do.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.operations.is_empty()
    }

    /// The steps from `before` to `after`.
    ///
    /// The order is one that the kernel takes whatever changes: sets and chains before the rules that
    /// name them, chains before the map elements that lead to them, and everything unnamed before it
    /// goes. Base chains are made once and never deleted: replacing one lets packets slip. One that
    /// somebody else made elsewhere is the exception: it lets them slip already.
    #[must_use]
    pub fn between(before: &Programmed, after: &Ruleset) -> Self {
        let mut steps = Steps::default();
        steps.sets.extend(before.dormant.then_some(Operation::Wake));
        for (name, set) in &after.sets {
            steps.set(name, before.sets.get(name), set);
        }
        for (name, chain) in &after.chains {
            let is_elsewhere = before.entrances.get(name).copied() != chain.hook.map(Entrance::At);
            match before.chains.get(name) {
                Some(rules) if is_elsewhere => steps.move_chain(name, rules.is_empty(), chain),
                rules => steps.chain(name, rules, chain),
            }
        }
        before
            .chains
            .keys()
            .filter(|name| !after.chains.contains_key(*name))
            .for_each(|n| steps.old_chain(n));
        before
            .sets
            .keys()
            .filter(|name| !after.sets.contains_key(*name))
            .for_each(|name| steps.old_set(name));
        steps.finish()
    }
}

/// Steps by the order in which they must be taken.
#[derive(Debug, Default)]
pub(crate) struct Steps {
    sets: Vec<Operation>,
    chains: Vec<Operation>,
    elements: Vec<Operation>,
    rules: Vec<Operation>,
    dispatched: Vec<Operation>,
    emptied: Vec<Operation>,
    removed: Vec<Operation>,
    old_sets: Vec<Operation>,
}

impl Steps {
    /// A set that may have been there.
    pub(crate) fn set(&mut self, name: &Name, before: Option<&(SetKind, BTreeSet<Element>)>, set: &Set) {
        if before.is_none() {
            self.new_set(name, set);
        }
        let none = BTreeSet::new();
        let old = before.map_or(&none, |(_, elements)| elements);
        let removed = old.difference(&set.elements).cloned().collect();
        let added = set.elements.difference(old).cloned().collect();
        self.change_elements(name, set.kind, added, removed);
    }

    fn chain(&mut self, name: &Name, before: Option<&Vec<String>>, chain: &Chain) {
        let wanted = || chain.rules.iter().map(Rule::fingerprint);
        match before {
            None => self.new_chain(name, chain),
            Some(before) if before.iter().cloned().eq(wanted()) => {}
            Some(before) => self.change_rules(name, before.is_empty(), &chain.rules),
        }
    }

    /// A set that was not there. Its elements come by [`Self::change_elements`].
    fn new_set(&mut self, name: &Name, set: &Set) {
        let comment = set.comment.clone();
        self.sets.push(Operation::AddSet { set: name.clone(), kind: set.kind, comment });
    }

    /// Elements that go and come.
    pub(crate) fn change_elements(
        &mut self,
        name: &Name,
        kind: SetKind,
        added: BTreeSet<Element>,
        removed: BTreeSet<Element>,
    ) {
        let steps = match kind {
            SetKind::Dispatch(_) => &mut self.dispatched,
            _ => &mut self.elements,
        };
        if !removed.is_empty() {
            steps.push(Operation::DeleteElements(name.clone(), removed));
        }
        if !added.is_empty() {
            steps.push(Operation::AddElements(name.clone(), added));
        }
    }

    /// A chain that was not there.
    pub(crate) fn new_chain(&mut self, name: &Name, chain: &Chain) {
        self.chains.push(Operation::AddChain { chain: name.clone(), hook: chain.hook });
        self.change_rules(name, true, &chain.rules);
    }

    /// A chain that somebody made who did not let packets enter it where they should.
    fn move_chain(&mut self, name: &Name, was_empty: bool, chain: &Chain) {
        if !was_empty {
            self.chains.push(Operation::FlushChain(name.clone()));
        }
        self.chains.push(Operation::DeleteChain(name.clone()));
        self.new_chain(name, chain);
    }

    /// A chain whose rules are others now.
    pub(crate) fn change_rules(&mut self, name: &Name, was_empty: bool, rules: &[Rule]) {
        if !was_empty {
            self.rules.push(Operation::FlushChain(name.clone()));
        }
        if !rules.is_empty() {
            self.rules.push(Operation::AddRules(name.clone(), rules.to_vec()));
        }
    }

    /// A chain that goes. It is emptied first: its rules may lead to another that goes.
    pub(crate) fn old_chain(&mut self, name: &Name) {
        self.emptied.push(Operation::FlushChain(name.clone()));
        self.removed.push(Operation::DeleteChain(name.clone()));
    }

    /// A set that goes, after the rules that read it.
    pub(crate) fn old_set(&mut self, name: &Name) {
        self.old_sets.push(Operation::DeleteSet(name.clone()));
    }

    pub(crate) fn finish(self) -> Transaction {
        let first = [&self.sets, &self.chains, &self.elements, &self.rules, &self.dispatched];
        let telling = first.into_iter().map(Vec::len).sum();
        let steps = [
            self.sets,
            self.chains,
            self.elements,
            self.rules,
            self.dispatched,
            self.emptied,
            self.removed,
            self.old_sets,
        ];
        Transaction { operations: steps.into_iter().flatten().collect(), telling }
    }
}

/// Where packets enter a base chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entrance {
    /// At a hook, as we make base chains.
    At(Hook),
    /// Elsewhere, at another priority, or with another fate at the end of the chain.
    Foreign,
}

/// What is in the kernel, as far as it can be compared: every element, and of each rule a
/// fingerprint, which is programmed with it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Programmed {
    /// Whether somebody switched the whole table off.
    pub dormant: bool,
    /// Where packets enter the base chains.
    pub entrances: BTreeMap<Name, Entrance>,
    /// The fingerprints of the rules of each chain. A rule that somebody else put there has an empty
    /// one.
    pub chains: BTreeMap<Name, Vec<String>>,
    /// The kind and the elements of each set.
    pub sets: BTreeMap<Name, (SetKind, BTreeSet<Element>)>,
}

impl Programmed {
    /// What is in the kernel after `ruleset` was programmed.
    #[must_use]
    pub fn of(ruleset: &Ruleset) -> Self {
        let fingerprints = |chain: &Chain| chain.rules.iter().map(Rule::fingerprint).collect();
        let entrance = |(name, chain): (&Name, &Chain)| Some((name.clone(), Entrance::At(chain.hook?)));
        Self {
            dormant: false,
            entrances: ruleset.chains.iter().filter_map(entrance).collect(),
            chains: ruleset.chains.iter().map(|(name, chain)| (name.clone(), fingerprints(chain))).collect(),
            sets: ruleset
                .sets
                .iter()
                .map(|(name, set)| (name.clone(), (set.kind, set.elements.clone())))
                .collect(),
        }
    }
}

impl Rule {
    /// A short text that equal rules share and others do not.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        crate::tree::digest(&crate::text::rule(self))
    }
}
