//! Builds trees from the parser's events, one document at a time.

use super::{Kind, NodeId, Place, Tree, merge};
use crate::{Diagnostic, Severity, read::context::MAX_FINDINGS, source::Text};
use granit_parser::{ErrorKind, Event, Parser, ScalarStyle, ScanError, Span, StrInput, StructureStyle};
use std::collections::HashMap;

/// How deep collections may lie in one another. Real manifests stay under 20.
pub(crate) const MAX_DEPTH: usize = 128;
/// How many values one document may have. At about 60 bytes each it bounds the memory a text can
/// take.
pub(crate) const MAX_NODES: usize = 16_000_000;
/// How many values the aliases and merge keys of one document may stand for, all told: what a
/// reader that writes them out would have to hold. A long text counts as several.
pub(crate) const MAX_ALIASED: u64 = 1_000_000;
/// How many bytes of text count as one value more.
const BYTES_PER_VALUE: usize = 64;

/// A document of a text.
#[derive(Debug)]
pub(crate) struct Document<'a> {
    pub(crate) tree: Tree<'a>,
    pub(crate) root: NodeId,
    /// Whether the text of the document has errors of its own, such as a key written twice: nothing
    /// in it can be relied upon then.
    pub(crate) broken: bool,
}

/// The documents of a text, in order. What cannot be parsed is reported, and the next document read.
pub(crate) struct Documents<'a, 'o> {
    text: &'o Text,
    parser: Parser<'a, StrInput<'a>>,
    out: &'o mut Vec<Diagnostic>,
    done: bool,
    /// How many findings are enough.
    most: usize,
}

/// What is wrong with a text, and where.
#[derive(Debug)]
pub(super) struct Problem {
    code: &'static str,
    message: String,
    place: Place,
    /// Where what should be there once stands first.
    pub(super) first: Option<Place>,
}

impl Problem {
    pub(super) fn new(code: &'static str, message: impl Into<String>, place: Place) -> Self {
        Self { code, message: message.into(), place, first: None }
    }
}

/// A collection that is open.
struct Open {
    first_child: usize,
    anchor: usize,
    place: Place,
    mapping: bool,
    flow: bool,
    aliased_before: u64,
}

/// A document being built.
#[derive(Default)]
struct Builder<'a> {
    tree: Tree<'a>,
    open: Vec<Open>,
    pending: Vec<NodeId>,
    anchors: HashMap<usize, (NodeId, u64)>,
    /// Values so far, aliases written out.
    values: u64,
    aliased: u64,
    problems: Vec<Problem>,
}

impl<'a, 'o> Documents<'a, 'o> {
    pub(crate) fn new(text: &'a Text, out: &'o mut Vec<Diagnostic>) -> Self
    where
        'a: 'o,
    {
        Self::of_part(text, text.as_str(), out)
    }

    /// The documents of `part` of `text`. Places count from where the part begins.
    pub(crate) fn of_part(text: &'o Text, part: &'a str, out: &'o mut Vec<Diagnostic>) -> Self {
        let options = granit_parser::options! {
            flow_nesting_limit: MAX_DEPTH,
            block_nesting_limit: MAX_DEPTH,
        };
        let parser = Parser::new_from_str_with_options(part, options);
        let most = out.len().saturating_add(MAX_FINDINGS);
        Self { text, parser, out, done: false, most }
    }

    /// The next document that has a value.
    pub(crate) fn next(&mut self) -> Option<Document<'a>> {
        while !self.done && self.out.len() <= self.most {
            match self.build() {
                Ok(Some(document)) => return Some(document),
                Ok(None) => {}
                Err(problem) => {
                    self.report(problem);
                    // INVARIANT: recovery only moves forward in the text, so this ends.
                    self.done = !matches!(self.parser.proceed_next_document(), Ok(true));
                }
            }
        }
        None
    }

    fn build(&mut self) -> Result<Option<Document<'a>>, Problem> {
        let mut builder = Builder::default();
        loop {
            let Some(event) = self.parser.next_event() else {
                self.done = true;
                return Ok(None);
            };
            let (event, span) = event.map_err(|error| syntax(&error, self.text))?;
            match event {
                Event::StreamEnd => {
                    self.done = true;
                    return Ok(None);
                }
                Event::DocumentEnd => return Ok(self.finish(builder)),
                event => builder.take(event, span)?,
            }
        }
    }

    fn finish(&mut self, builder: Builder<'a>) -> Option<Document<'a>> {
        let broken = !builder.problems.is_empty();
        for problem in builder.problems {
            self.report(problem);
        }
        let root = *builder.pending.first()?;
        Some(Document { tree: builder.tree, root, broken })
    }

    fn report(&mut self, problem: Problem) {
        let origin = self.text.origin(problem.place);
        let mut diagnostic = Diagnostic::new(Severity::Error, problem.code, problem.message, origin);
        if problem.code == "syntax" {
            diagnostic.help = syntax_help(self.text.as_str(), problem.place);
        }
        if problem.code == "duplicate-key" && problem.place.column == 1 {
            diagnostic.help = Some("between two documents stands a line of `---`".to_owned());
        }
        if let Some(first) = problem.first {
            diagnostic = diagnostic.with_label(self.text.origin(first), "it is here");
        }
        self.out.push(diagnostic);
    }
}

impl<'a> Builder<'a> {
    fn take(&mut self, event: Event<'a>, span: Span) -> Result<(), Problem> {
        let place = place(span);
        if self.tree.nodes.len() >= MAX_NODES {
            let message = format!("a document with more than {MAX_NODES} values is not read");
            return Err(Problem::new("too-large", message, place));
        }
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                let tagged = tag.is_some_and(|tag| tag.core_suffix() == Some("str"));
                let plain = style == ScalarStyle::Plain && !tagged;
                let values = 1 + (text.len() / BYTES_PER_VALUE) as u64;
                let node = self.tree.push(Kind::Scalar { text, plain }, place);
                self.add(node, anchor, values);
            }
            Event::SequenceStart(style, anchor, _) => self.open(place, style, anchor, false),
            Event::MappingStart(style, anchor, _) => self.open(place, style, anchor, true),
            Event::SequenceEnd | Event::MappingEnd => self.close(place),
            Event::Alias(anchor) => self.alias(anchor, place)?,
            _ => {}
        }
        Ok(())
    }

    /// Adds a finished node that stands for `values` values to whatever is open.
    fn add(&mut self, node: NodeId, anchor: usize, values: u64) {
        self.pending.push(node);
        self.values = self.values.saturating_add(values);
        if anchor != 0 {
            self.anchors.insert(anchor, (node, values));
        }
    }

    fn open(&mut self, place: Place, style: StructureStyle, anchor: usize, mapping: bool) {
        self.open.push(Open {
            first_child: self.pending.len(),
            anchor,
            place,
            mapping,
            flow: style == StructureStyle::Flow,
            aliased_before: self.values,
        });
    }

    fn close(&mut self, end: Place) {
        let Some(open) = self.open.pop() else { return };
        let mut children = self.pending.split_off(open.first_child);
        if open.mapping {
            self.check_keys(&mut children);
        }
        let mut place = open.place;
        // The parser ends a block where the next token starts; a reader sees it end with its last child.
        place.end = match children.last() {
            Some(last) if !open.flow => self.tree.place(*last).end.max(place.end),
            _ => end.end,
        };
        let first = u32::try_from(self.tree.edges.len()).unwrap_or(u32::MAX);
        let len = u32::try_from(children.len()).unwrap_or(u32::MAX);
        self.tree.edges.append(&mut children);
        let kind = if open.mapping {
            Kind::Mapping { first, pairs: len / 2 }
        } else {
            Kind::Sequence { first, len }
        };
        let node = self.tree.push(kind, place);
        let values = self.values.saturating_sub(open.aliased_before).saturating_add(1);
        self.pending.push(node);
        self.values = self.values.saturating_add(1);
        if open.anchor != 0 {
            self.anchors.insert(open.anchor, (node, values));
        }
    }

    /// Resolves merge keys, and drops and reports keys that are no text or there already.
    fn check_keys(&mut self, children: &mut Vec<NodeId>) {
        let merged = merge::keys(&self.tree, children, &mut self.problems);
        self.aliased = self.aliased.saturating_add(merged);
    }

    fn alias(&mut self, anchor: usize, place: Place) -> Result<(), Problem> {
        let Some((node, values)) = self.anchors.get(&anchor).copied() else {
            return Err(Problem::new("alias", "this alias stands inside its own anchor", place));
        };
        self.aliased = self.aliased.saturating_add(values);
        if self.aliased > MAX_ALIASED {
            let message = format!("the aliases of this document stand for more than {MAX_ALIASED} values");
            return Err(Problem::new("alias-bomb", message, place));
        }
        self.add(node, 0, values);
        Ok(())
    }
}

fn place(span: Span) -> Place {
    let narrow = |value: usize| u32::try_from(value).unwrap_or(u32::MAX);
    Place {
        start: narrow(span.start.byte_offset().unwrap_or(0)),
        end: narrow(span.end.byte_offset().unwrap_or(0)),
        line: narrow(span.start.line()),
        column: narrow(span.start.col().saturating_add(1)),
    }
}

/// The parser's complaint; what is nested too deep gets words of our own.
fn syntax(error: &ScanError, text: &Text) -> Problem {
    let marker = *error.marker();
    let mut place = place(Span::new(marker, marker));
    if marker.byte_offset().is_none() {
        place = text.place_of_line(place.line, place.column);
    }
    if matches!(error.kind(), ErrorKind::RecursionLimitExceeded) {
        return Problem::new("too-deep", too_deep(), place);
    }
    Problem::new("syntax", error.kind().to_string(), place)
}

fn too_deep() -> String {
    format!("values lie more than {MAX_DEPTH} deep in one another")
}

/// What is said of a value of `text` that is nested too deep.
#[cfg(feature = "watch")]
pub(crate) fn nested_too_deep(text: &Text) -> Diagnostic {
    Diagnostic::new(Severity::Error, "too-deep", too_deep(), text.origin(Place::default()))
}

/// What helps with the commonest slips of indentation.
fn syntax_help(text: &str, place: Place) -> Option<String> {
    let before = text.get(..place.start as usize)?;
    let start = before.rfind('\n').map_or(0, |newline| newline + 1);
    let line = text.get(start..)?.lines().next()?;
    let indentation = line.len() - line.trim_start().len();
    if line.get(..indentation)?.contains('\t') {
        return Some("YAML is indented with spaces; a tab is not allowed there".to_owned());
    }
    None
}
