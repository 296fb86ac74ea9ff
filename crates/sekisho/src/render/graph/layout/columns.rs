//! Which column each card stands in.

use super::{
    super::model::{CardKind, Graph},
    flow,
    size::{FAN, card_height, card_width},
};
use std::collections::BTreeMap;

/// The width to which a height of one looks well.
const ASPECT: f64 = 1.9;
/// About how wide a column of labels is, with the wires on either side.
const LABELS: f64 = FAN * 2.0 + 130.0;
/// The room that a card takes above what it is high.
const SPACE: f64 = 26.0;

/// The column of each card, from 0: what is outside at the ends, namespaces between them in the order
/// of their connections, in as many columns of about one height as make a picture of a good shape.
pub(super) fn columns(graph: &Graph) -> Vec<usize> {
    let of_kind = |kinds: &[CardKind]| -> Vec<usize> {
        let cards = graph.cards.iter().enumerate();
        cards.filter(|(_, card)| kinds.contains(&card.kind)).map(|(at, _)| at).collect()
    };
    let first = of_kind(&[CardKind::Sources, CardKind::Cluster]);
    let last = of_kind(&[CardKind::Destinations]);
    let inner = ordered(graph, &of_kind(&[CardKind::Namespace]));
    let mut columns = vec![0; graph.cards.len()];
    let mut at = usize::from(!first.is_empty());
    let chunks = chunks(graph, &inner, usize::from(!first.is_empty()) + usize::from(!last.is_empty()));
    for chunk in chunks {
        for card in chunk {
            if let Some(column) = columns.get_mut(card) {
                *column = at;
            }
        }
        at += 1;
    }
    for card in last {
        if let Some(column) = columns.get_mut(card) {
            *column = at;
        }
    }
    columns
}

/// The namespaces as requests go through them.
fn ordered(graph: &Graph, cards: &[usize]) -> Vec<usize> {
    let number: BTreeMap<usize, usize> = cards.iter().enumerate().map(|(at, card)| (*card, at)).collect();
    let mut weights: BTreeMap<(usize, usize), usize> = BTreeMap::new();
    for link in &graph.links {
        for from in &link.from {
            for to in &link.to {
                if let (Some(a), Some(b)) = (number.get(&from.card), number.get(&to.card)) {
                    *weights.entry((*a, *b)).or_default() += 1;
                }
            }
        }
    }
    let edges: Vec<_> = weights.iter().map(|((a, b), weight)| (*a, *b, *weight)).collect();
    let order = flow::order(cards.len(), &edges);
    let mut depth = vec![0_usize; cards.len()];
    let position: BTreeMap<usize, usize> = order.iter().enumerate().map(|(at, card)| (*card, at)).collect();
    for card in &order {
        let before = edges.iter().filter(|(a, b, _)| b == card && position.get(a) < position.get(b));
        let deepest = before.filter_map(|(a, ..)| depth.get(*a)).max().map_or(0, |depth| depth + 1);
        if let Some(depth) = depth.get_mut(*card) {
            *depth = deepest;
        }
    }
    let mut order = order;
    order.sort_by_key(|card| depth.get(*card).copied());
    order.into_iter().filter_map(|at| cards.get(at).copied()).collect()
}

/// `cards` in columns, beside `others` columns.
fn chunks(graph: &Graph, cards: &[usize], others: usize) -> Vec<Vec<usize>> {
    let height = |card: &usize| graph.cards.get(*card).map_or(0.0, card_height) + SPACE;
    let widest = graph.cards.iter().map(card_width).fold(0.0, f64::max);
    let cut = |columns: usize| filled(cards, height, columns);
    let shape = |chunks: &Vec<Vec<usize>>| {
        let tallest = chunks.iter().map(|chunk| chunk.iter().map(height).sum()).fold(1.0, f64::max);
        let width = (chunks.len() + others) as f64 * (widest + LABELS);
        (width / tallest / ASPECT).ln().abs()
    };
    let all = (1..=cards.len()).map(cut);
    all.min_by(|a, b| shape(a).total_cmp(&shape(b))).unwrap_or_default()
}

/// `cards` in at most `columns` columns of about one height, in their order.
fn filled(cards: &[usize], height: impl Fn(&usize) -> f64, columns: usize) -> Vec<Vec<usize>> {
    let aim = cards.iter().map(&height).sum::<f64>() / columns as f64;
    let mut reached = 0.0;
    let mut numbered: Vec<(usize, usize)> = Vec::new();
    for card in cards {
        // A card belongs where its middle is.
        numbered.push((((reached + height(card) / 2.0) / aim) as usize, *card));
        reached += height(card);
    }
    let chunks = numbered.chunk_by(|(a, _), (b, _)| a == b);
    chunks.map(|chunk| chunk.iter().map(|(_, card)| *card).collect()).collect()
}
