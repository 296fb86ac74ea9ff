//! The value that stands at a place, and those around it.

use super::{NodeId, Tree};
use crate::emit::Value;
use sekisho_core::object::Span;

/// A value of a document.
pub(super) struct Found<'f> {
    pub(super) text: &'f str,
    pub(super) tree: &'f Tree<'f>,
    pub(super) node: NodeId,
    /// The values around it, outermost first.
    pub(super) around: Vec<NodeId>,
}

impl<'f> Found<'f> {
    /// The outermost mapping or scalar with exactly this place, and else with its start.
    pub(super) fn at(text: &'f str, tree: &'f Tree<'f>, root: NodeId, span: Span) -> Option<Self> {
        let (mut node, mut around, mut by_start) = (root, Vec::new(), None);
        loop {
            let place = Span::from(tree.place(node));
            // A list in block style has the place of its first entry, where there is but one.
            if place.start == span.start && tree.sequence(node).is_none() {
                let found = || Self { text, tree, node, around: around.clone() };
                if place.end == span.end {
                    return Some(found());
                }
                by_start = by_start.or_else(|| Some(found()));
            }
            around.push(node);
            let holds = |child: &NodeId| {
                let place = Span::from(tree.place(*child));
                place.start <= span.start && span.start < place.end.max(place.start + 1)
            };
            match children(tree, node).into_iter().find(holds) {
                Some(child) => node = child,
                None => return by_start,
            }
        }
    }

    /// The value right around it.
    pub(super) fn parent(&self) -> Option<NodeId> {
        self.around.last().copied()
    }

    pub(super) fn start(&self, node: NodeId) -> usize {
        Span::from(self.tree.place(node)).start
    }

    /// The offset after the last byte of what is written of a value. The parser says of a block where the next
    /// thing begins.
    pub(super) fn end(&self, node: NodeId) -> usize {
        let mut at = node;
        loop {
            if self.is_flow(at) {
                break;
            }
            let last = if let Some(entries) = self.tree.sequence(at) {
                entries.last().copied()
            } else {
                self.tree.mapping(at).and_then(Iterator::last).map(|(key, value)| {
                    let span = Span::from(self.tree.place(value));
                    if span.end > span.start { value } else { key }
                })
            };
            match last {
                Some(last) => at = last,
                None => break,
            }
        }
        let span = Span::from(self.tree.place(at));
        let written = self.text.get(span.start..span.end).unwrap_or_default();
        span.start + written.trim_end().len()
    }

    /// Whether a list or mapping is written in flow style.
    pub(super) fn is_flow(&self, node: NodeId) -> bool {
        let (mark, first) = match (self.tree.sequence(node), self.tree.mapping(node)) {
            (Some(entries), _) => ('[', entries.first().copied()),
            (None, Some(mut entries)) => ('{', entries.next().map(|(key, _)| key)),
            (None, None) => return false,
        };
        // A block begins where its first entry does, which may be in flow style itself.
        let start = self.start(node);
        self.text.get(start..).is_some_and(|text| text.starts_with(mark))
            && first.is_none_or(|first| self.start(first) != start)
    }

    /// Whether the document is in flow style as a whole, as JSON is: what is written in it is JSON then.
    fn is_json(&self) -> bool {
        self.is_flow(self.around.first().copied().unwrap_or(self.node))
    }

    /// A value on one line, in the style of the document.
    pub(super) fn inline(&self, value: &Value) -> String {
        if self.is_json() { value.json() } else { value.flow() }
    }

    /// A text, in the style of the document.
    pub(super) fn scalar(&self, text: &str) -> String {
        self.inline(&Value::text(text))
    }

    /// The start of the line of an offset.
    pub(super) fn line(&self, offset: usize) -> usize {
        self.text.get(..offset).and_then(|before| before.rfind('\n')).map_or(0, |at| at + 1)
    }

    /// The offset after the end of the line of an offset, its line break included.
    pub(super) fn line_end(&self, offset: usize) -> usize {
        let rest = self.text.get(offset..).unwrap_or_default();
        rest.find('\n').map_or(self.text.len(), |at| offset + at + 1)
    }

    /// How far in from the start of its line an offset stands.
    pub(super) fn column(&self, offset: usize) -> usize {
        offset - self.line(offset)
    }

    /// The text of a line up to an offset in it.
    pub(super) fn before(&self, offset: usize) -> &'f str {
        self.text.get(self.line(offset)..offset).unwrap_or_default()
    }
}

fn children(tree: &Tree<'_>, node: NodeId) -> Vec<NodeId> {
    if let Some(entries) = tree.sequence(node) {
        return entries.to_vec();
    }
    tree.mapping(node).into_iter().flatten().flat_map(|(key, value)| [key, value]).collect()
}
