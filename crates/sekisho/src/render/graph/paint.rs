//! What every painting of a picture shares: text made safe, ways of wires, and the picture itself as
//! SVG elements, without its style.

use super::{
    layout::{HEADER, LINE, Layout, Rect, Wire},
    model::{Card, CardKind, End, Graph, Nature},
};
use std::fmt::{self, Write};

/// The colours and lines of a picture. The colours can be told apart by people who do not see all of
/// them (Okabe and Ito, 2002, darkened where they are text), and lines differ beside their colours.
pub(super) const STYLE: &str = include_str!("picture.css");

/// `text` as XML and HTML take it, between tags and in quotes. Characters that XML has no place for
/// are replaced.
pub(super) fn escape(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            '\n' | '\t' => safe.push(' '),
            '\u{fffe}' | '\u{ffff}' => safe.push('\u{fffd}'),
            other if other.is_control() => safe.push('\u{fffd}'),
            other => safe.push(other),
        }
    }
    safe
}

/// What an end is called in the picture's attributes: `3` for a card, `3.1` for a line of it.
pub(super) fn id(end: End) -> String {
    match end.line {
        Some(line) => format!("{}.{line}", end.card),
        None => end.card.to_string(),
    }
}

/// A wire as the data of a path.
fn way(wire: &Wire) -> String {
    let mut way = String::new();
    let mut points = wire.points.iter();
    let Some(mut at) = points.next() else { return way };
    let _ = write!(way, "M{:.1} {:.1}", at.x, at.y);
    for next in points {
        if (next.y - at.y).abs() < 0.05 {
            let _ = write!(way, "H{:.1}", next.x);
        } else {
            let middle = f64::midpoint(at.x, next.x);
            let _ =
                write!(way, "C{middle:.1} {:.1} {middle:.1} {:.1} {:.1} {:.1}", at.y, next.y, next.x, next.y);
        }
        at = next;
    }
    way
}

/// The picture's elements: markers, wires, labels, cards, and what its lines mean.
pub(super) fn elements(graph: &Graph, layout: &Layout, out: &mut String) -> fmt::Result {
    markers(out)?;
    let mut links: Vec<usize> = (0..graph.links.len()).collect();
    // What a person looks for first is painted last, above the others.
    links.sort_by_key(|link| graph.links.get(*link).map(|link| std::cmp::Reverse(link.nature)));
    for link in links {
        paint_link(graph, layout, link, out)?;
    }
    for (at, card) in graph.cards.iter().enumerate() {
        paint_card(graph, layout, at, card, out)?;
    }
    Ok(())
}

fn markers(out: &mut String) -> fmt::Result {
    writeln!(out, "<defs>")?;
    for nature in Nature::ALL {
        let class = nature.class();
        writeln!(
            out,
            "<marker id=\"to-{class}\" class=\"{class}\" viewBox=\"0 0 8 8\" refX=\"7\" refY=\"4\" \
             markerWidth=\"8\" markerHeight=\"8\" markerUnits=\"userSpaceOnUse\" orient=\"auto\">\
             <path class=\"head\" d=\"M0 0.5 8 4 0 7.5z\"/></marker>"
        )?;
    }
    writeln!(out, "</defs>")
}

fn paint_link(graph: &Graph, layout: &Layout, at: usize, out: &mut String) -> fmt::Result {
    let (Some(link), Some(label)) = (graph.links.get(at), layout.labels.get(at)) else { return Ok(()) };
    let class = link.nature.class();
    let family = if link.family.is_some() { " one-family" } else { "" };
    let words = format!("{} → {}: {}", graph.names(&link.from), graph.names(&link.to), link.full_label());
    writeln!(out, "<g class=\"link {class}{family}\" data-link=\"{at}\"><title>{}</title>", escape(&words))?;
    for wire in layout.wires.iter().filter(|wire| wire.link == at) {
        let role = if wire.is_from { "from" } else { "to" };
        writeln!(
            out,
            "<path class=\"wire\" data-{role}=\"{}\" marker-end=\"url(#to-{class})\" d=\"{}\"/>",
            id(wire.end),
            way(wire)
        )?;
    }
    let Rect { x, y, width, height } = *label;
    writeln!(
        out,
        "<rect class=\"label\" x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{height:.1}\" rx=\"9\"/>\
         <text class=\"ports\" x=\"{:.1}\" y=\"{:.1}\">{}</text></g>",
        x + width / 2.0,
        y + height / 2.0 + 4.0,
        escape(&super::layout::label_text(link))
    )
}

fn paint_card(graph: &Graph, layout: &Layout, at: usize, card: &Card, out: &mut String) -> fmt::Result {
    let Some(place) = layout.cards.get(at) else { return Ok(()) };
    let kind = match card.kind {
        CardKind::Namespace => "namespace",
        CardKind::Cluster => "cluster",
        CardKind::Sources | CardKind::Destinations => "outside",
    };
    let Rect { x, y, width, height } = place.area;
    writeln!(
        out,
        "<g class=\"card {kind}\"><rect class=\"card-area\" x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" \
         height=\"{height:.1}\" rx=\"8\"/>"
    )?;
    let whole = End { card: at, line: None };
    let head = Rect { height: HEADER, ..place.area };
    paint_end(whole, "title", &card.title, &graph.name(whole), head, out)?;
    for (number, (line, area)) in card.lines.iter().zip(&place.lines).enumerate() {
        let end = End { card: at, line: Some(number) };
        paint_end(end, "line", &line.name, &line.full, *area, out)?;
    }
    writeln!(out, "</g>")
}

fn paint_end(end: End, class: &str, name: &str, full: &str, area: Rect, out: &mut String) -> fmt::Result {
    let Rect { x, y, width, height } = area;
    let down = if class == "title" { HEADER / 2.0 } else { LINE / 2.0 } + 4.0;
    writeln!(
        out,
        "<g class=\"end {class}\" data-end=\"{}\"><title>{}</title><rect x=\"{:.1}\" y=\"{y:.1}\" \
         width=\"{:.1}\" height=\"{height:.1}\" rx=\"4\"/><text x=\"{:.1}\" y=\"{:.1}\">{}</text></g>",
        id(end),
        escape(full),
        x + 2.0,
        width - 4.0,
        x + 14.0,
        y + down,
        escape(&super::layout::name(name))
    )
}

/// What the lines of the picture mean, in one row; and how wide it is.
pub(super) fn legend(graph: &Graph, y: f64, out: &mut String) -> fmt::Result {
    let mut x = 16.0;
    writeln!(out, "<g class=\"legend\">")?;
    for nature in Nature::ALL {
        if !graph.links.iter().any(|link| link.nature == nature) {
            continue;
        }
        let class = nature.class();
        writeln!(
            out,
            "<g class=\"link {class}\"><path class=\"wire\" marker-end=\"url(#to-{class})\" d=\"M{x:.1} {:.1}h30\"/></g>\
             <text x=\"{:.1}\" y=\"{y:.1}\">{}</text>",
            y - 4.0,
            x + 38.0,
            nature.words()
        )?;
        x += LEGEND;
    }
    writeln!(out, "</g>")
}

/// The width of an entry of the legend.
pub(super) const LEGEND: f64 = 215.0;

/// What a picture says, in a sentence for those who do not see it.
pub(super) fn description(graph: &Graph) -> String {
    let namespaces = graph.cards.iter().filter(|card| card.kind == CardKind::Namespace);
    let (mut count, mut lines) = (0, 0);
    for card in namespaces {
        count += 1;
        lines += card.lines.len();
    }
    let some = if graph.is_by_namespace {
        " An arrow from one namespace to another says that some pod of the one may reach some pod of the other."
    } else {
        ""
    };
    let what = if lines == 0 { String::new() } else { format!(" with {lines} workloads or pods") };
    format!(
        "{count} namespaces{what}, and {} kinds of allowed connections between them and with the outside. \
         Each source of an arrow's label may reach each of its destinations on the ports of the label.{some}",
        graph.links.len()
    )
}

#[cfg(test)]
mod tests {
    use super::escape;

    #[test]
    fn text_is_made_safe() {
        assert_eq!(escape("<a b=\"c\" d='e'>&\u{1}"), "&lt;a b=&quot;c&quot; d=&#39;e&#39;&gt;&amp;\u{fffd}");
    }
}
