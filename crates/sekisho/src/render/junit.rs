//! What became of promises, as JUnit XML: what GitLab, Jenkins and GitHub's actions read.
//!
//! No more than the schema of Jenkins' xUnit plugin (junit-10.xsd) knows, which refuses a report with an
//! attribute that it does not.

use crate::{
    render::{excerpt::Sources, promises, text},
    results::{ResultOf, Results},
};
use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};
use sekisho_core::promise::State;
use std::{io::Write, sync::Arc};

/// Writes a suite for each file of promises, with a case for each promise.
pub(crate) fn test(results: &Results<'_>, sources: &Sources, out: &mut dyn Write) -> anyhow::Result<()> {
    let mut report = Report::new("sekisho test");
    let mut suites: Vec<(&Arc<str>, TestSuite)> = Vec::new();
    for result in &results.list {
        let source = &result.promise.origin.source;
        let case = case(result, sources)?;
        match suites.last_mut().filter(|(there, _)| *there == source) {
            Some((_, suite)) => drop(suite.add_test_case(case)),
            None => {
                let mut suite = TestSuite::new(&**source);
                suite.extra.insert("file".into(), (&**source).into());
                suite.add_test_case(case);
                suites.push((source, suite));
            }
        }
    }
    report.add_test_suites(suites.into_iter().map(|(_, suite)| suite));
    out.write_all(to_xml(&report)?.as_bytes())?;
    Ok(())
}

/// The report as text. The schema has the count of what is skipped of suites alone; the first is that of all.
pub(super) fn to_xml(report: &Report) -> anyhow::Result<String> {
    Ok(report.to_string()?.replacen(" skipped=\"0\"", "", 1))
}

fn case(result: &ResultOf<'_>, sources: &Sources) -> anyhow::Result<TestCase> {
    let (kind, message) = match &result.judgement.state {
        State::Kept => return Ok(named(result, TestCaseStatus::success())),
        State::Broken { breaches, .. } => {
            let first = breaches.first().map(|breach| promises::broken(result.promise.claim, breach));
            ("broken", first.unwrap_or_else(|| result.promise.to_string()))
        }
        State::MatchesNothing(_) => ("matches nothing", "there is nothing that it is about".to_owned()),
    };
    let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
    status.set_type(kind).set_message(message).set_description(description(result, sources)?);
    Ok(named(result, status))
}

fn named(result: &ResultOf<'_>, status: TestCaseStatus) -> TestCase {
    let mut case = TestCase::new(&*result.promise.name, status);
    case.set_classname(&*result.promise.origin.source);
    case
}

/// What a person reads who opens a failure, without styles.
fn description(result: &ResultOf<'_>, sources: &Sources) -> anyhow::Result<String> {
    let mut lines = vec![result.promise.origin.to_string()];
    lines.extend(promises::details(result));
    let mut page = Vec::new();
    if let Some(answers) = &result.answers {
        let mut plain = anstream::StripStream::new(&mut page);
        text::explain(answers, sources, &mut plain)?;
        lines.push(String::new());
    }
    Ok(lines.join("\n") + "\n" + &String::from_utf8_lossy(&page))
}
