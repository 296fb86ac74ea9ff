//! What a run found: each probe, what the core predicted and what the kernel did.

use crate::{
    plan::{Plan, Probe, count},
    probing::Observed,
};
use sekisho_core::verdict::{Decision, Verdict};
use std::time::Duration;

/// One probe and its outcome.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The probe.
    pub probe: Probe,
    /// What the core says, for each place where the probe may arrive.
    pub predicted: Vec<Verdict>,
    /// What happened.
    pub observed: Observed,
    /// Whether the two agree.
    pub agrees: bool,
}

/// A run.
#[derive(Clone, Debug)]
pub struct Report {
    /// The plan that was run.
    pub plan: Plan,
    /// Every probe, in the plan's order.
    pub outcomes: Vec<Outcome>,
    /// How long the probing took.
    pub took: Duration,
}

impl Outcome {
    pub(crate) fn new(plan: &Plan, probe: Probe, predicted: Vec<Verdict>, observed: Observed) -> Self {
        let agrees = agrees(plan, &probe, &predicted, &observed);
        Self { probe, predicted, observed, agrees }
    }

    /// What the core predicts; `None` where a Service leads to pods of which some are allowed.
    #[must_use]
    pub fn prediction(&self) -> Option<Decision> {
        let mut decisions = self.predicted.iter().map(|verdict| verdict.decision);
        let first = decisions.next()?;
        decisions.all(|decision| decision == first).then_some(first)
    }
}

/// Whether somebody answers the probe when it arrives.
pub(crate) fn is_answered(plan: &Plan, probe: &Probe) -> bool {
    use sekisho_core::{packet::Traffic, set::Protocol};
    let answers = |at, traffic| match traffic {
        // A closed TCP port refuses at once; a closed UDP port does so as often as the kernel likes.
        Traffic::Port(Protocol::Tcp | Protocol::Sctp, _) | Traffic::Other(1) | Traffic::Icmpv6(128) => true,
        Traffic::Port(protocol, port) => plan.listeners(at).contains_key(&(protocol, port)),
        Traffic::Icmpv6(_) | Traffic::Other(_) => false,
    };
    probe.arrivals.iter().all(|arrival| answers(arrival.at.host, arrival.packet.traffic))
}

/// Whether what happened is what the core predicts.
fn agrees(plan: &Plan, probe: &Probe, predicted: &[Verdict], observed: &Observed) -> bool {
    let allows = |verdict: &Verdict| verdict.decision.is_allow();
    let Some(decision) = observed.decision() else { return false };
    match decision {
        Decision::Deny => !predicted.iter().all(allows),
        // S30: an allowed connection's answers come back.
        Decision::Allow if *observed == Observed::Arrived && is_answered(plan, probe) => false,
        Decision::Allow => match observed {
            // Behind a Service, it must be an allowed pod that answered.
            Observed::Answered(Some(name)) if probe.service.is_some() => {
                probe.arrivals.iter().zip(predicted).any(|(arrival, verdict)| {
                    let listeners = plan.listeners(arrival.at.host);
                    let answers = listeners.iter().any(|((protocol, port), listener)| {
                        sekisho_core::packet::Traffic::Port(*protocol, *port) == arrival.packet.traffic
                            && listener == name
                    });
                    answers && allows(verdict)
                })
            }
            _ => predicted.iter().any(allows),
        },
    }
}

impl Report {
    /// Whether kernel and core agree on every probe.
    #[must_use]
    pub fn agrees(&self) -> bool {
        self.outcomes.iter().all(|outcome| outcome.agrees)
    }

    /// The probes on which they do not.
    pub fn differences(&self) -> impl Iterator<Item = &Outcome> {
        self.outcomes.iter().filter(|outcome| !outcome.agrees)
    }

    /// A difference in a sentence.
    #[must_use]
    pub fn describe(&self, outcome: &Outcome) -> String {
        let probe = &outcome.probe;
        let from = self.plan.place_name(probe.from);
        let to = self.target_name(probe);
        let predicted = match (outcome.prediction(), outcome.predicted.first()) {
            (Some(decision), Some(verdict)) => format!("{decision} ({})", verdict.because()),
            _ => "allow for some of the pods behind it".to_owned(),
        };
        format!(
            "{from} ({}) -> {to} ({}) {}: the core says {predicted}; in the kernel it {}",
            probe.from.address,
            probe.to,
            probe.traffic,
            match &outcome.observed {
                Observed::Answered(_) => format!("was {}", outcome.observed),
                Observed::Rejected => "was refused on the way".to_owned(),
                other => other.to_string(),
            }
        )
    }

    /// The name of a probe's receiver, or of its Service.
    #[must_use]
    pub fn target_name(&self, probe: &Probe) -> String {
        match probe.service.and_then(|at| self.plan.services.get(at)) {
            Some(service) => format!("Service {}", service.key),
            None => {
                probe.arrivals.first().map_or_else(String::new, |arrival| self.plan.place_name(arrival.at))
            }
        }
    }

    /// The run in one line.
    #[must_use]
    pub fn summary(&self) -> String {
        let of = |decision| {
            self.outcomes.iter().filter(|outcome| outcome.observed.decision() == Some(decision)).count()
        };
        let verdict = match self.differences().count() {
            0 => "the kernel and the core agree on all of them".to_owned(),
            different => format!("the kernel and the core differ on {different}"),
        };
        format!(
            "{}, {} allowed, {} denied, in {:.1} s: {verdict}",
            count(self.outcomes.len(), "probe"),
            of(Decision::Allow),
            of(Decision::Deny),
            self.took.as_secs_f64()
        )
    }
}
