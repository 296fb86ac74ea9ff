//! What bridges take from pods, whatever the policies.

use crate::tree::{Action, Chain, Hook, Match, Name, Rule, Ruleset, TagKind};
use std::collections::BTreeMap;

/// The ruleset of [`Table::Frames`](crate::tree::Table::Frames): no frame from a veth passes whose outermost tag names
/// no VLAN.
///
/// A bridge shows a frame to the rules of packets where it is one of IP. With such a tag it is not, and passes by; but
/// whoever receives it takes the tag off, and one below it, and reads the packet. Only raw sockets make such frames. The
/// tag of another VLAN is for whoever has an interface of that VLAN. A bridge that filters VLANs may take it off on the
/// way, and one of no VLAN may be below it: so it is looked again where the frame is forwarded.
#[must_use]
pub fn frames() -> Ruleset {
    let look = |hook, comment: &str| {
        let rule = |kind| Rule::when([Match::FromVeth, Match::NoVlan(kind)], Action::Goto(tagged()));
        let rules = TagKind::ALL.into_iter().map(rule).collect();
        Chain { hook: Some(hook), rules, comment: comment.to_owned() }
    };
    let tag = Chain {
        hook: None,
        rules: vec![Rule::always(Action::Count), Rule::always(Action::Drop)],
        comment: "frames that the kernel shows to no rule, and their receivers read".to_owned(),
    };
    let chains = [
        (Name::fixed("prerouting"), look(Hook::Prerouting, "from pods to their bridge")),
        (Name::fixed("forward"), look(Hook::Forward, "from a pod over its bridge")),
        (tagged(), tag),
    ];
    Ruleset { sets: BTreeMap::new(), chains: chains.into() }
}

fn tagged() -> Name {
    Name::fixed("tagged")
}
