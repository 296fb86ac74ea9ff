//! Rules, with their documentation.

use super::table::aligned;
use crate::output::{BOLD, DIM};
use sekisho_core::diagnostic::Severity;
use sekisho_lint::{Category, Rule, rules};
use serde::Serialize;
use std::io::Write;

/// What a program is told of a rule.
#[derive(Debug, Serialize)]
pub(crate) struct Told {
    code: &'static str,
    name: &'static str,
    category: &'static str,
    severity: &'static str,
    /// What it finds.
    what: String,
    /// All of the rest, as Markdown.
    body: String,
}

impl Told {
    pub(crate) fn of(rule: &Rule) -> Self {
        let document = rule.document();
        Self {
            code: rule.code,
            name: rule.name,
            category: rule.category.name(),
            severity: severity(rule),
            what: document.what,
            body: document.body,
        }
    }
}

fn severity(rule: &Rule) -> &'static str {
    match rule.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "note",
    }
}

/// The anchor of a rule on the page of all of them.
pub(crate) fn anchor(rule: &Rule) -> String {
    format!("{}-{}", rule.code.to_lowercase(), rule.name)
}

/// Writes for a program.
pub(crate) fn json(told: &impl Serialize, out: &mut dyn Write) -> anyhow::Result<()> {
    serde_json::to_writer_pretty(&mut *out, told)?;
    writeln!(out)?;
    Ok(())
}

/// Writes a line for each rule.
pub(crate) fn table(out: &mut dyn Write) -> anyhow::Result<()> {
    let row = |rule: &&Rule| {
        let cells = [rule.code, rule.name, rule.category.name(), severity(rule)].map(str::to_owned);
        let [code, name, category, severity] = cells;
        [code, name, category, severity, rule.document().what]
    };
    let rows: Vec<[String; 5]> = rules().iter().map(row).collect();
    aligned(["CODE", "NAME", "CATEGORY", "SEVERITY", "WHAT IT FINDS"], &rows, out)
}

/// Writes a rule for a terminal: headings are bold, the fences of examples are gone.
pub(crate) fn text(rule: &Rule, out: &mut dyn Write) -> anyhow::Result<()> {
    let document = rule.document();
    writeln!(
        out,
        "{BOLD}{} {}{BOLD:#}  {DIM}{}, {}{DIM:#}\n",
        rule.code,
        rule.name,
        rule.category,
        severity(rule)
    )?;
    writeln!(out, "{}\n", document.what)?;
    let mut is_code = false;
    for line in document.body.lines() {
        if line.starts_with("```") {
            is_code = !is_code;
        } else if let Some(title) = line.strip_prefix("## ").filter(|_| !is_code) {
            writeln!(out, "{BOLD}{title}{BOLD:#}")?;
        } else if is_code && !line.is_empty() {
            writeln!(out, "    {line}")?;
        } else {
            writeln!(out, "{line}")?;
        }
    }
    Ok(())
}

/// Writes a rule as a section of a page.
pub(crate) fn section(rule: &Rule, out: &mut dyn Write) -> anyhow::Result<()> {
    let document = rule.document();
    writeln!(out, "### {} {}\n", rule.code, rule.name)?;
    writeln!(out, "{} (`{}`, {})\n", document.what, rule.category, severity(rule))?;
    let mut is_code = false;
    for line in document.body.lines() {
        is_code ^= line.starts_with("```");
        match line.strip_prefix("## ").filter(|_| !is_code) {
            Some(title) => writeln!(out, "#### {title}")?,
            None => writeln!(out, "{line}")?,
        }
    }
    Ok(())
}

/// Writes the page of all rules.
pub(crate) fn page(out: &mut dyn Write) -> anyhow::Result<()> {
    writeln!(out, "# The rules of `sekisho check`\n")?;
    writeln!(
        out,
        "What each finds, why it matters and how it is mended; `sekisho rule CODE` prints the same."
    )?;
    writeln!(out, "How to choose among them, and how to ignore one with a reason: [check.md](check.md).\n")?;
    writeln!(out, "| code | name | category | severity | what it finds |\n|---|---|---|---|---|")?;
    for rule in rules() {
        let (code, link, name) = (rule.code, anchor(rule), rule.name);
        let (category, severity) = (rule.category, severity(rule));
        let what = rule.document().what.replace('|', "\\|");
        writeln!(out, "| [{code}](#{link}) | `{name}` | {category} | {severity} | {what} |")?;
    }
    for category in Category::ALL {
        let mut of = rules().iter().filter(|rule| rule.category == category).peekable();
        if of.peek().is_some() {
            writeln!(out, "\n## {}", title(category))?;
        }
        for rule in of {
            writeln!(out)?;
            section(rule, out)?;
        }
    }
    Ok(())
}

fn title(category: Category) -> String {
    let mut title = category.name().replace('-', " ");
    title.get_mut(..1).map(str::make_ascii_uppercase);
    title
}
