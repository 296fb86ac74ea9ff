//! Diagnostics as text for people, with an excerpt.

use crate::{Diagnostic, Severity};
use annotate_snippets::{Annotation, AnnotationKind, Group, Level, Renderer, Snippet, renderer::DecorStyle};
use sekisho_core::object::Origin;
use std::{collections::BTreeMap, ops::Range, sync::Arc};

/// How many lines around a place its excerpt shows. Only these are handed to the renderer, so a
/// finding in a text of a million lines costs no more than any other.
const AROUND: usize = 2;
/// The longest line that an excerpt shows, in bytes.
const MAX_LINE: usize = 400;

/// Draws `diagnostic`, with excerpts from `sources` where they are there.
#[must_use]
pub fn render(diagnostic: &Diagnostic, sources: &BTreeMap<Arc<str>, Arc<str>>, colour: bool) -> String {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Note => Level::NOTE,
    };
    let mut group = Group::with_title(level.primary_title(diagnostic.message.as_str()).id(&*diagnostic.code));
    let source = |origin: &Origin| sources.get(&origin.source).filter(|_| origin.is_known());
    let places = [(&diagnostic.origin, None)]
        .into_iter()
        .chain(diagnostic.labels.iter().map(|label| (&label.origin, Some(label.message.as_str()))));
    for (index, (origin, label)) in places.enumerate() {
        let Some(excerpt) = source(origin).and_then(|text| Excerpt::of(text, origin)) else { continue };
        let kind = if index == 0 { AnnotationKind::Primary } else { AnnotationKind::Context };
        group = group.element(excerpt.snippet(&origin.source, kind, label));
    }
    if let Some(help) = &diagnostic.help {
        group = group.element(Level::HELP.message(help.as_str()));
    }
    let renderer = if colour { Renderer::styled() } else { Renderer::plain() };
    renderer.decor_style(DecorStyle::Ascii).render(&[group]).to_string()
}

/// The lines around a place.
struct Excerpt<'t> {
    text: &'t str,
    first_line: usize,
    span: Range<usize>,
}

impl<'t> Excerpt<'t> {
    fn of(text: &'t str, origin: &Origin) -> Option<Self> {
        let start = origin.span.start.min(text.len());
        let line_start = before(text, start, 0)?;
        let line = text.get(line_start..)?.split('\n').next()?.trim_end_matches('\r');
        let line_end = line_start + line.len();
        let end = origin.span.end.clamp(start, line_end.max(start));
        let (mut from, mut to) = (before(text, start, AROUND)?, after(text, start, AROUND)?);
        if line.len() > MAX_LINE {
            (from, to) = (line_start, line_end);
        }
        let skipped = text.get(from..line_start)?.matches('\n').count();
        let first_line = (origin.span.line as usize).saturating_sub(skipped);
        let (from, to) = narrow(text, from, to, start);
        Some(Self { text: text.get(from..to)?, first_line, span: start - from..end.min(to) - from })
    }

    fn snippet(
        self,
        path: &'t str,
        kind: AnnotationKind,
        label: Option<&'t str>,
    ) -> Snippet<'t, Annotation<'t>> {
        let annotation = kind.span(self.span);
        let annotation = if let Some(label) = label { annotation.label(label) } else { annotation };
        Snippet::source(self.text).path(path).line_start(self.first_line).fold(false).annotation(annotation)
    }
}

/// The start of the line that is `lines` before the one at `offset`.
fn before(text: &str, offset: usize, lines: usize) -> Option<usize> {
    let mut start = offset;
    for step in 0..=lines {
        if step > 0 {
            if start == 0 {
                break;
            }
            start -= 1;
        }
        start = text.get(..start)?.rfind('\n').map_or(0, |newline| newline + 1);
    }
    Some(start)
}

/// The end of the line that is `lines` after the one at `offset`.
fn after(text: &str, offset: usize, lines: usize) -> Option<usize> {
    let mut end = offset;
    for _ in 0..=lines {
        let found = text.get(end..)?.find('\n');
        end = found.map_or(text.len(), |newline| end + newline + 1);
    }
    Some(end)
}

/// At most what [`MAX_LINE`] allows around `place`, at character boundaries.
fn narrow(text: &str, from: usize, to: usize, place: usize) -> (usize, usize) {
    let most = MAX_LINE * (2 * AROUND + 1);
    if to - from <= most {
        return (from, to);
    }
    let boundary = |offset: usize| (0..=offset).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    let from = boundary(from.max(place.saturating_sub(MAX_LINE / 4)));
    (from, boundary(to.min(place.saturating_add(MAX_LINE))).max(from))
}
