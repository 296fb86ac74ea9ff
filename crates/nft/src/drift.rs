//! What is programmed, held against what should be.

use crate::{
    transaction::Programmed,
    tree::{Element, Name},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

/// A way in which the kernel differs from what was meant: somebody else changed it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Drift {
    /// The whole table is switched off.
    Dormant,
    /// A chain is not there.
    MissingChain(Name),
    /// A chain is there that should not be.
    ExtraChain(Name),
    /// Packets enter a chain elsewhere than they should, or not at all.
    Entrance(Name),
    /// A chain has other rules, or has them in another order.
    Rules {
        /// The chain.
        chain: Name,
        /// How many rules of it are not there.
        missing: usize,
        /// How many are there that should not be.
        extra: usize,
    },
    /// A set is not there, or is of another kind.
    MissingSet(Name),
    /// A set is there that should not be.
    ExtraSet(Name),
    /// A set has other elements.
    Elements {
        /// The set.
        set: Name,
        /// Those that are not there.
        missing: BTreeSet<Element>,
        /// Those that are there and should not be.
        extra: BTreeSet<Element>,
    },
}

impl fmt::Display for Drift {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dormant => write!(f, "the table is switched off"),
            Self::MissingChain(chain) => write!(f, "the chain `{chain}` is missing"),
            Self::ExtraChain(chain) => write!(f, "the chain `{chain}` is not ours"),
            Self::Entrance(chain) => write!(f, "packets do not enter the chain `{chain}` where they should"),
            Self::Rules { chain, missing: 0, extra: 0 } => {
                write!(f, "the rules of the chain `{chain}` are in another order")
            }
            Self::Rules { chain, missing, extra } => {
                write!(
                    f,
                    "the chain `{chain}` lacks {missing} of its rules and has {extra} that are not ours"
                )
            }
            Self::MissingSet(set) => write!(f, "the set `{set}` is missing or of another kind"),
            Self::ExtraSet(set) => write!(f, "the set `{set}` is not ours"),
            Self::Elements { set, missing, extra } => {
                let (missing, extra) = (missing.len(), extra.len());
                write!(f, "the set `{set}` lacks {missing} of its elements and has {extra} that are not ours")
            }
        }
    }
}

impl Programmed {
    /// How what is programmed differs from `wanted`, sorted by chain and set. Nothing when they are equal.
    #[must_use]
    pub fn drift(&self, wanted: &Self) -> Vec<Drift> {
        let mut drift = Vec::new();
        if self.dormant != wanted.dormant {
            drift.push(Drift::Dormant);
        }
        for (name, rules) in &wanted.chains {
            match self.chains.get(name) {
                None => drift.push(Drift::MissingChain(name.clone())),
                Some(found) => {
                    let is_elsewhere = self.entrances.get(name) != wanted.entrances.get(name);
                    drift.extend(is_elsewhere.then(|| Drift::Entrance(name.clone())));
                    drift.extend((found != rules).then(|| rules_of(name, found, rules)));
                }
            }
        }
        drift.extend(extra(&self.chains, &wanted.chains).map(Drift::ExtraChain));
        for (name, (kind, elements)) in &wanted.sets {
            match self.sets.get(name) {
                Some((found, has)) if found == kind && has == elements => {}
                Some((found, has)) if found == kind => drift.push(Drift::Elements {
                    set: name.clone(),
                    missing: elements.difference(has).cloned().collect(),
                    extra: has.difference(elements).cloned().collect(),
                }),
                _ => drift.push(Drift::MissingSet(name.clone())),
            }
        }
        drift.extend(extra(&self.sets, &wanted.sets).map(Drift::ExtraSet));
        drift
    }
}

fn extra<T>(found: &BTreeMap<Name, T>, wanted: &BTreeMap<Name, T>) -> impl Iterator<Item = Name> {
    found.keys().filter(|name| !wanted.contains_key(*name)).cloned()
}

/// Equal rules may stand in a chain more than once: they are counted.
fn rules_of(chain: &Name, found: &[String], wanted: &[String]) -> Drift {
    let lacking = |of: &[String], from: &[String]| {
        let mut left: BTreeMap<&str, usize> = BTreeMap::new();
        from.iter().for_each(|rule| *left.entry(rule).or_default() += 1);
        let is_missing = |rule: &&String| match left.get_mut(rule.as_str()) {
            Some(count) if *count > 0 => {
                *count -= 1;
                false
            }
            _ => true,
        };
        of.iter().filter(is_missing).count()
    };
    Drift::Rules { chain: chain.clone(), missing: lacking(wanted, found), extra: lacking(found, wanted) }
}
