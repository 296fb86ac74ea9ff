//! What every reader of a kind works with: typed access to values, and complaints with their place.

use super::names::Names;
use crate::{
    Diagnostic, Severity,
    source::Text,
    tree::{NodeId, Scalar, Tree},
};
use sekisho_core::object::Origin;
use std::{fmt, sync::Arc};

/// How many findings are kept of one text. No person reads as many; a text that is all mistakes
/// must not fill the memory.
pub(crate) const MAX_FINDINGS: usize = 10_000;

/// The way to a value from the top of its object, for messages. It lives on the stack and is written
/// out only when there is something to say.
#[derive(Clone, Copy)]
pub(crate) struct Path<'p> {
    parent: Option<&'p Path<'p>>,
    step: Step<'p>,
}

#[derive(Clone, Copy)]
enum Step<'p> {
    Field(&'p str),
    Index(usize),
}

impl Path<'static> {
    /// The object itself.
    pub(crate) const TOP: Self = Self { parent: None, step: Step::Field("") };
}

impl<'p> Path<'p> {
    /// The field `name` of this value.
    pub(crate) fn field(&'p self, name: &'p str) -> Path<'p> {
        Path { parent: Some(self), step: Step::Field(name) }
    }

    /// The entry `index` of this list.
    pub(crate) fn index(&'p self, index: usize) -> Path<'p> {
        Path { parent: Some(self), step: Step::Index(index) }
    }

    fn is_top(&self) -> bool {
        self.parent.is_none()
    }
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(parent) = self.parent {
            parent.fmt(f)?;
            if matches!(self.step, Step::Field(_)) && !parent.is_top() {
                f.write_str(".")?;
            }
        }
        match self.step {
            Step::Field(name) => f.write_str(name),
            Step::Index(index) => write!(f, "[{index}]"),
        }
    }
}

/// A document being read.
pub(crate) struct Context<'c> {
    pub(crate) text: &'c Text,
    pub(crate) tree: &'c Tree<'c>,
    pub(crate) default_namespace: &'c Arc<str>,
    /// Whether an API server has taken what is read, perhaps one that knows more fields than we do.
    pub(crate) from_cluster: bool,
    pub(crate) names: &'c mut Names,
    out: &'c mut Vec<Diagnostic>,
    errors: usize,
}

impl<'c> Context<'c> {
    pub(crate) fn new(
        text: &'c Text,
        tree: &'c Tree<'c>,
        default_namespace: &'c Arc<str>,
        names: &'c mut Names,
        out: &'c mut Vec<Diagnostic>,
    ) -> Self {
        Self { text, tree, default_namespace, from_cluster: false, names, out, errors: 0 }
    }

    /// How many findings are kept so far.
    pub(crate) fn findings(&self) -> usize {
        self.out.len()
    }

    /// `text`, in one piece of memory with all that equal it.
    pub(crate) fn share(&mut self, text: &str) -> Arc<str> {
        self.names.share(text)
    }

    /// How many errors there were so far. An object in whose reading it grew is left out.
    pub(crate) fn errors(&self) -> usize {
        self.errors
    }

    pub(crate) fn origin(&self, node: NodeId) -> Origin {
        self.text.origin(self.tree.place(node))
    }

    /// Whether findings are no longer kept, so that advice would be in vain.
    pub(crate) fn is_full(&self) -> bool {
        self.out.len() > MAX_FINDINGS
    }

    pub(crate) fn report(&mut self, diagnostic: Diagnostic) {
        self.errors += usize::from(diagnostic.severity == Severity::Error);
        if !self.is_full() {
            self.out.push(diagnostic);
        }
    }

    /// Reports an error at `node`.
    pub(crate) fn error(&mut self, code: &'static str, node: NodeId, message: impl Into<String>) {
        let origin = self.origin(node);
        self.report(Diagnostic::new(Severity::Error, code, message, origin));
    }

    /// Reports an error at `node` with advice.
    pub(crate) fn error_help(
        &mut self,
        code: &'static str,
        node: NodeId,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        let origin = self.origin(node);
        self.report(Diagnostic::new(Severity::Error, code, message, origin).with_help(help));
    }

    /// Reports that the value at `node` is not of the kind that its field takes.
    pub(crate) fn wrong_type(&mut self, node: NodeId, path: Path<'_>, wanted: &str) {
        let found = self.tree.describe(node);
        let message = if path.is_top() {
            format!("this must be {wanted}, not {found}")
        } else {
            format!("`{path}` must be {wanted}, not {found}")
        };
        let origin = self.origin(node);
        let mut diagnostic = Diagnostic::new(Severity::Error, "wrong-type", message, origin);
        if wanted == "text"
            && let Some(scalar) = self.tree.scalar(node)
            && !scalar.is_null()
        {
            diagnostic = diagnostic.with_help(format!("put it in quotes: \"{}\"", scalar.text));
        }
        self.report(diagnostic);
    }

    /// The value under `key`, null being as good as missing.
    pub(crate) fn get(&self, node: NodeId, key: &str) -> Option<NodeId> {
        self.tree.get(node, key)
    }

    /// The mapping under `key`.
    pub(crate) fn mapping(&mut self, node: NodeId, key: &str, path: Path<'_>) -> Option<NodeId> {
        let value = self.get(node, key)?;
        if self.tree.mapping(value).is_none() {
            self.wrong_type(value, path.field(key), "a mapping");
            return None;
        }
        Some(value)
    }

    /// The entries of the list under `key`; none when it is missing.
    pub(crate) fn list(&mut self, node: NodeId, key: &str, path: Path<'_>) -> Vec<NodeId> {
        let Some(value) = self.get(node, key) else { return Vec::new() };
        match self.tree.sequence(value) {
            Some(entries) => entries.to_vec(),
            None => {
                self.wrong_type(value, path.field(key), "a list");
                Vec::new()
            }
        }
    }

    /// The text at `node`.
    pub(crate) fn text_at(&mut self, node: NodeId, path: Path<'_>) -> Option<&'c str> {
        let tree = self.tree;
        match tree.scalar(node).and_then(|scalar| scalar.string()) {
            Some(text) => Some(text),
            None => {
                self.wrong_type(node, path, "text");
                None
            }
        }
    }

    /// The text under `key`.
    pub(crate) fn text(&mut self, node: NodeId, key: &str, path: Path<'_>) -> Option<&'c str> {
        let value = self.get(node, key)?;
        self.text_at(value, path.field(key))
    }

    /// The truth value under `key`, `false` when it is missing.
    pub(crate) fn flag(&mut self, node: NodeId, key: &str, path: Path<'_>) -> bool {
        let Some(value) = self.get(node, key) else { return false };
        match self.tree.scalar(value).and_then(|scalar| scalar.boolean()) {
            Some(flag) => flag,
            None => {
                self.wrong_type(value, path.field(key), "`true` or `false`");
                false
            }
        }
    }

    /// The whole number at `node`.
    pub(crate) fn integer_at(&mut self, node: NodeId, path: Path<'_>) -> Option<i64> {
        let number = self.tree.scalar(node).and_then(|scalar| scalar.integer());
        if number.is_none() {
            self.wrong_type(node, path, "a whole number");
        }
        number
    }

    /// The whole number under `key`.
    pub(crate) fn integer(&mut self, node: NodeId, key: &str, path: Path<'_>) -> Option<i64> {
        let value = self.get(node, key)?;
        self.integer_at(value, path.field(key))
    }

    /// The key at `node`, as `kubectl` reads it: of a truth value it makes `true` or `false`.
    fn label_key(&mut self, node: NodeId) -> &'c str {
        let text = self.tree.key_text(node);
        let read = match self.tree.scalar(node).and_then(Scalar::boolean) {
            Some(true) => "true",
            Some(false) => "false",
            None => return text,
        };
        if read != text {
            let message = format!("the key `{text}` is a truth value, and read as `{read}`");
            let origin = self.origin(node);
            let found = Diagnostic::new(Severity::Warning, "key", message, origin);
            self.report(found.with_help(format!("put it in quotes: \"{text}\"")));
        }
        read
    }

    /// The texts of a mapping from text to text under `key`, such as labels, with their nodes.
    pub(crate) fn texts(
        &mut self,
        node: NodeId,
        key: &str,
        path: Path<'_>,
    ) -> Vec<(NodeId, &'c str, NodeId, &'c str)> {
        let Some(mapping) = self.mapping(node, key, path) else { return Vec::new() };
        let tree = self.tree;
        let entries: Vec<(NodeId, NodeId)> = tree.mapping(mapping).into_iter().flatten().collect();
        let path = path.field(key);
        entries
            .into_iter()
            .filter_map(|(name, value)| {
                let text = self.label_key(name);
                // The API server reads a null value as empty text.
                let content =
                    if tree.is_null(value) { Some("") } else { self.text_at(value, path.field(text)) };
                Some((name, text, value, content?))
            })
            .collect()
    }
}
