//! `sekisho diff --flows -o json`.

use super::recommend::{Denied, Period, Untold};
use crate::render::recommend::moment;
use schemars::JsonSchema;
use sekisho_recommend::broken::Broken;
use serde::Serialize;

/// What flowed and would break by a change.
#[derive(Debug, JsonSchema, Serialize)]
#[schemars(title = "sekisho diff --flows")]
pub(super) struct Breaks {
    /// Whether something would. The exit status says the same.
    breaks: bool,
    /// How many records of flows were read.
    records: u64,
    /// The stretch of time that they are of; null where nothing was seen.
    period: Option<Period>,
    /// How many kinds of connections were seen to pass.
    kinds: usize,
    /// Those that pass in the old state and would not in the new one, the most frequent first.
    broken: Vec<Denied>,
    /// How many passed and do not in the old state either.
    already: usize,
    /// Those one of whose ends the new state lacks.
    gone: Vec<String>,
    /// What was seen and cannot be asked about.
    untold: Vec<Untold>,
}

impl From<&Broken> for Breaks {
    fn from(found: &Broken) -> Self {
        Self {
            breaks: !found.broken.is_empty(),
            records: found.records,
            period: found.window.map(|window| Period::new(moment(window.from()), moment(window.to()))),
            kinds: found.kinds,
            broken: found.broken.iter().map(Denied::from).collect(),
            already: found.already,
            gone: found.gone.iter().map(ToString::to_string).collect(),
            untold: found.untold.iter().map(Untold::from).collect(),
        }
    }
}
