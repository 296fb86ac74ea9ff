//! Findings as a comment on a pull request: Markdown as GitHub reads it.

use super::{mend, words};
use crate::{
    check::{Checked, paths::Paths},
    render::markdown::escape,
};
use sekisho_core::diagnostic::Severity;
use sekisho_k8s::edit::Editor;
use sekisho_lint::Finding;
use std::{collections::BTreeMap, io::Write};

/// By this line a bot finds its comment again.
const MARK: &str = "<!-- sekisho check -->";
/// GitHub refuses a comment of more than 65,536 characters; some are left for what is around the rows.
const CHARACTERS: usize = 60_000;

/// Writes what was found, by file, as much of it as a comment holds.
pub(super) fn write(checked: &Checked, paths: &Paths, out: &mut dyn Write) -> anyhow::Result<()> {
    let counts = words::counts(checked);
    let mut page = format!("{MARK}\n### Check of NetworkPolicies: {counts}\n");
    for line in words::unsaid(checked) {
        page += &format!("\n{}\n", escape(&line));
    }
    let mut files: BTreeMap<String, Vec<&Finding>> = BTreeMap::new();
    for finding in &checked.findings {
        files.entry(paths.place(&finding.diagnostic.origin.source).path).or_default().push(finding);
    }
    let mut left = CHARACTERS.saturating_sub(page.chars().count());
    let (mut cut, editor) = (0, Editor::new(&checked.sources));
    for (path, findings) in files {
        cut += section(&path, &findings, (checked, &editor), &mut left, &mut page);
    }
    if cut > 0 {
        let cut = words::several(cut, "finding");
        page += &format!("\n**{cut} more than fit into a comment**: `sekisho check` prints all of them.\n");
    }
    out.write_all(page.as_bytes())?;
    Ok(())
}

/// Writes the findings of a file for which there is room. Gives how many there is none for.
fn section(
    path: &str,
    findings: &[&Finding],
    (checked, editor): (&Checked, &Editor<'_>),
    left: &mut usize,
    page: &mut String,
) -> usize {
    let head = format!("\n#### {}\n\n| | Line | Rule | |\n|---|---|---|---|\n", escape(path));
    let fold = "\n<details><summary>what to do</summary>\n\n";
    let end = "\n</details>\n";
    let around = [&head, fold, end].map(|text| text.chars().count()).iter().sum();
    let Some(mut room) = left.checked_sub(around) else { return findings.len() };
    let (mut rows, mut details, mut fitting) = (String::new(), String::new(), 0);
    for finding in findings {
        let (row, detail) = (row(finding), detail(finding, checked, editor));
        let Some(rest) = room.checked_sub(row.chars().count() + detail.chars().count()) else { break };
        room = rest;
        rows += &row;
        details += &detail;
        fitting += 1;
    }
    if fitting > 0 {
        *left = room;
        *page += &head;
        *page += &rows;
    }
    if !details.is_empty() {
        *page += &[fold, &details, end].concat();
    }
    findings.len() - fitting
}

fn row(finding: &Finding) -> String {
    let told = &finding.diagnostic;
    let word = match told.severity {
        Severity::Error => "**error**",
        Severity::Warning => "warning",
        Severity::Note => "note",
    };
    let line = if told.origin.is_known() { told.origin.span.line.to_string() } else { String::new() };
    format!("| {word} | {line} | {} | {} |\n", escape(&words::rule(finding)), escape(&told.message))
}

/// What to do about it, as an entry of a list; nothing where nobody knows.
fn detail(finding: &Finding, checked: &Checked, editor: &Editor<'_>) -> String {
    let told = &finding.diagnostic;
    let mut lines: Vec<String> = told.help.iter().map(|help| escape(help)).collect();
    if let Some(mend) = &told.mend {
        lines.push(format!("A mend is known: {}", escape(&mend.title)));
    }
    if lines.is_empty() {
        return String::new();
    }
    let place =
        if told.origin.is_known() { format!(" line {}", told.origin.span.line) } else { String::new() };
    let mut entry = format!("- {}{place}: {}\n", escape(&words::rule(finding)), lines.join(". "));
    let diff = told.mend.as_ref().map(|mend| mend::lines(mend, &checked.sources, editor)).unwrap_or_default();
    if !diff.is_empty() {
        // A fence that is longer than any in the text ends only where it is meant to.
        let fence = "`".repeat(longest(&diff).max(2) + 1);
        entry += &format!("\n  {fence}diff\n");
        diff.iter().for_each(|line| entry += &format!("  {line}\n"));
        entry += &format!("  {fence}\n");
    }
    entry
}

/// The longest run of backticks.
fn longest(lines: &[String]) -> usize {
    let runs = lines.iter().flat_map(|line| line.split(|c| c != '`'));
    runs.map(str::len).max().unwrap_or_default()
}
