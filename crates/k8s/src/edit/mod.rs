//! Changes of manifests as changes of their text, which keep comments and formatting.
//!
//! An [`Edit`] says what is to be different in the words of policies. Here it becomes the stretches of text to
//! replace: those that must be, and no others. Lists in block style are edited line by line; what is written in
//! flow style, JSON among it, is edited in that style.

mod document;
mod find;
mod list;
mod merge;
mod standing;
mod write;

use crate::{
    source::Text,
    tree::{
        Documents, NodeId, Tree,
        fast::{self, Start},
    },
};
pub use standing::Standing;

use find::Found;
use sekisho_core::{
    mend::Edit,
    object::{Origin, Span},
};
use std::{cell::RefCell, collections::BTreeMap, ops::Range, rc::Rc, sync::Arc};
use thiserror::Error;

/// The longest document that is edited, in bytes: a longer one no person has written, and none would read the change.
const LONGEST: usize = 1 << 20;

/// Texts by name.
pub type Sources = BTreeMap<Arc<str>, Arc<str>>;

/// A stretch of a text that gives way to another.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Change {
    /// The name of the text.
    pub source: Arc<str>,
    /// The bytes that go: their start.
    pub start: usize,
    /// And the byte after their last.
    pub end: usize,
    /// What comes in their place.
    pub with: String,
}

/// Why a text is left as it is.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum EditError {
    /// There is no text to change: what came from a cluster has none.
    #[error("there is no file to change")]
    NoText,
    /// What the edit names does not stand there; the text has changed since it was read.
    #[error("nothing of that kind stands at {0}")]
    NotThere(Origin),
    /// It is written in a way that cannot be changed without changing more.
    #[error("{0} is written in a way that only a person can change: {1}")]
    Unusual(Origin, &'static str),
}

/// The changes of the texts that make `edits`.
///
/// # Errors
/// When one of the edits cannot be made; then none of them should be, for they belong together.
pub fn changes(edits: &[Edit], sources: &Sources) -> Result<Vec<Change>, EditError> {
    Editor::new(sources).changes(edits)
}

/// Where the field `path` of what stands at `origin` is written, its key and value; `origin` itself where it is
/// not.
#[must_use]
pub fn locate(origin: &Origin, path: &[&str], sources: &Sources) -> Origin {
    Editor::new(sources).locate(origin, path)
}

/// Texts that are asked about often. The document that was looked at last is at hand: who goes through findings by
/// place has each document read once.
pub struct Editor<'s> {
    sources: &'s Sources,
    last: RefCell<Option<Rc<Read<'s>>>>,
}

/// A document that was read.
struct Read<'s> {
    source: Arc<str>,
    range: Range<usize>,
    tree: Tree<'s>,
    root: NodeId,
}

impl<'s> Editor<'s> {
    /// One of these texts.
    #[must_use]
    pub fn new(sources: &'s Sources) -> Self {
        Self { sources, last: RefCell::new(None) }
    }

    /// The changes of the texts that make `edits`.
    ///
    /// # Errors
    /// When one of the edits cannot be made; then none of them should be, for they belong together.
    pub fn changes(&self, edits: &[Edit]) -> Result<Vec<Change>, EditError> {
        let mut all: Vec<Change> = Vec::new();
        for edit in edits {
            let at = edit.place();
            let text = self.sources.get(&at.source).filter(|_| at.is_known()).ok_or(EditError::NoText)?;
            let made = match edit {
                Edit::Comment(_) => vec![(comment(text, at)?, String::new())],
                _ => self.with_document(at, text, |found| match has_anchors(found) {
                    true => {
                        Err(EditError::Unusual(at.clone(), "anchors and aliases stand for several places"))
                    }
                    false => write::edit(found, edit),
                })??,
            };
            // Lines end as those of the text do.
            let ends = |with: String| if text.contains("\r\n") { with.replace('\n', "\r\n") } else { with };
            all.extend(made.into_iter().map(|(range, with)| Change {
                source: Arc::clone(&at.source),
                start: range.start,
                end: range.end,
                with: ends(with),
            }));
        }
        all.sort();
        Ok(all)
    }

    /// Hands the document that has the place `at` to `use_it`.
    fn with_document<T>(
        &self,
        at: &Origin,
        text: &'s Arc<str>,
        use_it: impl FnOnce(&Found<'_>) -> T,
    ) -> Result<T, EditError> {
        let missing = || EditError::NotThere(at.clone());
        let document = self.document(at, text).ok_or_else(missing)?;
        let found = Found::at(text, &document.tree, document.root, at.span).ok_or_else(missing)?;
        Ok(use_it(&found))
    }

    fn document(&self, at: &Origin, text: &'s Arc<str>) -> Option<Rc<Read<'s>>> {
        let is_it = |read: &&Rc<Read<'_>>| read.source == at.source && read.range.contains(&at.span.start);
        if let Some(read) = self.last.borrow().as_ref().filter(is_it) {
            return Some(Rc::clone(read));
        }
        let (part, start) = document(text, at.span)?;
        let (tree, root) = match fast::read(part, start) {
            Some(read) => read,
            None => {
                let whole = Text { name: Arc::clone(&at.source), text: Arc::clone(text) };
                let mut problems = Vec::new();
                let mut document = Documents::of_part(&whole, part, &mut problems).next()?;
                document.tree.shift(start);
                (document.tree, document.root)
            }
        };
        let first = start.offset as usize;
        let read =
            Rc::new(Read { source: Arc::clone(&at.source), range: first..first + part.len(), tree, root });
        *self.last.borrow_mut() = Some(Rc::clone(&read));
        Some(read)
    }
}

/// The comment that stands at a place, with the spaces before it, or with its line where it has that to itself.
fn comment(text: &str, at: &Origin) -> Result<Range<usize>, EditError> {
    let span = at.span;
    let (before, rest) = text.split_at_checked(span.start).ok_or_else(|| EditError::NotThere(at.clone()))?;
    if !rest.starts_with('#') {
        return Err(EditError::NotThere(at.clone()));
    }
    let line = before.rfind('\n').map_or(0, |newline| newline + 1);
    let kept = before.trim_end_matches([' ', '\t']);
    let length = rest.find('\n').unwrap_or(rest.len());
    if kept.len() <= line {
        return Ok(line..(span.start + length + 1).min(text.len()));
    }
    let written = rest.get(..length).unwrap_or(rest).trim_end_matches('\r');
    Ok(kept.len()..span.start + written.len())
}

/// The text when `changes`, all of them of it, are made. A change that overlaps one before it is not.
#[must_use]
pub fn apply(text: &str, changes: &[Change]) -> String {
    let mut sorted: Vec<&Change> = changes.iter().collect();
    sorted.sort();
    let (mut out, mut at) = (String::with_capacity(text.len()), 0);
    for change in sorted {
        let Some(kept) = text.get(at..change.start) else { continue };
        out.push_str(kept);
        out.push_str(&change.with);
        at = change.end.max(at);
    }
    out.push_str(text.get(at..).unwrap_or_default());
    out
}

/// Whether a document may have anchors or aliases: what is changed at one place would change at others.
fn has_anchors(found: &Found<'_>) -> bool {
    let root = found.around.first().copied().unwrap_or(found.node);
    let text = found.text.get(found.start(root)..found.end(root)).unwrap_or_default();
    let begins = |at: usize| {
        let before = text.get(..at).and_then(|before| before.chars().next_back());
        let after = text.get(at + 1..).and_then(|after| after.chars().next());
        before.is_none_or(|before| " \n[{,".contains(before)) && after.is_some_and(char::is_alphanumeric)
    };
    text.match_indices(['&', '*']).any(|(at, _)| begins(at))
}

/// The document of a text that has a place, and where it starts. A line that begins with `---` separates documents,
/// whatever it stands in. `None` where the document is longer than [`LONGEST`].
fn document(text: &str, span: Span) -> Option<(&str, Start)> {
    let boundary =
        |at: usize| (0..=at.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    let from = boundary(span.start.saturating_sub(LONGEST));
    let before = text.get(from..span.start)?;
    let first = match separators(before).last() {
        Some(at) => from + at,
        None if from == 0 => 0,
        None => return None,
    };
    let behind = text.get(span.start..boundary(span.start.saturating_add(LONGEST)))?;
    let last = match separators(behind).find(|at| *at > 0) {
        Some(at) => span.start + at,
        None if span.start + behind.len() == text.len() => text.len(),
        None => return None,
    };
    let narrow = |number: usize| u32::try_from(number).ok();
    let lines = text.get(first..span.start)?.matches('\n').count();
    let lines = span.line.checked_sub(narrow(lines)? + 1)?;
    Some((text.get(first..last)?, Start { offset: narrow(first)?, lines, column: 0 }))
}

/// The starts of the lines of a stretch that separate documents. Its own start is the start of a line for none.
fn separators(text: &str) -> impl Iterator<Item = usize> + '_ {
    let is_one = |at: &usize| {
        text.get(at + 3..).is_none_or(|rest| rest.is_empty() || rest.starts_with(['\n', '\r', ' ', '\t']))
    };
    text.match_indices("\n---").map(|(at, _)| at + 1).filter(is_one)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The text without the comment that begins at `mark`.
    fn without(text: &str, mark: &str) -> String {
        let start = text.find(mark).unwrap();
        let line = u32::try_from(text[..start].matches('\n').count()).unwrap() + 1;
        let span = Span { line, column: 1, start, end: start + mark.len() };
        let sources = Sources::from([("a".into(), text.into())]);
        let edits = [Edit::Comment(Origin { source: "a".into(), span })];
        apply(text, &changes(&edits, &sources).unwrap())
    }

    #[test]
    fn a_comment_goes_with_its_line_or_the_spaces_before_it() {
        assert_eq!(without("a: 1\n  # x\nb: 2\n", "# x"), "a: 1\nb: 2\n");
        assert_eq!(without("a: 1  # x\nb: 2\n", "# x"), "a: 1\nb: 2\n");
        assert_eq!(without("a: 1 # x\r\nb: 2\r\n", "# x"), "a: 1\r\nb: 2\r\n");
        assert_eq!(without("# x", "# x"), "");
        assert_eq!(without("a: 1\n# x", "# x"), "a: 1\n");
    }

    #[test]
    fn what_is_no_comment_stays() {
        let sources = Sources::from([("a".into(), "a: 1\n".into())]);
        let span = Span { line: 1, column: 1, start: 0, end: 1 };
        let at = Origin { source: "a".into(), span };
        assert_eq!(changes(&[Edit::Comment(at.clone())], &sources), Err(EditError::NotThere(at)));
    }
}
