//! Reading texts by parts. A text whose parts are all in order gives what it gives as a whole; where
//! one is not, the text is read again as a whole, so that what is said of it never depends on the cut.

mod list;

use super::{
    Options,
    cut::{self, Stretch},
};
use crate::{
    Diagnostic,
    read::{
        context::Context,
        dispatch::{self, Inherited},
        gather::Gathered,
        names::Names,
    },
    source::Text,
    tree::{Documents, NodeId, Tree, fast},
};
use sekisho_core::threads;
use std::sync::Arc;

/// How long a part is at least, in bytes: long enough that handing it over costs nothing.
const SIZE: usize = 1 << 18;

/// What a part of a text gave.
#[derive(Clone, Default)]
pub(super) struct Part {
    /// What keeps documents from being read.
    pub(super) problems: Vec<Diagnostic>,
    /// What there is to say of objects.
    pub(super) findings: Vec<Diagnostic>,
    pub(super) gathered: Gathered,
}

/// The parts of each of `texts`.
pub(super) fn read(texts: &[Text], options: &Options) -> Vec<Vec<Part>> {
    read_by(texts, options, SIZE)
}

fn read_by(texts: &[Text], options: &Options, size: usize) -> Vec<Vec<Part>> {
    let mut tasks = Vec::new();
    let cut = threads::map(texts, |(): &mut (), text| work(text, options, size));
    for (text, work) in texts.iter().zip(cut) {
        let last = work.len().saturating_sub(1);
        tasks.extend(work.into_iter().enumerate().map(|(index, work)| (text, work, index == last)));
    }
    let done = threads::map(&tasks, |names: &mut Names, (text, work, _)| match work {
        Work::Whole => Some(whole(text, options, names)),
        Work::Document(document) => Some(one(text, *document, options, names)),
        Work::Documents(part) => documents(text, *part, options, names),
        Work::Entries(list, entries) => list::entries(text, list, entries, options, names),
    });
    let (mut all, mut parts) = (Vec::with_capacity(texts.len()), Some(Vec::new()));
    for (part, (text, _, last)) in done.into_iter().zip(&tasks) {
        match (part, &mut parts) {
            (Some(part), Some(parts)) => parts.push(part),
            _ => parts = None,
        }
        if *last {
            let again = || vec![whole(text, options, &mut Names::default())];
            all.push(parts.replace(Vec::new()).unwrap_or_else(again));
        }
    }
    all
}

/// What one thread does at a time.
enum Work<'t> {
    Whole,
    /// The only one of its text.
    Document(Stretch<'t>),
    Documents(Stretch<'t>),
    /// Entries of a list.
    Entries(Arc<Inherited>, Vec<(&'t str, fast::Start)>),
}

fn work<'t>(text: &'t Text, options: &Options, size: usize) -> Vec<Work<'t>> {
    let Some(parts) = cut::parts(text.as_str(), size) else { return vec![Work::Whole] };
    let &[part] = parts.as_slice() else { return parts.into_iter().map(Work::Documents).collect() };
    let is_one = cut::documents(part).len() == 1;
    let is_long = is_one && part.text.len() > size;
    match is_long.then(|| list::work(text, options, size)).flatten() {
        Some(entries) => entries,
        None if is_one => vec![Work::Document(part)],
        None => vec![Work::Documents(part)],
    }
}

/// A text that is one document: what the quick way leaves to the parser is parsed once.
fn one(text: &Text, document: Stretch<'_>, options: &Options, names: &mut Names) -> Part {
    let Some((tree, root)) = fast::read(document.text, document.start) else {
        return whole(text, options, names);
    };
    let mut part = Part::default();
    let mut cx = Context::new(text, &tree, &options.default_namespace, names, &mut part.findings);
    dispatch::read(&mut cx, root, &mut part.gathered);
    part
}

/// An object that an API server gave.
#[cfg(feature = "watch")]
pub(super) fn of_value(text: &Text, value: &serde_json::Value, options: &Options) -> Part {
    let mut part = Part::default();
    let Some((tree, root)) = crate::tree::value::of(value) else {
        part.problems.push(crate::tree::nested_too_deep(text));
        return part;
    };
    let mut names = Names::default();
    let mut cx = Context::new(text, &tree, &options.default_namespace, &mut names, &mut part.findings);
    cx.from_cluster = true;
    dispatch::read(&mut cx, root, &mut part.gathered);
    part
}

/// The text as a whole.
fn whole(text: &Text, options: &Options, names: &mut Names) -> Part {
    let mut part = Part::default();
    let mut documents = Documents::new(text, &mut part.problems);
    while let Some(document) = documents.next() {
        if !document.broken {
            let mut cx =
                Context::new(text, &document.tree, &options.default_namespace, names, &mut part.findings);
            dispatch::read(&mut cx, document.root, &mut part.gathered);
        }
    }
    part
}

/// A part of the text; `None` where some document of it is not in order.
fn documents(text: &Text, part: Stretch<'_>, options: &Options, names: &mut Names) -> Option<Part> {
    let mut read = Part::default();
    for document in cut::documents(part) {
        each(text, document, |tree, root| {
            let mut cx = Context::new(text, tree, &options.default_namespace, names, &mut read.findings);
            dispatch::read(&mut cx, root, &mut read.gathered);
        })?;
    }
    Some(read)
}

/// Gives `take` every document of `part`, by the quick way where it goes; `None` where some are not in
/// order.
fn each(text: &Text, part: Stretch<'_>, mut take: impl FnMut(&Tree<'_>, NodeId)) -> Option<()> {
    if let Some((tree, root)) = fast::read(part.text, part.start) {
        take(&tree, root);
        return Some(());
    }
    let mut problems = Vec::new();
    let mut parsed = Documents::of_part(text, part.text, &mut problems);
    while let Some(mut document) = parsed.next() {
        document.tree.shift(part.start);
        if !document.broken {
            take(&document.tree, document.root);
        }
    }
    problems.is_empty().then_some(())
}

#[cfg(test)]
mod tests;
