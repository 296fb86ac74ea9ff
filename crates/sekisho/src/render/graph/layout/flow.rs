//! The order in which most connections lead forward.

use super::super::model::{Card, CardKind, End, Graph, Nature};
use std::collections::{BTreeMap, BTreeSet};

/// The slot of each card's lines: what is reached from outside above what it opens connections to, so
/// that a card reads as requests go, and what has no connection last; else by name.
pub(super) fn lines(graph: &Graph) -> Vec<Vec<usize>> {
    graph.cards.iter().enumerate().map(|(at, card)| slots(graph, at, card)).collect()
}

fn slots(graph: &Graph, at: usize, card: &Card) -> Vec<usize> {
    let mut slots: Vec<usize> = (0..card.lines.len()).collect();
    if card.kind != CardKind::Namespace {
        return slots;
    }
    let rank = ranks(graph, at, card);
    let mut ranked: Vec<usize> = (0..card.lines.len()).collect();
    ranked.sort_by_key(|line| rank.get(*line).copied());
    let number: BTreeMap<usize, usize> = ranked.iter().enumerate().map(|(at, line)| (*line, at)).collect();
    let mut edges = BTreeSet::new();
    for link in &graph.links {
        for from in link.from.iter().filter(|from| from.card == at) {
            for to in link.to.iter().filter(|to| to.card == at) {
                let number = |end: &End| end.line.and_then(|line| number.get(&line).copied());
                edges.extend(number(from).zip(number(to)));
            }
        }
    }
    let edges: Vec<_> = edges.into_iter().map(|(a, b)| (a, b, 1)).collect();
    for (slot, number) in order(ranked.len(), &edges).into_iter().enumerate() {
        let line = ranked.get(number).copied().unwrap_or_default();
        if let Some(at) = slots.get_mut(line) {
            *at = slot;
        }
    }
    slots
}

/// 0 for a line that is reached from outside the cluster, 2 for one that nothing joins.
fn ranks(graph: &Graph, at: usize, card: &Card) -> Vec<u8> {
    let mut ranks = vec![2; card.lines.len()];
    for link in &graph.links {
        for (ends, is_to) in [(&link.from, false), (&link.to, true)] {
            let rank = if is_to && link.nature == Nature::FromOutside { 0 } else { 1 };
            for line in ends.iter().filter(|end| end.card == at).filter_map(|end| end.line) {
                if let Some(known) = ranks.get_mut(line) {
                    *known = rank.min(*known);
                }
            }
        }
    }
    ranks
}

/// An order of `count` things in which most of the weight of `edges` (from, to, weight) leads forward:
/// sources first, sinks last, and between them whatever gives most (Eades, Lin and Smyth, 1993).
pub(super) fn order(count: usize, edges: &[(usize, usize, usize)]) -> Vec<usize> {
    let mut rest: BTreeSet<usize> = (0..count).collect();
    let (mut first, mut last) = (Vec::new(), Vec::new());
    while !rest.is_empty() {
        let weight = |thing: usize| {
            let among = edges.iter().filter(|(a, b, _)| a != b && rest.contains(a) && rest.contains(b));
            among.fold((0, 0), |(out, into), (a, b, weight)| {
                (out + if *a == thing { *weight } else { 0 }, into + if *b == thing { *weight } else { 0 })
            })
        };
        let weights: Vec<(usize, (usize, usize))> =
            rest.iter().map(|thing| (*thing, weight(*thing))).collect();
        // What nothing leads to comes first, also what leads nowhere; what leads nowhere comes last.
        let source = weights.iter().find(|(_, (_, into))| *into == 0);
        let sink = weights.iter().rev().find(|(_, (out, _))| *out == 0);
        let best = weights.iter().rev().max_by_key(|(_, (out, into))| out.saturating_add(1 << 20) - into);
        let (thing, list) = match (source, sink, best) {
            (Some((thing, _)), ..) => (*thing, &mut first),
            (None, Some((thing, _)), _) => (*thing, &mut last),
            (None, None, Some((thing, _))) => (*thing, &mut first),
            (None, None, None) => break,
        };
        list.push(thing);
        rest.remove(&thing);
    }
    first.extend(last.into_iter().rev());
    first
}

#[cfg(test)]
mod tests {
    use super::order;

    #[test]
    fn requests_lead_forward() {
        assert_eq!(order(3, &[(2, 0, 1), (0, 1, 1)]), [2, 0, 1]);
        assert_eq!(order(3, &[]), [0, 1, 2]);
        // A circle is opened where it costs least.
        assert_eq!(order(3, &[(0, 1, 5), (1, 2, 5), (2, 0, 1)]), [0, 1, 2]);
    }
}
