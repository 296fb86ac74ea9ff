//! Layers of things, and what joins them: columns of cards and columns of labels by turns, with a lane
//! wherever a wire passes one.

use super::{
    super::model::{End, Graph},
    Point, Wire,
    place::{Joint, Slot},
    size::{self, HEADER, LABEL, LANE, LINE},
};
use std::collections::BTreeMap;

/// How far above and below the middle of a line its wires leave and arrive.
const APART: f64 = 4.0;
/// The same at a label where both are on one side.
const LABEL_APART: f64 = 4.0;

/// Where a thing is.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Place {
    /// The number of its layer.
    pub(super) layer: usize,
    /// Its upper edge.
    pub(super) y: f64,
    /// How high it is.
    pub(super) height: f64,
}

type Thing = (usize, usize);

/// Everything to be placed.
#[derive(Debug, Default)]
pub(super) struct Network {
    /// The things of each layer: cards in even ones, labels in odd ones, lanes in both.
    pub(super) layers: Vec<Vec<Slot>>,
    /// What joins each layer to the next.
    pub(super) joints: Vec<Vec<Joint>>,
    /// How wide each layer is.
    pub(super) widths: Vec<f64>,
    cards: Vec<Thing>,
    labels: Vec<Thing>,
    /// The lanes of each link, by whether they are of its sources, and layer.
    lanes: BTreeMap<(usize, bool, usize), Thing>,
    /// The slot of each card's lines.
    lines: Vec<Vec<usize>>,
}

impl Network {
    pub(super) fn of(graph: &Graph, columns: &[usize], lines: &[Vec<usize>]) -> Self {
        let count = columns.iter().max().map_or(0, |last| last + 1) * 2;
        let mut network = Self {
            layers: vec![Vec::new(); count],
            joints: vec![Vec::new(); count],
            widths: vec![0.0; count],
            lines: lines.to_vec(),
            ..Self::default()
        };
        for (card, column) in graph.cards.iter().zip(columns) {
            let slot = Slot { height: size::card_height(card), space: 12.0, y: 0.0 };
            let thing = network.add(column * 2, slot, size::card_width(card));
            network.cards.push(thing);
        }
        for at in 0..graph.links.len() {
            let layer = network.layer_of(graph, at, columns);
            let slot = Slot { height: LABEL, space: 5.0, y: 0.0 };
            let thing = network.add(layer, slot, size::label(&graph.links, at));
            network.labels.push(thing);
        }
        for (at, link) in graph.links.iter().enumerate() {
            for (ends, is_from) in [(&link.from, true), (&link.to, false)] {
                ends.iter().for_each(|end| network.join(at, *end, is_from));
            }
        }
        for joints in &mut network.joints {
            joints.sort_by_key(|joint| (joint.left, joint.right, joint.left_offset as i64));
            joints.dedup_by_key(|joint| {
                (joint.left, joint.right, joint.left_offset as i64, joint.right_offset as i64)
            });
        }
        network
    }

    fn add(&mut self, layer: usize, slot: Slot, width: f64) -> Thing {
        if let Some(widest) = self.widths.get_mut(layer) {
            *widest = widest.max(width);
        }
        let Some(slots) = self.layers.get_mut(layer) else { return (layer, 0) };
        slots.push(slot);
        (layer, slots.len() - 1)
    }

    /// The layer of a link's label: where the fewest wires lead back and the fewest columns are passed.
    fn layer_of(&self, graph: &Graph, link: usize, columns: &[usize]) -> usize {
        let Some(link) = graph.links.get(link) else { return 1 };
        let column = |end: &End| columns.get(end.card).copied().unwrap_or_default();
        let cost = |at: usize| {
            let of = |ends: &[End], is_from: bool| -> usize {
                let each = ends.iter().map(|end| {
                    let column = column(end);
                    let is_back = (column <= at) != is_from;
                    let passed = if column <= at { at - column } else { column - 1 - at };
                    passed + 2 * usize::from(is_back)
                });
                each.sum()
            };
            of(&link.from, true) + of(&link.to, false)
        };
        let best = (0..self.layers.len() / 2).rev().min_by_key(|at| cost(*at));
        best.unwrap_or_default() * 2 + 1
    }

    /// Joins an end to the label of its link, through as many lanes as there are layers between.
    fn join(&mut self, link: usize, end: End, is_from: bool) {
        let chain = self.chain(link, end, is_from, true);
        for pair in chain.windows(2) {
            let [(a, a_offset), (b, b_offset)] = pair else { continue };
            let (left, right) =
                if a.0 < b.0 { ((a, a_offset), (b, b_offset)) } else { ((b, b_offset), (a, a_offset)) };
            let joint =
                Joint { left: left.0.1, left_offset: *left.1, right: right.0.1, right_offset: *right.1 };
            if let Some(joints) = self.joints.get_mut(left.0.0) {
                joints.push(joint);
            }
        }
    }

    /// What a wire goes through, from its end to the label, with the heights where it meets each.
    fn chain(&mut self, link: usize, end: End, is_from: bool, is_new: bool) -> Vec<(Thing, f64)> {
        let Some(card) = self.cards.get(end.card).copied() else { return Vec::new() };
        let Some(label) = self.labels.get(link).copied() else { return Vec::new() };
        let mut chain = vec![(card, self.offset(end, is_from))];
        let layers: Vec<usize> = if card.0 < label.0 {
            (card.0 + 1..label.0).collect()
        } else {
            (label.0 + 1..card.0).rev().collect()
        };
        for layer in layers {
            let key = (link, is_from, layer);
            let lane = match self.lanes.get(&key) {
                Some(lane) => *lane,
                None if is_new => {
                    let lane = self.add(layer, Slot { height: LANE, space: 5.0, y: 0.0 }, 8.0);
                    self.lanes.insert(key, lane);
                    lane
                }
                None => continue,
            };
            chain.push((lane, LANE / 2.0));
        }
        // Sources come in at the upper half of a label's side, destinations go out at the lower.
        let is_back = (card.0 < label.0) != is_from;
        let offset = if is_back {
            LABEL / 2.0 + if is_from { -LABEL_APART } else { LABEL_APART }
        } else {
            LABEL / 2.0
        };
        chain.push((label, offset));
        chain
    }

    fn offset(&self, end: End, is_from: bool) -> f64 {
        let apart = if is_from { APART } else { -APART };
        let Some(line) = end.line else { return HEADER / 2.0 + apart };
        let slot = self.lines.get(end.card).and_then(|lines| lines.get(line)).copied().unwrap_or_default();
        HEADER + (slot as f64 + 0.5) * LINE + apart
    }

    fn slot(&self, thing: Thing) -> Slot {
        self.layers.get(thing.0).and_then(|layer| layer.get(thing.1)).copied().unwrap_or_default()
    }

    fn at(&self, thing: Option<&Thing>) -> Place {
        let thing = thing.copied().unwrap_or_default();
        let slot = self.slot(thing);
        Place { layer: thing.0, y: slot.y + size::MARGIN, height: slot.height }
    }

    /// Where a card is.
    pub(super) fn card(&self, card: usize) -> Place {
        self.at(self.cards.get(card))
    }

    /// Where a link's label is.
    pub(super) fn label(&self, link: usize) -> Place {
        self.at(self.labels.get(link))
    }

    /// How far down things reach.
    pub(super) fn height(&self) -> f64 {
        let ends = self.layers.iter().flatten().map(|slot| slot.y + slot.height);
        ends.fold(0.0, f64::max) + size::MARGIN
    }

    /// The way of every wire, in the direction of its connection.
    pub(super) fn wires(&mut self, graph: &Graph, spans: &[(f64, f64)]) -> Vec<Wire> {
        let mut wires = Vec::new();
        for (link, of) in graph.links.iter().enumerate() {
            let half = size::label(&graph.links, link) / 2.0;
            for (ends, is_from) in [(&of.from, true), (&of.to, false)] {
                for end in ends {
                    let chain = self.chain(link, *end, is_from, false);
                    let mut points = self.points(&chain, spans, half);
                    if !is_from {
                        points.reverse();
                    }
                    wires.push(Wire { link, end: *end, is_from, points });
                }
            }
        }
        wires
    }

    /// The points of a chain: one at the card, two for each lane, one at the label.
    fn points(&self, chain: &[(Thing, f64)], spans: &[(f64, f64)], half: f64) -> Vec<Point> {
        let (Some((card, _)), Some((label, _))) = (chain.first(), chain.last()) else { return Vec::new() };
        let is_right = card.0 < label.0;
        let mut points = Vec::with_capacity(chain.len() * 2);
        for (at, (thing, offset)) in chain.iter().enumerate() {
            let (x, width) = spans.get(thing.0).copied().unwrap_or_default();
            let y = self.slot(*thing).y + offset + size::MARGIN;
            let (near, far) = if is_right { (x, x + width) } else { (x + width, x) };
            if at == 0 {
                points.push(Point { x: far, y });
            } else if at + 1 == chain.len() {
                let middle = x + width / 2.0;
                points.push(Point { x: near, y });
                points.push(Point { x: if is_right { middle - half } else { middle + half }, y });
            } else {
                points.push(Point { x: near, y });
                points.push(Point { x: far, y });
            }
        }
        points
    }
}
