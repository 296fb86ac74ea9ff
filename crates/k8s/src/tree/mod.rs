//! A document as a tree in which every value, and every key, knows its place in the text.
//!
//! INVARIANT: the tree is flat. Nodes lie in one vector and name their children by index, so neither
//! building nor dropping it recurses, however deep the document is.

mod build;
pub(crate) mod fast;
mod merge;
mod scalar;
#[cfg(feature = "watch")]
pub(crate) mod value;

pub(crate) use build::Documents;
#[cfg(feature = "watch")]
pub(crate) use build::nested_too_deep;
pub(crate) use scalar::Scalar;

use sekisho_core::object::Span;
use std::borrow::Cow;

/// A node, by its index in the tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct NodeId(u32);

/// A stretch of a text in half the space of a [`Span`]; no text is longer than 4 GiB.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Place {
    start: u32,
    end: u32,
    line: u32,
    column: u32,
}

impl Place {
    pub(crate) fn new(start: u32, end: u32, line: u32, column: u32) -> Self {
        Self { start, end, line, column }
    }
}

impl From<Place> for Span {
    fn from(place: Place) -> Self {
        Self {
            line: place.line,
            column: place.column,
            start: place.start as usize,
            end: place.end.max(place.start) as usize,
        }
    }
}

#[derive(Clone, Debug)]
pub(crate) enum Kind<'a> {
    /// Text, and whether it was written plainly, without quotes or a tag: only then can it be a
    /// number, a truth value or nothing.
    Scalar { text: Cow<'a, str>, plain: bool },
    /// A range of edges.
    Sequence { first: u32, len: u32 },
    /// A range of edges, in pairs of key and value.
    Mapping { first: u32, pairs: u32 },
}

#[derive(Clone, Debug)]
struct Node<'a> {
    kind: Kind<'a>,
    place: Place,
}

/// One document.
#[derive(Debug, Default)]
pub(crate) struct Tree<'a> {
    nodes: Vec<Node<'a>>,
    edges: Vec<NodeId>,
}

impl<'a> Tree<'a> {
    fn with_capacity(nodes: usize) -> Self {
        Self { nodes: Vec::with_capacity(nodes), edges: Vec::with_capacity(nodes) }
    }

    fn push(&mut self, kind: Kind<'a>, place: Place) -> NodeId {
        let id = NodeId(u32::try_from(self.nodes.len()).unwrap_or(u32::MAX));
        self.nodes.push(Node { kind, place });
        id
    }

    fn edges(&self, first: u32, len: u32) -> &[NodeId] {
        let first = first as usize;
        self.edges.get(first..first.saturating_add(len as usize)).unwrap_or_default()
    }

    /// Moves every place by what lies before the part of the text that the tree is of.
    pub(crate) fn shift(&mut self, start: fast::Start) {
        for node in &mut self.nodes {
            node.place.start = node.place.start.saturating_add(start.offset);
            node.place.end = node.place.end.saturating_add(start.offset);
            if node.place.line == 1 {
                node.place.column = node.place.column.saturating_add(start.column);
            }
            node.place.line = node.place.line.saturating_add(start.lines);
        }
    }

    /// Where `node` stands.
    pub(crate) fn place(&self, node: NodeId) -> Place {
        self.nodes.get(node.0 as usize).map_or_else(Place::default, |node| node.place)
    }

    /// The scalar at `node`.
    pub(crate) fn scalar(&self, node: NodeId) -> Option<Scalar<'_>> {
        match self.nodes.get(node.0 as usize).map(|node| &node.kind)? {
            Kind::Scalar { text, plain } => Some(Scalar { text, plain: *plain }),
            Kind::Sequence { .. } | Kind::Mapping { .. } => None,
        }
    }

    /// The entries of the sequence at `node`.
    pub(crate) fn sequence(&self, node: NodeId) -> Option<&[NodeId]> {
        match self.nodes.get(node.0 as usize).map(|node| &node.kind)? {
            Kind::Sequence { first, len } => Some(self.edges(*first, *len)),
            Kind::Scalar { .. } | Kind::Mapping { .. } => None,
        }
    }

    /// The keys and values of the mapping at `node`, as pairs.
    pub(crate) fn mapping(&self, node: NodeId) -> Option<impl Iterator<Item = (NodeId, NodeId)> + '_> {
        match self.nodes.get(node.0 as usize).map(|node| &node.kind)? {
            Kind::Mapping { first, pairs } => {
                let edges = self.edges(*first, pairs.saturating_mul(2));
                Some(edges.as_chunks::<2>().0.iter().map(|&[key, value]| (key, value)))
            }
            Kind::Scalar { .. } | Kind::Sequence { .. } => None,
        }
    }

    /// The text of the scalar at `node`, whatever it looks like; empty for anything else.
    pub(crate) fn key_text(&self, node: NodeId) -> &str {
        self.scalar(node).map_or("", |scalar| scalar.text)
    }

    /// The value under `key` of the mapping at `node`. Written as null it is missing, as the API
    /// server sees it.
    pub(crate) fn get(&self, node: NodeId, key: &str) -> Option<NodeId> {
        self.entry(node, key).map(|(_, value)| value)
    }

    /// Like [`Self::get`], with the key.
    pub(crate) fn entry(&self, node: NodeId, key: &str) -> Option<(NodeId, NodeId)> {
        let found = self.mapping(node)?.find(|(name, _)| self.key_text(*name) == key)?;
        (!self.is_null(found.1)).then_some(found)
    }

    /// Whether `node` is null.
    pub(crate) fn is_null(&self, node: NodeId) -> bool {
        self.scalar(node).is_some_and(Scalar::is_null)
    }

    /// What `node` is, for messages.
    pub(crate) fn describe(&self, node: NodeId) -> &'static str {
        match self.nodes.get(node.0 as usize).map(|node| &node.kind) {
            Some(Kind::Mapping { .. }) => "a mapping",
            Some(Kind::Sequence { .. }) => "a list",
            Some(Kind::Scalar { .. }) => self.scalar(node).map_or("nothing", Scalar::describe),
            None => "nothing",
        }
    }
}
