//! A difference as a graph for Graphviz.

use super::words;
use sekisho_core::{
    diff::{Difference, Kind},
    reach::Party,
};
use std::io::Write;

/// Writes what is opened as green lines, what is changed as brown ones, what is closed as broken red ones, and the
/// connections of workloads that came or went as dotted ones.
pub(crate) fn write(difference: &Difference, out: &mut dyn Write) -> anyhow::Result<()> {
    writeln!(out, "digraph \"sekisho diff\" {{")?;
    writeln!(out, "  rankdir=LR;\n  node [shape=box, style=rounded, fontname=\"sans-serif\"];")?;
    writeln!(out, "  edge [fontname=\"sans-serif\", fontsize=10];")?;
    for change in &difference.changes {
        let style = match change.kind() {
            Kind::Opened => "color=\"#1a7f37\", penwidth=2",
            Kind::Changed => "color=\"#9a6700\", penwidth=2",
            Kind::Closed => "color=\"#cf222e\", style=dashed",
        };
        let label = format!("{} {}", words::sign(change), words::ports(change));
        edge(&change.from, &change.to, &label, style, out)?;
    }
    for (arrivals, color) in [(&difference.came, "#1a7f37"), (&difference.went, "#cf222e")] {
        for workload in &arrivals.workloads {
            writeln!(out, "  {} [color=\"{color}\", penwidth=2];", quoted(&workload.key.to_string()))?;
        }
        for connection in &arrivals.connections {
            let style = format!("color=\"{color}\", style=dotted");
            edge(&connection.from, &connection.to, &words::allowed(connection), &style, out)?;
        }
    }
    writeln!(out, "}}")?;
    Ok(())
}

fn edge(from: &Party, to: &Party, label: &str, style: &str, out: &mut dyn Write) -> anyhow::Result<()> {
    let (from, to) = (quoted(&words::name(from)), quoted(&words::name(to)));
    writeln!(out, "  {from} -> {to} [label={}, {style}];", quoted(label))?;
    Ok(())
}

/// `text` as a string of the language. A backslash is an escape within one.
fn quoted(text: &str) -> String {
    let text: String = text.chars().filter(|character| !character.is_control()).collect();
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn no_name_ends_its_string() {
        assert_eq!(quoted("a\"b\\\n"), "\"a\\\"b\\\\\"");
    }
}
