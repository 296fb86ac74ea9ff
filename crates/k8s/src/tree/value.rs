//! The tree of a value that was parsed already: of JSON, as an API server gives it.
//!
//! INVARIANT: but for its places it is the tree of the value's text. There being no text, a place counts
//! the values before it as they would be written, so that findings are in the order of the text's.

use super::{Kind, NodeId, Place, Tree, build::MAX_DEPTH};
use serde_json::Value;
use std::borrow::Cow;

/// The tree of `value`, with its root; `None` where values lie too deep in one another.
pub(crate) fn of(value: &Value) -> Option<(Tree<'_>, NodeId)> {
    let mut builder = Builder { tree: Tree::default(), values: 0 };
    let root = builder.add(value, 0)?;
    Some((builder.tree, root))
}

struct Builder<'v> {
    tree: Tree<'v>,
    values: u32,
}

impl<'v> Builder<'v> {
    /// Recurses no deeper than the reader of texts lets values lie in one another.
    fn add(&mut self, value: &'v Value, depth: usize) -> Option<NodeId> {
        let place = self.place();
        let kind = match value {
            Value::Null => plain("null"),
            Value::Bool(true) => plain("true"),
            Value::Bool(false) => plain("false"),
            Value::Number(number) => plain(number.to_string()),
            Value::String(text) => quoted(text),
            _ if depth == MAX_DEPTH => return None,
            Value::Array(entries) => {
                let children: Option<Vec<NodeId>> =
                    entries.iter().map(|entry| self.add(entry, depth + 1)).collect();
                let (first, len) = self.edges(children?);
                Kind::Sequence { first, len }
            }
            Value::Object(fields) => {
                let mut children = Vec::with_capacity(2 * fields.len());
                for (key, value) in fields {
                    let place = self.place();
                    children.push(self.tree.push(quoted(key), place));
                    children.push(self.add(value, depth + 1)?);
                }
                let (first, len) = self.edges(children);
                Kind::Mapping { first, pairs: len / 2 }
            }
        };
        Some(self.tree.push(kind, place))
    }

    fn edges(&mut self, mut children: Vec<NodeId>) -> (u32, u32) {
        // INVARIANT: of 2^32 values no event of a watch has room.
        let narrow = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        let edges = (narrow(self.tree.edges.len()), narrow(children.len()));
        self.tree.edges.append(&mut children);
        edges
    }

    fn place(&mut self) -> Place {
        self.values = self.values.saturating_add(1);
        Place::new(self.values, self.values, 1, self.values)
    }
}

fn plain<'v>(text: impl Into<Cow<'v, str>>) -> Kind<'v> {
    Kind::Scalar { text: text.into(), plain: true }
}

fn quoted(text: &str) -> Kind<'_> {
    Kind::Scalar { text: Cow::Borrowed(text), plain: false }
}
