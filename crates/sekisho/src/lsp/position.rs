//! Places in a text as editors count them: lines from 0, columns in UTF-16 or in bytes.

use lsp_types::{Position, PositionEncodingKind, Range};

/// How columns are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Encoding {
    /// In bytes.
    Utf8,
    /// In units of UTF-16.
    Utf16,
}

impl Encoding {
    /// Its name in the protocol.
    pub(super) fn kind(self) -> PositionEncodingKind {
        match self {
            Self::Utf8 => PositionEncodingKind::UTF8,
            Self::Utf16 => PositionEncodingKind::UTF16,
        }
    }

    fn width(self, letter: char) -> usize {
        match self {
            Self::Utf8 => letter.len_utf8(),
            Self::Utf16 => letter.len_utf16(),
        }
    }
}

fn narrow(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

/// The place of an offset.
pub(super) fn position(text: &str, offset: usize, encoding: Encoding) -> Position {
    let mut offset = offset.min(text.len());
    while !text.is_char_boundary(offset) {
        offset -= 1;
    }
    let before = text.get(..offset).unwrap_or_default();
    let line = before.rsplit('\n').next().unwrap_or_default();
    let column = line.chars().map(|letter| encoding.width(letter)).sum();
    Position { line: narrow(before.matches('\n').count()), character: narrow(column) }
}

/// The offset of a place; of one behind the end of its line, that end.
pub(super) fn offset(text: &str, position: Position, encoding: Encoding) -> usize {
    let mut start = 0;
    for (at, line) in text.split_inclusive('\n').enumerate() {
        if narrow(at) == position.line {
            let mut column = 0;
            let content = line.trim_end_matches(['\n', '\r']);
            for (place, letter) in content.char_indices() {
                if column >= position.character as usize {
                    return start + place;
                }
                column += encoding.width(letter);
            }
            return start + content.len();
        }
        start += line.len();
    }
    text.len()
}

/// The places of a stretch.
pub(super) fn range(text: &str, start: usize, end: usize, encoding: Encoding) -> Range {
    Range { start: position(text, start, encoding), end: position(text, end.max(start), encoding) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_and_back() {
        let text = "a: 関所\n# 🏯 gate\r\nlast";
        for encoding in [Encoding::Utf8, Encoding::Utf16] {
            let offsets = text.char_indices().filter(|(_, letter)| *letter != '\r' && *letter != '\n');
            for (at, _) in offsets.chain([(text.len(), ' ')]) {
                assert_eq!(offset(text, position(text, at, encoding), encoding), at, "{encoding:?} {at}");
            }
        }
        let gate = text.find("gate").unwrap();
        assert_eq!(position(text, gate, Encoding::Utf16), Position { line: 1, character: 5 });
        assert_eq!(position(text, gate, Encoding::Utf8), Position { line: 1, character: 7 });
        assert_eq!(
            offset(text, Position { line: 1, character: 99 }, Encoding::Utf16),
            text.find('\r').unwrap()
        );
        assert_eq!(offset(text, Position { line: 9, character: 0 }, Encoding::Utf16), text.len());
    }
}
