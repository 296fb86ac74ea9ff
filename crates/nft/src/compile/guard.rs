//! Addresses of the node's pods that no pod is known for yet (S23).
//!
//! Whoever bears one may be a pod that policies isolate: nothing passes to or from it until it is known.
//! Policed pods never come here, for the dispatch maps take their packets; so the look costs a new
//! connection of other pods one set, and one of strangers two.

use super::base::{Mode, names};
use crate::{
    log,
    tree::{Action, Chain, Element, Family, Match, Name, Rule, Set, SetKind, Side},
};
use sekisho_core::set::AddressSet;
use std::{
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
};

/// The addresses of the pods on the node.
pub(crate) fn known(family: Family) -> Name {
    Name::fixed(match family {
        Family::V4 => "known4",
        Family::V6 => "known6",
    })
}

/// The ranges of which pods on the node get their addresses.
fn ranges(family: Family) -> Name {
    Name::fixed(match family {
        Family::V4 => "guarded4",
        Family::V6 => "guarded6",
    })
}

fn strangers(side: Side) -> Name {
    Name::fixed(match side {
        Side::Source => "from-strangers",
        Side::Destination => "to-strangers",
    })
}

fn stranger() -> Name {
    Name::fixed("stranger")
}

/// The rules that look, behind those that lead policed pods away.
pub(super) fn look(mode: Mode, side: Side) -> Option<Rule> {
    mode.guarded.then(|| Rule::always(Action::Jump(strangers(side))))
}

/// The sets that the guard needs: those of ranges, full, and those of pods on the node.
pub(crate) fn sets(guarded: &AddressSet, pods: &BTreeSet<IpAddr>) -> BTreeMap<Name, Set> {
    let mut sets = BTreeMap::new();
    for family in Family::ALL {
        let mut set = Set::new(SetKind::Addresses(family), format!("pods on this node, IPv{family}"));
        let of_family = pods.iter().filter(|address| Family::of(**address) == family);
        set.elements = of_family.map(|address| Element::Address(*address)).collect();
        sets.insert(known(family), set);
        let comment = format!("where pods on this node get addresses (S23), IPv{family}");
        let mut set = Set::new(SetKind::Ranges(family), comment);
        set.elements = match family {
            Family::V4 => guarded.ranges_v4().map(|r| Element::RangeV4(*r.start(), *r.end())).collect(),
            Family::V6 => guarded.ranges_v6().map(|r| Element::RangeV6(*r.start(), *r.end())).collect(),
        };
        sets.insert(ranges(family), set);
    }
    sets
}

/// The chains of the guard.
pub(crate) fn chains() -> [(Name, Chain); 3] {
    let chain = |comment: &str, rules| Chain { hook: None, rules, comment: comment.to_owned() };
    [
        (strangers(Side::Source), chain("whether the source is known (S23)", looks(Side::Source))),
        (
            strangers(Side::Destination),
            chain("whether the destination is known (S23)", looks(Side::Destination)),
        ),
        (stranger(), chain("a pod that is not known yet (S23)", refusal())),
    ]
}

fn looks(side: Side) -> Vec<Rule> {
    let is_in = |family, set| Match::Address { family, side, set };
    let of = |family| {
        [
            Rule::when([is_in(family, known(family))], Action::Return),
            Rule::when([is_in(family, ranges(family))], Action::Goto(stranger())),
        ]
    };
    Family::ALL.into_iter().flat_map(of).collect()
}

/// What always passes does so here, too (S34).
fn refusal() -> Vec<Rule> {
    let exempt = Family::ALL.map(|family| Rule::always(Action::Jump(names::exempt(family))));
    let log = Rule::always(Action::Log { prefix: log::STRANGER.to_owned() });
    let count = Rule::always(Action::Count);
    exempt.into_iter().chain([count, log, Rule::always(Action::Drop)]).collect()
}
