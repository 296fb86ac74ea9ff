//! Words about findings that several forms use.

use crate::check::Checked;
use sekisho_core::{diagnostic::Severity, object::Span};
use sekisho_lint::Finding;

/// `2 errors, 1 warning`, or `nothing found`.
pub(super) fn counts(checked: &Checked) -> String {
    let count = |severity| checked.findings.iter().filter(|one| one.diagnostic.severity == severity).count();
    let told: Vec<String> = [Severity::Error, Severity::Warning, Severity::Note]
        .into_iter()
        .map(|severity| (count(severity), word(severity)))
        .filter(|(count, _)| *count > 0)
        .map(|(count, word)| several(count, word))
        .collect();
    if told.is_empty() { "nothing found".to_owned() } else { told.join(", ") }
}

/// `1 policy`.
pub(super) fn policies(count: usize) -> String {
    if count == 1 { "1 policy".to_owned() } else { format!("{count} policies") }
}

/// `1 error`, `2 errors`.
pub(crate) fn several(count: usize, word: &str) -> String {
    if count == 1 { format!("1 {word}") } else { format!("{count} {word}s") }
}

/// How bad it is, in a word.
pub(super) fn word(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "note",
    }
}

/// `SK301 whole-namespace`; of a rule of the team its code alone.
pub(super) fn rule(finding: &Finding) -> String {
    match *finding.name == *finding.code() {
        true => finding.code().to_owned(),
        false => format!("{} {}", finding.code(), finding.name),
    }
}

/// What is not told, and why: a line for each reason.
pub(super) fn unsaid(checked: &Checked) -> Vec<String> {
    let mut lines = Vec::new();
    if !checked.silenced.is_empty() {
        lines.push(format!(
            "{} ignored where it stands, with a reason",
            several(checked.silenced.len(), "finding")
        ));
    }
    if let Some(old) = checked.old {
        lines.push(format!("{} of the baseline not shown", several(old.known, "finding")));
        // Of what only a change brought, most of the baseline is not told again.
        if old.gone > 0 && checked.since.is_none() {
            let gone = several(old.gone, "finding");
            lines.push(format!("{gone} of the baseline gone: write it anew with `--write-baseline`"));
        }
    }
    if let Some(since) = checked.since.as_ref().filter(|since| since.known > 0) {
        let known = several(since.known, "finding");
        lines.push(format!("{known} not shown that `{}` has as well", since.revision));
    }
    lines
}

/// The line and column after the last character of a span, both from 1.
pub(super) fn end(text: &str, span: Span) -> (u32, u32) {
    let written = text.get(span.start..span.end).unwrap_or_default().trim_end();
    let narrow = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
    let breaks = written.matches('\n').count();
    let last = written.rsplit('\n').next().unwrap_or_default();
    let columns = narrow(last.chars().count());
    let from = if breaks == 0 { span.column } else { 1 };
    (span.line.saturating_add(narrow(breaks)), from.saturating_add(columns))
}
