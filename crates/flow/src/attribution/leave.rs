//! What an observer says of the reason, and what policies say, put together.

use crate::{
    observation::Observation,
    record::{Leave, Outcome, PolicyRef, Why},
};
use sekisho_core::{
    object::Direction,
    verdict::{Because, Verdict},
};
use std::collections::BTreeSet;

/// Whether the observer leaves something to be said.
pub(super) fn is_wanting(leave: &Leave) -> bool {
    [&leave.egress, &leave.ingress].into_iter().any(|why| !matches!(why, Why::Because(_)))
}

/// Whether what happened is what policies say. They may have been others by then.
pub(super) fn agrees(observation: &Observation, verdict: &Verdict) -> bool {
    let allows = |direction| verdict.side(direction).decision.is_allow();
    match (observation.outcome, observation.side) {
        // What one side let pass may be denied at the other.
        (Outcome::Allowed, Some(side)) => allows(side),
        (Outcome::Allowed, None) => verdict.decision.is_allow(),
        (Outcome::Denied | Outcome::Audited, Some(side)) => !allows(side),
        (Outcome::Denied | Outcome::Audited, None) => !verdict.decision.is_allow(),
    }
}

/// The observer's reasons, and those of the policies where it does not say or says less, as long as they say what
/// happened.
pub(super) fn fill(observation: &Observation, verdict: &Verdict) -> Leave {
    let agrees = agrees(observation, verdict);
    let side = |direction| side(observation, agrees, direction, &verdict.side(direction).because);
    Leave { egress: side(Direction::Egress), ingress: side(Direction::Ingress) }
}

fn side(observation: &Observation, agrees: bool, direction: Direction, because: &Because) -> Why {
    let told = observation.leave.side(direction);
    let allows = because.decision().is_allow();
    let core = || Why::Because(because.clone());
    match told {
        Why::Because(_) => told.clone(),
        // What passed is not said to be denied: the other side has a record of its own.
        Why::Unknown if !agrees || (observation.outcome == Outcome::Allowed && !allows) => Why::Unknown,
        Why::Unknown => core(),
        Why::AllowedBy(by) if allows && may_be(by, because) => core(),
        Why::DeniedBy(by) if !allows && may_be(by, because) => core(),
        Why::AllowedBy(_) | Why::DeniedBy(_) => told.clone(),
    }
}

/// Whether the reason is none other than what the observer names: it names none, or a policy of the reason.
fn may_be(by: &BTreeSet<PolicyRef>, because: &Because) -> bool {
    by.is_empty() || !by.is_disjoint(&Why::Because(because.clone()).policies())
}
