//! What adds nothing, for people.

use crate::render::table::aligned;
use sekisho_core::redundant::{Redundancy, Why};
use std::io::Write;

/// How many rules that say the same are written out.
const SHOWN: usize = 3;

/// Writes `found` as a table.
pub(crate) fn table(found: &[Redundancy], out: &mut dyn Write) -> anyhow::Result<()> {
    if found.is_empty() {
        writeln!(out, "every policy, rule and entry adds something")?;
        return Ok(());
    }
    let rows: Vec<[String; 4]> = found.iter().map(|found| row(found, "")).collect();
    aligned(["ADDS NOTHING", "WRITTEN AT", "FOR", "WHY"], &rows, out)
}

/// Writes `found` as Markdown.
pub(crate) fn markdown(found: &[Redundancy], out: &mut dyn Write) -> anyhow::Result<()> {
    if found.is_empty() {
        writeln!(out, "Every policy, rule and entry adds something.")?;
        return Ok(());
    }
    writeln!(out, "Deleting all of these changes no connection.\n")?;
    writeln!(out, "| adds nothing | written at | for | why |\n|---|---|---|---|")?;
    for found in found {
        // A bar ends a cell, in code as well.
        let [part, origin, scope, why] = row(found, "`").map(|cell| cell.replace('|', "\\|"));
        writeln!(out, "| `{part}` | `{origin}` | {scope} | {why} |")?;
    }
    Ok(())
}

fn row(found: &Redundancy, quote: &str) -> [String; 4] {
    let scope = if found.always { "always" } else { "today" };
    [found.part.to_string(), found.origin.to_string(), scope.to_owned(), why(&found.why, quote)]
}

/// The reason in words.
fn why(why: &Why, quote: &str) -> String {
    match why {
        Why::SelectsNoPod => "it selects no pod".to_owned(),
        Why::MatchesNothing => "no peer and port that it names is there".to_owned(),
        Why::AllowsEverything => "it allows everything to pods that nothing else isolates".to_owned(),
        Why::NoEffect => "its policy does not isolate in this direction".to_owned(),
        Why::Said(places) => {
            let shown: Vec<String> = places
                .iter()
                .take(SHOWN)
                .map(|place| format!("{quote}{place}{quote} ({})", place.origin))
                .collect();
            let more = match places.len().saturating_sub(SHOWN) {
                0 => String::new(),
                more => format!(", and {more} more"),
            };
            format!("said by {}{more}", shown.join(", "))
        }
    }
}
