//! Addresses outside the cluster, split where some policy tells them apart.

use crate::{
    index::{Index, Peers, PolicyRules},
    set::{AddressSet, Bound, IntervalSet},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
};

/// Addresses of one family that every rule treats alike.
#[derive(Clone, Debug)]
pub(crate) struct ExternalClass {
    /// The addresses.
    pub(crate) addresses: AddressSet,
    /// Whether they are IPv4.
    pub(crate) is_v4: bool,
    /// Which of the address sets hold them, ascending.
    pub(crate) members_of: Vec<usize>,
}

/// The distinct address sets that the rules of `index` write, sorted.
pub(crate) fn address_sets(index: &Index) -> Vec<AddressSet> {
    let rules = index.policies().flat_map(|policy| rules_of(policy));
    let sets: BTreeSet<&AddressSet> = rules
        .filter_map(|peers| match peers {
            Peers::Some { addresses, .. } if !addresses.is_empty() => Some(addresses),
            _ => None,
        })
        .collect();
    sets.into_iter().cloned().collect()
}

fn rules_of(policy: &PolicyRules) -> impl Iterator<Item = &Peers> {
    policy.ingress.iter().chain(&policy.egress).flatten().map(|rule| &rule.peers)
}

/// Splits both families by `sets`: IPv4 before IPv6, each in the order of its first address.
pub(crate) fn classes(sets: &[AddressSet]) -> Vec<ExternalClass> {
    let v4 = split(sets.iter().map(|set| &set.v4)).into_iter().map(|(members_of, v4)| ExternalClass {
        addresses: AddressSet { v4, v6: IntervalSet::empty() },
        is_v4: true,
        members_of,
    });
    let v6 = split(sets.iter().map(|set| &set.v6)).into_iter().map(|(members_of, v6)| ExternalClass {
        addresses: AddressSet { v4: IntervalSet::empty(), v6 },
        is_v4: false,
        members_of,
    });
    v4.chain(v6).collect()
}

/// The external classes along the number lines: where each address lies.
#[derive(Debug, Default)]
pub(crate) struct Stretches {
    v4: Vec<(u32, usize)>,
    v6: Vec<(u128, usize)>,
}

impl Stretches {
    pub(crate) fn of(classes: &[ExternalClass]) -> Self {
        let mut stretches = Self::default();
        for (at, class) in classes.iter().enumerate() {
            stretches.v4.extend(class.addresses.v4.ranges().map(|range| (*range.start(), at)));
            stretches.v6.extend(class.addresses.v6.ranges().map(|range| (*range.start(), at)));
        }
        stretches.v4.sort_unstable();
        stretches.v6.sort_unstable();
        stretches
    }

    /// The class that the address is in.
    pub(crate) fn at(&self, address: IpAddr) -> usize {
        match address {
            IpAddr::V4(address) => stretch(&self.v4, address.to_bits()),
            IpAddr::V6(address) => stretch(&self.v6, address.to_bits()),
        }
    }
}

/// INVARIANT: the classes of a family cover it, so the first stretch starts at its first address.
fn stretch<T: Ord + Copy>(stretches: &[(T, usize)], address: T) -> usize {
    let after = stretches.partition_point(|(start, _)| *start <= address);
    stretches.get(after.saturating_sub(1)).map_or(0, |(_, class)| *class)
}

/// Walks the number line once, from edge to edge, and gathers the stretches that the same sets hold.
fn split<'a, T: Bound + 'a>(
    sets: impl Iterator<Item = &'a IntervalSet<T>>,
) -> Vec<(Vec<usize>, IntervalSet<T>)> {
    let mut edges: BTreeMap<T, BTreeSet<usize>> = BTreeMap::from([(T::MIN, BTreeSet::new())]);
    let mut toggle = |at: T, set: usize| {
        let here = edges.entry(at).or_default();
        if !here.remove(&set) {
            here.insert(set);
        }
    };
    for (number, set) in sets.enumerate() {
        for range in set.ranges() {
            toggle(*range.start(), number);
            if let Some(after) = range.end().next() {
                toggle(after, number);
            }
        }
    }
    let mut inside: BTreeSet<usize> = BTreeSet::new();
    let mut stretches: BTreeMap<Vec<usize>, Vec<(T, T)>> = BTreeMap::new();
    let ends: Vec<T> = edges.keys().skip(1).filter_map(|edge| edge.previous()).chain([T::MAX]).collect();
    for ((start, toggled), end) in edges.into_iter().zip(ends) {
        for set in toggled {
            if !inside.remove(&set) {
                inside.insert(set);
            }
        }
        stretches.entry(inside.iter().copied().collect()).or_default().push((start, end));
    }
    let mut classes: Vec<_> = stretches.into_iter().collect();
    classes.sort_by_key(|(_, stretches)| stretches.first().copied());
    let whole = |stretches: Vec<(T, T)>| stretches.into_iter().map(|(start, end)| start..=end).collect();
    classes.into_iter().map(|(sets, stretches)| (sets, whole(stretches))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::set::Cidr;

    fn set(cidrs: &[&str]) -> AddressSet {
        cidrs.iter().map(|text| text.parse::<Cidr>().unwrap()).collect()
    }

    #[test]
    fn nothing_is_split_without_a_policy() {
        let classes: Vec<String> = classes(&[]).iter().map(|class| class.addresses.to_string()).collect();
        assert_eq!(classes, ["0.0.0.0/0", "::/0"]);
    }

    #[test]
    fn classes_are_what_the_sets_tell_apart() {
        let sets = [set(&["10.0.0.0/8"]), set(&["10.1.0.0/16", "192.0.2.0/24"]), set(&["::/0"])];
        let classes: Vec<_> =
            classes(&sets).into_iter().map(|class| (class.members_of, class.addresses)).collect();
        let inner = AddressSet::from("10.1.0.0/16".parse::<Cidr>().unwrap());
        let rest = set(&["0.0.0.0/0"]).difference(&set(&["10.0.0.0/8", "192.0.2.0/24"]));
        assert_eq!(
            classes,
            [
                (vec![], rest),
                (vec![0], set(&["10.0.0.0/8"]).difference(&inner)),
                (vec![0, 1], inner),
                (vec![1], set(&["192.0.2.0/24"])),
                (vec![2], set(&["::/0"])),
            ]
        );
    }
}
