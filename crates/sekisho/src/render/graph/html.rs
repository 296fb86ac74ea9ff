//! A picture as a page: the same SVG, with a search, a filter by port, and the rows as a table. The
//! page needs nothing from elsewhere, and shows everything where scripts do not run.

use super::{
    model::{CardKind, End, Graph},
    paint::{self, escape, id},
    svg,
};
use serde_json::json;
use std::{collections::BTreeSet, fmt::Write as _, io::Write};

const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");

/// Writes `graph` as a page.
pub(crate) fn html(graph: &Graph, out: &mut dyn Write) -> anyhow::Result<()> {
    let mut page = String::new();
    writeln!(
        page,
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>Who may talk to whom</title>\n<style>{}{STYLE}</style>\n</head>\n<body>\n\
         <header>\n<h1>Who may talk to whom</h1>\n<p>{}</p>",
        paint::STYLE,
        escape(&paint::description(graph))
    )?;
    controls(graph, &mut page)?;
    writeln!(page, "</header>\n<div class=\"stage\" tabindex=\"0\" aria-label=\"picture\">")?;
    svg::document(graph, false, &mut page)?;
    writeln!(page, "</div>\n<main>")?;
    table(graph, &mut page)?;
    writeln!(page, "</main>\n<script type=\"application/json\" id=\"data\">{}</script>", data(graph)?)?;
    writeln!(page, "<script>{SCRIPT}</script>\n</body>\n</html>")?;
    out.write_all(page.as_bytes())?;
    Ok(())
}

fn controls(graph: &Graph, page: &mut String) -> std::fmt::Result {
    let ports: BTreeSet<&str> = graph.links.iter().flat_map(|link| &link.ports).map(String::as_str).collect();
    writeln!(
        page,
        "<form>\n<label>Find <input id=\"search\" type=\"search\" placeholder=\"workload, namespace, address\"></label>\n\
         <label>Port <select id=\"port\"><option value=\"\">any</option>"
    )?;
    for port in ports {
        let words = if port == "all" { "all ports" } else { port };
        writeln!(page, "<option value=\"{0}\">{1}</option>", escape(port), escape(words))?;
    }
    writeln!(
        page,
        "</select></label>\n<label><input id=\"fit\" type=\"checkbox\"> Fit to width</label>\n\
         <label><input id=\"dark\" type=\"checkbox\"> Dark</label>\n\
         <button id=\"clear\" type=\"button\">Clear</button>\n<span id=\"count\" role=\"status\"></span>\n</form>"
    )
}

fn table(graph: &Graph, page: &mut String) -> std::fmt::Result {
    writeln!(
        page,
        "<table>\n<caption>Allowed connections</caption>\n<thead><tr><th scope=\"col\">From</th>\
         <th scope=\"col\">To</th><th scope=\"col\">Ports</th></tr></thead>\n<tbody>"
    )?;
    for link in &graph.links {
        let cells = [graph.names(&link.from), graph.names(&link.to), link.full_label()];
        let [from, to, ports] = cells.map(|cell| escape(&cell));
        writeln!(page, "<tr><td>{from}</td><td>{to}</td><td>{ports}</td></tr>")?;
    }
    writeln!(page, "</tbody>\n</table>")
}

/// What the script has to know, in JSON that cannot end the element it stands in.
fn data(graph: &Graph) -> anyhow::Result<String> {
    let ids = |ends: &[End]| ends.iter().map(|end| id(*end)).collect::<Vec<_>>();
    let links: Vec<_> = graph
        .links
        .iter()
        .map(|link| json!({"from": ids(&link.from), "to": ids(&link.to), "ports": link.ports}))
        .collect();
    let mut members = serde_json::Map::new();
    for (card, of) in graph.cards.iter().enumerate() {
        for (line, of) in of.lines.iter().enumerate().filter(|(_, line)| !line.members.is_empty()) {
            members.insert(id(End { card, line: Some(line) }), json!(ids(&of.members)));
        }
    }
    let of_kind =
        |kind| graph.cards.iter().enumerate().filter(move |(_, card)| card.kind == kind).map(|(at, _)| at);
    let data = json!({
        "links": links,
        "members": members,
        "namespaces": of_kind(CardKind::Namespace).collect::<Vec<_>>(),
        "cluster": of_kind(CardKind::Cluster).next(),
    });
    Ok(serde_json::to_string(&data)?.replace('<', "\\u003c"))
}
