//! The objects of an array, one after another, without reading it whole.

use crate::text::{Line, MOST_LINE};
use std::io::{self, BufRead};

/// The objects at the top of a stream of JSON: of an array, or beside each other.
#[derive(Debug)]
pub(super) struct Objects<R> {
    from: R,
    buffer: Vec<u8>,
    line: u64,
    /// How many bytes of the line were taken already.
    column: usize,
    /// The column at which the last object began, from 1.
    begun_at: usize,
}

/// Where in an object one is.
#[derive(Default)]
struct State {
    depth: usize,
    in_text: bool,
    escaped: bool,
    /// Whether it is none: it ends with its line, or before the next.
    is_other: bool,
}

impl State {
    /// Takes in `byte`, and says whether it ends the object.
    fn take(&mut self, byte: u8) -> bool {
        if self.is_other {
            return byte == b'\n';
        }
        if self.in_text {
            match byte {
                _ if self.escaped => self.escaped = false,
                b'\\' => self.escaped = true,
                b'"' => self.in_text = false,
                _ => {}
            }
            return false;
        }
        match byte {
            b'"' => self.in_text = true,
            b'{' | b'[' => self.depth += 1,
            b'}' | b']' => self.depth = self.depth.saturating_sub(1),
            _ => {}
        }
        self.depth == 0
    }
}

impl<R: BufRead> Objects<R> {
    pub(super) fn new(from: R) -> Self {
        Self { from, buffer: Vec::new(), line: 1, column: 0, begun_at: 1 }
    }

    /// The column at which the last object began, from 1.
    pub(super) fn begun_at(&self) -> usize {
        self.begun_at
    }

    /// The next object, and the line in which it begins. An object that is not closed comes as it is: whoever
    /// reads it says what is wrong.
    pub(super) fn next_object(&mut self) -> io::Result<Option<(u64, Line<'_>)>> {
        self.buffer.clear();
        let mut state = State::default();
        let mut begun = None;
        let mut too_long = false;
        'stream: loop {
            let chunk = match self.from.fill_buf() {
                Ok(chunk) => chunk,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            if chunk.is_empty() {
                break;
            }
            let mut used = 0;
            for byte in chunk.iter().copied() {
                if state.is_other && byte == b'{' {
                    self.from.consume(used);
                    break 'stream;
                }
                used += 1;
                self.column += 1;
                if byte == b'\n' {
                    self.line += 1;
                    self.column = 0;
                }
                if begun.is_none() {
                    // Between objects stand brackets, commas and space. Anything else is handed on as it is.
                    if byte.is_ascii_whitespace() || matches!(byte, b'[' | b']' | b',') {
                        continue;
                    }
                    begun = Some(self.line);
                    self.begun_at = self.column;
                    state.is_other = byte != b'{';
                }
                too_long |= self.buffer.len() >= MOST_LINE;
                if !too_long {
                    self.buffer.push(byte);
                }
                if state.take(byte) {
                    self.from.consume(used);
                    break 'stream;
                }
            }
            self.from.consume(used);
        }
        let text = if too_long { Line::TooLong } else { Line::Text(&self.buffer) };
        Ok(begun.map(|line| (line, text)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::BufReader;

    fn objects(text: &str) -> Vec<(u64, String)> {
        let mut objects = Objects::new(BufReader::with_capacity(3, text.as_bytes()));
        let mut found = Vec::new();
        while let Some((line, text)) = objects.next_object().unwrap() {
            let text = match text {
                Line::Text(text) => String::from_utf8(text.to_vec()).unwrap(),
                Line::TooLong => "too long".to_owned(),
            };
            found.push((line, text));
        }
        found
    }

    #[test]
    fn an_array_falls_into_its_objects() {
        let text = "[\n  {\"a\": [1, {}]},\n  {\n\"b\": \"}\\\"]\"\n}\n, {}]\n";
        let found = [(2, "{\"a\": [1, {}]}"), (3, "{\n\"b\": \"}\\\"]\"\n}"), (6, "{}")];
        assert_eq!(objects(text), found.map(|(line, text)| (line, text.to_owned())));
        assert_eq!(objects("[]"), []);
        assert_eq!(objects("[{\"a\":"), [(1, "{\"a\":".to_owned())]);
        let found = [(1, "{}"), (1, "x, y"), (1, "{}"), (1, "z\n"), (2, "{}")];
        assert_eq!(objects("[{} x, y{} z\n{}]"), found.map(|(line, text)| (line, text.to_owned())));
    }

    #[test]
    fn an_object_that_is_too_long_is_passed_over() {
        let text = format!("[{{\"a\":\"{}\"}},\n{{}}]", "x".repeat(MOST_LINE));
        assert_eq!(objects(&text), [(1, "too long".to_owned()), (2, "{}".to_owned())]);
    }
}
