//! What is not known to be a pod does not pass where pods are (S23).

use super::Program;
use crate::{
    compile::{Mode, guard, names},
    transaction::Transaction,
    tree::{Element, Family},
};
use sekisho_core::set::AddressSet;
use std::net::IpAddr;

impl Program {
    /// Lets nothing pass to and from an address of `ranges`, of which pods on this node get theirs, that
    /// no pod on it bears (S23). The ranges take the place of those before; with none the guard goes.
    pub fn guard(&mut self, ranges: &AddressSet) -> Transaction {
        let guarded = !ranges.is_empty();
        if guarded {
            let pods = self.seats.keys().copied().collect();
            let chains = guard::chains().into_iter().filter(|_| !self.mode.guarded);
            for (name, chain) in chains {
                self.edits.chain_was(&name, None);
                self.ruleset.chains.insert(name, chain);
            }
            for (name, set) in guard::sets(ranges, &pods) {
                match self.ruleset.sets.get(&name) {
                    None => {
                        self.edits.set_comes(&name);
                        self.ruleset.sets.insert(name, set);
                    }
                    Some(old) => {
                        let gone: Vec<Element> = old.elements.difference(&set.elements).cloned().collect();
                        gone.iter().for_each(|element| self.remove(&name, element));
                        set.elements.into_iter().for_each(|element| self.add(&name, element));
                    }
                }
            }
        } else if self.mode.guarded {
            for (name, _) in guard::chains() {
                let old = self.ruleset.chains.remove(&name).map(|chain| chain.rules);
                self.edits.chain_was(&name, old);
            }
            for name in guard::sets(ranges, &[].into()).into_keys() {
                if let Some(set) = self.ruleset.sets.remove(&name) {
                    self.edits.set_goes(&name, set);
                }
            }
        }
        self.lay_entrances(Mode { guarded, ..self.mode });
        self.transaction()
    }

    /// Notes whether some pod on this node bears the address. Without a guard nobody asks, nor where answers are not read.
    pub(super) fn know(&mut self, address: IpAddr, is: bool) {
        let family = Family::of(address);
        for set in [guard::known(family), names::asking(family)] {
            if is {
                self.add(&set, Element::Address(address));
            } else {
                self.remove(&set, &Element::Address(address));
            }
        }
    }
}
