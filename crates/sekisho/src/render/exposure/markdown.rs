//! Ways in and exposure in Markdown, as GitHub reads it.

use super::{Report, Said, rule_named, text, whom};
use crate::render::markdown::escape;
use std::io::Write;

/// How many workloads or rules of one cell are written out.
const SHOWN: usize = 8;

/// Writes a table of the ways, and one of what is open.
pub(crate) fn write(report: &Report, out: &mut dyn Write) -> anyhow::Result<()> {
    writeln!(out, "### Ways in\n")?;
    if report.ways.is_empty() {
        writeln!(out, "No Service, Ingress or Gateway leads in from outside.")?;
    } else {
        writeln!(out, "| | Way | What policies say |\n|---|---|---|")?;
    }
    for way in &report.ways {
        for end in &way.ends {
            let to = if end.to.is_empty() { String::new() } else { format!(" → {}", end.to) };
            let place = end.origin.as_ref().map(|origin| format!(" ({origin})")).unwrap_or_default();
            let miss = end.miss.as_ref().map(|miss| format!("; {}", miss.sentence)).unwrap_or_default();
            let cells = [format!("{}{to}", way.outer()), format!("{}{miss}{place}", end.sentence)];
            let [path, said] = cells.map(|cell| escape(&cell));
            writeln!(out, "| {} | {path} | {said} |", mark(end))?;
        }
    }
    if report.exposures.is_empty() {
        return Ok(());
    }
    writeln!(out, "\n### Exposure\n")?;
    writeln!(out, "| Direction | Open to | Ports | Workloads | Rules |\n|---|---|---|---|---|")?;
    for exposure in &report.exposures {
        let cells = [
            exposure.direction.to_string(),
            whom(exposure),
            exposure.ports.to_string(),
            some(exposure.workloads.iter().map(text::workload).collect()),
            some(exposure.rules.iter().map(rule_named).collect()),
        ];
        let [direction, whom, ports, workloads, rules] = cells.map(|cell| escape(&cell));
        writeln!(out, "| {direction} | {whom} | {ports} | {workloads} | {rules} |")?;
    }
    Ok(())
}

fn mark(end: &Said) -> &'static str {
    match end.answer {
        _ if end.is_broken => "❌",
        "unknown" => "❔",
        "elsewhere" => "",
        _ => "✅",
    }
}

fn some(items: Vec<String>) -> String {
    let count = items.len();
    let shown: Vec<String> = items.into_iter().take(SHOWN).collect();
    match count.saturating_sub(SHOWN) {
        0 => shown.join(", "),
        more => format!("{}, and {more} more", shown.join(", ")),
    }
}
