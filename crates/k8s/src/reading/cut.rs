//! Cutting a text where documents begin, so that its parts can be read apart.
//!
//! A line that begins with `---` starts a document wherever it stands: YAML allows it neither in quotes
//! nor in a block of text, and the parser complains of what is cut off.

use crate::tree::fast::Start;

/// A stretch of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stretch<'t> {
    pub(super) text: &'t str,
    pub(super) start: Start,
}

/// The parts of `text`, whole documents of at least `size` bytes together; none where what comes before
/// a document may matter to it.
pub(super) fn parts(text: &str, size: usize) -> Option<Vec<Stretch<'_>>> {
    // Directives belong to the next document and `...` ends one; other line ends than these and a byte
    // order mark are for the parser.
    let unusual = ["\r", "\u{feff}", "\n%", "\n..."].iter().any(|sign| text.contains(sign));
    if unusual || text.starts_with(['%', '.']) || u32::try_from(text.len()).is_err() {
        return None;
    }
    Some(cut(Stretch { text, start: Start::default() }, size))
}

/// The documents of `part`.
pub(super) fn documents(part: Stretch<'_>) -> Vec<Stretch<'_>> {
    cut(part, 0)
}

fn cut(whole: Stretch<'_>, size: usize) -> Vec<Stretch<'_>> {
    let (mut stretches, mut rest) = (Vec::new(), whole);
    while let Some(at) = boundary(rest.text, size) {
        let (text, after) = rest.text.split_at(at);
        let lines = text.bytes().filter(|byte| *byte == b'\n').count();
        stretches.push(Stretch { text, start: rest.start });
        // Within a text of less than 4 GiB nothing is lost by narrowing.
        let start = Start {
            offset: rest.start.offset.saturating_add(u32::try_from(at).unwrap_or(u32::MAX)),
            lines: rest.start.lines.saturating_add(u32::try_from(lines).unwrap_or(u32::MAX)),
            column: 0,
        };
        rest = Stretch { text: after, start };
    }
    stretches.push(rest);
    stretches
}

/// Where in `text`, after `size` bytes, the first document begins that is not at its beginning.
fn boundary(text: &str, size: usize) -> Option<usize> {
    let mut from = (0..=size.min(text.len())).rev().find(|at| text.is_char_boundary(*at))?;
    loop {
        let at = from + text.get(from..)?.find("\n---")? + 1;
        if matches!(text.as_bytes().get(at + 3), None | Some(b' ' | b'\t' | b'\n')) {
            return Some(at);
        }
        from = at;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(text: &str, size: usize) -> Option<Vec<&str>> {
        Some(parts(text, size)?.into_iter().map(|part| part.text).collect())
    }

    #[test]
    fn documents_begin_at_three_dashes() {
        let text = "a: b\n---\nc: d\n--- e\n---f\n ---\n----\n---";
        assert_eq!(texts(text, 0).unwrap(), ["a: b\n", "---\nc: d\n", "--- e\n---f\n ---\n----\n", "---"]);
        assert_eq!(texts(text, 8).unwrap(), ["a: b\n---\nc: d\n", "--- e\n---f\n ---\n----\n", "---"]);
        assert_eq!(texts("", 0).unwrap(), [""]);
        let starts: Vec<Start> = parts(text, 0).unwrap().into_iter().map(|part| part.start).collect();
        assert_eq!(starts[1], Start { offset: 5, lines: 1, column: 0 });
        assert_eq!(starts[3], Start { offset: 35, lines: 7, column: 0 });
    }

    #[test]
    fn what_reaches_over_documents_is_not_cut() {
        for text in
            ["%YAML 1.2\n---\na: b", "a: b\n...\n---\n", "a\r---\n", "\u{feff}a", "a\n%TAG ! !\n---\n"]
        {
            assert_eq!(texts(text, 0), None);
        }
    }
}
