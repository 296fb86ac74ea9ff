//! Answers to the DNS questions of pods here are handed over, so that addresses get names.
//!
//! They are of connections that are known: they are looked at before those pass.

use super::base::{Mode, names};
use crate::{
    names::PORT,
    tree::{Action, Chain, Family, Match, Name, Rule, Set, SetKind, Side},
};
use sekisho_core::set::Protocol;

/// The pods of the node, whose answers are read.
pub(super) fn sets() -> [(Name, Set); 2] {
    Family::ALL.map(|family| {
        let comment = format!("local pods whose DNS answers are read, IPv{family}");
        (names::asking(family), Set::new(SetKind::Addresses(family), comment))
    })
}

/// What becomes of an answer.
pub(super) fn chain() -> Chain {
    let to_pod = |family| Match::Address { family, side: Side::Destination, set: names::asking(family) };
    let rules = Family::ALL.map(|family| Rule::when([to_pod(family)], Action::Copy)).into();
    Chain { hook: None, rules, comment: "answers to DNS questions".to_owned() }
}

/// Answers that the node forwards: on connections that were opened to a server of DNS.
pub(super) fn forward(mode: Mode) -> Option<Rule> {
    look(mode, Match::Answer(Protocol::Udp, PORT))
}

/// What the node itself answers, as a cache of DNS does there: its packets may not be tracked, and nobody else sends any
/// here.
pub(super) fn output(mode: Mode) -> Vec<Rule> {
    look(mode, Match::FromPort(Protocol::Udp, PORT)).into_iter().collect()
}

fn look(mode: Mode, answers: Match) -> Option<Rule> {
    mode.naming.then(|| Rule::when([answers], Action::Jump(names::answers())))
}
