//! Texts by name, and places in them.

use crate::tree::Place;
use sekisho_core::object::{Origin, Span};
use std::sync::Arc;

/// A text and its name.
#[derive(Clone, Debug)]
pub(crate) struct Text {
    pub(crate) name: Arc<str>,
    pub(crate) text: Arc<str>,
}

impl Text {
    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }

    pub(crate) fn origin(&self, place: Place) -> Origin {
        Origin { source: Arc::clone(&self.name), span: Span::from(place) }
    }

    /// The place of a line and column, both from 1.
    pub(crate) fn place_of_line(&self, line: u32, column: u32) -> Place {
        let mut start = 0usize;
        for (number, content) in (1u32..).zip(self.text.split_inclusive('\n')) {
            if number == line {
                let skip = column.saturating_sub(1) as usize;
                start += content.char_indices().nth(skip).map_or(content.len(), |(offset, _)| offset);
                break;
            }
            start += content.len();
        }
        let start = u32::try_from(start).unwrap_or(u32::MAX);
        Place::new(start, start, line, column)
    }
}

/// The bytes as text, without a byte order mark. Of what is no UTF-8, the position as an origin.
pub(crate) fn decode(name: &Arc<str>, bytes: &[u8]) -> Result<Text, (Text, Origin)> {
    let text = |text: &str| Text { name: Arc::clone(name), text: text.into() };
    match std::str::from_utf8(bytes) {
        Ok(valid) => Ok(text(valid.strip_prefix('\u{feff}').unwrap_or(valid))),
        Err(error) => {
            let before = bytes.get(..error.valid_up_to()).unwrap_or_default();
            let before = String::from_utf8_lossy(before);
            let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
            let narrow = |value: usize| u32::try_from(value).unwrap_or(u32::MAX);
            let line = narrow(before.matches('\n').count().saturating_add(1));
            let column = before.get(line_start..).unwrap_or_default().chars().count().saturating_add(1);
            let span = Span { line, column: narrow(column), start: before.len(), end: before.len() };
            let lossy = String::from_utf8_lossy(bytes);
            Err((text(&lossy), Origin { source: Arc::clone(name), span }))
        }
    }
}
