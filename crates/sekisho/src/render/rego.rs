//! What became of the tests of rules in Rego.

use crate::output::{BAD, BOLD, DIM, GOOD};
use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};
use sekisho_k8s::render;
use sekisho_lint::rego::{Outcome, Trial};
use std::{collections::BTreeMap, io::Write, sync::Arc};

/// Writes a line for each test, and why it failed.
pub(crate) fn table(
    trials: &[Trial],
    sources: &BTreeMap<Arc<str>, Arc<str>>,
    out: &mut dyn Write,
) -> anyhow::Result<()> {
    for trial in trials {
        let name = format!("{}.{}", trial.package, trial.name);
        match &trial.outcome {
            Outcome::Passed => writeln!(out, "{GOOD}✓{GOOD:#} {name}")?,
            Outcome::Failed => writeln!(out, "{BAD}✗{BAD:#} {name}  {DIM}{}{DIM:#}", trial.origin)?,
            Outcome::Broken(found) => {
                writeln!(out, "{BAD}✗{BAD:#} {name}  {DIM}{}{DIM:#}", trial.origin)?;
                writeln!(out, "{}", render(found, sources, true))?;
            }
        }
        for line in trial.prints.iter().filter(|_| trial.outcome != Outcome::Passed) {
            writeln!(out, "    printed at {line}")?;
        }
    }
    let failed = trials.iter().filter(|trial| trial.outcome != Outcome::Passed).count();
    let passed = trials.len() - failed;
    writeln!(out, "\n{BOLD}{passed} passed, {failed} failed{BOLD:#}")?;
    Ok(())
}

/// Writes a suite for each package, with a case for each test.
pub(crate) fn junit(trials: &[Trial], out: &mut dyn Write) -> anyhow::Result<()> {
    let mut suites: BTreeMap<&str, TestSuite> = BTreeMap::new();
    for trial in trials {
        let suite = suites.entry(&trial.package).or_insert_with(|| TestSuite::new(trial.package.as_str()));
        let mut case = TestCase::new(trial.name.as_str(), status(trial));
        case.set_classname(&*trial.origin.source);
        suite.add_test_case(case);
    }
    let mut report = Report::new("sekisho rego test");
    report.add_test_suites(suites.into_values());
    // As of `sekisho test`: the schema has this count of suites alone.
    out.write_all(report.to_string()?.replacen(" skipped=\"0\"", "", 1).as_bytes())?;
    Ok(())
}

fn status(trial: &Trial) -> TestCaseStatus {
    let (kind, message) = match &trial.outcome {
        Outcome::Passed => return TestCaseStatus::success(),
        Outcome::Failed => (NonSuccessKind::Failure, "it is not true".to_owned()),
        Outcome::Broken(found) => (NonSuccessKind::Error, found.message.clone()),
    };
    let mut lines = vec![trial.origin.to_string()];
    lines.extend(trial.prints.iter().cloned());
    let mut status = TestCaseStatus::non_success(kind);
    status.set_message(message).set_description(lines.join("\n"));
    status
}
