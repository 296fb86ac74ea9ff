//! How policies that are only tried do, for people.

use super::words::{count, moment, plain};
use crate::{
    output::{BAD, BOLD, DIM, GOOD},
    render::table::aligned,
};
use sekisho_recommend::{evidence::span, history::History, status::Standing};
use std::io::Write;

/// Writes a line for each policy, and below what speaks against those that are not safe.
pub(crate) fn table(found: &[Standing], seen: &History, out: &mut dyn Write) -> anyhow::Result<()> {
    if found.is_empty() {
        writeln!(out, "no policy is only tried")?;
        return Ok(());
    }
    let safe = found.iter().filter(|one| one.is_safe()).count();
    let of = count(u64::try_from(found.len()).unwrap_or(u64::MAX), "policy that is", "policies that are");
    let period = seen.window.map_or(String::new(), |window| {
        let (from, to) = (window.from(), window.to());
        format!(", by what was seen in {} until {}", span(from.duration_until(to).as_secs()), moment(to))
    });
    writeln!(out, "{BOLD}{safe} of {of} only tried may be enforced{BOLD:#}{period}\n")?;
    let rows: Vec<[String; 5]> = found.iter().map(row).collect();
    aligned(["POLICY", "SEEN", "WOULD DENY", "AUDITED", "ENFORCE IT"], &rows, out)?;
    for one in found.iter().filter(|one| !one.is_safe()) {
        writeln!(out, "\n{BAD}✗{BAD:#} {}", plain(&one.policy.to_string()))?;
        for against in &one.against {
            writeln!(out, "    {against}")?;
        }
        for refused in &one.refused {
            let times = count(refused.evidence.count(), "time", "times");
            let text = format!("{}: {times}, last {}", refused.call, moment(refused.evidence.last));
            writeln!(out, "    {DIM}{}{DIM:#}", plain(&text))?;
        }
        for unasked in &one.unasked {
            let times = count(unasked.evidence.count(), "time", "times");
            writeln!(
                out,
                "    {DIM}{}{DIM:#}",
                plain(&format!("{}: {times}: {}", unasked.what, unasked.why))
            )?;
        }
    }
    if safe == found.len() {
        writeln!(
            out,
            "\n{GOOD}✓{GOOD:#} take the annotation `sekisho.dev/mode: audit` away, and they are enforced"
        )?;
    }
    Ok(())
}

fn row(one: &Standing) -> [String; 5] {
    let verdict = if one.is_safe() { "yes" } else { "no" };
    [
        plain(&one.policy.to_string()),
        one.seen.to_string(),
        one.refused.len().to_string(),
        one.audited.to_string(),
        verdict.to_owned(),
    ]
}
