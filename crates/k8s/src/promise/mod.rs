//! Files of promises.
//!
//! ```yaml
//! version: 1
//! groups:
//!   bff: { pods: app.kubernetes.io/component=bff }
//!   backend: { pods: app.kubernetes.io/component=backend }
//! promises:
//!   - name: a backend is reached by its own service's bff alone
//!     only: bff
//!     can reach: backend
//!     with the same: app.kubernetes.io/part-of
//! ```
//!
//! Nothing is passed over: a key that nobody knows, a group that is nowhere defined, are errors at
//! their place, all of them in one run.

mod end;
mod entry;
mod fields;
mod group;
mod port;

use crate::{
    Diagnostic, Severity, files,
    files::ReadError,
    read::{
        context::{Context, Path},
        names::Names,
    },
    source::{self, Text},
    tree::{Documents, NodeId},
};
use end::Groups;
use sekisho_core::{object::Origin, promise::Promise};
use std::{collections::BTreeMap, path, sync::Arc};

pub use entry::PROMISE_FIELDS;
pub use group::GROUP_FIELDS;

/// The only version there is.
const VERSION: i64 = 1;
/// The fields of a file of promises.
pub const FILE_FIELDS: [&str; 3] = ["version", "groups", "promises"];

/// What was read of files of promises.
#[derive(Clone, Debug, Default)]
pub struct Promises {
    /// The promises, in the order in which they were written.
    pub promises: Vec<Promise>,
    /// The findings, sorted by source and position.
    pub diagnostics: Vec<Diagnostic>,
    /// The texts by name, for excerpts.
    pub sources: BTreeMap<Arc<str>, Arc<str>>,
}

impl Promises {
    /// Whether something cannot be read.
    #[must_use]
    pub fn has_errors(&self) -> bool {
        self.diagnostics.iter().any(|diagnostic| diagnostic.severity == Severity::Error)
    }

    fn read(&mut self, name: &str, bytes: &[u8]) {
        let name: Arc<str> = name.into();
        let text = match source::decode(&name, bytes) {
            Ok(text) => text,
            Err((text, origin)) => {
                let message = "this byte is not UTF-8, so the file is not read";
                let found = Diagnostic::new(Severity::Error, "encoding", message, origin);
                self.diagnostics.push(found.with_help("save the file as UTF-8"));
                self.sources.insert(name, text.text);
                return;
            }
        };
        self.documents(&text);
        self.sources.insert(name, text.text);
    }

    fn documents(&mut self, text: &Text) {
        let (before, none) = (self.promises.len(), Arc::from(""));
        let (mut found, mut names) = (Vec::new(), Names::default());
        let mut documents = Documents::new(text, &mut self.diagnostics);
        while let Some(document) = documents.next() {
            if !document.broken {
                let mut cx = Context::new(text, &document.tree, &none, &mut names, &mut found);
                read_file(&mut cx, document.root, &mut self.promises);
            }
        }
        self.diagnostics.append(&mut found);
        let is_told = self.diagnostics.iter().any(|found| found.origin.source == text.name);
        if self.promises.len() == before && !is_told {
            let origin = text.origin(text.place_of_line(1, 1));
            let message = "there is no promise in this file";
            self.diagnostics.push(Diagnostic::new(Severity::Error, "missing-field", message, origin));
        }
    }

    fn finish(mut self) -> Self {
        self.check_names();
        Diagnostic::sort(&mut self.diagnostics);
        self
    }

    /// Reports names that stand twice: a report of test results tells tests apart by their names.
    fn check_names(&mut self) {
        let mut first: BTreeMap<&str, &Origin> = BTreeMap::new();
        for promise in &self.promises {
            if let Some(there) = first.get(&*promise.name) {
                let message = format!("there is another promise called `{}`", promise.name);
                let found =
                    Diagnostic::new(Severity::Error, "duplicate-name", message, promise.origin.clone());
                self.diagnostics.push(found.with_label((*there).clone(), "the other"));
            } else {
                first.insert(&promise.name, &promise.origin);
            }
        }
    }
}

/// Reads the promises in files, in folders and, for `-`, on standard input, as
/// [`read_paths`](crate::read_paths) finds them.
///
/// # Errors
/// When a path does not exist, cannot be read or holds a file that is too large. What is wrong inside
/// a text is a [`Diagnostic`].
pub fn read_promises(paths: &[path::PathBuf]) -> Result<Promises, ReadError> {
    let mut promises = Promises::default();
    for file in files::expand(paths)? {
        promises.read(&file.name(), &file.read()?);
    }
    Ok(promises.finish())
}

/// Reads the promises in one text.
#[must_use]
pub fn read_promises_text(name: &str, bytes: &[u8]) -> Promises {
    let mut promises = Promises::default();
    promises.read(name, bytes);
    promises.finish()
}

fn read_file(cx: &mut Context<'_>, root: NodeId, promises: &mut Vec<Promise>) {
    if cx.tree.is_null(root) {
        return;
    }
    if cx.tree.mapping(root).is_none() {
        cx.wrong_type(root, Path::TOP, "a mapping with `version` and `promises`");
        return;
    }
    fields::check(cx, root, "a file of promises", &FILE_FIELDS);
    version(cx, root);
    let mut groups = Groups::default();
    group::read_all(cx, root, &mut groups);
    let entries = cx.list(root, "promises", Path::TOP);
    if cx.get(root, "promises").is_none() {
        cx.error("missing-field", root, "`promises` is missing");
    }
    let path = Path::TOP.field("promises");
    for (at, node) in entries.into_iter().enumerate() {
        promises.extend(entry::read(cx, node, path.index(at), &mut groups));
    }
    // Where something cannot be read, nobody knows who is named.
    if cx.errors() == 0 {
        groups.tell_unused(cx);
    }
}

fn version(cx: &mut Context<'_>, root: NodeId) {
    let Some(value) = cx.get(root, "version") else {
        let help = format!("write `version: {VERSION}` at the top");
        cx.error_help("missing-field", root, "`version` is missing", help);
        return;
    };
    let version = cx.integer_at(value, Path::TOP.field("version"));
    if let Some(version) = version.filter(|version| *version != VERSION) {
        let message = format!("version {version} is not known to this program");
        cx.error_help("invalid-value", value, message, format!("write `version: {VERSION}`"));
    }
}
