//! Taking a whole document out of a text.

use super::{Found, list::Piece};

/// The document goes with the comments right above it and the line that separates it from what is before, or else
/// from the next. Comments above a blank line are of the file: a licence, or the title of what follows.
pub(super) fn remove(found: &Found<'_>) -> Piece {
    let (own, end) = (found.line(found.start(found.node)), found.line_end(found.end(found.node)));
    // What begins behind its own separator has nothing above that is its.
    if is_separated(line(found, own)) {
        return (own..end, String::new());
    }
    let start = above(found, own, |line| line.trim_start().starts_with('#'));
    let blank = above(found, start, |line| line.trim().is_empty());
    match before(found, blank) {
        // It may have a comment, which is of what it begins.
        Some((separator, line)) if is_separator(line) => return (separator..end, String::new()),
        // At the head of a text blank lines are of nothing.
        None => return (blank..behind(found, end), String::new()),
        Some(_) => {}
    }
    (start..behind(found, end), String::new())
}

/// The start of the lines above `start` that are all so.
fn above(found: &Found<'_>, mut start: usize, is_so: impl Fn(&str) -> bool) -> usize {
    while let Some((at, _)) = before(found, start).filter(|(_, line)| is_so(line)) {
        start = at;
    }
    start
}

/// The line before the one that starts at `start`, and where it starts.
fn before<'f>(found: &Found<'f>, start: usize) -> Option<(usize, &'f str)> {
    let at = found.line(start.checked_sub(1)?);
    Some((at, found.text.get(at..start)?))
}

/// The line that starts at `start`.
fn line<'f>(found: &Found<'f>, start: usize) -> &'f str {
    found.text.get(start..).and_then(|rest| rest.split_inclusive('\n').next()).unwrap_or_default()
}

/// The end of the line at `end` that separates the next document and says nothing of it, or `end`.
fn behind(found: &Found<'_>, end: usize) -> usize {
    let next = line(found, end);
    if next.trim_end() == "---" { end + next.len() } else { end }
}

/// Whether a line begins a document, and may have its first words.
fn is_separated(line: &str) -> bool {
    line.strip_prefix("---").is_some_and(|rest| rest.is_empty() || rest.starts_with(char::is_whitespace))
}

/// Whether a line does nothing but begin a document.
fn is_separator(line: &str) -> bool {
    let rest = line.strip_prefix("---").filter(|_| is_separated(line)).map(str::trim_start);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('#'))
}
