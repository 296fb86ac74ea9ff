//! A kernel in memory, which takes transactions as the real one does.

use crate::{
    transaction::{Operation, Transaction},
    tree::{Chain, Element, Family, Name, Rule, Ruleset, Set, SetKind},
};
use std::net::{Ipv4Addr, Ipv6Addr};
use thiserror::Error;

/// Why the kernel would not take a transaction.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum FakeError {
    /// Something is made that is there already.
    #[error("`{0}` is there already")]
    Exists(Name),
    /// Something is named that is not there.
    #[error("there is no `{0}`")]
    Missing(Name),
    /// Something is deleted that a rule or a map still names.
    #[error("`{0}` is still in use")]
    Busy(Name),
    /// An element is not of its set's kind.
    #[error("`{1:?}` is no element for `{0}`")]
    Kind(Name, Element),
    /// An element is added twice, deleted without being there, or overlaps another.
    #[error("`{1:?}` is twice in `{0}`, not in it, or overlaps another")]
    Element(Name, Element),
}

/// A kernel in memory.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fake {
    ruleset: Ruleset,
}

impl Fake {
    /// What is programmed.
    #[must_use]
    pub fn ruleset(&self) -> &Ruleset {
        &self.ruleset
    }

    /// Takes a transaction whole.
    ///
    /// # Errors
    /// When the kernel would refuse a step of it; then nothing has changed.
    pub fn apply(&mut self, transaction: &Transaction) -> Result<(), FakeError> {
        let mut next = self.clone();
        for operation in transaction.operations() {
            next.step(operation)?;
        }
        *self = next;
        Ok(())
    }

    fn step(&mut self, operation: &Operation) -> Result<(), FakeError> {
        match operation {
            // Nobody switches this one off.
            Operation::Wake => Ok(()),
            Operation::AddSet { set, kind, comment } => {
                let made = Set::new(*kind, comment.clone());
                exists(self.ruleset.sets.insert(set.clone(), made).is_some(), set)
            }
            Operation::AddChain { chain, hook } => {
                let made = Chain { hook: *hook, ..Chain::default() };
                exists(self.ruleset.chains.insert(chain.clone(), made).is_some(), chain)
            }
            Operation::FlushChain(chain) => {
                self.chain(chain)?.rules.clear();
                Ok(())
            }
            Operation::AddRules(chain, rules) => self.add_rules(chain, rules),
            Operation::AddElements(set, elements) => {
                elements.iter().try_for_each(|element| self.add_element(set, element))
            }
            Operation::DeleteElements(set, elements) => {
                elements.iter().try_for_each(|element| self.delete_element(set, element))
            }
            Operation::DeleteChain(chain) => {
                let used = self.rules().any(|rule| rule.chains().any(|used| used == chain));
                let led_to = self.ruleset.sets.values().flat_map(|set| &set.elements);
                let mapped = led_to.into_iter().any(|e| matches!(e, Element::Dispatch(_, to) if to == chain));
                busy(used || mapped, chain)?;
                self.ruleset.chains.remove(chain).map(drop).ok_or_else(|| FakeError::Missing(chain.clone()))
            }
            Operation::DeleteSet(set) => {
                busy(self.rules().any(|rule| rule.sets().any(|used| used == set)), set)?;
                self.ruleset.sets.remove(set).map(drop).ok_or_else(|| FakeError::Missing(set.clone()))
            }
        }
    }

    fn rules(&self) -> impl Iterator<Item = &Rule> {
        self.ruleset.chains.values().flat_map(|chain| &chain.rules)
    }

    fn chain(&mut self, name: &Name) -> Result<&mut Chain, FakeError> {
        self.ruleset.chains.get_mut(name).ok_or_else(|| FakeError::Missing(name.clone()))
    }

    fn add_rules(&mut self, chain: &Name, rules: &[Rule]) -> Result<(), FakeError> {
        let chains = rules.iter().flat_map(Rule::chains).find(|n| !self.ruleset.chains.contains_key(*n));
        let sets = rules.iter().flat_map(Rule::sets).find(|n| !self.ruleset.sets.contains_key(*n));
        if let Some(missing) = chains.or(sets) {
            return Err(FakeError::Missing(missing.clone()));
        }
        self.chain(chain)?.rules.extend_from_slice(rules);
        Ok(())
    }

    fn add_element(&mut self, name: &Name, element: &Element) -> Result<(), FakeError> {
        if let Element::Dispatch(_, chain) = element
            && !self.ruleset.chains.contains_key(chain)
        {
            return Err(FakeError::Missing(chain.clone()));
        }
        let Some(set) = self.ruleset.sets.get_mut(name) else { return Err(FakeError::Missing(name.clone())) };
        if !fits(set.kind, element) {
            return Err(FakeError::Kind(name.clone(), element.clone()));
        }
        if set.elements.iter().any(|other| overlap(other, element)) {
            return Err(FakeError::Element(name.clone(), element.clone()));
        }
        set.elements.insert(element.clone());
        Ok(())
    }

    fn delete_element(&mut self, name: &Name, element: &Element) -> Result<(), FakeError> {
        let Some(set) = self.ruleset.sets.get_mut(name) else { return Err(FakeError::Missing(name.clone())) };
        if set.elements.remove(element) {
            return Ok(());
        }
        Err(FakeError::Element(name.clone(), element.clone()))
    }
}

fn exists(is: bool, name: &Name) -> Result<(), FakeError> {
    if is { Err(FakeError::Exists(name.clone())) } else { Ok(()) }
}

fn busy(is: bool, name: &Name) -> Result<(), FakeError> {
    if is { Err(FakeError::Busy(name.clone())) } else { Ok(()) }
}

fn fits(kind: SetKind, element: &Element) -> bool {
    match (kind, element) {
        (SetKind::Addresses(family), Element::Address(address))
        | (SetKind::AddressPorts(family), Element::AddressPort(address, _))
        | (SetKind::Dispatch(family), Element::Dispatch(address, _)) => Family::of(*address) == family,
        (SetKind::AddressPairs(family), Element::AddressPair(a, b)) => {
            Family::of(*a) == family && Family::of(*b) == family
        }
        (SetKind::Ranges(Family::V4), Element::RangeV4(first, last)) => first <= last,
        (SetKind::Ranges(Family::V6), Element::RangeV6(first, last)) => first <= last,
        (SetKind::Ports, Element::Ports(first, last)) => first <= last,
        _ => false,
    }
}

/// Whether the kernel would not have both: the same key twice, or ranges that overlap or touch (it
/// takes touching ones, but then reads them back as one).
fn overlap(a: &Element, b: &Element) -> bool {
    let touch_v4 = |a: Ipv4Addr, b: Ipv4Addr| a.to_bits() <= b.to_bits().saturating_add(1);
    let touch_v6 = |a: Ipv6Addr, b: Ipv6Addr| a.to_bits() <= b.to_bits().saturating_add(1);
    match (a, b) {
        (Element::RangeV4(a, b), Element::RangeV4(c, d)) => touch_v4(*a, *d) && touch_v4(*c, *b),
        (Element::RangeV6(a, b), Element::RangeV6(c, d)) => touch_v6(*a, *d) && touch_v6(*c, *b),
        (Element::Ports(a, b), Element::Ports(c, d)) => {
            *a <= d.saturating_add(1) && *c <= b.saturating_add(1)
        }
        (Element::Dispatch(a, _), Element::Dispatch(b, _)) => a == b,
        (a, b) => a == b,
    }
}
