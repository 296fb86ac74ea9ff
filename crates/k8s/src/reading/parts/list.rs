//! Lists of objects, entry by entry.

use super::{Part, Work, each};
use crate::{
    Options,
    read::{
        context::Context,
        dispatch::{self, Inherited},
        names::Names,
    },
    reading::cut::Stretch,
    source::Text,
    tree::fast::{self, Start},
};
use std::sync::Arc;

/// The entries of the list that `text` is, at least `size` bytes of them together; `None` where it is
/// none, or there is something to say of the list itself.
pub(super) fn work<'t>(text: &'t Text, options: &Options, size: usize) -> Option<Vec<Work<'t>>> {
    let list = fast::list(text.as_str())?;
    let (mut names, mut found) = (Names::default(), Vec::new());
    let mut cx = Context::new(text, &list.tree, &options.default_namespace, &mut names, &mut found);
    let inherited = Arc::new(dispatch::list(&mut cx, list.root)?);
    if !found.is_empty() {
        return None;
    }
    let (mut work, mut entries, mut bytes) = (Vec::new(), Vec::new(), 0);
    for (entry, start) in list.items {
        bytes += entry.len();
        entries.push((entry, start));
        if bytes >= size {
            work.push(Work::Entries(Arc::clone(&inherited), std::mem::take(&mut entries)));
            bytes = 0;
        }
    }
    work.push(Work::Entries(inherited, entries));
    Some(work)
}

/// Reads entries of a list; `None` where some of them is not in order.
pub(super) fn entries(
    text: &Text,
    list: &Inherited,
    entries: &[(&str, Start)],
    options: &Options,
    names: &mut Names,
) -> Option<Part> {
    let mut read = Part::default();
    for (entry, start) in entries {
        let mut count = 0;
        each(text, Stretch { text: entry, start: *start }, |tree, root| {
            count += 1;
            let mut cx = Context::new(text, tree, &options.default_namespace, names, &mut read.findings);
            dispatch::read_entry(&mut cx, root, list, &mut read.gathered);
        })?;
        // An entry is one value.
        (count == 1).then_some(())?;
    }
    Some(read)
}
