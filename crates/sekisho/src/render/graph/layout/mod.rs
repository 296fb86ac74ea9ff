//! Where everything of a picture stands.
//!
//! Cards stand in columns, and connections lead from left to right as far as they can. Between two
//! columns is a column of labels: a link has one, where the wires of all of its ends meet. A wire that
//! has to pass a column does so in a lane between the cards. So nothing lies on anything else, and the
//! lanes of a link are shared by all of its ends.

mod columns;
mod flow;
mod network;
mod place;
mod size;

use super::model::{End, Graph};
use network::Network;
use size::{FAN, MARGIN};
pub(crate) use size::{HEADER, LINE, label_text, name};

/// A box. Its unit is the pixel of a screen at its natural size.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Rect {
    /// The left edge.
    pub(crate) x: f64,
    /// The upper edge.
    pub(crate) y: f64,
    /// How wide it is.
    pub(crate) width: f64,
    /// How high it is.
    pub(crate) height: f64,
}

/// Where a card is.
#[derive(Debug, Default)]
pub(crate) struct CardPlace {
    /// The whole card, its title first.
    pub(crate) area: Rect,
    /// Its lines, in the order of the model.
    pub(crate) lines: Vec<Rect>,
}

/// A point.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Point {
    /// From the left.
    pub(crate) x: f64,
    /// From above.
    pub(crate) y: f64,
}

/// What joins an end of a link to the label of the link.
#[derive(Debug)]
pub(crate) struct Wire {
    /// The number of the link.
    pub(crate) link: usize,
    /// The end.
    pub(crate) end: End,
    /// Whether the end is a source.
    pub(crate) is_from: bool,
    /// Straight pieces that curves join: pairs of points on one height, in the direction of the
    /// connection.
    pub(crate) points: Vec<Point>,
}

/// Where everything stands.
#[derive(Debug, Default)]
pub(crate) struct Layout {
    /// How wide the picture is.
    pub(crate) width: f64,
    /// How high it is.
    pub(crate) height: f64,
    /// The cards, in the order of the model.
    pub(crate) cards: Vec<CardPlace>,
    /// The labels, in the order of the links.
    pub(crate) labels: Vec<Rect>,
    /// The wires, link by link.
    pub(crate) wires: Vec<Wire>,
}

impl Layout {
    /// Lays out `graph`.
    pub(crate) fn of(graph: &Graph) -> Self {
        let columns = columns::columns(graph);
        let lines = flow::lines(graph);
        let mut network = Network::of(graph, &columns, &lines);
        place::place(&mut network.layers, &network.joints);
        let spans = spans(&network);
        let mut layout = Self { wires: network.wires(graph, &spans), ..Self::default() };
        layout.cards = graph
            .cards
            .iter()
            .enumerate()
            .map(|(at, card)| {
                let place = network.card(at);
                let (x, width) = spans.get(place.layer).copied().unwrap_or_default();
                let area = Rect { x, y: place.y, width, height: place.height };
                let line = |line: usize| {
                    let slot = lines.get(at).and_then(|slots| slots.get(line)).copied().unwrap_or_default();
                    Rect { x, y: area.y + HEADER + slot as f64 * LINE, width, height: LINE }
                };
                CardPlace { area, lines: (0..card.lines.len()).map(line).collect() }
            })
            .collect();
        layout.labels = (0..graph.links.len())
            .map(|link| {
                let place = network.label(link);
                let (x, span) = spans.get(place.layer).copied().unwrap_or_default();
                let width = size::label(&graph.links, link);
                Rect { x: x + (span - width) / 2.0, y: place.y, width, height: place.height }
            })
            .collect();
        layout.width = spans.last().map_or(0.0, |(x, width)| x + width) + MARGIN;
        layout.height = network.height() + MARGIN;
        layout
    }
}

/// The left edge and the width of each layer.
fn spans(network: &Network) -> Vec<(f64, f64)> {
    let mut x = MARGIN;
    let mut spans = Vec::with_capacity(network.widths.len());
    for (layer, width) in network.widths.iter().enumerate() {
        spans.push((x, *width));
        let crowd = network.joints.get(layer).map_or(0, Vec::len);
        let fan = if crowd == 0 { 0.0 } else { FAN + (crowd as f64).min(40.0) };
        x += width + if crowd == 0 && *width > 0.0 { size::GAP } else { fan };
    }
    spans
}

#[cfg(test)]
mod tests;
