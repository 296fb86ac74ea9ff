use super::{super::model, Layout, Rect};
use crate::render::graph::sample;

fn overlaps(a: &Rect, b: &Rect) -> bool {
    a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height
}

/// Cards, labels and wires of a cluster of about a hundred workloads.
#[test]
fn nothing_lies_on_anything_else() {
    let graph = sample::graph();
    let lines: usize = graph.cards.iter().map(|card| card.lines.len()).sum();
    assert!(lines >= 95, "{lines} lines");
    let layout = Layout::of(&graph);
    let boxes: Vec<Rect> = layout.cards.iter().map(|card| card.area).chain(layout.labels.clone()).collect();
    for (at, a) in boxes.iter().enumerate() {
        assert!(a.x >= 0.0 && a.y >= 0.0 && a.width > 0.0 && a.height > 0.0, "{a:?}");
        assert!(a.x + a.width <= layout.width && a.y + a.height <= layout.height, "{a:?}");
        for b in boxes.iter().skip(at + 1) {
            assert!(!overlaps(a, b), "{a:?} and {b:?}");
        }
    }
    for card in &layout.cards {
        for (at, a) in card.lines.iter().enumerate() {
            assert!(overlaps(a, &card.area) && a.y + a.height <= card.area.y + card.area.height);
            assert!(card.lines.iter().skip(at + 1).all(|b| !overlaps(a, b)));
        }
    }
}

#[test]
fn wires_go_round_boxes_and_join_what_they_should() {
    let graph = sample::graph();
    let layout = Layout::of(&graph);
    let ends: usize = graph.links.iter().map(|link| link.from.len() + link.to.len()).sum();
    assert_eq!(layout.wires.len(), ends);
    for wire in &layout.wires {
        for pair in wire.points.windows(2) {
            // Straight pieces are where boxes are; curves are between columns.
            let (a, b) = (pair[0], pair[1]);
            let (left, right) = (a.x.min(b.x), a.x.max(b.x));
            if right - left < 1.0 {
                continue;
            }
            let swept = Rect {
                x: left + 0.5,
                y: a.y.min(b.y),
                width: (right - left - 1.0).max(0.0),
                height: (a.y - b.y).abs().max(0.1),
            };
            let hit = layout
                .cards
                .iter()
                .map(|card| &card.area)
                .chain(&layout.labels)
                .find(|r| overlaps(r, &swept));
            assert!(hit.is_none(), "{wire:?} crosses {hit:?}");
        }
        let card = &layout.cards[wire.end.card];
        let area = wire.end.line.map_or(card.area, |line| card.lines[line]);
        let (first, last) = (wire.points[0], *wire.points.last().unwrap());
        let (at_end, at_label) = if wire.is_from { (first, last) } else { (last, first) };
        assert!((at_end.x - area.x).abs() < 0.01 || (at_end.x - area.x - area.width).abs() < 0.01);
        assert!(at_end.y >= area.y && at_end.y <= area.y + area.height);
        let label = layout.labels[wire.link];
        assert!(at_label.y >= label.y && at_label.y <= label.y + label.height);
    }
}

#[test]
fn requests_lead_to_the_right() {
    let graph = sample::graph();
    let layout = Layout::of(&graph);
    let of_kind = |kind| graph.cards.iter().position(|card| card.kind == kind).unwrap();
    let sources = layout.cards[of_kind(model::CardKind::Sources)].area;
    let destinations = layout.cards[of_kind(model::CardKind::Destinations)].area;
    let namespaces =
        graph.cards.iter().zip(&layout.cards).filter(|(c, _)| c.kind == model::CardKind::Namespace);
    for (_, place) in namespaces {
        assert!(sources.x + sources.width < place.area.x && place.area.x + place.area.width < destinations.x);
    }
}
