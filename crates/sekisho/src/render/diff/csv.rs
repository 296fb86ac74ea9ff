//! A difference for spreadsheets: RFC 4180, nothing shortened.

use super::words;
use crate::render::csv::inert;
use ::csv::{Terminator, WriterBuilder};
use sekisho_core::diff::Difference;
use std::io::Write;

/// Writes a record for each change, below a header. Of workloads that came or went there is one for each
/// connection of theirs.
pub(crate) fn write(difference: &Difference, out: &mut dyn Write) -> anyhow::Result<()> {
    let mut writer = WriterBuilder::new().terminator(Terminator::CRLF).from_writer(out);
    let mut record = |cells: [String; 8]| writer.write_record(cells.map(inert));
    record(["change", "risk", "from", "to", "family", "before", "after", "because"].map(str::to_owned))?;
    for change in &difference.changes {
        let because: Vec<String> = change
            .causes
            .iter()
            .map(|cause| format!("{} {}", words::cause(cause), cause.origin).trim_end().to_owned())
            .collect();
        record([
            words::kind(change).to_owned(),
            change.risk.to_string(),
            change.from.to_string(),
            change.to.to_string(),
            change.family.map(|family| family.to_string()).unwrap_or_default(),
            change.before.to_string(),
            change.after.to_string(),
            because.join("; "),
        ])?;
    }
    for protection in &difference.protection {
        let word = if protection.is_gained { "protection gained" } else { "protection lost" };
        let policies: Vec<String> = protection.policies.iter().map(|(key, _)| key.to_string()).collect();
        let [to, from] = match protection.direction {
            sekisho_core::object::Direction::Ingress => [protection.of.to_string(), String::new()],
            sekisho_core::object::Direction::Egress => [String::new(), protection.of.to_string()],
        };
        let none = String::new;
        record([word.to_owned(), none(), from, to, none(), none(), none(), policies.join("; ")])?;
    }
    for (arrivals, word) in [(&difference.came, "came"), (&difference.went, "went")] {
        for connection in &arrivals.connections {
            let (from, to) = (connection.from.to_string(), connection.to.to_string());
            let family = connection.family.map(|family| family.to_string()).unwrap_or_default();
            let ports = connection.ports.to_string();
            let [before, after] =
                if word == "came" { [String::new(), ports] } else { [ports, String::new()] };
            let none = String::new;
            record([word.to_owned(), none(), from, to, family, before, after, none()])?;
        }
    }
    writer.flush()?;
    Ok(())
}
