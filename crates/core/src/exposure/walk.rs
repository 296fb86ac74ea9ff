//! What the tiers leave of what a rule opens (S38-S40).

use super::{OpenPorts, OpeningRule};
use crate::object::RuleAction;
use std::collections::BTreeSet;

/// How many of those that an opening speaks of a rule names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Share {
    /// None of them, whoever they will be.
    None,
    /// Some, perhaps; what is known does not tell who.
    Some,
    /// Each of them.
    All,
}

/// A rule of a tier, as an opening meets it.
pub(super) struct Met {
    pub(super) action: RuleAction,
    /// Of those whom the opening speaks of.
    pub(super) share: Share,
    pub(super) ports: OpenPorts,
    pub(super) rule: OpeningRule,
}

/// Ports that are open, but for those whom some rules refuse.
#[derive(Clone, Debug)]
pub(super) struct Piece {
    pub(super) ports: OpenPorts,
    pub(super) but: BTreeSet<OpeningRule>,
}

/// What becomes of what passes on to the next tier.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Passing {
    /// The opening is of a later tier, and so is decided there.
    GoesOn,
    /// The opening is of a rule of this tier, which what passes never meets.
    IsLost,
    /// What opened is a rule of the tier before that passes: it is open also where rules here accept.
    Accepted,
}

/// What rules of a tier, in their order, leave open of `pieces`. What a rule accepts is its own to tell.
pub(super) fn walk(pieces: Vec<Piece>, rules: &[Met], passing: Passing) -> Vec<Piece> {
    let (mut undecided, mut passed) = (pieces, Vec::new());
    for met in rules.iter().filter(|met| met.share > Share::None) {
        let mut left = Vec::new();
        for piece in undecided {
            let Parts { certain, possible, other } = piece.ports.parts(&met.ports);
            let but = &piece.but;
            let keep = |ports: OpenPorts, refused: bool, into: &mut Vec<Piece>| {
                if !ports.is_empty() {
                    let mut but = but.clone();
                    but.extend(refused.then(|| met.rule.clone()));
                    into.push(Piece { ports, but });
                }
            };
            let refuses = match met.action {
                RuleAction::Accept => false,
                RuleAction::Deny => true,
                RuleAction::Pass => passing == Passing::IsLost,
            };
            keep(other, false, &mut left);
            keep(possible, refuses, &mut left);
            match (met.share, met.action) {
                (Share::All, RuleAction::Pass) => keep(certain, false, &mut passed),
                (Share::All, RuleAction::Accept) if passing == Passing::Accepted => {
                    keep(certain, false, &mut passed);
                }
                (Share::All, RuleAction::Accept | RuleAction::Deny) => {}
                (Share::Some | Share::None, _) => keep(certain, refuses, &mut left),
            }
        }
        undecided = left;
    }
    if passing != Passing::IsLost {
        undecided.append(&mut passed);
    }
    undecided
}

/// Ports, by whether a rule is for them.
pub(super) struct Parts {
    /// It is.
    pub(super) certain: OpenPorts,
    /// It may be, as their names come out (S14).
    pub(super) possible: OpenPorts,
    /// It is not.
    pub(super) other: OpenPorts,
}
