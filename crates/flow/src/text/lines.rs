//! Lines of a stream, none of them longer than memory allows.

use std::io::{self, BufRead};

/// The longest line that is read, in bytes. The longest record of a real cluster has some kilobytes: two
/// pods with the 63-byte labels that Kubernetes allows, and what isolates them.
pub const MOST_LINE: usize = 1 << 20;

/// One line.
#[derive(Debug, PartialEq, Eq)]
pub enum Line<'a> {
    /// Its text, without what ends it.
    Text(&'a [u8]),
    /// It is longer than is read. What follows it is read as ever.
    TooLong,
}

/// The lines of a stream.
#[derive(Debug)]
pub struct Lines<R> {
    from: R,
    buffer: Vec<u8>,
    number: u64,
    most: usize,
}

impl<R: BufRead> Lines<R> {
    /// The lines of `from`, up to [`MOST_LINE`] bytes each.
    pub fn new(from: R) -> Self {
        Self::with_limit(from, MOST_LINE)
    }

    /// The lines of `from`, up to `most` bytes each.
    pub fn with_limit(from: R, most: usize) -> Self {
        Self { from, buffer: Vec::new(), number: 0, most }
    }

    /// The next line and its number, from 1; `None` behind the last.
    ///
    /// # Errors
    /// When the stream cannot be read.
    pub fn next_line(&mut self) -> io::Result<Option<(u64, Line<'_>)>> {
        self.buffer.clear();
        let mut too_long = false;
        let mut any = false;
        loop {
            let chunk = match self.from.fill_buf() {
                Ok(chunk) => chunk,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            if chunk.is_empty() {
                break;
            }
            any = true;
            let end = chunk.iter().position(|byte| *byte == b'\n');
            let part = chunk.get(..end.unwrap_or(chunk.len())).unwrap_or_default();
            too_long |= self.buffer.len().saturating_add(part.len()) > self.most;
            if !too_long {
                self.buffer.extend_from_slice(part);
            }
            let used = end.map_or(chunk.len(), |end| end + 1);
            self.from.consume(used);
            if end.is_some() {
                break;
            }
        }
        if !any {
            return Ok(None);
        }
        self.number += 1;
        if too_long {
            return Ok(Some((self.number, Line::TooLong)));
        }
        let text = self.buffer.strip_suffix(b"\r").unwrap_or(&self.buffer);
        Ok(Some((self.number, Line::Text(text))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::BufReader;

    fn read(text: &str, most: usize) -> Vec<(u64, Option<String>)> {
        // A small buffer, so that lines lie in several.
        let mut lines = Lines::with_limit(BufReader::with_capacity(3, text.as_bytes()), most);
        let mut found = Vec::new();
        while let Some((number, line)) = lines.next_line().unwrap() {
            let text = match line {
                Line::Text(text) => Some(String::from_utf8(text.to_vec()).unwrap()),
                Line::TooLong => None,
            };
            found.push((number, text));
        }
        found
    }

    #[test]
    fn lines_are_counted_and_long_ones_are_passed_over() {
        let text = |text: &str| Some(text.to_owned());
        assert_eq!(read("", 5), []);
        assert_eq!(read("\n", 5), [(1, text(""))]);
        assert_eq!(
            read("a\r\n\nbcdef\nabcdef\nlast", 5),
            [(1, text("a")), (2, text("")), (3, text("bcdef")), (4, None), (5, text("last"))]
        );
        assert_eq!(read("too long and the last", 5), [(1, None)]);
    }

    #[test]
    fn a_long_line_is_not_kept() {
        let endless = std::io::repeat(b'x');
        let text = std::io::Read::take(endless, 10_000_000);
        let mut lines = Lines::with_limit(BufReader::new(text), 100);
        assert_eq!(lines.next_line().unwrap(), Some((1, Line::TooLong)));
        assert!(lines.buffer.capacity() <= 20_000, "{}", lines.buffer.capacity());
        assert_eq!(lines.next_line().unwrap(), None);
    }
}
