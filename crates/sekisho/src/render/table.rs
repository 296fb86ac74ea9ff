//! Connections as a table.

use crate::output::BOLD;
use sekisho_core::{
    object::Workload,
    reach::{Connection, Party, Term, WorkloadPods},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    io::Write,
};

/// How many blocks of a list, or pods of a workload, are written out.
const SHOWN: usize = 4;

/// Writes `connections`, one a line.
pub(crate) fn reach(connections: &[Connection], out: &mut dyn Write) -> anyhow::Result<()> {
    if connections.is_empty() {
        writeln!(out, "no connection is allowed")?;
        return Ok(());
    }
    let ambiguous = ambiguous(connections);
    let rows: Vec<[String; 3]> = connections.iter().map(|connection| row(connection, &ambiguous)).collect();
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
    Ok(())
}

fn row(connection: &Connection, ambiguous: &BTreeSet<&Workload>) -> [String; 3] {
    let ports = match connection.family {
        Some(family) => format!("{} ({family} only)", connection.ports),
        None => connection.ports.to_string(),
    };
    [name(&connection.from, ambiguous), name(&connection.to, ambiguous), ports]
}

/// Workloads whose kind has to be told, for another has the same name.
fn ambiguous(connections: &[Connection]) -> BTreeSet<&Workload> {
    let ends = connections.iter().flat_map(|connection| [&connection.from, &connection.to]);
    let mut kinds: BTreeMap<_, BTreeSet<&Workload>> = BTreeMap::new();
    for workload in ends.flat_map(|party| &party.terms).flat_map(workloads) {
        kinds.entry(&workload.key).or_default().insert(workload);
    }
    kinds.into_values().filter(|kinds| kinds.len() > 1).flatten().collect()
}

/// The workloads that a term names.
fn workloads(term: &Term) -> Vec<&Workload> {
    match term {
        Term::Cluster { except } => except.iter().flat_map(workloads).collect(),
        Term::Namespace { except, .. } => except.iter().map(|pods| &*pods.workload).collect(),
        Term::Workload(pods) => vec![&pods.workload],
        Term::Addresses(_) => Vec::new(),
    }
}

fn name(party: &Party, ambiguous: &BTreeSet<&Workload>) -> String {
    shortened(party.terms.iter().map(|term| term_name(term, ambiguous)))
}

fn term_name(term: &Term, ambiguous: &BTreeSet<&Workload>) -> String {
    let except = |names: Vec<String>| match names.is_empty() {
        true => String::new(),
        false => format!(" except {}", shortened(names)),
    };
    match term {
        Term::Cluster { except: missing } => {
            let names = missing.iter().map(|term| term_name(term, ambiguous)).collect();
            format!("entire cluster{}", except(names))
        }
        Term::Namespace { name, except: missing } => {
            let names = missing.iter().map(|pods| workload(pods, ambiguous)).collect();
            format!("all pods of `{name}`{}", except(names))
        }
        Term::Workload(pods) => workload(pods, ambiguous),
        Term::Addresses(_) => term.to_string(),
    }
}

fn workload(end: &WorkloadPods, ambiguous: &BTreeSet<&Workload>) -> String {
    let mut name = end.workload.key.to_string();
    if ambiguous.contains(&*end.workload) {
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
