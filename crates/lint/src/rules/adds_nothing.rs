//! A policy, rule or entry that another one says as well, whatever pods there are.
//!
//! ## Why
//!
//! Who narrows one of the two has narrowed nothing: the other still lets everybody in. And whoever reads the policy
//! looks for the difference, which there is not.
//!
//! A policy that alone isolates pods to come, such as a baseline, adds something, and is not reported.
//!
//! ## Wrong
//!
//! ```yaml
//! - from:
//!     - podSelector: {}
//!     - podSelector:
//!         matchLabels:
//!           app: web
//! ```
//!
//! ## Right
//!
//! ```yaml
//! - from:
//!     - podSelector:
//!         matchLabels:
//!           app: web
//! ```
//!
//! ## How to mend
//!
//! Delete it: no connection changes, today or later. `--fix` does so. Or narrow what contains it, if that was meant.
//!
//! ## Sources
//!
//! S10, S19; `sekisho redundant` proves it, and finds what adds nothing to the pods of today as well.

use crate::{
    finding::Report,
    rule::{Category, Rule},
    world::World,
};
use sekisho_core::{
    diagnostic::Severity,
    mend::{Edit, Mend},
    redundant::{At, Place, Redundancy, Scope, Why, search_among},
};

pub(crate) static RULE: Rule = Rule {
    code: "SK601",
    name: "adds-nothing",
    category: Category::Hygiene,
    severity: Severity::Warning,
    yields_to: &[
        "SK102", "SK103", "SK104", "SK105", "SK106", "SK107", "SK109", "SK112", "SK114", "SK206", "SK303",
        "SK307", "SK401", "SK402", "SK501", "SK503", "SK602",
    ],
    source: include_str!("adds_nothing.rs"),
    run,
};

fn run(world: &World<'_>, report: &mut Report<'_>) {
    for found in search_among(world.cluster, world.index, Scope::Always, |name| world.looks_at(name)) {
        let part = part(found.part.at);
        let message = match &found.why {
            Why::Said(places) => match places.first() {
                Some(place) => format!("this {part} adds nothing: `{place}` says it as well"),
                None => format!("this {part} adds nothing"),
            },
            _ => format!("this {part} has no effect"),
        };
        let (key, origin) = (&found.part.policy, &found.origin);
        let told = report.of_policy(key, origin, message).help("delete it, or narrow what says it as well");
        let told =
            said(&found).iter().fold(told, |told, place| told.beside(&place.origin, "what says it as well"));
        report.push(told.mend(Mend::safe(format!("delete the {part}"), [Edit::Remove(origin.clone())])));
    }
}

fn said(found: &Redundancy) -> Vec<&Place> {
    match &found.why {
        Why::Said(places) => places.iter().collect(),
        _ => Vec::new(),
    }
}

fn part(at: At) -> &'static str {
    match at {
        At::Policy => "policy",
        At::Rule(..) => "rule",
        At::Peer(..) => "peer",
        At::Port(..) => "port",
    }
}
