//! The keys of a mapping: each is text and there once, and `<<` brings in those of another mapping.

use super::{NodeId, Tree, build::Problem};
use std::collections::HashSet;

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
            problems.push(Problem::new("key", message, tree.place(key)));
            continue;
        };
        if !seen.insert(tree, key) {
            let message = format!("the key `{}` is there already", name.text);
            let mut problem = Problem::new("duplicate-key", message, tree.place(key));
            let first =
                children.as_chunks::<2>().0.iter().find(|[other, _]| tree.key_text(*other) == name.text);
            problem.first = first.map(|[other, _]| tree.place(*other));
            problems.push(problem);
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
fn merge(tree: &Tree<'_>, value: NodeId, seen: &mut Seen, kept: &mut Vec<NodeId>, problems: &mut Problems) {
    let single = [value];
    for &mapping in tree.sequence(value).unwrap_or(&single) {
        let Some(entries) = tree.mapping(mapping) else {
            let message = format!("`<<` merges mappings, and this is {}", tree.describe(mapping));
            problems.push(Problem::new("merge", message, tree.place(mapping)));
            continue;
        };
        for (key, value) in entries {
            if seen.insert(tree, key) {
                kept.extend([key, value]);
            }
        }
    }
}

/// Keys that were seen. Mappings are small as a rule, and for those a list is faster than a hash.
#[derive(Default)]
struct Seen {
    few: Vec<NodeId>,
    many: HashSet<String>,
}

impl Seen {
    const FEW: usize = 16;

    /// Whether `key` was not there yet.
    fn insert(&mut self, tree: &Tree<'_>, key: NodeId) -> bool {
        let text = tree.key_text(key);
        if self.few.len() < Self::FEW {
            if self.few.iter().any(|other| tree.key_text(*other) == text) {
                return false;
            }
            self.few.push(key);
            return true;
        }
        if self.many.is_empty() {
            self.many.extend(self.few.iter().map(|key| tree.key_text(*key).to_owned()));
        }
        self.many.insert(text.to_owned())
    }
}
