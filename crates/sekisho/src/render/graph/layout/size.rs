//! How large things are, in pixels.

use super::super::model::{Card, Link};

/// The height of a card's title.
pub(crate) const HEADER: f64 = 28.0;
/// The height of a line.
pub(crate) const LINE: f64 = 22.0;
/// The height of a label.
pub(super) const LABEL: f64 = 18.0;
/// The room around the picture.
pub(super) const MARGIN: f64 = 16.0;
/// The room between columns that nothing joins.
pub(super) const GAP: f64 = 24.0;
/// The least room in which wires turn.
pub(super) const FAN: f64 = 44.0;
/// The height of a lane that a wire passes in.
pub(super) const LANE: f64 = 2.0;
/// The room below a card's last line.
const FOOT: f64 = 6.0;
/// The width of a character: 12 pixels high, in the fixed width that names are written in.
const CHARACTER: f64 = 7.3;
/// The width of a character of a label, 11 pixels high.
const SMALL: f64 = 6.7;
/// How many characters of a name are written.
const NAME: usize = 34;
/// How many characters of a label are written.
const LABELLED: usize = 34;

/// The height of a card.
pub(super) fn card_height(card: &Card) -> f64 {
    let foot = if card.lines.is_empty() { 0.0 } else { FOOT };
    HEADER + card.lines.len() as f64 * LINE + foot
}

/// The width of a card.
pub(super) fn card_width(card: &Card) -> f64 {
    let longest = card.lines.iter().map(|line| name(&line.name).chars().count()).max().unwrap_or_default();
    let title = name(&card.title).chars().count() + 1;
    (longest.max(title) as f64 * CHARACTER + 36.0).max(110.0)
}

/// The width of a link's label.
pub(super) fn label(links: &[Link], link: usize) -> f64 {
    let characters = links.get(link).map_or(0, |link| label_text(link).chars().count());
    characters as f64 * SMALL + 16.0
}

/// A name as far as there is room for it.
pub(crate) fn name(text: &str) -> String {
    cut(text, NAME)
}

/// A link's label as far as there is room for it.
pub(crate) fn label_text(link: &Link) -> String {
    cut(&link.label(), LABELLED)
}

fn cut(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let mut cut: String = text.chars().take(most - 1).collect();
    cut.push('…');
    cut
}
