//! `sekisho redundant -o json`.

use schemars::JsonSchema;
use sekisho_core::redundant::{self, Place, Why};
use serde::Serialize;

/// What adds nothing, sorted by policy and place. Deleting all of it changes no connection.
#[derive(Debug, JsonSchema, Serialize)]
#[schemars(title = "sekisho redundant")]
pub(super) struct Redundant {
    /// Each policy, rule or entry that adds nothing to what is left without the others.
    redundant: Vec<Redundancy>,
}

/// A policy, a rule, or an entry of a rule.
#[derive(Debug, JsonSchema, Serialize)]
struct Redundancy {
    /// The policy's `namespace/name`.
    policy: String,
    /// The path of the rule or entry in the policy, such as `spec.ingress[0].from[1]`, as written before
    /// anything is deleted. Missing where the whole policy adds nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<String>,
    /// Where it was written: `file:line:column`.
    origin: String,
    /// Whether it adds nothing whatever pods there are, as long as what is in `said_by` stays; else it
    /// adds nothing to the pods of today.
    always: bool,
    /// Why it adds nothing.
    reason: Reason,
    /// The rules that stay and allow what it allows; policies, where it allows nothing itself.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    said_by: Vec<Said>,
}

/// Why something adds nothing.
#[derive(Debug, JsonSchema, Serialize)]
#[serde(rename_all = "kebab-case")]
enum Reason {
    /// The policy selects no pod.
    SelectsNoPod,
    /// No peer and port that it names is there.
    MatchesNothing,
    /// It allows everything to pods that nothing else isolates.
    AllowsEverything,
    /// Its policy does not isolate in its direction.
    NoEffect,
    /// What is in `said_by` says the same.
    Said,
}

/// A rule that stays, or a policy.
#[derive(Debug, JsonSchema, Serialize)]
struct Said {
    /// The policy's `namespace/name`.
    policy: String,
    /// The path of the rule. Missing where the policy is meant.
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<String>,
    /// Where it was written.
    origin: String,
}

impl From<&[redundant::Redundancy]> for Redundant {
    fn from(found: &[redundant::Redundancy]) -> Self {
        Self { redundant: found.iter().map(Redundancy::from).collect() }
    }
}

impl From<&redundant::Redundancy> for Redundancy {
    fn from(found: &redundant::Redundancy) -> Self {
        let (reason, said_by) = match &found.why {
            Why::SelectsNoPod => (Reason::SelectsNoPod, Vec::new()),
            Why::MatchesNothing => (Reason::MatchesNothing, Vec::new()),
            Why::AllowsEverything => (Reason::AllowsEverything, Vec::new()),
            Why::NoEffect => (Reason::NoEffect, Vec::new()),
            Why::Said(places) => (Reason::Said, places.iter().map(Said::from).collect()),
        };
        Self {
            policy: found.part.policy.to_string(),
            path: found.part.path(),
            origin: found.origin.to_string(),
            always: found.always,
            reason,
            said_by,
        }
    }
}

impl From<&Place> for Said {
    fn from(place: &Place) -> Self {
        Self {
            policy: place.policy.to_string(),
            path: place.rule.map(|(direction, at)| format!("spec.{direction}[{at}]")),
            origin: place.origin.to_string(),
        }
    }
}
