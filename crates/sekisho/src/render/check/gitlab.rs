//! Findings as a Code Quality report of GitLab.
//!
//! <https://docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format>

use super::{fingerprint::Fingerprints, words};
use crate::check::{Checked, paths::Paths};
use sekisho_core::diagnostic::Severity;
use serde::Serialize;
use std::io::Write;

/// An entry of the report.
#[derive(Debug, Serialize)]
struct Issue {
    description: String,
    check_name: String,
    fingerprint: String,
    severity: &'static str,
    location: Location,
}

#[derive(Debug, Serialize)]
struct Location {
    path: String,
    lines: Lines,
}

#[derive(Debug, Serialize)]
struct Lines {
    begin: u32,
}

/// Writes an entry for each finding.
pub(super) fn write(checked: &Checked, paths: &Paths, out: &mut dyn Write) -> anyhow::Result<()> {
    let mut fingerprints = Fingerprints::of(&checked.sources);
    let mut issues = Vec::with_capacity(checked.findings.len());
    for finding in &checked.findings {
        let told = &finding.diagnostic;
        let place = paths.place(&told.origin.source);
        issues.push(Issue {
            description: told.message.clone(),
            check_name: words::rule(finding),
            fingerprint: fingerprints.next(finding, &place),
            severity: match told.severity {
                Severity::Error => "critical",
                Severity::Warning => "major",
                Severity::Note => "info",
            },
            location: Location {
                lines: Lines { begin: if place.is_file { told.origin.span.line.max(1) } else { 1 } },
                path: place.path,
            },
        });
    }
    serde_json::to_writer_pretty(&mut *out, &issues)?;
    writeln!(out)?;
    Ok(())
}
