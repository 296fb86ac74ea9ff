//! Addresses outside as a rule names them.

use crate::asked::Widen;
use sekisho_core::{
    object::IpBlock,
    set::{AddressSet, Cidr, IntervalSet},
};
use std::{collections::BTreeSet, net::IpAddr};

/// The fewest blocks that hold `addresses`, each as wide as it may be: a block is joined of smaller ones where all of
/// it is there. Nobody of `known`, who has an address of the cluster, is let through by a block that is wider than
/// what was seen.
pub(crate) fn blocks(addresses: &BTreeSet<IpAddr>, widen: Widen, known: &AddressSet) -> Vec<Cidr> {
    let block = |address: &IpAddr| {
        let wide = widen.block(*address);
        let is_free = AddressSet::from(wide).intersection(known).is_empty();
        if is_free { wide } else { Cidr::host(*address) }
    };
    addresses.iter().map(block).collect::<AddressSet>().cidrs()
}

/// The blocks of `addresses`, by exceptions where these are fewer.
pub(crate) fn ranges(addresses: &AddressSet) -> Vec<IpBlock> {
    let v4 = AddressSet { v4: addresses.v4.clone(), ..AddressSet::empty() };
    let v6 = AddressSet { v6: addresses.v6.clone(), ..AddressSet::empty() };
    let without_v4 = AddressSet { v4: complement(&v4.v4), ..AddressSet::empty() };
    let without_v6 = AddressSet { v6: complement(&v6.v6), ..AddressSet::empty() };
    let v4 = family(&v4, &without_v4, "0.0.0.0/0");
    v4.into_iter().chain(family(&v6, &without_v6, "::/0")).collect()
}

fn complement<T: sekisho_core::set::Bound>(set: &IntervalSet<T>) -> IntervalSet<T> {
    set.complement()
}

fn family(of: &AddressSet, without: &AddressSet, whole: &str) -> Vec<IpBlock> {
    let (blocks, except) = (of.cidrs(), without.cidrs());
    if blocks.len() > except.len() + 1
        && let Some(block) = whole.parse().ok().and_then(|whole| IpBlock::new(whole, except).ok())
    {
        return vec![block];
    }
    blocks.into_iter().filter_map(|block| IpBlock::new(block, []).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(addresses: &[&str], widen: Widen, known: &[&str]) -> String {
        let addresses = addresses.iter().map(|text| text.parse().unwrap()).collect();
        let known = known.iter().map(|text| text.parse::<Cidr>().unwrap()).collect();
        let blocks = blocks(&addresses, widen, &known);
        blocks.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn a_block_is_joined_only_where_all_of_it_was_seen() {
        let seen = ["203.0.113.4", "203.0.113.5", "203.0.113.6", "2001:db8::1"];
        assert_eq!(told(&seen, Widen::default(), &[]), "203.0.113.4/31 203.0.113.6/32 2001:db8::1/128");
        let wide = Widen { v4: Some(24), v6: None };
        assert_eq!(told(&seen, wide, &[]), "203.0.113.0/24 2001:db8::1/128");
        // A pod lives there.
        assert_eq!(told(&["10.0.0.9"], wide, &["10.0.0.1/32"]), "10.0.0.9/32");
    }

    #[test]
    fn the_internet_is_everything_but_what_is_not() {
        let blocks = ranges(&AddressSet::internet());
        let told: Vec<String> = blocks.iter().map(ToString::to_string).collect();
        assert!(told[0].starts_with("0.0.0.0/0 except 0.0.0.0/8, 10.0.0.0/8"), "{told:?}");
        assert_eq!(told[1..], ["2000::/3"]);
        let sum: AddressSet = blocks.iter().fold(AddressSet::empty(), |sum, one| sum.union(&one.addresses()));
        assert_eq!(sum, AddressSet::internet());
    }
}
