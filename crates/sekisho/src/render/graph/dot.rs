//! A picture for Graphviz: namespaces as clusters, a link as a node where its ends meet, or as a plain
//! edge where it has two.

use super::{
    model::{CardKind, End, Graph, Link},
    paint::id,
};
use std::io::Write;

/// Writes `graph` in the language of Graphviz.
pub(crate) fn dot(graph: &Graph, out: &mut dyn Write) -> anyhow::Result<()> {
    writeln!(out, "digraph reach {{")?;
    writeln!(out, "  graph [rankdir=LR, compound=true, fontname=\"sans-serif\"];")?;
    writeln!(out, "  node [shape=box, style=rounded, fontname=\"sans-serif\", fontsize=10];")?;
    writeln!(out, "  edge [fontname=\"sans-serif\", fontsize=9];")?;
    if graph.is_by_namespace {
        writeln!(out, "  // Some pod of a source may reach some pod of a destination.")?;
    }
    for (at, card) in graph.cards.iter().enumerate() {
        let whole = End { card: at, line: None };
        let style = if card.kind == CardKind::Namespace { "rounded" } else { "\"rounded,dashed\"" };
        if card.lines.is_empty() {
            writeln!(out, "  \"{}\" [label={}, style={style}];", id(whole), quote(&card.title))?;
            continue;
        }
        writeln!(
            out,
            "  subgraph \"cluster_{at}\" {{\n    label={};\n    style={style};",
            quote(&card.title)
        )?;
        // Edges of the whole end at the cluster's border, on their way to this.
        writeln!(out, "    \"{}\" [shape=point, style=invis];", id(whole))?;
        for (line, of) in card.lines.iter().enumerate() {
            let end = End { card: at, line: Some(line) };
            writeln!(out, "    \"{}\" [label={}];", id(end), quote(&of.name))?;
        }
        writeln!(out, "  }}")?;
    }
    for (at, link) in graph.links.iter().enumerate() {
        edges(graph, at, link, out)?;
    }
    writeln!(out, "}}")?;
    Ok(())
}

fn edges(graph: &Graph, at: usize, link: &Link, out: &mut dyn Write) -> anyhow::Result<()> {
    let label = quote(&link.full_label());
    if let ([from], [to]) = (link.from.as_slice(), link.to.as_slice()) {
        let (tail, head) = (border(graph, "ltail", *from), border(graph, "lhead", *to));
        writeln!(out, "  \"{}\" -> \"{}\" [label={label}{tail}{head}];", id(*from), id(*to))?;
        return Ok(());
    }
    writeln!(out, "  \"link_{at}\" [label={label}, shape=plaintext, fontsize=9];")?;
    for from in &link.from {
        writeln!(
            out,
            "  \"{}\" -> \"link_{at}\" [arrowhead=none{}];",
            id(*from),
            border(graph, "ltail", *from)
        )?;
    }
    for to in &link.to {
        let head = border(graph, "lhead", *to);
        let head = head.strip_prefix(", ").map_or(String::new(), |head| format!(" [{head}]"));
        writeln!(out, "  \"link_{at}\" -> \"{}\"{head};", id(*to))?;
    }
    Ok(())
}

fn border(graph: &Graph, attribute: &str, end: End) -> String {
    let is_cluster = graph.cards.get(end.card).is_some_and(|card| !card.lines.is_empty());
    match end.line {
        None if is_cluster => format!(", {attribute}=\"cluster_{}\"", end.card),
        _ => String::new(),
    }
}

/// `text` as a quoted string. A backslash would begin an escape of Graphviz.
fn quote(text: &str) -> String {
    let mut quoted = String::from("\"");
    for character in text.chars() {
        match character {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            other if other.is_control() => quoted.push(' '),
            other => quoted.push(other),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::quote;

    #[test]
    fn text_is_made_safe() {
        assert_eq!(quote("a\"]; b -> \\c\n"), r#""a\"]; b -> \\c ""#);
    }
}
