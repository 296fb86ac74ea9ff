//! What flowed, for people.

use super::recommend::words::{moment, plain};
use crate::{
    output::{BAD, BOLD, DIM},
    render::table::aligned,
};
use sekisho_core::{object::Direction, verdict::Because};
use sekisho_flow::{
    record::{Flow, Leave, Nearest, Outcome, PolicyRef, Why},
    text,
};
use std::{collections::BTreeSet, io::Write};

/// Of so many denied connections it is told what comes closest to letting them pass.
const CLOSEST: usize = 8;

/// A flow, and what the policies at hand say of it.
pub(crate) struct Row {
    /// The flow.
    pub(crate) flow: Flow,
    /// What these policies say where they say otherwise than it was.
    pub(crate) otherwise: Option<Leave>,
}

/// Writes them, and how much there was of each.
pub(crate) fn table(rows: &[Row], out: &mut dyn Write) -> anyhow::Result<()> {
    let of = |outcome: Outcome| {
        let these = rows.iter().filter(|row| row.flow.key.outcome == outcome);
        these.map(|row| row.flow.seen.count).sum::<u64>()
    };
    let [denied, audited, allowed] = [Outcome::Denied, Outcome::Audited, Outcome::Allowed].map(of);
    write!(out, "{BAD}{denied}{BAD:#} denied, ")?;
    if audited > 0 {
        write!(out, "{BOLD}{audited}{BOLD:#} would be denied, ")?;
    }
    writeln!(out, "{allowed} allowed")?;
    if !rows.is_empty() {
        writeln!(out)?;
        let cells: Vec<[String; 7]> = rows.iter().map(cells).collect();
        aligned(["OUTCOME", "SEEN", "LAST", "FROM", "TO", "PORT", "WHY"], &cells, out)?;
    }
    closest(rows, out)?;
    if rows.iter().any(|row| row.flow.key.side.is_some()) {
        writeln!(out)?;
        writeln!(out, "{DIM}what both ends saw of a connection is in two rows{DIM:#}")?;
    }
    let differ = rows.iter().filter(|row| row.otherwise.is_some()).count();
    if differ > 0 {
        let rows = if differ == 1 { "1 row was".to_owned() } else { format!("{differ} rows were") };
        writeln!(out, "{DIM}{rows} decided otherwise than by the policies that were read{DIM:#}")?;
    }
    Ok(())
}

/// Writes one as it comes: when it was, what became of it, and why.
pub(crate) fn line(flow: &Flow, out: &mut dyn Write) -> anyhow::Result<()> {
    let Flow { key, seen, .. } = flow;
    let times = if seen.count == 1 { String::new() } else { format!("  {} times", seen.count) };
    let why = plain(&why(&key.leave, key.side));
    let why = if why.is_empty() { why } else { format!("  {why}") };
    let (from, to) = (plain(&key.from.to_string()), plain(&key.to.to_string()));
    let style = if key.outcome == Outcome::Allowed { DIM } else { BAD };
    let outcome = key.outcome.to_string();
    writeln!(
        out,
        "{}  {style}{outcome:<7}{style:#}  {from} -> {to} {}{why}{times}",
        moment(seen.last),
        key.carried
    )?;
    Ok(())
}

/// Writes them as one document.
pub(crate) fn document(rows: &[Row], out: &mut dyn Write) -> anyhow::Result<()> {
    writeln!(out, "{{\"flows\": [")?;
    for (at, row) in rows.iter().enumerate() {
        let end = if at + 1 == rows.len() { "" } else { "," };
        writeln!(out, "{}{end}", text::line(&row.flow))?;
    }
    writeln!(out, "]}}")?;
    Ok(())
}

fn cells(Row { flow, otherwise }: &Row) -> [String; 7] {
    let Flow { key, seen, .. } = flow;
    let why = match otherwise {
        Some(leave) => {
            let now = if leave.denied_at().is_some() { "deny it" } else { "allow it" };
            format!("the policies here {now}: {}", why(leave, key.side))
        }
        None => why(&key.leave, key.side),
    };
    [
        key.outcome.to_string(),
        seen.count.to_string(),
        moment(seen.last),
        plain(&key.from.to_string()),
        plain(&key.to.to_string()),
        key.carried.to_string(),
        plain(&why),
    ]
}

/// Of what was denied, what comes closest to letting it pass.
fn closest(rows: &[Row], out: &mut dyn Write) -> anyhow::Result<()> {
    let near = rows.iter().filter(|row| row.otherwise.is_none()).filter_map(|Row { flow, .. }| {
        let Nearest { lacks, .. } = flow.seen.nearest.as_ref()?;
        let Flow { key, .. } = flow;
        Some(plain(&format!("{} -> {} {}: {lacks}", key.from, key.to, key.carried)))
    });
    let near: BTreeSet<String> = near.collect();
    for line in near.iter().take(CLOSEST) {
        writeln!(out, "\n{BOLD}closest:{BOLD:#} {line}")?;
    }
    Ok(())
}

/// By whose leave, in few words: what denies, else what the side says that saw it, else both.
fn why(leave: &Leave, side: Option<Direction>) -> String {
    if let Some(denies) = leave.denied_at() {
        return format!("{denies}: {}", few(leave.side(denies)));
    }
    let sides = Direction::ALL.into_iter().filter(|direction| side.is_none_or(|side| side == *direction));
    let said = sides.filter(|direction| *leave.side(*direction) != Why::Unknown);
    let said: Vec<String> = said.map(|at| format!("{at}: {}", few(leave.side(at)))).collect();
    said.join("; ")
}

fn few(why: &Why) -> String {
    let list = |policies: &BTreeSet<PolicyRef>| {
        policies.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
    };
    let policies = list(&why.policies());
    match why {
        Why::Unknown => String::new(),
        Why::Because(Because::Rule(path)) => format!("{} {}", path.policy, path.peer_path()),
        Why::Because(Because::NoRule(_)) => format!("no rule of {policies} allows it"),
        Why::Because(because) => because.to_string(),
        Why::AllowedBy(_) => policies,
        Why::DeniedBy(_) if policies.is_empty() => "a policy".to_owned(),
        Why::DeniedBy(_) => policies,
    }
}
