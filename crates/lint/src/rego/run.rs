//! Looking at objects.

use super::{Entry, Rules, mentions, place, verdict};
use crate::{facts, finding::Finding, world::World};
use regorus::{Engine, Value, utils::limits::ExecutionTimerConfig};
use sekisho_core::diagnostic::{Diagnostic, Severity};
use std::{num::NonZeroU32, time::Duration};

/// How long a rule may look at an object.
const LIMIT: Duration = Duration::from_secs(5);
/// After how many steps the time is looked at.
const STEPS: NonZeroU32 = NonZeroU32::new(1_000).unwrap();

/// What rules had to say of a world.
#[derive(Clone, Debug, Default)]
pub struct Judged {
    /// What they found; not sorted among the findings of others.
    pub findings: Vec<Finding>,
    /// What kept rules from looking.
    pub errors: Vec<Diagnostic>,
    /// What they printed, a line each.
    pub prints: Vec<String>,
}

impl Rules {
    /// Gives every object of `world` that rules look at to every rule.
    ///
    /// A rule that cannot be evaluated is told once, with the object, and is not asked again.
    #[must_use]
    pub fn check(&self, world: &World<'_>) -> Judged {
        self.check_while(world, || true).unwrap_or_default()
    }

    /// The same; `None` as soon as `is_wanted` says that nobody waits for it any more.
    #[must_use]
    pub fn check_while(&self, world: &World<'_>, is_wanted: impl Fn() -> bool) -> Option<Judged> {
        let mut engine = self.engine.clone();
        let mut judged = Judged::default();
        let mut asked: Vec<_> = self.checks.iter().collect();
        if asked.is_empty() {
            return Some(judged);
        }
        let texts = self.sources.iter().filter(|(name, _)| !name.ends_with(".json"));
        let wanted = mentions::wanted(texts.map(|(_, text)| &**text));
        for document in facts::documents(world, wanted) {
            if !is_wanted() {
                return None;
            }
            let input = match value(&document.input) {
                Ok(input) => input,
                Err(error) => {
                    judged.errors.push(Diagnostic::new(
                        Severity::Error,
                        "rego-input",
                        error,
                        document.origin,
                    ));
                    continue;
                }
            };
            engine.set_input(input);
            asked.retain(|(verb, entry)| {
                let value = self.evaluate(&mut engine, entry, &mut judged.prints);
                let found =
                    value.and_then(|value| verdict::findings(world, &document, (*verb, entry), &value));
                match found {
                    Ok(mut found) => judged.findings.append(&mut found),
                    Err(error) => {
                        judged.errors.push(self.error(entry, &error, Some(&document)));
                        return false;
                    }
                }
                true
            });
        }
        judged.findings.retain(|finding| world.is_heard(finding));
        Some(judged)
    }

    /// The value of a rule.
    pub(super) fn evaluate(
        &self,
        engine: &mut Engine,
        entry: &Entry,
        prints: &mut Vec<String>,
    ) -> Result<Value, String> {
        engine.set_execution_timer_config(ExecutionTimerConfig { limit: LIMIT, check_interval: STEPS });
        let value = engine.eval_rule(entry.query()).map_err(|error| format!("{error:#}"));
        let printed = engine.take_prints().unwrap_or_default().into_iter();
        prints.extend(printed.map(|line| self.joined.printed(line)));
        value
    }

    /// What kept `entry` from being evaluated, of an object or by itself.
    pub(super) fn error(&self, entry: &Entry, error: &str, document: Option<&facts::Document>) -> Diagnostic {
        let mut found = place::diagnostic(error, "rego-run", &entry.origin, (&self.sources, &self.joined));
        let of = document.map(|document| format!(", of {}", document.subject)).unwrap_or_default();
        found.message = format!("`{entry}` cannot be evaluated{of}: {}", found.message);
        if error.contains("exceeded time limit") {
            let limit = LIMIT.as_secs();
            found =
                found.with_help(format!("a rule has {limit} seconds for an object; make it look at less"));
        }
        if found.origin != entry.origin {
            found = found.with_label(entry.origin.clone(), "the rule");
        }
        found
    }
}

fn value(input: &facts::Input) -> Result<Value, String> {
    let json = serde_json::to_string(input).map_err(|error| error.to_string())?;
    Value::from_json_str(&json).map_err(|error| error.to_string())
}
