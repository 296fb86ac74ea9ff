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
    let header = ["FROM", "TO", "PORTS"];
    // Names of Kubernetes and addresses are ASCII: a character is a column.
    let width = |at: usize| {
        let cells = rows.iter().filter_map(|row| row.get(at)).map(String::len);
        cells.chain(header.get(at).map(|title| title.len())).max().unwrap_or_default()
    };
    let (from, to) = (width(0), width(1));
    let [a, b, c] = header;
    writeln!(out, "{BOLD}{a:from$}  {b:to$}  {c}{BOLD:#}")?;
    for [a, b, c] in &rows {
        writeln!(out, "{a:from$}  {b:to$}  {c}")?;
    }
    if by == By::Namespace {
        writeln!(out, "\n{DIM}{}{DIM:#}", names::BY_NAMESPACE)?;
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
