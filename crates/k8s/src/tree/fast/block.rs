//! YAML in blocks, as `kubectl` prints it: one key on a line, its value beside it or indented below.

use super::{MAX_DEPTH, MAX_KEY, cursor::Cursor, flow};
use crate::tree::NodeId;
use std::borrow::Cow;

/// The mapping or list whose first character comes next. Stands at the first line after it, then.
pub(super) fn collection(cursor: &mut Cursor<'_>, depth: usize) -> Option<NodeId> {
    if depth > MAX_DEPTH {
        return None;
    }
    if is_dash(cursor) { sequence(cursor, depth, false) } else { mapping(cursor, depth) }
}

fn is_dash(cursor: &Cursor<'_>) -> bool {
    cursor.peek() == Some(b'-') && matches!(cursor.peek_second(), Some(b' ' | b'\n') | None)
}

fn mapping(cursor: &mut Cursor<'_>, depth: usize) -> Option<NodeId> {
    let column = cursor.column();
    let open = cursor.open(cursor.mark());
    loop {
        let key = key(cursor.line())?;
        let mark = cursor.mark();
        cursor.skip(key.len());
        cursor.scalar(mark, Cow::Borrowed(key), true)?;
        cursor.skip(1);
        if cursor.line_ends() {
            value_below(cursor, column, depth)?;
        } else {
            value_beside(cursor)?;
        }
        if cursor.at_end() || cursor.column() < column {
            return cursor.close_block(open, true);
        }
        if cursor.column() > column {
            return None;
        }
    }
}

/// A list. One whose dashes stand right below the key that it belongs to begins, as the parser has
/// it, with its first entry.
fn sequence(cursor: &mut Cursor<'_>, depth: usize, below_key: bool) -> Option<NodeId> {
    if depth > MAX_DEPTH {
        return None;
    }
    let column = cursor.column();
    let mut open = cursor.open(cursor.mark());
    if below_key {
        open.begin(cursor.entry()?);
    }
    loop {
        cursor.skip(1);
        if cursor.line_ends() {
            return None;
        }
        if is_dash(cursor) || key(cursor.line()).is_some() {
            collection(cursor, depth + 1)?;
        } else {
            value_beside(cursor)?;
        }
        if cursor.at_end() || cursor.column() < column || (cursor.column() == column && !is_dash(cursor)) {
            return cursor.close_block(open, false);
        }
        if cursor.column() > column {
            return None;
        }
    }
}

/// The key that `line` begins with.
fn key(line: &str) -> Option<&str> {
    let bytes = line.as_bytes();
    bytes.first().filter(|first| is_first(**first))?;
    let end = bytes.iter().position(|byte| *byte == b':' || !is_key(*byte))?;
    let ends = bytes.get(end) == Some(&b':') && matches!(bytes.get(end + 1), None | Some(b' '));
    line.get(..end).filter(|_| ends && end <= MAX_KEY)
}

fn is_key(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'/' | b'-')
}

/// What a plain text here may begin with: nothing that is or may become a sign of YAML's own.
fn is_first(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'/')
}

/// The value of a key that stands alone on its line, in a mapping at `column`.
fn value_below(cursor: &mut Cursor<'_>, column: usize, depth: usize) -> Option<NodeId> {
    cursor.next_line();
    if cursor.at_end() || cursor.column() < column {
        return None;
    }
    if cursor.column() > column {
        return collection(cursor, depth + 1);
    }
    if is_dash(cursor) { sequence(cursor, depth + 1, true) } else { None }
}

/// The value on the rest of this line, after which the next begins.
fn value_beside(cursor: &mut Cursor<'_>) -> Option<NodeId> {
    let mark = cursor.mark();
    let node = match cursor.peek()? {
        b'"' | b'\'' => flow::quoted(cursor, mark)?,
        b'{' | b'[' => flow::collection(cursor, 0, false)?,
        _ => {
            let text = plain(cursor.line())?;
            cursor.skip(text.len());
            cursor.scalar(mark, Cow::Borrowed(text), true)?
        }
    };
    cursor.line_ends().then_some(())?;
    cursor.next_line();
    Some(node)
}

/// The plain text that `line` is, unless it has a sign of YAML's own.
fn plain(line: &str) -> Option<&str> {
    let text = line.trim_end_matches(' ');
    let bytes = text.as_bytes();
    let first = bytes.first()?;
    let minus = *first == b'-' && bytes.get(1).is_some_and(u8::is_ascii_digit);
    let sign = bytes.windows(2).any(|pair| matches!(pair, b": " | b" #"));
    (!sign && (minus || is_first(*first)) && bytes.last() != Some(&b':')).then_some(text)
}
