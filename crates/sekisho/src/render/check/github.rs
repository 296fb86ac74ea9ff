//! Findings as commands of a GitHub workflow, which shows them beside the lines of a change.
//!
//! <https://docs.github.com/actions/reference/workflow-commands-for-github-actions>

use super::words;
use crate::check::{Checked, paths::Paths};
use sekisho_core::{diagnostic::Severity, object::Origin};
use sekisho_lint::Finding;
use std::io::Write;

/// Writes a command for each finding.
pub(super) fn write(checked: &Checked, paths: &Paths, out: &mut dyn Write) -> anyhow::Result<()> {
    for finding in &checked.findings {
        let told = &finding.diagnostic;
        let command = match told.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Note => "notice",
        };
        let mut properties = place(checked, paths, &told.origin);
        properties.push(("title", words::rule(finding)));
        let properties: Vec<String> =
            properties.iter().map(|(name, value)| format!("{name}={}", property(value))).collect();
        writeln!(out, "::{command} {}::{}", properties.join(","), data(&message(finding)))?;
    }
    Ok(())
}

/// The first line of the place: what goes over several is shown below the last of them, far from where it begins.
fn place(checked: &Checked, paths: &Paths, origin: &Origin) -> Vec<(&'static str, String)> {
    if !origin.is_known() {
        return Vec::new();
    }
    let place = paths.place(&origin.source);
    let mut properties = vec![("file", place.path)];
    if place.is_file {
        let span = origin.span;
        let text = checked.sources.get(&origin.source).and_then(|text| text.get(span.start..span.end));
        let first = text.and_then(|text| text.lines().next()).unwrap_or_default();
        let width = u32::try_from(first.trim_end().chars().count()).unwrap_or(u32::MAX);
        properties.extend([
            ("line", span.line.to_string()),
            ("col", span.column.to_string()),
            ("endLine", span.line.to_string()),
            ("endColumn", span.column.saturating_add(width).to_string()),
        ]);
    }
    properties
}

fn message(finding: &Finding) -> String {
    let told = &finding.diagnostic;
    match &told.help {
        Some(help) => format!("{}\n{help}", told.message),
        None => told.message.clone(),
    }
}

fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_ends_a_command_early() {
        assert_eq!(data("50 %\r\n::error::x"), "50 %25%0D%0A::error::x");
        assert_eq!(property("a,b: c%"), "a%2Cb%3A c%25");
    }
}
