//! A text to a document.

use crate::document::{Document, VERSION, place::span};
use sekisho_core::{
    diagnostic::{Diagnostic, Severity},
    object::{Origin, Span},
};
use serde::de::DeserializeOwned;
use serde_saphyr::Error;
use std::sync::Arc;

/// What came of reading a text.
#[derive(Clone, Debug)]
pub struct Read<C> {
    /// What it says; `None` where it cannot be read.
    pub document: Option<Document<C>>,
    /// What is wrong with it.
    pub diagnostics: Vec<Diagnostic>,
}

/// Reads the catalog in `bytes`, which findings call `name`. Names are not looked up:
/// [`Catalog::of`](crate::Catalog::of) does that.
#[must_use]
pub fn read<C: DeserializeOwned>(name: &str, bytes: &[u8]) -> Read<C> {
    let source: Arc<str> = name.into();
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text.strip_prefix('\u{feff}').unwrap_or(text),
        Err(_) => {
            let found = Diagnostic::new(
                Severity::Error,
                "encoding",
                "this is not UTF-8",
                Origin { source, ..Origin::default() },
            );
            return Read { document: None, diagnostics: vec![found.with_help("save the file as UTF-8")] };
        }
    };
    let options = serde_saphyr::options! { with_snippet: false, strict_booleans: true };
    match serde_saphyr::from_str_with_options::<Document<C>>(text, options) {
        Ok(document) => {
            let diagnostics = version(&source, &document).into_iter().collect();
            Read { document: Some(document), diagnostics }
        }
        Err(error) => Read { document: None, diagnostics: vec![finding(source, text, &error)] },
    }
}

fn version<C>(source: &Arc<str>, document: &Document<C>) -> Option<Diagnostic> {
    let version = document.version;
    (version.value != VERSION).then(|| {
        let origin = Origin { source: Arc::clone(source), span: version.span };
        let message = format!("version {} is not known to this program", version.value);
        Diagnostic::new(Severity::Error, "invalid-value", message, origin)
            .with_help(format!("write `version: {VERSION}`"))
    })
}

fn finding(source: Arc<str>, text: &str, error: &Error) -> Diagnostic {
    let error = error.without_snippet();
    let top = Span { line: 1, column: 1, start: 0, end: 0 };
    let span = error.location().map_or(top, |location| in_text(text, span(location)));
    let origin = Origin { source, span };
    let make = |code, message: String| Diagnostic::new(Severity::Error, code, message, origin.clone());
    match error {
        Error::SerdeUnknownField { field, expected, .. } => {
            let found = make("unknown-field", format!("there is no field `{field}` here"));
            found.with_help(help(field, expected, "its fields are"))
        }
        Error::SerdeUnknownVariant { variant, expected, .. } => {
            let found =
                make("invalid-value", format!("`{variant}` is none of the values that this may have"));
            found.with_help(help(variant, expected, "write one of"))
        }
        Error::SerdeMissingField { field, .. } => {
            let found = make("missing-field", format!("`{field}` is missing"));
            if *field == "version" {
                found.with_help(format!("write `version: {VERSION}` at the top"))
            } else {
                found
            }
        }
        Error::DuplicateMappingKey { key, .. } => {
            let key = key.as_deref().unwrap_or("this key");
            make("duplicate-key", format!("`{key}` stands here twice"))
        }
        Error::MultipleDocuments { .. } => make("syntax", "a second document begins here".to_owned())
            .with_help("a catalog is one document: write what stands behind this line into the first, or into another file"),
        _ if text.lines().all(is_blank) => {
            let help = format!("write `version: {VERSION}`, and below it `services:` with their components");
            make("missing-field", "there is nothing in this file".to_owned()).with_help(help)
        }
        Error::Unexpected { expected: "mapping start", .. } => {
            make("syntax", "names with values are wanted here, such as `ports: http`".to_owned())
        }
        Error::NullIntoString { .. } => {
            make("syntax", "a text is wanted here, and there is nothing".to_owned()).with_help("for an empty one write `\"\"`")
        }
        Error::SerdeInvalidType { unexpected, expected, .. } => {
            let (span, word) = value(text, span);
            let written = if word.is_empty() { unexpected } else { word };
            let origin = Origin { span, ..origin.clone() };
            Diagnostic::new(Severity::Error, "syntax", format!("`{written}` is not {expected}"), origin)
        }
        other => make("syntax", plain(&other.to_string())),
    }
}

/// Whether a line says nothing.
fn is_blank(line: &str) -> bool {
    let line = line.trim();
    ["", "---", "...", "~", "null"].contains(&line) || line.starts_with('#')
}

/// The plain scalar at a place, as it is written; the one behind a key where the place is that of the key.
fn value(text: &str, span: Span) -> (Span, &str) {
    let rest = text.get(span.start..).unwrap_or_default();
    let word = |rest: &str| rest.find([',', ']', '}', '\n', '\r', ' ']).unwrap_or(rest.len());
    let (key, _) = rest.split_at(word(rest));
    let behind = rest.get(key.len()..).unwrap_or_default();
    let start = span.start + rest.len() - behind.trim_start_matches(' ').len();
    let value = text.get(start..).and_then(|value| value.get(..word(value)));
    let Some(value) = value.filter(|_| key.ends_with(':')) else { return (span, key) };
    let column = span.column + u32::try_from(start - span.start).unwrap_or_default();
    (Span { column, start, end: start + value.len(), ..span }, value)
}

fn help(text: &str, expected: &[&str], list: &str) -> String {
    match sekisho_core::near::nearest(text, expected.iter().copied()) {
        Some(meant) => format!("did you mean `{meant}`?"),
        None => {
            let names: Vec<String> = expected.iter().map(|name| format!("`{name}`")).collect();
            format!("{list} {}", names.join(", "))
        }
    }
}

/// The parser's words without the place, which we show ourselves.
fn plain(message: &str) -> String {
    let first = message.lines().next().unwrap_or(message);
    let first = first.split(" at line ").next().unwrap_or(first);
    first.strip_suffix('.').unwrap_or(first).to_owned()
}

/// `span` with the offsets of its line and column where the parser gives none.
fn in_text(text: &str, span: Span) -> Span {
    if span.start != 0 || (span.line, span.column) == (1, 1) {
        return span;
    }
    let mut start = 0;
    for (number, line) in (1u32..).zip(text.split_inclusive('\n')) {
        if number == span.line {
            let skip = span.column.saturating_sub(1) as usize;
            start += line.char_indices().nth(skip).map_or(line.len(), |(offset, _)| offset);
            break;
        }
        start += line.len();
    }
    Span { start, end: start, ..span }
}
