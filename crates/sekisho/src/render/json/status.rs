//! `sekisho recommend --status -o json`.

use super::recommend::{Denied, Period, Untold};
use crate::render::recommend::moment;
use schemars::JsonSchema;
use sekisho_recommend::{history::History, status::Standing};
use serde::Serialize;

/// How policies that are only tried do.
#[derive(Debug, JsonSchema, Serialize)]
#[schemars(title = "sekisho recommend --status")]
pub(super) struct Status {
    /// Whether all of them may be enforced. The exit status says the same.
    safe: bool,
    /// How many records of flows were read.
    records: u64,
    /// The stretch of time that they are of; null where nothing was seen.
    period: Option<Period>,
    /// The policies that are only tried, by name.
    policies: Vec<Tried>,
}

/// A policy that is only tried.
#[derive(Debug, JsonSchema, Serialize)]
struct Tried {
    /// Its `namespace/name`.
    name: String,
    /// Whether it may be enforced.
    safe: bool,
    /// What speaks against it.
    against: Vec<String>,
    /// How many connections of its pods were seen to pass.
    seen: u64,
    /// How many the observers told that it would have denied.
    audited: u64,
    /// What was seen to pass, and would not, the most frequent first.
    refused: Vec<Denied>,
    /// What was seen of its pods and cannot be asked about.
    unasked: Vec<Untold>,
}

impl Status {
    pub(super) fn of(found: &[Standing], seen: &History) -> Self {
        Self {
            safe: found.iter().all(Standing::is_safe),
            records: seen.records,
            period: seen.window.map(|window| Period::new(moment(window.from()), moment(window.to()))),
            policies: found.iter().map(Tried::from).collect(),
        }
    }
}

impl From<&Standing> for Tried {
    fn from(one: &Standing) -> Self {
        Self {
            name: one.policy.to_string(),
            safe: one.is_safe(),
            against: one.against.iter().map(ToString::to_string).collect(),
            seen: one.seen,
            audited: one.audited,
            refused: one.refused.iter().map(Denied::from).collect(),
            unasked: one.unasked.iter().map(Untold::from).collect(),
        }
    }
}
