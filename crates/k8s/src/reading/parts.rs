//! Reading texts by parts. A text whose parts are all in order gives what it gives as a whole; where
//! one is not, the text is read again as a whole, so that what is said of it never depends on the cut.

use super::{
    Options,
    cut::{self, Stretch},
    threads,
};
use crate::{
    Diagnostic,
    read::{context::Context, dispatch, gather::Gathered, names::Names},
    source::Text,
    tree::{Documents, NodeId, Tree, fast},
};

/// How long a part is at least, in bytes: long enough that handing it over costs nothing.
const SIZE: usize = 1 << 18;

/// What a part of a text gave.
#[derive(Default)]
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
    for text in texts {
        let whole = Stretch { text: text.as_str(), start: fast::Start::default() };
        let parts = cut::parts(text.as_str(), size);
        let apart = parts.is_some();
        let parts = parts.unwrap_or_else(|| vec![whole]);
        let last = parts.len().saturating_sub(1);
        tasks.extend(parts.into_iter().enumerate().map(|(index, part)| (text, part, apart, index == last)));
    }
    let done = threads::map(&tasks, |names: &mut Names, (text, part, apart, _)| {
        if *apart { stretch(text, *part, options, names) } else { Some(whole(text, options, names)) }
    });
    let (mut all, mut parts) = (Vec::with_capacity(texts.len()), Some(Vec::new()));
    for (part, (text, _, _, last)) in done.into_iter().zip(&tasks) {
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
fn stretch(text: &Text, part: Stretch<'_>, options: &Options, names: &mut Names) -> Option<Part> {
    let mut read = Part::default();
    let mut object = |tree: &Tree<'_>, root: NodeId| {
        let mut cx = Context::new(text, tree, &options.default_namespace, names, &mut read.findings);
        dispatch::read(&mut cx, root, &mut read.gathered);
    };
    for document in cut::documents(part) {
        if let Some((tree, root)) = fast::read(document.text, document.start) {
            object(&tree, root);
            continue;
        }
        let mut problems = Vec::new();
        let mut parsed = Documents::of_part(text, document.text, &mut problems);
        while let Some(mut found) = parsed.next() {
            found.tree.shift(document.start);
            if !found.broken {
                object(&found.tree, found.root);
            }
        }
        if !problems.is_empty() {
            return None;
        }
    }
    Some(read)
}

#[cfg(test)]
mod tests;
