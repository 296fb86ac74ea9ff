//! A list of objects in JSON, as `kubectl get -o json` prints it: the list without its entries, and
//! where each of them stands, so that they can be read one by one. Of a large cluster all together
//! would not fit.

use super::{Start, cursor::Cursor, flow};
use crate::tree::{NodeId, Tree};

/// A list of objects.
pub(crate) struct List<'t> {
    /// The list, in which `items` is empty.
    pub(crate) tree: Tree<'t>,
    pub(crate) root: NodeId,
    /// The entries, each with its place.
    pub(crate) items: Vec<(&'t str, Start)>,
}

/// The list that `text` is; `None` where it is none, or only unusual.
pub(crate) fn list(text: &str) -> Option<List<'_>> {
    if !text.starts_with('{') {
        return None;
    }
    let (mut cursor, mut items) = (Cursor::new(text, Start::default()), None);
    let open = cursor.open(cursor.mark());
    cursor.skip(1);
    loop {
        cursor.blank();
        let is_items = cursor.text_left().starts_with("\"items\"");
        let from = cursor.offset();
        flow::key(&mut cursor)?;
        cursor.blank();
        if is_items && cursor.peek()? == b'[' {
            items = Some(entries(&mut cursor)?);
        } else {
            flow::value(&mut cursor, 0, true)?;
            cursor.since(from).is_ascii().then_some(())?;
        }
        cursor.blank();
        match cursor.peek()? {
            b',' => cursor.skip(1),
            b'}' => break,
            _ => return None,
        }
    }
    cursor.skip(1);
    let root = cursor.close_flow(open, true)?;
    cursor.blank();
    let (ended, items) = (cursor.at_end(), items?);
    ended.then(|| List { tree: cursor.into_tree(), root, items })
}

/// Passes a list of mappings, and notes where each stands.
fn entries<'t>(cursor: &mut Cursor<'t>) -> Option<Vec<(&'t str, Start)>> {
    let mut items = Vec::new();
    let open = cursor.open(cursor.mark());
    cursor.skip(1);
    cursor.blank();
    while cursor.peek()? == b'{' {
        let (from, start) = cursor.here()?;
        let bytes = cursor.bytes_left();
        cursor.pass(line(bytes).map_or_else(|| extent(bytes), Some)?);
        items.push((cursor.since(from), start));
        cursor.blank();
        match cursor.peek()? {
            b',' => cursor.skip(1),
            b']' => break,
            _ => return None,
        }
        cursor.blank();
        // A comma is followed by another.
        (cursor.peek()? == b'{').then_some(())?;
    }
    (cursor.peek()? == b']').then_some(())?;
    cursor.skip(1);
    cursor.close_flow(open, false)?;
    Some(items)
}

/// How long the mapping is that `bytes` begin with, where it seems to be alone on its line, as `sekisho
/// snapshot` writes it. That it is one mapping is for whoever reads it, as it is with [`extent`].
fn line(bytes: &[u8]) -> Option<usize> {
    let end = memchr::memchr(b'\n', bytes)?;
    // What follows is the next entry, or the end of the list.
    matches!(bytes.get(end + 1)?, b'{' | b']').then_some(())?;
    let line = bytes.get(..end)?;
    let entry = line.strip_suffix(b",").unwrap_or(line);
    entry.ends_with(b"}").then_some(entry.len())
}

/// How long the mapping is that `bytes` begin with. Whether it is one is for whoever reads it: only
/// quotes and brackets are looked at.
fn extent(bytes: &[u8]) -> Option<usize> {
    let (mut depth, mut at) = (0_usize, 0);
    loop {
        match bytes.get(at)? {
            b'"' => at += text(bytes.get(at..)?)?,
            b'{' | b'[' => depth += 1,
            b'}' | b']' => {
                depth = depth.checked_sub(1)?;
                if depth == 0 {
                    return Some(at + 1);
                }
            }
            // Comments and texts in other quotes may hold brackets.
            b'#' | b'\'' => return None,
            _ => {}
        }
        at += 1;
    }
}

/// The offset of the quote that ends the text which `bytes` begin with.
fn text(bytes: &[u8]) -> Option<usize> {
    let mut at = 1;
    loop {
        match bytes.get(at)? {
            b'"' => return Some(at),
            b'\\' => at += 2,
            // A text over several lines is for the parser.
            b'\n' => return None,
            _ => at += 1,
        }
    }
}
