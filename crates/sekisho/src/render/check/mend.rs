//! What a mend does to the lines of a text, as a small diff.

use crate::render::unified;
use sekisho_core::mend::Mend;
use sekisho_k8s::edit::{self, Change, Editor, Sources};
use std::collections::BTreeMap;

/// How many lines are shown.
const LINES: usize = 14;

/// The lines that go, with `-`, and those that come, with `+`. None where only a person can make the change.
pub(super) fn lines(mend: &Mend, sources: &Sources, editor: &Editor<'_>) -> Vec<String> {
    let changes = editor.changes(&mend.edits).unwrap_or_default();
    let mut by_source: BTreeMap<_, Vec<Change>> = BTreeMap::new();
    for change in changes {
        by_source.entry(change.source.clone()).or_default().push(change);
    }
    let mut lines: Vec<String> = Vec::new();
    for (source, changes) in by_source {
        lines.extend(sources.get(&source).map(|text| of_text(text, changes)).unwrap_or_default());
    }
    if lines.len() > LINES {
        let more = lines.len() - LINES + 1;
        lines.truncate(LINES - 1);
        lines.push(format!("  ... {more} lines more"));
    }
    lines
}

/// Only the lines from the first change to the last are compared: the text may be long.
fn of_text(text: &str, changes: Vec<Change>) -> Vec<String> {
    let first = changes.iter().map(|one| one.start).min().unwrap_or(0);
    let last = changes.iter().map(|one| one.end).max().unwrap_or(0);
    let from = text.get(..first).and_then(|before| before.rfind('\n')).map_or(0, |newline| newline + 1);
    let to =
        text.get(last..).and_then(|after| after.find('\n')).map_or(text.len(), |newline| last + newline + 1);
    let old = text.get(from..to).unwrap_or_default();
    let moved = |one: Change| Change { start: one.start - from, end: one.end - from, ..one };
    let moved: Vec<Change> = changes.into_iter().map(moved).collect();
    let new = edit::apply(old, &moved);
    unified::lines(old, &new)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    #[test]
    fn only_lines_that_differ() {
        let text = "a: 1\nb:\n  - x\n  - y\nc: 3\n";
        let change =
            |start, end, with: &str| Change { source: Arc::from("a"), start, end, with: with.to_owned() };
        assert_eq!(of_text(text, vec![change(3, 4, "2")]), ["- a: 1", "+ a: 2"]);
        assert_eq!(of_text(text, vec![change(8, 14, "")]), ["-   - x", "    - y"]);
        assert_eq!(
            of_text(text, vec![change(3, 4, "2"), change(23, 24, "4")]),
            ["- a: 1", "+ a: 2", "  b:", "    - y", "- c: 3", "+ c: 4"]
        );
    }
}
