//! From what was seen to flow to the narrowest policies that let it pass, and the proof that they do.
//!
//! A [`roster::Roster`] says who there is, as far as policies can tell pods apart; a [`history::History`] what was
//! seen between them. [`recommend`] makes policies of both: the fewest that let everything pass that was seen, and
//! nothing else between pods that labels tell apart. What cannot become a rule is told, never dropped. The core is
//! then asked ([`replay`]) whether all that was seen passes, and what passes beyond it ([`beyond`]).
//!
//! [`narrow`] does the same rule by rule with policies that are there, and [`status`] looks at those that are only
//! tried.
//!
//! INVARIANT: pure. It reads and writes nothing, and is told the time.
//! INVARIANT: a crate of its own, because what enforces uses records of flows and must carry nothing that analyses.

pub mod asked;
pub mod beyond;
mod blocks;
pub mod broken;
mod draft;
mod entrance;
pub mod evidence;
pub mod existing;
pub mod history;
mod labels;
pub mod narrow;
mod needs;
mod plan;
mod ports;
pub mod replay;
pub mod roster;
mod stage;
pub mod status;
mod whom;

pub use asked::{Asked, Only, Widen};
pub use broken::broken;
pub use draft::{PeerAdvice, RuleAdvice};
pub use plan::{Left, PolicyAdvice};
pub use whom::Basis;

use beyond::Beyond;
use history::{History, Untold};
use plan::Planner;
use replay::{Refused, World, enforced, refused, with};
use roster::{GroupId, Roster};
use sekisho_core::{
    object::{Cluster, Direction, ObjectKey},
    standard::Standard,
};
use std::collections::BTreeSet;

/// What is recommended.
#[derive(Debug)]
pub struct Recommendation {
    /// The policies that are to be applied, by name.
    pub policies: Vec<PolicyAdvice>,
    /// Policies that are as they should be.
    pub unchanged: BTreeSet<ObjectKey>,
    /// What is left to people.
    pub left: BTreeSet<Left>,
    /// What was seen and cannot become a rule.
    pub untold: Vec<Untold>,
    /// What comes of it.
    pub proof: Proof,
}

/// What the core says of the recommended policies.
#[derive(Clone, Debug, Default)]
pub struct Proof {
    /// How many kinds of connections were seen to pass and are about subjects.
    pub kinds: usize,
    /// How many connections these were.
    pub connections: u64,
    /// Those that would not pass, the most frequent first.
    pub refused: Vec<Refused>,
    /// What would pass and was not seen, the riskiest first.
    pub beyond: Vec<Beyond>,
}

impl Recommendation {
    /// Whether all that was seen to pass would pass still, as far as it can be told.
    #[must_use]
    pub fn keeps_everything(&self) -> bool {
        self.untold.is_empty() && self.refuses_nothing()
    }

    /// Whether nothing that can be asked about would be refused that passes now.
    #[must_use]
    pub fn refuses_nothing(&self) -> bool {
        self.proof.refused.iter().all(|refused| refused.already)
    }

    /// The directions in which something is recommended.
    #[must_use]
    pub fn directions(&self) -> BTreeSet<Direction> {
        self.policies.iter().flat_map(|advice| advice.rules.keys().copied()).collect()
    }
}

/// The groups of `roster` that are asked about.
#[must_use]
pub fn subjects(roster: &Roster, standard: &Standard, asked: &Asked) -> BTreeSet<GroupId> {
    let is_one = |(id, group): (GroupId, &roster::Group)| {
        let exempt = standard.exempt.contains(&group.namespace);
        asked.only.has(&group.namespace, &group.workloads, exempt).then_some(id)
    };
    roster.groups().iter().enumerate().filter_map(is_one).collect()
}

/// The policies that let pass what `history` has, and no more than labels cannot tell from it.
#[must_use]
pub fn recommend(
    cluster: &Cluster,
    standard: &Standard,
    (roster, history): (&Roster, &History),
    asked: &Asked,
) -> Recommendation {
    let subjects = subjects(roster, standard, asked);
    let peers = whom::Peers::new(cluster, standard, roster, asked.widen);
    let entrances = entrance::entrances(cluster);
    let needs = needs::needs(&peers, history, &entrances, (asked, &subjects));
    let mut plan = Planner { peers: &peers, asked, subjects: &subjects, needs: &needs }.plan();
    if asked.staged {
        stage::stage(&mut plan, cluster);
    }
    let policies: Vec<PolicyAdvice> = plan.policies.into_values().collect();
    let proof = prove((cluster, standard), &policies, (roster, history), (&subjects, asked));
    Recommendation {
        policies,
        unchanged: plan.unchanged,
        left: plan.left,
        untold: untold(history, (&subjects, &asked.directions)),
        proof,
    }
}

/// What cannot become a rule of these subjects; of what nobody knows whom it is about, it may be they.
fn untold(
    history: &History,
    (subjects, directions): (&BTreeSet<GroupId>, &BTreeSet<Direction>),
) -> Vec<Untold> {
    let is_about = |one: &&Untold| {
        let mut of = one.subjects.iter();
        one.subjects.is_empty()
            || of.any(|(id, direction)| subjects.contains(id) && directions.contains(direction))
    };
    history.untold.iter().filter(is_about).cloned().collect()
}

/// Asks the core what becomes of what was seen, and what else passes.
fn prove(
    (cluster, standard): (&Cluster, &Standard),
    policies: &[PolicyAdvice],
    (roster, history): (&Roster, &History),
    (subjects, asked): (&BTreeSet<GroupId>, &Asked),
) -> Proof {
    let recommended = with(cluster, policies.iter().map(|advice| &advice.policy));
    let (old, new) = (World::of(&enforced(cluster)), World::of(&recommended));
    let denied = asked.include_denied.then_some(&history.denied);
    let all = history.passed.iter().chain(denied.into_iter().flatten());
    let is_about = |call: &history::Call| {
        let mut of = asked.directions.iter().filter_map(|direction| call.subject(*direction).group());
        of.any(|group| subjects.contains(&group))
    };
    let calls: Vec<_> = all.filter(|(call, _)| is_about(call)).collect();
    let beyond = beyond::beyond(
        &recommended,
        calls.iter().map(|(call, _)| *call),
        roster,
        (subjects, &asked.directions),
        standard,
    );
    Proof {
        kinds: calls.len(),
        connections: calls.iter().map(|(_, evidence)| evidence.count()).sum(),
        refused: refused(calls, (&old, &new), roster),
        beyond,
    }
}
