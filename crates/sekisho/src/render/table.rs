//! Connections as a table.

use crate::{
    args::By,
    output::{BOLD, DIM},
    render::names,
};
use sekisho_core::reach::{Connection, Party, Term, WorkloadPods};
use std::io::Write;

/// How many blocks of a list, or pods of a workload, are written out.
const SHOWN: usize = 4;

/// Writes `connections`, one a line.
pub(crate) fn reach(connections: &[Connection], by: By, out: &mut dyn Write) -> anyhow::Result<()> {
    if connections.is_empty() {
        writeln!(out, "no connection is allowed")?;
        return Ok(());
    }
    let rows: Vec<[String; 3]> = connections.iter().map(|connection| row(connection, by)).collect();
    aligned(["FROM", "TO", "PORTS"], &rows, out)?;
    if by == By::Namespace {
        writeln!(out, "\n{DIM}{}{DIM:#}", names::BY_NAMESPACE)?;
    }
    Ok(())
}

/// Writes rows below their header, each column but the last as wide as its widest cell.
pub(crate) fn aligned<const N: usize>(
    header: [&str; N],
    rows: &[[String; N]],
    out: &mut dyn Write,
) -> anyhow::Result<()> {
    let width = |(at, title): (usize, &str)| {
        let cells = rows.iter().filter_map(|row| row.get(at)).map(|cell| cell.chars().count());
        cells.chain([title.len()]).max().unwrap_or_default()
    };
    let mut widths: Vec<usize> = header.into_iter().enumerate().map(width).collect();
    widths.pop();
    let line = |cells: [&str; N]| -> String {
        let padded =
            cells.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}  ")).collect::<String>();
        padded + cells.last().unwrap_or(&"")
    };
    writeln!(out, "{BOLD}{}{BOLD:#}", line(header))?;
    for row in rows {
        writeln!(out, "{}", line(row.each_ref().map(String::as_str)))?;
    }
    Ok(())
}

fn row(connection: &Connection, by: By) -> [String; 3] {
    let ports = match connection.family {
        Some(family) => format!("{} ({family} only)", connection.ports),
        None => connection.ports.to_string(),
    };
    [name(&connection.from, by), name(&connection.to, by), ports]
}

fn name(party: &Party, by: By) -> String {
    shortened(party.terms.iter().map(|term| match term {
        Term::Namespace { .. } | Term::Cluster { .. } if by == By::Namespace => names::term(term, by),
        term => term_name(term),
    }))
}

fn term_name(term: &Term) -> String {
    let except = |names: Vec<String>| match names.is_empty() {
        true => String::new(),
        false => format!(" except {}", shortened(names)),
    };
    match term {
        Term::Cluster { except: missing } => {
            let names = missing.iter().map(term_name).collect();
            format!("entire cluster{}", except(names))
        }
        Term::Namespace { name, except: missing } => {
            let names = missing.iter().map(workload).collect();
            format!("all pods of `{name}`{}", except(names))
        }
        Term::Workload(pods) => workload(pods),
        Term::Addresses(_) => term.to_string(),
    }
}

fn workload(end: &WorkloadPods) -> String {
    let mut name = end.workload.key.to_string();
    if end.is_ambiguous {
        name += &format!(" ({})", end.workload.kind);
    }
    if !end.pods.is_empty() {
        name += &format!(" [{}]", shortened(&end.pods));
    }
    if !end.addresses.is_empty() {
        name += &format!(" at {}", shortened(&end.addresses));
    }
    name
}

fn shortened<T: ToString>(items: impl IntoIterator<Item = T>) -> String {
    let mut items = items.into_iter();
    let shown: Vec<String> = items.by_ref().take(SHOWN).map(|item| item.to_string()).collect();
    match items.count() {
        0 => shown.join(", "),
        more => format!("{}, and {more} more", shown.join(", ")),
    }
}
