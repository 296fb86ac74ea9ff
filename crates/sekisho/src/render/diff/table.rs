//! A difference for people, on a terminal.

use super::words;
use crate::output::{BAD, BOLD, DIM, GOOD, NOTE};
use anstyle::Style;
use sekisho_core::{
    diff::{Arrivals, ConnectionChange, Difference, Kind, Risk},
    reach::Connection,
};
use std::io::Write;

/// How many causes of a change, and workloads that came or went, are written out.
const SHOWN: usize = 6;

/// Writes what differs, the riskiest first.
pub(crate) fn write(difference: &Difference, out: &mut dyn Write) -> anyhow::Result<()> {
    writeln!(out, "{BOLD}{}{BOLD:#}", words::summary(difference))?;
    for risk in Risk::ALL {
        let changes: Vec<&ConnectionChange> =
            difference.changes.iter().filter(|change| change.risk == risk).collect();
        if changes.is_empty() {
            continue;
        }
        writeln!(out, "\n{BOLD}{}{BOLD:#}", risk.to_string().to_uppercase())?;
        for change in changes {
            self::change(change, out)?;
        }
    }
    if !difference.protection.is_empty() {
        writeln!(out, "\n{BOLD}PROTECTION{BOLD:#}")?;
        for protection in &difference.protection {
            let (style, sign) = if protection.is_gained { (GOOD, '+') } else { (BAD, '-') };
            writeln!(out, "{style}{sign}{style:#} {}", words::protection(protection))?;
        }
    }
    arrivals("CAME", &difference.came, out)?;
    arrivals("WENT", &difference.went, out)
}

fn change(change: &ConnectionChange, out: &mut dyn Write) -> anyhow::Result<()> {
    let (style, sign) = (style(change), words::sign(change));
    let (from, to, ports) = (words::name(&change.from), words::name(&change.to), words::ports(change));
    writeln!(out, "{style}{sign}{style:#} {from} → {to}  {BOLD}{ports}{BOLD:#}")?;
    for cause in change.causes.iter().take(SHOWN) {
        let place = if cause.origin.is_known() { format!("  {}", cause.origin) } else { String::new() };
        writeln!(out, "      {}{DIM}{place}{DIM:#}", words::cause(cause))?;
    }
    if let Some(more) = change.causes.len().checked_sub(SHOWN).filter(|more| *more > 0) {
        writeln!(out, "      {DIM}and {more} more{DIM:#}")?;
    }
    Ok(())
}

/// What is opened from outside is to be seen as what is wrong; what is closed as what is right.
fn style(change: &ConnectionChange) -> Style {
    match (change.risk, change.kind()) {
        (Risk::FromInternet | Risk::FromAddresses, _) => BAD,
        (_, Kind::Closed) => GOOD,
        _ => NOTE,
    }
}

fn arrivals(title: &str, arrivals: &Arrivals, out: &mut dyn Write) -> anyhow::Result<()> {
    if arrivals.workloads.is_empty() {
        return Ok(());
    }
    let names = words::workloads(arrivals);
    let mut shown: Vec<String> = names.iter().take(SHOWN).cloned().collect();
    if let Some(more) = names.len().checked_sub(SHOWN).filter(|more| *more > 0) {
        shown.push(format!("and {more} more"));
    }
    writeln!(out, "\n{BOLD}{title}{BOLD:#} {}", shown.join(", "))?;
    for connection in &arrivals.connections {
        let Connection { from, to, .. } = connection;
        let ports = words::allowed(connection);
        writeln!(out, "  {} → {}  {ports}", words::name(from), words::name(to))?;
    }
    Ok(())
}
