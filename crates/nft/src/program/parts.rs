//! Chains and sets come with their first user and go with their last.

use super::Program;
use crate::{
    compile::{ChainPart, Compiled, SetPart},
    transaction::Transaction,
    tree::{Chain, Element, Name, Rule},
};
use sekisho_core::index::Index;

impl Program {
    pub(super) fn acquire_chain(&mut self, index: &Index, name: &Name, part: ChainPart) {
        let users = self.users.entry(name.clone()).or_default();
        *users += 1;
        if *users > 1 {
            return;
        }
        let chain = Chain { hook: None, rules: Vec::new(), comment: part.comment() };
        self.edits.chain_was(name, None);
        self.ruleset.chains.insert(name.clone(), chain);
        self.parts.insert(name.clone(), part);
        self.rebuild(index, name);
    }

    pub(super) fn rebuild(&mut self, index: &Index, name: &Name) {
        let Some(part) = self.parts.get(name) else { return };
        let Compiled { mut rules, chains, sets } = Compiled::of(part, index);
        rules.iter_mut().for_each(|rule| self.mode.adapt(rule));
        for (name, part) in chains {
            self.acquire_chain(index, &name, part);
        }
        for (name, part) in sets {
            self.acquire_set(index, &name, &part);
        }
        let Some(chain) = self.ruleset.chains.get_mut(name) else { return };
        let old = std::mem::replace(&mut chain.rules, rules);
        self.release_all(&old);
        self.edits.chain_was(name, Some(old));
    }

    fn acquire_set(&mut self, index: &Index, name: &Name, part: &SetPart) {
        let users = self.users.entry(name.clone()).or_default();
        *users += 1;
        if *users == 1 {
            self.edits.set_comes(name);
            self.ruleset.sets.insert(name.clone(), part.build(index));
        }
    }

    fn release_all(&mut self, rules: &[Rule]) {
        for name in rules.iter().flat_map(|rule| rule.chains().chain(rule.sets())) {
            self.release(name);
        }
    }

    pub(super) fn release(&mut self, name: &Name) {
        // What every table has is not counted.
        let Some(users) = self.users.get_mut(name) else { return };
        *users -= 1;
        if *users > 0 {
            return;
        }
        self.users.remove(name);
        if let Some(set) = self.ruleset.sets.remove(name) {
            self.edits.set_goes(name, set);
        }
        if let Some(chain) = self.ruleset.chains.remove(name) {
            self.parts.remove(name);
            self.release_all(&chain.rules);
            self.edits.chain_was(name, Some(chain.rules));
        }
    }

    /// Puts an element in; one that is there stays.
    pub(super) fn add(&mut self, set: &Name, element: Element) {
        let Some(elements) = self.ruleset.sets.get_mut(set).map(|set| &mut set.elements) else { return };
        if elements.insert(element.clone()) {
            self.edits.element_comes(set, element);
        }
    }

    /// Takes an element out, if it is there.
    pub(super) fn remove(&mut self, set: &Name, element: &Element) {
        let Some(elements) = self.ruleset.sets.get_mut(set).map(|set| &mut set.elements) else { return };
        if elements.remove(element) {
            self.edits.element_goes(set, element);
        }
    }

    pub(super) fn transaction(&mut self) -> Transaction {
        std::mem::take(&mut self.edits).transaction(&self.ruleset)
    }
}
