//! Running the tests of rules.

use super::Rules;
use regorus::Value;
use sekisho_core::{diagnostic::Diagnostic, object::Origin};

/// What became of a test.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is true.
    Passed,
    /// It is not.
    Failed,
    /// It could not be evaluated, and why.
    Broken(Diagnostic),
}

/// A test that was run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trial {
    /// Its package, `a.b`.
    pub package: String,
    /// Its name.
    pub name: String,
    /// Where it was written.
    pub origin: Origin,
    /// What became of it.
    pub outcome: Outcome,
    /// What it printed, a line each.
    pub prints: Vec<String>,
}

impl Rules {
    /// Runs the rules that begin with `test_`, sorted by package and place.
    #[must_use]
    pub fn test(&self) -> Vec<Trial> {
        let trials = self.tests.iter().map(|entry| {
            // Each on its own, so that none sees what another has left.
            let mut engine = self.engine.clone();
            let mut prints = Vec::new();
            let outcome = match self.evaluate(&mut engine, entry, &mut prints) {
                Ok(Value::Bool(true)) => Outcome::Passed,
                Ok(_) => Outcome::Failed,
                Err(error) => Outcome::Broken(self.error(entry, &error, None)),
            };
            Trial {
                package: entry.package(),
                name: entry.name.clone(),
                origin: entry.origin.clone(),
                outcome,
                prints,
            }
        });
        trials.collect()
    }
}
