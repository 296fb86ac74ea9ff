//! JSON, and the part of YAML's flow style that is nearly JSON.

use super::{
    MAX_DEPTH, MAX_KEY,
    cursor::{Cursor, Mark},
};
use crate::tree::NodeId;
use std::borrow::Cow;

/// The mapping or list that begins here. `lines` says whether it may go on over several lines.
pub(super) fn collection(cursor: &mut Cursor<'_>, depth: usize, lines: bool) -> Option<NodeId> {
    if depth > MAX_DEPTH {
        return None;
    }
    let mapping = cursor.peek()? == b'{';
    let close = if mapping { b'}' } else { b']' };
    let open = cursor.open(cursor.mark());
    cursor.skip(1);
    blank(cursor, lines);
    if cursor.peek()? != close {
        loop {
            if mapping {
                key(cursor)?;
                blank(cursor, lines);
            }
            value(cursor, depth, lines)?;
            blank(cursor, lines);
            match cursor.peek()? {
                b',' => cursor.skip(1),
                byte if byte == close => break,
                _ => return None,
            }
            blank(cursor, lines);
        }
    }
    cursor.skip(1);
    cursor.close_flow(open, mapping)
}

pub(super) fn blank(cursor: &mut Cursor<'_>, lines: bool) {
    if lines {
        cursor.blank();
    } else {
        cursor.spaces();
    }
}

/// A key and its colon. One without quotes is followed by a space, or the colon belongs to it.
pub(super) fn key(cursor: &mut Cursor<'_>) -> Option<()> {
    let mark = cursor.mark();
    let before = cursor.column();
    let quoted = matches!(cursor.peek()?, b'"' | b'\'');
    scalar(cursor, mark)?;
    if cursor.column() - before > MAX_KEY || cursor.peek()? != b':' {
        return None;
    }
    cursor.skip(1);
    (quoted || matches!(cursor.peek()?, b' ' | b'\n')).then_some(())
}

pub(super) fn value(cursor: &mut Cursor<'_>, depth: usize, lines: bool) -> Option<NodeId> {
    match cursor.peek()? {
        b'{' | b'[' => collection(cursor, depth + 1, lines),
        _ => scalar(cursor, cursor.mark()),
    }
}

fn scalar(cursor: &mut Cursor<'_>, mark: Mark) -> Option<NodeId> {
    match cursor.peek()? {
        b'"' | b'\'' => quoted(cursor, mark),
        _ => {
            let rest = cursor.text_left();
            let end = rest.bytes().position(|byte| !is_plain(byte)).unwrap_or(rest.len());
            let text = rest.get(..end)?;
            text.as_bytes().first().filter(|first| **first != b'-' || is_number(text))?;
            // At the beginning of a line it ends the document.
            (text != "...").then_some(())?;
            cursor.skip(end);
            cursor.scalar(mark, Cow::Borrowed(text), true)
        }
    }
}

fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'/' | b'+' | b'-')
}

fn is_number(text: &str) -> bool {
    text.as_bytes().get(1).is_some_and(u8::is_ascii_digit)
}

/// A text in quotes, on one line.
pub(super) fn quoted<'a>(cursor: &mut Cursor<'a>, mark: Mark) -> Option<NodeId> {
    let quote = cursor.peek()?;
    cursor.skip(1);
    let rest = cursor.text_left();
    let (text, end) = if quote == b'"' { double(rest)? } else { single(rest)? };
    cursor.skip(end + 1);
    cursor.scalar(mark, text, false)
}

/// The first byte of `text` that is one of `signs`; `None` where the line ends before it. A whole
/// list may stand on one line, so it is not looked at further than that.
fn first_of(text: &str, signs: &[u8]) -> Option<usize> {
    let at = text.bytes().position(|byte| byte == b'\n' || signs.contains(&byte))?;
    (text.as_bytes().get(at) != Some(&b'\n')).then_some(at)
}

fn single(rest: &str) -> Option<(Cow<'_, str>, usize)> {
    let end = first_of(rest, b"'")?;
    // Two of them are one that belongs to the text.
    (rest.as_bytes().get(end + 1) != Some(&b'\'')).then_some(())?;
    Some((Cow::Borrowed(rest.get(..end)?), end))
}

fn double(text_left: &str) -> Option<(Cow<'_, str>, usize)> {
    let end = first_of(text_left, b"\"\\")?;
    if text_left.as_bytes().get(end) == Some(&b'"') {
        return Some((Cow::Borrowed(text_left.get(..end)?), end));
    }
    let (mut text, mut at) = (String::new(), 0);
    loop {
        let rest = text_left.get(at..)?;
        let stop = first_of(rest, b"\"\\")?;
        text.push_str(rest.get(..stop)?);
        let bytes = rest.as_bytes();
        if bytes.get(stop) == Some(&b'"') {
            return Some((Cow::Owned(text), at + stop));
        }
        text.push(match bytes.get(stop + 1)? {
            b'n' => '\n',
            b't' => '\t',
            byte @ (b'"' | b'\\' | b'/') => char::from(*byte),
            _ => return None,
        });
        at += stop + 2;
    }
}
