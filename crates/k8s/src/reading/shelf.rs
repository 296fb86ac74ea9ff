//! Texts that are read again and again, while few of them change.

use super::{Options, Reader, Reading, parts, parts::Part};
use crate::source::Text;
use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

/// Keeps what each text gave when it was read: where one of a thousand changes, one is read again. What comes of all
/// of them together is put together anew each time.
pub struct Shelf {
    options: Options,
    known: HashMap<Arc<str>, (Arc<str>, Vec<Part>)>,
}

impl Shelf {
    /// An empty one.
    #[must_use]
    pub fn new(options: Options) -> Self {
        Self { options, known: HashMap::new() }
    }

    /// Reads texts, by name, as one cluster: as [`read_texts`](crate::read_texts) would.
    pub fn read(&mut self, texts: &BTreeMap<Arc<str>, Arc<str>>) -> Reading {
        self.known.retain(|name, (text, _)| texts.get(name).is_some_and(|now| now == text));
        let text =
            |(name, text): (&Arc<str>, &Arc<str>)| Text { name: Arc::clone(name), text: Arc::clone(text) };
        let changed: Vec<Text> =
            texts.iter().filter(|(name, _)| !self.known.contains_key(*name)).map(text).collect();
        let read = parts::read(&changed, &self.options);
        self.known.extend(changed.into_iter().zip(read).map(|(text, parts)| (text.name, (text.text, parts))));
        let mut reader = Reader::new(&self.options);
        reader.texts = texts.iter().map(text).collect();
        let parts =
            texts.keys().map(|name| self.known.get(name).map(|(_, parts)| parts.clone()).unwrap_or_default());
        reader.assemble(parts.collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::read_texts;

    /// The texts of a small repository, at several moments.
    fn moments() -> Vec<BTreeMap<Arc<str>, Arc<str>>> {
        let namespace = "{apiVersion: v1, kind: Namespace, metadata: {name: a}}";
        let policy = |name: &str| {
            format!(
                "{{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {{name: {name}}}, spec: {{podSelector: {{}}}}}}"
            )
        };
        let at = |texts: &[(&str, &str)]| -> BTreeMap<Arc<str>, Arc<str>> {
            texts.iter().map(|(name, text)| (Arc::from(*name), Arc::from(*text))).collect()
        };
        vec![
            at(&[("a", namespace), ("b", &policy("b"))]),
            at(&[("a", namespace), ("b", &policy("c")), ("c", &policy("c"))]),
            at(&[("a", "{"), ("c", &policy("c"))]),
            at(&[]),
            at(&[("a", namespace), ("b", &policy("b"))]),
        ]
    }

    #[test]
    fn it_reads_what_there_is_now() {
        let mut shelf = Shelf::new(Options::default());
        for texts in moments() {
            let fresh =
                read_texts(texts.iter().map(|(name, text)| (name, text.as_bytes())), &Options::default());
            let read = shelf.read(&texts);
            assert_eq!((read.cluster, read.diagnostics), (fresh.cluster, fresh.diagnostics));
            assert_eq!((read.skipped, read.sources), (fresh.skipped, fresh.sources));
        }
    }
}
