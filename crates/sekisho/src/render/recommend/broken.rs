//! What flowed and would break, for people.

use super::words::{count, moment, plain};
use crate::{
    output::{BAD, BOLD, DIM},
    render::table::aligned,
};
use sekisho_recommend::{broken::Broken, evidence::span, replay::Refused};
use std::io::Write;

/// Writes what would break, the most frequent first.
pub(crate) fn table(found: &Broken, out: &mut dyn Write) -> anyhow::Result<()> {
    let kinds =
        count(u64::try_from(found.kinds).unwrap_or(u64::MAX), "kind of connection", "kinds of connections");
    let period = found.window.map_or(String::new(), |window| {
        format!(" in {}", span(window.from().duration_until(window.to()).as_secs()))
    });
    match found.broken.len() {
        0 => writeln!(out, "{BOLD}nothing of what flowed would break{BOLD:#}: {kinds}{period}")?,
        broken => writeln!(out, "{BAD}{broken}{BAD:#} of {kinds} that flowed{period} would break")?,
    }
    if !found.broken.is_empty() {
        let rows: Vec<[String; 5]> = found.broken.iter().map(row).collect();
        writeln!(out)?;
        aligned(["SEEN", "LAST", "FROM", "TO", "PORT"], &rows, out)?;
        writeln!(out)?;
        for one in &found.broken {
            writeln!(out, "{}", plain(&format!("{}: {}", one.call, one.refusal.why)))?;
        }
    }
    for line in beside(found) {
        writeln!(out, "{DIM}{}{DIM:#}", plain(&line))?;
    }
    Ok(())
}

fn row(one: &Refused) -> [String; 5] {
    let (from, to) = (one.call.from.to_string(), one.call.to.to_string());
    [
        one.evidence.count().to_string(),
        moment(one.evidence.last),
        plain(&from),
        plain(&to),
        one.call.traffic().to_string(),
    ]
}

/// What there is to say of what was not asked about.
fn beside(found: &Broken) -> Vec<String> {
    let mut lines = Vec::new();
    if found.already > 0 {
        lines.push(format!("{} passed and would not in the old state either", found.already));
    }
    for call in &found.gone {
        lines.push(format!("{call}: the new state lacks one of its ends"));
    }
    for untold in &found.untold {
        lines.push(format!("{}: cannot be asked about: {}", untold.what, untold.why));
    }
    lines
}
