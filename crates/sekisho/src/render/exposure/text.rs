//! Ways in and exposure for people.

use super::{Report, Said, WaySaid, rule_named, whom};
use crate::{
    output::{BAD, BOLD, DIM, GOOD, NOTE},
    render::excerpt::{self, Sources},
};
use anstyle::Style;
use sekisho_core::{
    exposure::Exposure,
    object::{Direction, Workload},
};
use std::{io::Write, sync::Arc};

/// How many workloads or rules of one line are written out.
const SHOWN: usize = 4;

/// Writes the report.
pub(crate) fn write(report: &Report, sources: &Sources, out: &mut dyn Write) -> anyhow::Result<()> {
    if report.ways.is_empty() {
        writeln!(out, "{BOLD}No way in{BOLD:#}: no Service, Ingress or Gateway leads in from outside")?;
    } else {
        let broken = report.ways.iter().filter(|way| way.way.is_broken()).count();
        let count = match report.ways.len() {
            1 => "1 way in".to_owned(),
            count => format!("{count} ways in"),
        };
        let broken = match (report.ways.len(), broken) {
            (_, 0) => String::new(),
            (1, _) => ", broken".to_owned(),
            (_, broken) => format!(", {broken} of them broken"),
        };
        writeln!(out, "{BOLD}{count}{BOLD:#}{broken}\n")?;
    }
    for way in &report.ways {
        self::way(way, sources, out)?;
    }
    for (direction, title) in [(Direction::Ingress, "Open to"), (Direction::Egress, "May reach")] {
        let of_direction: Vec<&Exposure> =
            report.exposures.iter().filter(|exposure| exposure.direction == direction).collect();
        if !of_direction.is_empty() {
            writeln!(out, "\n{BOLD}{title}{BOLD:#} ({direction})\n")?;
            table(&of_direction, out)?;
        }
    }
    Ok(())
}

fn way(way: &WaySaid, sources: &Sources, out: &mut dyn Write) -> anyhow::Result<()> {
    if let [end] = way.ends.as_slice() {
        let (style, mark) = mark(end);
        let to = if end.to.is_empty() { String::new() } else { format!(" → {}", end.to) };
        writeln!(out, "{style}{mark}{style:#} {}{to}", way.outer())?;
        return said(end, "    ", sources, out);
    }
    writeln!(out, "{BOLD}·{BOLD:#} {}", way.outer())?;
    for end in &way.ends {
        let (style, mark) = mark(end);
        writeln!(out, "    {style}{mark}{style:#} → {}", end.to)?;
        said(end, "        ", sources, out)?;
    }
    Ok(())
}

fn said(end: &Said, indent: &str, sources: &Sources, out: &mut dyn Write) -> anyhow::Result<()> {
    writeln!(out, "{indent}{}", end.sentence)?;
    if let Some(miss) = &end.miss {
        writeln!(out, "{indent}{}", miss.sentence)?;
    }
    let Some(origin) = &end.origin else { return Ok(()) };
    writeln!(out, "{indent}{DIM}{origin}{DIM:#}")?;
    for (number, line) in excerpt::lines(sources, origin) {
        writeln!(out, "{indent}{DIM}{number:>5} |{DIM:#} {line}")?;
    }
    Ok(())
}

fn mark(end: &Said) -> (Style, &'static str) {
    match end.answer {
        _ if end.is_broken => (BAD, "✗"),
        "unknown" => (NOTE, "?"),
        "elsewhere" => (DIM, "·"),
        _ => (GOOD, "✓"),
    }
}

/// One line for each opening, with its workloads and rules below where they do not fit.
fn table(exposures: &[&Exposure], out: &mut dyn Write) -> anyhow::Result<()> {
    let rows: Vec<[String; 3]> = exposures
        .iter()
        .map(|exposure| [whom(exposure), exposure.ports.to_string(), shown(&exposure.workloads, workload)])
        .collect();
    let header = ["WHOM", "PORTS", "WORKLOADS"];
    let width = |at: usize| {
        let cells = rows.iter().filter_map(|row| row.get(at)).map(|cell| cell.chars().count());
        cells.chain(header.get(at).map(|title| title.len())).max().unwrap_or_default()
    };
    let (whom, ports) = (width(0), width(1));
    let [a, b, c] = header;
    writeln!(out, "{BOLD}{a:whom$}  {b:ports$}  {c}{BOLD:#}")?;
    for (exposure, [a, b, c]) in exposures.iter().zip(&rows) {
        writeln!(out, "{a:whom$}  {b:ports$}  {c}")?;
        let rules = exposure.rules.iter().take(SHOWN);
        for rule in rules {
            writeln!(out, "    {DIM}{}{DIM:#}", rule_named(rule))?;
        }
        if let more @ 1.. = exposure.rules.len().saturating_sub(SHOWN) {
            writeln!(out, "    {DIM}and {more} more{DIM:#}")?;
        }
        for rule in exposure.but.iter().take(SHOWN) {
            writeln!(out, "    {DIM}but: {}{DIM:#}", rule_named(rule))?;
        }
    }
    Ok(())
}

/// A workload, with the pods that are meant where not all are.
pub(super) fn workload((workload, pods): &(Workload, Vec<Arc<str>>)) -> String {
    if pods.is_empty() {
        return workload.key.to_string();
    }
    format!("{} [{}]", workload.key, shown(pods, |pod: &Arc<str>| pod.to_string()))
}

fn shown<T>(items: &[T], name: impl Fn(&T) -> String) -> String {
    let names: Vec<String> = items.iter().take(SHOWN).map(name).collect();
    match items.len().saturating_sub(SHOWN) {
        0 => names.join(", "),
        more => format!("{}, and {more} more", names.join(", ")),
    }
}
