//! Connections as a table in Markdown, as GitHub reads it.

use crate::{args::By, render::names};
use sekisho_core::reach::Connection;
use std::io::Write;

/// Writes `connections`, one a line.
pub(crate) fn reach(connections: &[Connection], by: By, out: &mut dyn Write) -> anyhow::Result<()> {
    if by == By::Namespace {
        writeln!(out, "{}\n", names::BY_NAMESPACE)?;
    }
    if connections.is_empty() {
        writeln!(out, "no connection is allowed")?;
        return Ok(());
    }
    writeln!(out, "| From | To | Ports |\n|---|---|---|")?;
    for connection in connections {
        let family = connection.family.map(|family| format!(" ({family} only)")).unwrap_or_default();
        let cells = [
            names::party(&connection.from, by),
            names::party(&connection.to, by),
            format!("{}{family}", connection.ports),
        ];
        let [from, to, ports] = cells.map(|cell| escape(&cell));
        writeln!(out, "| {from} | {to} | {ports} |")?;
    }
    Ok(())
}

/// `text` as it stands in a cell: nothing of it is read as Markdown, HTML or a mention.
pub(crate) fn escape(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '\\' | '|' | '*' | '_' | '[' | ']' | '~' | '#' | '!' => safe.extend(['\\', character]),
            '@' => safe.push_str("&#64;"),
            '`' => safe.push_str("&#96;"),
            other if other.is_control() => safe.push(' '),
            other => safe.push(other),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::escape;

    #[test]
    fn no_cell_is_read_as_markdown() {
        assert_eq!(escape("a|b <img> *c* @d\n`e`"), "a\\|b &lt;img&gt; \\*c\\* &#64;d &#96;e&#96;");
    }
}
