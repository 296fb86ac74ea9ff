//! Reading texts, files and folders into one cluster.

use crate::{
    Diagnostic, Severity, files,
    files::ReadError,
    read::{
        assemble::Objects,
        context::{Context, MAX_FINDINGS},
        dispatch,
    },
    source::{self, Text},
    tree::Documents,
};
use sekisho_core::object::{Cluster, Origin};
use std::{collections::BTreeMap, path::PathBuf, sync::Arc};

/// How to read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// The namespace of objects that do not write one.
    pub default_namespace: Arc<str>,
}

impl Default for Options {
    fn default() -> Self {
        Self { default_namespace: "default".into() }
    }
}

/// What was read, and what there is to say about it.
#[derive(Clone, Debug, Default)]
pub struct Reading {
    /// The objects. Those with errors are left out (S43).
    pub cluster: Cluster,
    /// The findings, sorted by source and position.
    pub diagnostics: Vec<Diagnostic>,
    /// How many objects were skipped, by kind.
    pub skipped: BTreeMap<String, usize>,
    /// The texts by name, for excerpts.
    pub sources: BTreeMap<Arc<str>, Arc<str>>,
}

impl Reading {
    /// Whether something is left out because it has errors.
    #[must_use]
    pub fn has_errors(&self) -> bool {
        self.diagnostics.iter().any(|diagnostic| diagnostic.severity == Severity::Error)
    }
}

/// Reads files, folders and, for `-`, standard input, as one cluster.
///
/// Folders are read recursively and sorted by path; of their files those that end in `.yaml`, `.yml`
/// or `.json`, and none that are hidden. A file that is named twice is read once.
///
/// # Errors
/// When a path does not exist, cannot be read or holds a file that is too large. What is wrong inside
/// a text is a [`Diagnostic`].
pub fn read_paths(paths: &[PathBuf], options: &Options) -> Result<Reading, ReadError> {
    read_all(paths, Vec::new(), options)
}

/// Reads files and folders as [`read_paths`] does, and with them texts as [`read_texts`] does.
///
/// # Errors
/// As [`read_paths`].
pub fn read_all(
    paths: &[PathBuf],
    texts: Vec<(String, Vec<u8>)>,
    options: &Options,
) -> Result<Reading, ReadError> {
    let mut reader = Reader::new(options);
    for file in files::expand(paths)? {
        let bytes = file.read()?;
        reader.read(&file.name(), bytes);
    }
    for (name, bytes) in texts {
        reader.read(&name, bytes);
    }
    Ok(reader.finish())
}

/// Reads one text as a cluster.
#[must_use]
pub fn read_text(name: &str, bytes: &[u8], options: &Options) -> Reading {
    read_texts([(name, bytes)], options)
}

/// Reads texts that are in memory already, each with a name for messages and excerpts, as one
/// cluster. The names must differ, or excerpts are taken from the wrong text.
#[must_use]
pub fn read_texts<N: AsRef<str>, B: AsRef<[u8]>>(
    texts: impl IntoIterator<Item = (N, B)>,
    options: &Options,
) -> Reading {
    let mut reader = Reader::new(options);
    for (name, bytes) in texts {
        reader.read(name.as_ref(), bytes);
    }
    reader.finish()
}

struct Reader<'o> {
    options: &'o Options,
    objects: Objects,
    diagnostics: Vec<Diagnostic>,
    sources: BTreeMap<Arc<str>, Arc<str>>,
}

impl<'o> Reader<'o> {
    fn new(options: &'o Options) -> Self {
        Self { options, objects: Objects::default(), diagnostics: Vec::new(), sources: BTreeMap::new() }
    }

    fn read(&mut self, name: &str, bytes: impl AsRef<[u8]>) {
        let name: Arc<str> = name.into();
        let decoded = source::decode(&name, bytes.as_ref());
        // The text is a copy; of a large file two would be one too many.
        drop(bytes);
        let text = match decoded {
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
        let (before, mut found) = (self.diagnostics.len(), Vec::new());
        let mut documents = Documents::new(text, &mut self.diagnostics);
        while let Some(document) = documents.next() {
            if document.broken {
                continue;
            }
            let mut cx = Context::new(text, &document.tree, &self.options.default_namespace, &mut found);
            dispatch::read(&mut cx, document.root, &mut self.objects);
        }
        self.diagnostics.append(&mut found);
        if self.diagnostics.len().saturating_sub(before) > MAX_FINDINGS {
            self.diagnostics.truncate(before.saturating_add(MAX_FINDINGS));
            let origin = Origin { source: Arc::clone(&text.name), ..Origin::default() };
            let message = format!("there are more than {MAX_FINDINGS} findings; the rest is not told");
            self.diagnostics.push(Diagnostic::new(Severity::Error, "too-many-findings", message, origin));
        }
    }

    fn finish(mut self) -> Reading {
        let (cluster, skipped) = self.objects.assemble(&mut self.diagnostics);
        Diagnostic::sort(&mut self.diagnostics);
        Reading { cluster, diagnostics: self.diagnostics, skipped, sources: self.sources }
    }
}
