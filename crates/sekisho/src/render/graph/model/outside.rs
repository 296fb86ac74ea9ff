//! Addresses outside the cluster, on one side of the connections: as few parts as tell all of the
//! rows apart, so that an office and a load balancer are the same two nodes wherever they are named.

use sekisho_core::{
    reach::{Party, Term},
    set::AddressSet,
};
use std::collections::{BTreeMap, BTreeSet};

/// How many parts a row may name before it has a line for the whole of them.
const PARTS: usize = 3;

/// The addresses of one side.
#[derive(Debug, Default)]
pub(super) struct Outside {
    /// All of them.
    pub(super) whole: AddressSet,
    /// Disjoint parts, sorted; where there is one, it is the whole.
    pub(super) parts: Vec<AddressSet>,
    /// Sets of many parts, each with the numbers of its parts.
    pub(super) unions: BTreeMap<AddressSet, Vec<usize>>,
}

/// How a row names its addresses.
pub(super) enum Named {
    /// As the whole.
    Whole,
    /// Part by part.
    Parts(Vec<usize>),
    /// As the union with this number.
    Union(usize),
}

impl Outside {
    /// The addresses that `parties` have.
    pub(super) fn of<'a>(parties: impl Iterator<Item = &'a Party>) -> Self {
        let sets: BTreeSet<&AddressSet> = parties.filter_map(Party::addresses).collect();
        let mut parts: Vec<AddressSet> = Vec::new();
        for set in &sets {
            parts = refined(parts, set);
        }
        parts.sort();
        let mut outside = Self { whole: AddressSet::empty(), parts, unions: BTreeMap::new() };
        for set in &sets {
            outside.whole = outside.whole.union(set);
        }
        for set in sets {
            let parts = outside.parts_of(set);
            if parts.len() > PARTS && parts.len() < outside.parts.len() {
                outside.unions.insert(set.clone(), parts);
            }
        }
        outside
    }

    fn parts_of(&self, set: &AddressSet) -> Vec<usize> {
        let parts = self.parts.iter().enumerate();
        parts.filter(|(_, part)| !part.intersection(set).is_empty()).map(|(at, _)| at).collect()
    }

    /// How `set`, which is of one of the parties, is named.
    pub(super) fn named(&self, set: &AddressSet) -> Named {
        let parts = self.parts_of(set);
        if parts.len() == self.parts.len() {
            return Named::Whole;
        }
        match self.unions.keys().position(|union| union == set) {
            Some(at) => Named::Union(at),
            None => Named::Parts(parts),
        }
    }
}

/// `parts` split so that `set` is a union of some of them.
fn refined(parts: Vec<AddressSet>, set: &AddressSet) -> Vec<AddressSet> {
    let mut rest = set.clone();
    let mut refined = Vec::with_capacity(parts.len() + 1);
    for part in parts {
        let common = part.intersection(&rest);
        rest = rest.difference(&common);
        refined.push(part.difference(&common));
        refined.push(common);
    }
    refined.push(rest);
    refined.retain(|part| !part.is_empty());
    refined
}

/// What addresses are called: `internet`, or their blocks.
pub(super) fn words(addresses: &AddressSet) -> String {
    Term::Addresses(addresses.clone()).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use sekisho_core::set::Cidr;

    fn set(blocks: &[&str]) -> AddressSet {
        blocks.iter().map(|block| block.parse::<Cidr>().unwrap()).collect()
    }

    fn party(blocks: &[&str]) -> Party {
        Party { terms: vec![Term::Addresses(set(blocks))] }
    }

    #[test]
    fn rows_share_the_parts_that_tell_them_apart() {
        let balancer = party(&["35.191.0.0/16", "130.211.0.0/22"]);
        let both = party(&["35.191.0.0/16", "130.211.0.0/22", "198.51.100.0/24"]);
        let internet = party(&["0.0.0.0/0", "::/0"]);
        let outside = Outside::of([&balancer, &both, &internet].into_iter());
        let parts: Vec<String> = outside.parts.iter().map(words).collect();
        assert_eq!(parts.len(), 3, "{parts:?}");
        assert!(parts.contains(&"198.51.100.0/24".to_owned()), "{parts:?}");
        assert!(matches!(outside.named(internet.addresses().unwrap()), Named::Whole));
        let Named::Parts(named) = outside.named(both.addresses().unwrap()) else { panic!("by parts") };
        assert_eq!(named.len(), 2);
        assert!(outside.unions.is_empty());
    }
}
