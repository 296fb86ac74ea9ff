//! Findings as JUnit XML: a suite for each file, with a case for each finding. What makes no run fail is a case that
//! passes.

use super::words;
use crate::{
    check::{Checked, paths::Paths},
    render::junit::to_xml,
};
use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};
use sekisho_k8s::render;
use sekisho_lint::Finding;
use std::{collections::BTreeMap, io::Write};

/// Writes a suite for each file that was read.
pub(super) fn write(checked: &Checked, paths: &Paths, out: &mut dyn Write) -> anyhow::Result<()> {
    let mut files: BTreeMap<String, Vec<&Finding>> =
        checked.sources.keys().map(|source| (paths.place(source).path, Vec::new())).collect();
    for finding in &checked.findings {
        files.entry(paths.place(&finding.diagnostic.origin.source).path).or_default().push(finding);
    }
    let mut report = Report::new("sekisho check");
    for (path, findings) in files {
        let mut suite = TestSuite::new(&*path);
        suite.extra.insert("file".into(), path.as_str().into());
        if findings.is_empty() {
            suite.add_test_case(named("nothing found", &path, TestCaseStatus::success()));
        }
        for finding in findings {
            suite.add_test_case(case(finding, &path, checked));
        }
        report.add_test_suite(suite);
    }
    out.write_all(to_xml(&report)?.as_bytes())?;
    Ok(())
}

fn case(finding: &Finding, path: &str, checked: &Checked) -> TestCase {
    let told = &finding.diagnostic;
    let span = told.origin.span;
    let name = format!("{} {}:{}", words::rule(finding), span.line, span.column);
    let page = render(told, &checked.sources, false);
    if told.severity > checked.fail_on {
        let mut case = named(&name, path, TestCaseStatus::success());
        case.set_system_out(page);
        return case;
    }
    let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
    status.set_type(words::word(told.severity)).set_message(told.message.as_str()).set_description(page);
    named(&name, path, status)
}

fn named(name: &str, path: &str, status: TestCaseStatus) -> TestCase {
    let mut case = TestCase::new(name, status);
    case.set_classname(path);
    case
}
