//! Ranges that mean more than their addresses.

use sekisho_core::{
    object::{Peer, PeerKind},
    set::{AddressSet, Cidr},
};

/// The private ranges: RFC 1918, RFC 6598, RFC 4193 (of which `fd00::/8` alone is in use).
const PRIVATE: [&str; 5] = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fd00::/8"];

/// Whether some addresses are all those of the internet, of either family.
pub(crate) fn is_internet(addresses: &AddressSet) -> bool {
    let internet = AddressSet::internet();
    internet.v4.is_subset(&addresses.v4) || internet.v6.is_subset(&addresses.v6)
}

/// Whether some addresses are all those of either family.
pub(crate) fn is_whole_family(addresses: &AddressSet) -> bool {
    let is_in = |text: &str| {
        let whole = text.parse::<Cidr>().ok();
        whole.is_some_and(|whole| AddressSet::from(whole).difference(addresses).is_empty())
    };
    is_in("0.0.0.0/0") || is_in("::/0")
}

/// The private ranges that some addresses have the whole of.
pub(crate) fn private(addresses: &AddressSet) -> Vec<Cidr> {
    let ranges = PRIVATE.iter().filter_map(|text| text.parse::<Cidr>().ok());
    ranges.filter(|range| AddressSet::from(*range).difference(addresses).is_empty()).collect()
}

/// The addresses of the blocks among peers.
pub(crate) fn of_blocks<'p>(peers: impl IntoIterator<Item = &'p Peer>) -> AddressSet {
    let blocks = peers.into_iter().filter_map(|peer| match &peer.kind {
        PeerKind::Block(block) => Some(block.addresses()),
        _ => None,
    });
    blocks.fold(AddressSet::empty(), |all, addresses| all.union(&addresses))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_ranges_are_seen_after_exceptions() {
        let set =
            |cidrs: &[&str]| cidrs.iter().map(|text| text.parse::<Cidr>().unwrap()).collect::<AddressSet>();
        let all = set(&["0.0.0.0/0"]);
        assert!(is_internet(&all) && is_internet(&all.difference(&set(&["10.0.0.0/8"]))));
        assert!(is_internet(&set(&["0.0.0.0/1", "128.0.0.0/1"])) && is_internet(&set(&["2000::/3"])));
        assert!(!is_internet(&all.difference(&set(&["8.8.8.0/24"]))));
        let shown = |set: &AddressSet| private(set).iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(shown(&set(&["10.0.0.0/8", "172.16.0.0/13"])), ["10.0.0.0/8"]);
        assert_eq!(shown(&set(&["fc00::/7"])), ["fd00::/8"]);
        assert!(shown(&set(&["10.0.0.0/8"]).difference(&set(&["10.1.0.0/16"]))).is_empty());
    }
}
