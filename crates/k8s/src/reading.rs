//! Reading texts, files and folders into one cluster.

mod cut;
mod parts;
mod shelf;

use crate::{
    Diagnostic, Severity, files,
    files::ReadError,
    read::{assemble::Objects, context::MAX_FINDINGS},
    source::{self, Text},
};
use parts::Part;
use sekisho_core::{
    object::{Cluster, Origin},
    threads,
};
pub use shelf::Shelf;
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
    reader.add_all(paths, texts)?;
    Ok(reader.finish())
}

/// Reads files, folders and texts as [`read_all`] does, laid over `cluster`, the texts of a cluster as
/// [`Snapshot::texts`](crate::snapshot::Snapshot::texts) gives them: what would be there once
/// `kubectl apply` had applied them and everything had rolled out.
///
/// An object takes the place of the cluster's object of its kind and name. What the cluster alone knows
/// of it stays: other labels of a namespace or node, addresses and where a pod runs. Pods that run
/// take over what a new template of their controller says. Nothing is deleted.
///
/// # Errors
/// As [`read_paths`].
pub fn read_over(
    cluster: &[(String, String)],
    paths: &[PathBuf],
    texts: Vec<(String, Vec<u8>)>,
    options: &Options,
) -> Result<Reading, ReadError> {
    let mut reader = Reader::new(options);
    reader.add_all(paths, texts)?;
    reader.above = Some(reader.texts.len());
    for (name, text) in cluster {
        reader.add(name, text);
    }
    Ok(reader.finish())
}

/// Reads one text as a cluster.
#[must_use]
pub fn read_text(name: &str, bytes: &[u8], options: &Options) -> Reading {
    read_texts([(name, bytes)], options)
}

/// Reads an object as an API server gave it, as its manifest would be read; `name` is only for sorting. No
/// place of what comes of it is one in a text.
#[cfg(feature = "watch")]
pub(crate) fn read_value(name: &Arc<str>, value: &serde_json::Value, options: &Options) -> Reading {
    let text = Text { name: Arc::clone(name), text: Arc::default() };
    let part = parts::of_value(&text, value, options);
    let mut reader = Reader::new(options);
    reader.texts.push(text);
    reader.assemble(vec![vec![part]])
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
        reader.add(name.as_ref(), bytes);
    }
    reader.finish()
}

/// Texts, decoded, that wait for being read together: on several threads, if there is enough of them.
struct Reader<'o> {
    options: &'o Options,
    texts: Vec<Text>,
    /// How many of the texts are laid over the others, where some are.
    above: Option<usize>,
    diagnostics: Vec<Diagnostic>,
    sources: BTreeMap<Arc<str>, Arc<str>>,
}

impl<'o> Reader<'o> {
    fn new(options: &'o Options) -> Self {
        Self { options, texts: Vec::new(), above: None, diagnostics: Vec::new(), sources: BTreeMap::new() }
    }

    fn add_all(&mut self, paths: &[PathBuf], texts: Vec<(String, Vec<u8>)>) -> Result<(), ReadError> {
        let files = files::expand(paths)?;
        let decoded = threads::map(&files, |(): &mut (), file| {
            file.read().map(|bytes| source::decode(&file.name().into(), &bytes))
        });
        for text in decoded {
            self.push(text?);
        }
        for (name, bytes) in texts {
            self.add(&name, bytes);
        }
        Ok(())
    }

    fn add(&mut self, name: &str, bytes: impl AsRef<[u8]>) {
        self.push(source::decode(&name.into(), bytes.as_ref()));
    }

    fn push(&mut self, decoded: Result<Text, (Text, Origin)>) {
        match decoded {
            Ok(text) => self.texts.push(text),
            Err((text, origin)) => {
                let message = "this byte is not UTF-8, so the file is not read";
                let found = Diagnostic::new(Severity::Error, "encoding", message, origin);
                self.diagnostics.push(found.with_help("save the file as UTF-8"));
                self.sources.insert(text.name, text.text);
            }
        }
    }

    fn finish(self) -> Reading {
        let parts = parts::read(&self.texts, self.options);
        self.assemble(parts)
    }

    /// What the parts of the texts make together.
    fn assemble(mut self, parts: Vec<Vec<Part>>) -> Reading {
        let mut objects =
            Objects::of_about(parts.iter().flatten().map(|part| part.gathered.objects.len()).sum());
        let mut parts = parts.into_iter();
        for (place, text) in self.texts.iter().enumerate() {
            if self.above == Some(place) {
                objects.lay_over();
            }
            let mut found = Found::new(text);
            for part in parts.next().unwrap_or_default() {
                found.take(part, &mut objects);
            }
            self.diagnostics.append(&mut found.finish());
        }
        let (cluster, skipped) = objects.assemble(&mut self.diagnostics);
        Diagnostic::sort(&mut self.diagnostics);
        let texts = self.texts.into_iter().map(|text| (text.name, text.text));
        self.sources.extend(texts);
        Reading { cluster, diagnostics: self.diagnostics, skipped, sources: self.sources }
    }
}

/// The findings in one text, up to as many as anybody reads.
struct Found<'t> {
    text: &'t Text,
    problems: Vec<Diagnostic>,
    found: Vec<Diagnostic>,
}

impl<'t> Found<'t> {
    fn new(text: &'t Text) -> Self {
        Self { text, problems: Vec::new(), found: Vec::new() }
    }

    /// Takes what was read of the next part of the text, and puts its objects among the others.
    fn take(&mut self, mut part: Part, objects: &mut Objects) {
        self.problems.append(&mut part.problems);
        objects.skip(part.gathered.skipped);
        let mut findings = part.findings.into_iter();
        let mut told = 0;
        for (before, object) in part.gathered.objects {
            findings.by_ref().take(before.saturating_sub(told)).for_each(|found| self.push(found));
            told = before;
            if let Some(found) = objects.take(object) {
                self.push(found);
            }
        }
        findings.for_each(|found| self.push(found));
    }

    fn push(&mut self, found: Diagnostic) {
        if self.found.len() <= MAX_FINDINGS {
            self.found.push(found);
        }
    }

    fn finish(self) -> Vec<Diagnostic> {
        let mut found = self.problems;
        found.extend(self.found);
        if found.len() > MAX_FINDINGS {
            found.truncate(MAX_FINDINGS);
            let origin = Origin { source: Arc::clone(&self.text.name), ..Origin::default() };
            let message = format!("there are more than {MAX_FINDINGS} findings; the rest is not told");
            found.push(Diagnostic::new(Severity::Error, "too-many-findings", message, origin));
        }
        found
    }
}
