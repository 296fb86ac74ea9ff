//! A quick way to the tree of a document that looks as programs print it: JSON, and YAML in blocks of
//! plain lines. It gives the tree that the parser of [`super::build`] gives, with the same places, or
//! none at all: whatever is wrong or only unusual is left to the parser and its words.
//!
//! INVARIANT: never another tree than the parser's; the tests beside this hold both against each other.

mod block;
mod cursor;
mod flow;
mod list;
#[cfg(test)]
mod tests;

pub(crate) use list::list;

use super::{NodeId, Tree};
use cursor::Cursor;

/// How deep values may lie in one another here; more is for the parser, which knows the limit.
const MAX_DEPTH: usize = 48;
/// How many values are read here; with more, the parser decides whether it is too many.
const MAX_NODES: usize = 8_000_000;
/// The longest key that is read here. YAML wants a key on one line of at most 1,024 characters.
const MAX_KEY: usize = 512;

/// Where a part of a text begins: bytes and lines that lie before it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Start {
    pub(crate) offset: u32,
    pub(crate) lines: u32,
    /// Characters before it on its own line.
    pub(crate) column: u32,
}

/// The tree of `part`, which is one document, with its root; `None` where the parser is to look at it.
pub(crate) fn read(part: &str, start: Start) -> Option<(Tree<'_>, NodeId)> {
    if !part.bytes().all(|byte| matches!(byte, b' '..=b'~' | b'\n')) {
        return None;
    }
    let mut cursor = Cursor::new(part, start);
    cursor.marker()?;
    cursor.next_line();
    let root = match cursor.peek()? {
        b'{' | b'[' => {
            let root = flow::collection(&mut cursor, 0, true)?;
            cursor.blank();
            root
        }
        _ => block::collection(&mut cursor, 0)?,
    };
    cursor.at_end().then(|| (cursor.into_tree(), root))
}
