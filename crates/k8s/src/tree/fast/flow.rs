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
            let line = cursor.line();
            let end = line.bytes().position(|byte| !is_plain(byte)).unwrap_or(line.len());
            let text = line.get(..end)?;
            text.as_bytes().first().filter(|first| **first != b'-' || is_number(text))?;
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
    let line = cursor.line();
    let (text, end) = if quote == b'"' { double(line)? } else { single(line)? };
    cursor.skip(end + 1);
    cursor.scalar(mark, text, false)
}

fn single(line: &str) -> Option<(Cow<'_, str>, usize)> {
    let end = line.find('\'')?;
    // Two of them are one that belongs to the text.
    (line.as_bytes().get(end + 1) != Some(&b'\'')).then_some(())?;
    Some((Cow::Borrowed(line.get(..end)?), end))
}

fn double(line: &str) -> Option<(Cow<'_, str>, usize)> {
    let end = line.find(['"', '\\'])?;
    if line.as_bytes().get(end) == Some(&b'"') {
        return Some((Cow::Borrowed(line.get(..end)?), end));
    }
    let (mut text, mut at) = (String::new(), 0);
    loop {
        let rest = line.get(at..)?;
        let stop = rest.find(['"', '\\'])?;
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
