//! `sekisho rego test -o json`.

use schemars::JsonSchema;
use sekisho_lint::rego::{Outcome, Trial};
use serde::Serialize;

/// What became of the tests, sorted by package and place.
#[derive(Debug, JsonSchema, Serialize)]
#[schemars(title = "sekisho rego test")]
pub(super) struct RegoTest {
    /// Whether all of them passed.
    passed: bool,
    /// Each test.
    tests: Vec<Test>,
}

/// A test.
#[derive(Debug, JsonSchema, Serialize)]
struct Test {
    /// Its package.
    package: String,
    /// Its name.
    name: String,
    /// Where it was written, as `file:line:column`.
    origin: String,
    /// `passed`, `failed`, or `broken` where it could not be evaluated.
    outcome: String,
    /// Why it could not be evaluated.
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
    /// What it printed, a line each.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    prints: Vec<String>,
}

impl From<&[Trial]> for RegoTest {
    fn from(trials: &[Trial]) -> Self {
        Self {
            passed: trials.iter().all(|trial| trial.outcome == Outcome::Passed),
            tests: trials.iter().map(Test::from).collect(),
        }
    }
}

impl From<&Trial> for Test {
    fn from(trial: &Trial) -> Self {
        let (outcome, message) = match &trial.outcome {
            Outcome::Passed => ("passed", None),
            Outcome::Failed => ("failed", None),
            Outcome::Broken(found) => ("broken", Some(format!("{}: {}", found.origin, found.message))),
        };
        Self {
            package: trial.package.clone(),
            name: trial.name.clone(),
            origin: trial.origin.to_string(),
            outcome: outcome.to_owned(),
            message,
            prints: trial.prints.clone(),
        }
    }
}
