//! The keys of a mapping: each is text and there once, and `<<` brings in those of another mapping.

use super::{NodeId, Tree, build::Problem};
use crate::read::context::MAX_FINDINGS;
use std::collections::{HashMap, hash_map::Entry};

type Problems = Vec<Problem>;

/// Checks the keys in `children`, which are pairs of key and value, and puts the entries that merge
/// keys name in place of them. Returns how many entries that were.
pub(super) fn keys(tree: &Tree<'_>, children: &mut Vec<NodeId>, problems: &mut Problems) -> u64 {
    let mut seen = Seen::default();
    let mut merges = Vec::new();
    let mut kept = Vec::with_capacity(children.len());
    for &[key, value] in children.as_chunks::<2>().0 {
        let Some(name) = tree.scalar(key) else {
            let message = format!("a key must be text, not {}", tree.describe(key));
            push(problems, Problem::new("key", message, tree.place(key)));
            continue;
        };
        if let Some(first) = seen.insert(tree, key) {
            let message = format!("the key `{}` is there already", name.text);
            let mut problem = Problem::new("duplicate-key", message, tree.place(key));
            problem.first = Some(tree.place(first));
            push(problems, problem);
        } else if name.plain && name.text == "<<" {
            merges.push(value);
        } else {
            kept.extend([key, value]);
        }
    }
    let own = kept.len();
    for value in merges {
        merge(tree, value, &mut seen, &mut kept, problems);
    }
    let merged = kept.len().saturating_sub(own);
    *children = kept;
    merged as u64
}

/// Adds the entries of `value`, a mapping or a list of them, whose keys are not there yet.
fn merge<'t>(
    tree: &'t Tree<'_>,
    value: NodeId,
    seen: &mut Seen<'t>,
    kept: &mut Vec<NodeId>,
    problems: &mut Problems,
) {
    let single = [value];
    for &mapping in tree.sequence(value).unwrap_or(&single) {
        let Some(entries) = tree.mapping(mapping) else {
            let message = format!("`<<` merges mappings, and this is {}", tree.describe(mapping));
            push(problems, Problem::new("merge", message, tree.place(mapping)));
            continue;
        };
        for (key, value) in entries {
            if seen.insert(tree, key).is_none() {
                kept.extend([key, value]);
            }
        }
    }
}

/// Keeps `problem`, unless there are so many already that nobody reads it.
fn push(problems: &mut Problems, problem: Problem) {
    if problems.len() <= MAX_FINDINGS {
        problems.push(problem);
    }
}

/// Keys that were seen. Mappings are small as a rule, and for those a list is faster than a hash.
#[derive(Default)]
struct Seen<'t> {
    few: Vec<NodeId>,
    many: HashMap<&'t str, NodeId>,
}

impl<'t> Seen<'t> {
    const FEW: usize = 16;

    /// Notes `key`, unless one of the same text was noted before, which is returned.
    fn insert(&mut self, tree: &'t Tree<'_>, key: NodeId) -> Option<NodeId> {
        let text = tree.key_text(key);
        if self.few.len() < Self::FEW {
            let first = self.few.iter().copied().find(|other| tree.key_text(*other) == text);
            if first.is_none() {
                self.few.push(key);
            }
            return first;
        }
        if self.many.is_empty() {
            self.many.extend(self.few.iter().map(|key| (tree.key_text(*key), *key)));
        }
        match self.many.entry(text) {
            Entry::Occupied(first) => Some(*first.get()),
            Entry::Vacant(free) => {
                free.insert(key);
                None
            }
        }
    }
}
