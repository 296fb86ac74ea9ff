//! A position in a document, and the tree that grows while it moves.

use super::{MAX_NODES, Start};
use crate::tree::{Kind, NodeId, Place, Tree};
use std::{borrow::Cow, collections::HashSet};

/// Up to how many keys a mapping is looked through for one that is there already.
const FEW: usize = 16;

/// Where the reading stands.
pub(super) struct Cursor<'a> {
    text: &'a str,
    bytes: &'a [u8],
    start: Start,
    at: usize,
    line: u32,
    line_start: usize,
    /// The column at which the part begins, from 0.
    first_column: usize,
    /// Whether so far each character of this line was one byte, so that columns can be told.
    ascii: bool,
    tree: Tree<'a>,
    /// Values that no collection has taken yet.
    pending: Vec<NodeId>,
}

/// A place that is to be the beginning of a value.
#[derive(Clone, Copy)]
pub(super) struct Mark {
    at: usize,
    line: u32,
    column: usize,
}

/// A collection that is open.
#[derive(Clone, Copy)]
pub(super) struct Open {
    mark: Mark,
    first_child: usize,
}

impl Open {
    /// Lets the collection begin at `mark`.
    pub(super) fn begin(&mut self, mark: Mark) {
        self.mark = mark;
    }
}

/// A value is seldom shorter, with its key and what is around it.
const BYTES_PER_NODE: usize = 8;
/// For more values than this room is made as they come.
const MOST_AT_ONCE: usize = 1 << 12;

impl<'a> Cursor<'a> {
    pub(super) fn new(text: &'a str, start: Start) -> Self {
        Self {
            text,
            bytes: text.as_bytes(),
            start,
            at: 0,
            line: 1,
            line_start: 0,
            first_column: start.column as usize,
            ascii: true,
            tree: Tree::with_capacity((text.len() / BYTES_PER_NODE).min(MOST_AT_ONCE)),
            pending: Vec::with_capacity(16),
        }
    }

    pub(super) fn into_tree(self) -> Tree<'a> {
        self.tree
    }

    /// Where the reading stands, as the beginning of a part of the whole text; `None` where the column
    /// cannot be told.
    pub(super) fn here(&self) -> Option<(usize, Start)> {
        self.ascii.then_some(())?;
        let place = self.place(self.mark(), self.at)?;
        Some((self.at, Start { offset: place.start, lines: place.line - 1, column: place.column - 1 }))
    }

    /// How many bytes were passed.
    pub(super) fn offset(&self) -> usize {
        self.at
    }

    /// The text from `from` to here.
    pub(super) fn since(&self, from: usize) -> &'a str {
        self.text.get(from..self.at).unwrap_or_default()
    }

    /// Passes `count` bytes, among them perhaps line ends.
    pub(super) fn pass(&mut self, count: usize) {
        let passed = self.rest().get(..count).unwrap_or_else(|| self.rest());
        let lines = passed.iter().filter(|byte| **byte == b'\n').count();
        self.line = self.line.saturating_add(u32::try_from(lines).unwrap_or(u32::MAX));
        let last_line = match passed.iter().rposition(|byte| *byte == b'\n') {
            Some(last) => {
                self.line_start = self.at + last + 1;
                self.ascii = true;
                passed.get(last..).unwrap_or_default()
            }
            None => passed,
        };
        self.ascii &= last_line.is_ascii();
        self.at += passed.len();
    }

    /// What is left of the text, in bytes.
    pub(super) fn bytes_left(&self) -> &'a [u8] {
        self.rest()
    }

    /// Passes a `---` on a line of its own, if there is one. `None` where more stands on it.
    pub(super) fn marker(&mut self) -> Option<()> {
        if self.rest().starts_with(b"---") {
            self.at = 3;
            self.line_ends().then_some(())?;
        }
        Some(())
    }

    fn rest(&self) -> &'a [u8] {
        self.bytes.get(self.at..).unwrap_or_default()
    }

    pub(super) fn at_end(&self) -> bool {
        self.at >= self.bytes.len()
    }

    pub(super) fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    pub(super) fn peek_second(&self) -> Option<u8> {
        self.bytes.get(self.at + 1).copied()
    }

    pub(super) fn skip(&mut self, bytes: usize) {
        self.at += bytes;
    }

    /// The column of the next character, from 0.
    pub(super) fn column(&self) -> usize {
        self.at - self.line_start + if self.line == 1 { self.first_column } else { 0 }
    }

    /// What is left of the text.
    pub(super) fn text_left(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    /// What is left of this line.
    pub(super) fn line(&self) -> &'a str {
        let rest = self.text_left();
        rest.split_once('\n').map_or(rest, |(line, _)| line)
    }

    /// Passes spaces.
    pub(super) fn spaces(&mut self) {
        self.at += self.rest().iter().take_while(|byte| **byte == b' ').count();
    }

    /// Passes spaces and line ends.
    #[inline]
    pub(super) fn blank(&mut self) {
        while let Some(byte @ (b' ' | b'\n')) = self.peek() {
            self.at += 1;
            if byte == b'\n' {
                self.line += 1;
                self.line_start = self.at;
                self.ascii = true;
            }
        }
    }

    /// Passes spaces, and says whether the line ends there.
    pub(super) fn line_ends(&mut self) -> bool {
        self.spaces();
        matches!(self.peek(), None | Some(b'\n'))
    }

    /// Goes to the first character of the next line that has something to say. At the end of a line,
    /// or at the start of the text.
    pub(super) fn next_line(&mut self) {
        loop {
            self.blank();
            if self.peek() != Some(b'#') {
                return;
            }
            self.at += self.line().len();
        }
    }

    pub(super) fn mark(&self) -> Mark {
        Mark { at: self.at, line: self.line, column: self.column() }
    }

    /// Where the entry begins whose dash comes next; `None` where its line has no more.
    pub(super) fn entry(&self) -> Option<Mark> {
        let gap = 1 + self.bytes.get(self.at + 1..)?.iter().take_while(|byte| **byte == b' ').count();
        let mark = self.mark();
        Some(Mark { at: mark.at + gap, column: mark.column + gap, ..mark })
    }

    fn place(&self, mark: Mark, end: usize) -> Option<Place> {
        let narrow = |value: usize| u32::try_from(value).ok();
        Some(Place::new(
            self.start.offset.checked_add(narrow(mark.at)?)?,
            self.start.offset.checked_add(narrow(end)?)?,
            self.start.lines.checked_add(mark.line)?,
            narrow(mark.column + 1)?,
        ))
    }

    /// A scalar from `mark` to here.
    pub(super) fn scalar(&mut self, mark: Mark, text: Cow<'a, str>, plain: bool) -> Option<NodeId> {
        if self.tree.nodes.len() >= MAX_NODES {
            return None;
        }
        let place = self.place(mark, self.at)?;
        let node = self.tree.push(Kind::Scalar { text, plain }, place);
        self.pending.push(node);
        Some(node)
    }

    pub(super) fn open(&self, mark: Mark) -> Open {
        Open { mark, first_child: self.pending.len() }
    }

    /// Closes a collection that ends with its last child.
    pub(super) fn close_block(&mut self, open: Open, mapping: bool) -> Option<NodeId> {
        let last = self.tree.place(*self.pending.last()?).end;
        let mut place = self.place(open.mark, open.mark.at)?;
        place.end = place.end.max(last);
        self.close(open, mapping, place)
    }

    /// Closes a collection that ends here.
    pub(super) fn close_flow(&mut self, open: Open, mapping: bool) -> Option<NodeId> {
        let place = self.place(open.mark, self.at)?;
        self.close(open, mapping, place)
    }

    fn close(&mut self, open: Open, mapping: bool, place: Place) -> Option<NodeId> {
        let children = self.pending.get(open.first_child..)?;
        if mapping && !self.keys_differ(children) {
            return None;
        }
        let first = u32::try_from(self.tree.edges.len()).ok()?;
        let len = u32::try_from(children.len()).ok()?;
        self.tree.edges.extend(self.pending.drain(open.first_child..));
        let kind =
            if mapping { Kind::Mapping { first, pairs: len / 2 } } else { Kind::Sequence { first, len } };
        let node = self.tree.push(kind, place);
        self.pending.push(node);
        Some(node)
    }

    fn keys_differ(&self, children: &[NodeId]) -> bool {
        let keys = || children.iter().step_by(2).map(|key| self.tree.key_text(*key));
        if children.len() > 2 * FEW {
            let mut seen = HashSet::with_capacity(children.len() / 2);
            return keys().all(|key| seen.insert(key));
        }
        keys().enumerate().all(|(index, key)| keys().take(index).all(|other| other != key))
    }
}
