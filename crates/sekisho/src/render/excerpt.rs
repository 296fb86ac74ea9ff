//! Lines of the manifests that an answer points at.

use sekisho_core::object::Origin;
use std::{collections::BTreeMap, sync::Arc};

/// How many lines of one place are shown.
const LINES: usize = 6;

/// Texts by name.
pub(crate) type Sources = BTreeMap<Arc<str>, Arc<str>>;

/// The numbered lines of `origin`, without their common indentation; none where there is no text.
pub(crate) fn lines(sources: &Sources, origin: &Origin) -> Vec<(u32, String)> {
    if !origin.is_known() {
        return Vec::new();
    }
    sources.get(&origin.source).map(|text| cut(text, origin)).unwrap_or_default()
}

fn cut(text: &str, origin: &Origin) -> Vec<(u32, String)> {
    let span = origin.span;
    let spanned = text.get(span.start..span.end).unwrap_or_default();
    let count = spanned.trim_end().lines().count().clamp(1, LINES);
    let line_start = text.get(..span.start).and_then(|before| before.rfind('\n')).map_or(0, |at| at + 1);
    let lines: Vec<&str> = text.get(line_start..).unwrap_or_default().lines().take(count).collect();
    let indent = |line: &&str| line.len() - line.trim_start().len();
    let common = lines.iter().filter(|line| !line.trim().is_empty()).map(indent).min().unwrap_or_default();
    let numbered = (span.line..).zip(lines);
    numbered
        .map(|(number, line)| {
            let text: String =
                line.get(common..).unwrap_or_default().chars().filter(|c| !c.is_control()).collect();
            (number, text)
        })
        .collect()
}
