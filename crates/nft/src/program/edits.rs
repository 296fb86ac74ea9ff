//! What has changed in a ruleset since the last transaction.

use crate::{
    transaction::{Steps, Transaction},
    tree::{Element, Name, Rule, Ruleset, Set},
};
use std::collections::{BTreeMap, BTreeSet};

/// How each changed thing was before: first come, first kept.
#[derive(Debug, Default)]
pub(super) struct Edits {
    /// The rules of each chain; `None` for one that was not there.
    chains: BTreeMap<Name, Option<Vec<Rule>>>,
    /// Each set that came or went; `None` for one that was not there.
    sets: BTreeMap<Name, Option<Set>>,
    /// Elements that came and went, of sets that were there and are.
    elements: BTreeMap<Name, (BTreeSet<Element>, BTreeSet<Element>)>,
}

impl Edits {
    /// A chain that is not there now or has other rules now had these; `None` for none.
    pub(super) fn chain_was(&mut self, name: &Name, rules: Option<Vec<Rule>>) {
        self.chains.entry(name.clone()).or_insert(rules);
    }

    /// A set comes.
    pub(super) fn set_comes(&mut self, name: &Name) {
        self.sets.entry(name.clone()).or_insert(None);
    }

    /// A set goes.
    pub(super) fn set_goes(&mut self, name: &Name, mut set: Set) {
        let (came, went) = self.elements.remove(name).unwrap_or_default();
        set.elements.retain(|element| !came.contains(element));
        set.elements.extend(went);
        self.sets.entry(name.clone()).or_insert(Some(set));
    }

    /// An element comes that was not in the set.
    pub(super) fn element_comes(&mut self, set: &Name, element: Element) {
        if let Some((came, went)) = self.elements_of(set)
            && !went.remove(&element)
        {
            came.insert(element);
        }
    }

    /// An element goes that was in the set.
    pub(super) fn element_goes(&mut self, set: &Name, element: &Element) {
        if let Some((came, went)) = self.elements_of(set)
            && !came.remove(element)
        {
            went.insert(element.clone());
        }
    }

    /// The elements that came to a set and went from it; `None` where the whole set is compared.
    fn elements_of(&mut self, set: &Name) -> Option<&mut (BTreeSet<Element>, BTreeSet<Element>)> {
        let is_whole = self.sets.contains_key(set);
        (!is_whole).then(|| self.elements.entry(set.clone()).or_default())
    }

    /// The steps from how it was to `now`.
    pub(super) fn transaction(self, now: &Ruleset) -> Transaction {
        let mut steps = Steps::default();
        for (name, before) in self.sets {
            match (before, now.sets.get(&name)) {
                (before, Some(set)) => steps.set(&name, before.map(|b| (b.kind, b.elements)).as_ref(), set),
                (Some(_), None) => steps.old_set(&name),
                (None, None) => {}
            }
        }
        for (name, (came, went)) in self.elements {
            if let Some(set) = now.sets.get(&name) {
                steps.change_elements(&name, set.kind, came, went);
            }
        }
        for (name, before) in self.chains {
            match (before, now.chains.get(&name)) {
                (None, Some(chain)) => steps.new_chain(&name, chain),
                (Some(rules), Some(chain)) if rules != chain.rules => {
                    steps.change_rules(&name, rules.is_empty(), &chain.rules);
                }
                (Some(_), None) => steps.old_chain(&name),
                _ => {}
            }
        }
        steps.finish()
    }
}
