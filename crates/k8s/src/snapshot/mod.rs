//! What of a cluster the reader uses, as texts that it reads: to keep, to share, or to read at once.
//!
//! Nothing else comes along: no commands, environments, images, volumes, annotations or UIDs. The
//! lists bear a mark ([`MARK`]), by which the reader knows that an API server has taken what is in
//! them, perhaps one that knows more fields than this version does.

pub(crate) mod kind;
mod piece;
mod redact;
mod shape;
#[cfg(feature = "watch")]
pub(crate) mod sieve;
mod value;

pub use piece::Piece;
pub use redact::Redactor;

use crate::{source::Text, tree::Documents};
use kind::{KINDS, Kind};
use serde_json::{Map, Value, json};
use shape::Shape;
use std::{borrow::Cow, collections::BTreeMap, fmt::Write, sync::Arc};

/// The annotation of a list that was taken from a cluster. Its value is the version of the format.
pub const MARK: &str = "sekisho.dev/snapshot";
/// The version of the format.
pub const FORMAT: &str = "v1";
/// How many objects a file has at most.
const PER_FILE: usize = 10_000;

/// The place of its kind, the namespace and the real name of an object.
type Key = (usize, String, String);

/// The objects of a cluster, each as a line of JSON.
#[derive(Debug, Default)]
pub struct Snapshot {
    objects: BTreeMap<Key, String>,
    redactor: Option<Redactor>,
}

impl Snapshot {
    /// Without objects. With a redactor, what is added is hidden by it.
    #[must_use]
    pub fn new(redactor: Option<Redactor>) -> Self {
        Self { objects: BTreeMap::new(), redactor }
    }

    /// Adds the objects of texts that were read without errors; one of them that stands there twice
    /// is added once.
    pub fn add_texts(&mut self, texts: &BTreeMap<Arc<str>, Arc<str>>, default_namespace: &str) {
        for (name, text) in texts {
            each_value(&Text { name: Arc::clone(name), text: Arc::clone(text) }, |value| {
                self.add(value, default_namespace);
            });
        }
    }

    /// Takes the objects of `other` in.
    #[cfg(feature = "live")]
    pub(crate) fn merge(&mut self, mut other: Self) {
        self.objects.append(&mut other.objects);
    }

    /// Adds an object, or the objects of a list, where they are of a kind that is read.
    pub(crate) fn add(&mut self, value: Value, default_namespace: &str) {
        let Value::Object(mut object) = value else { return };
        let text = |key: &str| object.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
        let (version, kind) = (text("apiVersion"), text("kind"));
        let Some(Value::Array(items)) = object.remove("items").filter(|_| kind.ends_with("List")) else {
            self.add_object(object, &version, &kind, default_namespace);
            return;
        };
        let of = kind.strip_suffix("List").unwrap_or_default();
        for mut item in items {
            if let Value::Object(item) = &mut item
                && !of.is_empty()
            {
                // What the API gives says it once, for the list.
                item.entry("apiVersion").or_insert_with(|| version.as_str().into());
                item.entry("kind").or_insert_with(|| of.into());
            }
            self.add(item, default_namespace);
        }
    }

    fn add_object(&mut self, object: Map<String, Value>, version: &str, kind: &str, default_namespace: &str) {
        let Some((place, kind)) = Kind::find(version, kind) else { return };
        if is_idle(kind, &object) {
            return;
        }
        let mut object = object;
        let Some(Value::Object(metadata)) = object.get_mut("metadata") else { return };
        let mut namespace = String::new();
        if kind.namespaced {
            let written = metadata.get("namespace").and_then(Value::as_str).unwrap_or_default();
            namespace = if written.is_empty() { default_namespace } else { written }.to_owned();
            metadata.insert("namespace".to_owned(), namespace.as_str().into());
        }
        let name = ["name", "generateName"].into_iter().find_map(|key| metadata.get(key)?.as_str());
        let Some(name) = name.map(str::to_owned) else { return };
        let kept = kept(kind, object, self.redactor.as_ref());
        self.objects.entry((place, namespace, name)).or_insert_with(|| kept.to_string());
    }

    /// How many objects there are of each kind, by the plural of its name.
    #[must_use]
    pub fn counts(&self) -> BTreeMap<&'static str, usize> {
        let mut counts = BTreeMap::new();
        for (place, _, _) in self.objects.keys() {
            if let Some(kind) = KINDS.get(*place) {
                *counts.entry(kind.plural).or_default() += 1;
            }
        }
        counts
    }

    /// The files of a folder that is read as the cluster: names and contents. Each is a list with an
    /// object on a line.
    #[must_use]
    pub fn files(&self) -> Vec<(String, String)> {
        let mut files = Vec::new();
        let ranks = self.ranks();
        for (place, kind) in KINDS.iter().enumerate() {
            let line =
                |(key, line)| ranks.get(key).map_or(Cow::Borrowed(line), |rank| ranked(line, *rank).into());
            let mut lines: Vec<Cow<'_, str>> = self.of(place).map(line).collect();
            if self.redactor.is_some() {
                // The order of the real names is not told.
                lines.sort_unstable();
            }
            for (number, lines) in (1..).zip(lines.chunks(PER_FILE)) {
                files.push((format!("{}-{number:04}.json", kind.plural), list(lines)));
            }
        }
        files
    }

    /// The texts to read at once, with names for messages. A policy is a text by itself and laid out
    /// for people, who are shown excerpts of it.
    #[must_use]
    pub fn texts(&self, source: &str) -> Vec<(String, String)> {
        let mut texts = Vec::new();
        for (place, kind) in KINDS.iter().enumerate() {
            if kind.open {
                texts.extend(self.of(place).map(|((_, namespace, name), line)| {
                    let slash = if namespace.is_empty() { "" } else { "/" };
                    (format!("{source}/{}/{namespace}{slash}{name}", kind.plural), laid_out(line))
                }));
                continue;
            }
            let lines: Vec<Cow<'_, str>> = self.of(place).map(|(_, line)| line.into()).collect();
            for (number, lines) in (1..).zip(lines.chunks(PER_FILE)) {
                let number = if number == 1 { String::new() } else { format!("-{number}") };
                texts.push((format!("{source}/{}{number}", kind.plural), list(lines)));
            }
        }
        texts
    }

    /// The order of the policies among whom, with equal priorities, the order of their names decides
    /// (S38). It must outlive their names.
    fn ranks(&self) -> BTreeMap<&Key, usize> {
        let ranked = |place: usize| KINDS.get(place).is_some_and(|kind| kind.is_ranked());
        let keys = self.objects.keys().filter(|(place, ..)| self.redactor.is_some() && ranked(*place));
        let mut keys: Vec<&Key> = keys.collect();
        keys.sort_by_key(|(place, _, name)| (name, *place));
        keys.into_iter().zip(1..).collect()
    }

    fn of(&self, place: usize) -> impl Iterator<Item = (&Key, &str)> {
        let from = (place, String::new(), String::new());
        let to = (place + 1, String::new(), String::new());
        self.objects.range(from..to).map(|(key, line)| (key, line.as_str()))
    }
}

/// What is kept of an object.
pub(crate) fn kept(kind: &Kind, mut object: Map<String, Value>, redactor: Option<&Redactor>) -> Value {
    let head = |object: &mut Map<String, Value>, key: &str| object.remove(key).unwrap_or_default();
    let (version, name) = (head(&mut object, "apiVersion"), head(&mut object, "kind"));
    let metadata = kind.metadata().take(head(&mut object, "metadata"), redactor);
    if kind.open {
        object.remove("status");
    }
    let fields = if kind.open { Shape::Open(kind.fields) } else { Shape::Fields(kind.fields) };
    let rest = fields.take(Value::Object(object), redactor);
    let mut kept = json!({ "apiVersion": version, "kind": name, "metadata": metadata });
    if let (Value::Object(kept), Value::Object(rest)) = (&mut kept, rest) {
        kept.extend(rest);
    }
    kept
}

/// Whether nothing depends on the object: an old ReplicaSet of a Deployment. There are ten for each.
fn is_idle(kind: &Kind, object: &Map<String, Value>) -> bool {
    let at = |pointer: &[&str]| {
        let mut value = object.get(*pointer.first()?)?;
        for step in pointer.iter().skip(1) {
            value = value.get(step)?;
        }
        Some(value)
    };
    kind.kind == "ReplicaSet"
        && at(&["spec", "replicas"]).and_then(Value::as_i64) == Some(0)
        && at(&["metadata", "ownerReferences"]).is_some()
}

/// The line of an object with its rank before its name.
fn ranked(line: &str, rank: usize) -> String {
    let Ok(mut object) = serde_json::from_str::<Value>(line) else { return line.to_owned() };
    if let Some(Value::String(name)) = object.pointer_mut("/metadata/name") {
        *name = format!("{rank:05}-{name}");
    }
    object.to_string()
}

/// The beginning of a list, up to its first item.
fn head() -> String {
    format!(
        "{{\"apiVersion\":\"v1\",\"kind\":\"List\",\"metadata\":{{\"annotations\":{{\"{MARK}\":\"{FORMAT}\"}}}},\"items\":["
    )
}

fn list(lines: &[Cow<'_, str>]) -> String {
    let size: usize = lines.iter().map(|line| line.len() + 2).sum();
    let mut text = String::with_capacity(size + 128);
    text.push_str(&head());
    for (index, line) in lines.iter().enumerate() {
        let comma = if index == 0 { "" } else { "," };
        // INVARIANT: writing into a string does not fail.
        let _ = write!(text, "{comma}\n{line}");
    }
    text.push_str("\n]}\n");
    text
}

fn laid_out(line: &str) -> String {
    let pretty = serde_json::from_str::<Value>(line).and_then(|value| serde_json::to_string_pretty(&value));
    format!("{}\n{}\n]}}\n", head(), pretty.as_deref().unwrap_or(line))
}

/// Hands over the documents of a text that can be read, one after the other.
pub(crate) fn each_value(text: &Text, mut take: impl FnMut(Value)) {
    let mut problems = Vec::new();
    let mut documents = Documents::new(text, &mut problems);
    while let Some(document) = documents.next() {
        if !document.broken {
            take(value::of(&document.tree, document.root));
        }
    }
}
