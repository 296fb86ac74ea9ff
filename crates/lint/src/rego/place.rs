//! What regorus says, with its place.
//!
//! Its errors are texts: an arrow with `file:line:column`, an excerpt, and the message.

use super::join::Joined;
use sekisho_core::{
    diagnostic::{Diagnostic, Severity},
    object::{Origin, Span},
};
use std::{collections::BTreeMap, sync::Arc};

/// How many columns regorus counts for a tab.
const TAB: u32 = 4;

/// The finding that an error of regorus is. Where it tells no place, it is about `origin`.
pub(super) fn diagnostic(
    error: &str,
    code: &'static str,
    origin: &Origin,
    (sources, joined): (&BTreeMap<Arc<str>, Arc<str>>, &Joined),
) -> Diagnostic {
    let origin = told(error, sources, joined).unwrap_or_else(|| origin.clone());
    Diagnostic::new(Severity::Error, code, message(error), origin)
}

/// The message, without the excerpt, which we draw ourselves.
pub(super) fn message(error: &str) -> String {
    if error.contains("exceeded time limit") {
        return "it takes too long".to_owned();
    }
    let after = error.split_once("\nerror: ").map_or(error, |(_, after)| after);
    let first = after.lines().find(|line| !line.trim().is_empty()).unwrap_or(after);
    let first = first.trim().trim_end_matches(['.', ':']);
    let mut letters = first.chars();
    match letters.next() {
        Some(letter) => letter.to_lowercase().chain(letters).collect(),
        None => "regorus says nothing".to_owned(),
    }
}

/// The first place that an error tells.
fn told(error: &str, sources: &BTreeMap<Arc<str>, Arc<str>>, joined: &Joined) -> Option<Origin> {
    let (_, after) = error.split_once("--> ")?;
    let mut parts = after.lines().next()?.rsplitn(3, ':');
    let column: u32 = parts.next()?.trim().parse().ok()?;
    let line: u32 = parts.next()?.parse().ok()?;
    let name = parts.next()?;
    let (name, line) = joined.line(name, line).map_or((name, line), |(name, line)| (&**name, line));
    let (name, text) = sources.get_key_value(name)?;
    Some(at(name, text, line, column))
}

/// The place at a line and a column as regorus counts them, to the end of what stands there.
fn at(name: &Arc<str>, text: &str, line: u32, column: u32) -> Origin {
    let before: usize = text.split_inclusive('\n').take(line.saturating_sub(1) as usize).map(str::len).sum();
    let rest = text.get(before..).unwrap_or_default().lines().next().unwrap_or_default();
    let (mut reached, mut characters, mut offset) = (1, 1, rest.len());
    for (at, letter) in rest.char_indices() {
        if reached >= column {
            offset = at;
            break;
        }
        reached += if letter == '\t' { TAB } else { 1 };
        characters += 1;
    }
    let start = before + offset;
    let end = start + word(rest.get(offset..).unwrap_or_default());
    Origin { source: Arc::clone(name), span: Span { line, column: characters, start, end } }
}

/// How long the word at the beginning of `text` is.
fn word(text: &str) -> usize {
    let is_part = |letter: char| letter.is_alphanumeric() || letter == '_';
    let length = text.find(|letter: char| !is_part(letter)).unwrap_or(text.len());
    if length == 0 { text.chars().next().map_or(0, char::len_utf8) } else { length }
}

/// The place of the bytes `start..end` of a text.
pub(super) fn of_bytes(name: &Arc<str>, text: &str, start: usize, end: usize) -> Origin {
    let before = text.get(..start).unwrap_or_default();
    let count = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    let line = before.matches('\n').count() + 1;
    Origin { source: Arc::clone(name), span: Span { line: count(line), column: count(column), start, end } }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_those_of_people() {
        let text = "package a\r\n\tx := \"ü\" + y\n";
        let name = Arc::from("a.rego");
        let sources = BTreeMap::from([(Arc::clone(&name), Arc::from(text))]);
        let error = "\n--> a.rego:2:16\n  |\n2 | x\n  | ^\nerror: Expecting `x`.";
        let found = diagnostic(error, "rego", &Origin::default(), (&sources, &Joined::default()));
        assert_eq!(found.origin.to_string(), "a.rego:2:13");
        assert_eq!(text.get(found.origin.span.start..found.origin.span.end), Some("y"));
        assert_eq!(found.message, "expecting `x`");
        assert_eq!(of_bytes(&name, text, found.origin.span.start, found.origin.span.end), found.origin);
    }
}
