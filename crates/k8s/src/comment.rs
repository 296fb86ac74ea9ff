//! Comments of manifests: those that begin with some words, each with the lines that it is about.
//!
//! Whether a `#` begins a comment only a parser can say: it may stand in quotes, or in a block of text. So the parser
//! says where the values are, and a `#` outside of them, behind a space or at the start of a line, begins one.

use granit_parser::{Event, Parser};
use sekisho_core::object::{Origin, Span};
use std::{
    ops::{Range, RangeInclusive},
    sync::Arc,
};

/// A comment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Comment {
    /// Its text, from its `#` to the end of the line.
    pub text: String,
    /// Where it stands.
    pub origin: Origin,
    /// The lines that it is about: its own; alone on a line, the next one too; before anything else of a document, all
    /// of that.
    pub lines: RangeInclusive<u32>,
}

/// The comments of `text`, called `name`, of which `is_wanted` says yes to what follows their `#`. Where a document is
/// broken, what comes after its mistake is taken for free of quotes.
#[must_use]
pub fn comments(name: &Arc<str>, text: &str, is_wanted: impl Fn(&str) -> bool) -> Vec<Comment> {
    let lines = lines(text);
    let is_candidate =
        |line: &Line<'_>| line.signs().any(|at| is_wanted(line.text.get(at + 1..).unwrap_or_default()));
    if !lines.iter().any(is_candidate) {
        return Vec::new();
    }
    let values = values(text);
    let sign = |line: &Line<'_>| line.signs().find(|at| !is_within(&values, line.start + at));
    let signs: Vec<Option<usize>> = lines.iter().map(sign).collect();
    let documents = documents(&lines, &signs);
    let comment = |(at, line): (usize, &Line<'_>)| {
        let sign = signs.get(at).copied().flatten()?;
        let comment = line.text.get(sign..)?.trim_end();
        if !is_wanted(comment.get(1..)?) {
            return None;
        }
        let start = line.start + sign;
        let column = narrow(line.text.get(..sign)?.chars().count()) + 1;
        let span = Span { line: number(at), column, start, end: start + comment.len() };
        let last = documents.iter().find(|document| document.heads(at)).map(|document| document.last);
        let last = last.or_else(|| line.is_alone(sign).then(|| next(&lines, &signs, at))).unwrap_or(at);
        let origin = Origin { source: Arc::clone(name), span };
        Some(Comment { text: comment.to_owned(), origin, lines: number(at)..=number(last) })
    };
    lines.iter().enumerate().filter_map(comment).collect()
}

/// A line, without its end.
struct Line<'t> {
    start: usize,
    text: &'t str,
}

impl Line<'_> {
    /// Where a comment could begin.
    fn signs(&self) -> impl Iterator<Item = usize> + '_ {
        let before = |at: usize| self.text.get(..at).unwrap_or_default();
        self.text
            .match_indices('#')
            .map(|(at, _)| at)
            .filter(move |at| before(*at).is_empty() || before(*at).ends_with([' ', '\t']))
    }

    /// Whether nothing but the dash of a list stands before `sign`.
    fn is_alone(&self, sign: usize) -> bool {
        self.text.get(..sign).is_some_and(|before| before.trim_matches([' ', '\t', '-']).is_empty())
    }

    fn separates(&self) -> bool {
        self.text == "---" || self.text.starts_with("--- ") || self.text.starts_with("...")
    }
}

fn lines(text: &str) -> Vec<Line<'_>> {
    let mut start = 0;
    text.split_inclusive('\n')
        .map(|whole| {
            let line = Line { start, text: whole.trim_end_matches(['\n', '\r']) };
            start += whole.len();
            line
        })
        .collect()
}

/// The lines of a document, by index.
struct Document {
    /// Its first line.
    first: usize,
    /// The line where what it says begins.
    content: usize,
    /// Its last line.
    last: usize,
}

impl Document {
    /// Whether a comment on this line stands before everything else of it.
    fn heads(&self, line: usize) -> bool {
        (self.first..self.content).contains(&line)
    }
}

/// The documents that say something. What stands between two of them is of the second.
fn documents(lines: &[Line<'_>], signs: &[Option<usize>]) -> Vec<Document> {
    let mut documents: Vec<Document> = Vec::new();
    let (mut first, mut open) = (0, false);
    for (at, line) in lines.iter().enumerate() {
        let sign = signs.get(at).copied().flatten();
        let said = line.text.get(..sign.unwrap_or(line.text.len())).unwrap_or_default();
        if line.separates() {
            if open {
                first = at;
            }
            open = false;
            let inline = said.trim_start_matches("---").trim();
            if inline.is_empty() || line.text.starts_with("...") {
                continue;
            }
        }
        if said.trim().is_empty() || said.starts_with('%') {
            continue;
        }
        match documents.last_mut().filter(|_| open) {
            Some(document) => document.last = at,
            None => documents.push(Document { first, content: at, last: at }),
        }
        open = true;
    }
    documents
}

/// The line that a comment alone on its line is about: the next, behind comments that follow.
fn next(lines: &[Line<'_>], signs: &[Option<usize>], at: usize) -> usize {
    let is_comment = |index: usize| {
        let sign = signs.get(index).copied().flatten();
        sign.zip(lines.get(index)).is_some_and(|(sign, line)| line.is_alone(sign))
    };
    (at + 1..lines.len()).find(|index| !is_comment(*index)).unwrap_or(at)
}

/// Where values are written, in order.
fn values(text: &str) -> Vec<Range<usize>> {
    let mut values: Vec<Range<usize>> = Vec::new();
    let mut parser = Parser::new_from_str(text);
    while let Some(event) = parser.next_event() {
        match event {
            Ok((Event::StreamEnd, _)) => break,
            Ok((Event::Scalar(..), span)) => {
                let (start, end) = (span.start.byte_offset(), span.end.byte_offset());
                values.extend(start.zip(end).map(|(start, end)| start..end));
            }
            Ok(_) => {}
            Err(_) => match parser.proceed_next_document() {
                Ok(true) => {}
                _ => break,
            },
        }
    }
    values
}

fn is_within(values: &[Range<usize>], offset: usize) -> bool {
    let after = values.partition_point(|value| value.start <= offset);
    after.checked_sub(1).and_then(|at| values.get(at)).is_some_and(|value| value.contains(&offset))
}

fn narrow(value: usize) -> u32 {
    u32::try_from(value).unwrap_or(u32::MAX)
}

/// The number of a line, from 1.
fn number(index: usize) -> u32 {
    narrow(index).saturating_add(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The lines of `!` comments, and what they are about.
    fn found(text: &str) -> Vec<(u32, RangeInclusive<u32>)> {
        let comments = comments(&"a.yaml".into(), text, |comment| comment.trim_start().starts_with('!'));
        for comment in &comments {
            let span = comment.origin.span;
            assert_eq!(&text[span.start..span.end], comment.text);
            assert!(comment.text.starts_with('#'));
        }
        comments.into_iter().map(|comment| (comment.origin.span.line, comment.lines)).collect()
    }

    #[test]
    fn beside_and_above() {
        assert_eq!(found("a: 1\nb: 2 # ! x\nc: 3\n"), [(2, 2..=2)]);
        assert_eq!(found("a: 1\n# ! x\nb: 2\n"), [(2, 2..=3)]);
        assert_eq!(found("a: 1\n# ! x\n# ! y\n# z\nb: 2\n"), [(2, 2..=5), (3, 3..=5)]);
        assert_eq!(found("a: 1\n# ! x\n\nb: 2\n"), [(2, 2..=3)]);
        assert_eq!(found("a:\n  - # ! x\n    b: 2\n"), [(2, 2..=3)]);
        assert_eq!(found("a: 1\n# ! x"), [(2, 2..=2)]);
    }

    #[test]
    fn at_the_head_of_a_document() {
        let text = "# ! a\n\na: 1\nb: 2\n---\n# ! b\na: 1\nb: 2\n# ! c\nc: 3\n--- # ! d\na: 1\n";
        assert_eq!(found(text), [(1, 1..=4), (6, 6..=10), (9, 9..=10), (11, 11..=12)]);
        assert_eq!(found("# ! a\n---\n# b\n---\na: 1\n"), [(1, 1..=5)]);
        assert_eq!(found("%YAML 1.2\n# ! a\n---\na: 1\n"), [(2, 2..=4)]);
        assert_eq!(found("a: 1\n...\n# ! a\n---\nb: 1\n"), [(3, 3..=5)]);
    }

    #[test]
    fn what_is_in_a_text_is_no_comment() {
        for text in [
            "a: \"x # ! y\"\n",
            "a: 'x # ! y'\n",
            "a: \"x\n  # ! y\"\n",
            "a: |\n  x\n  # ! y\nb: 1\n",
            "a: >-\n  # ! y\n  x\n",
            "- |\n # ! y\n",
            "a: x#! y\n",
            "{\"a\": \"# ! y\", \"b\": [\" # ! z\"]}\n",
            "a: {b: ' # ! x', c: \"# ! y\"}\n",
        ] {
            assert_eq!(found(text), [], "{text}");
        }
    }

    #[test]
    fn what_follows_a_text_is() {
        assert_eq!(found("a: \"x # ! y\" # ! z\n"), [(1, 1..=1)]);
        assert_eq!(found("a: |\n  x\n# ! y\nb: 1\n"), [(3, 3..=4)]);
        assert_eq!(found("a:\n  b: |\n    x\n\n  # ! y\n  c: 1\n"), [(5, 5..=6)]);
        assert_eq!(found("a: | # ! x\n  y\n"), [(1, 1..=1)]);
        assert_eq!(found("a: [1, # ! x\n  2]\n"), [(1, 1..=1)]);
        assert_eq!(found("b: plain\n  more # ! x\n"), [(2, 2..=2)]);
        assert_eq!(found("\u{e9}: \"\u{e9}\" # ! x\r\n"), [(1, 1..=1)]);
    }

    #[test]
    fn a_broken_document_does_not_hide_the_next() {
        assert_eq!(found("a: [\n---\nb: \"# ! y\"\nc: 1 # ! x\n"), [(4, 4..=4)]);
    }
}
