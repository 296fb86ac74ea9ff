//! Interned labels, bitmaps of the pods that bear them, and selectors compiled to them.

use super::intern::Interner;
use crate::object::{LabelSelector, Labels, Requirement};
use roaring::RoaringBitmap;
use std::{collections::BTreeSet, sync::Arc};

type Pair = (Arc<str>, Arc<str>);

/// The labels of one pod as numbers, each list sorted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct LabelIds {
    /// (key, value) pairs.
    pub(super) pairs: Vec<u32>,
    /// Keys.
    keys: Vec<u32>,
}

/// A requirement over numbers (S8).
#[derive(Clone, Debug)]
enum Condition {
    AnyPair(Vec<u32>),
    NoPair(Vec<u32>),
    Key(u32),
    NoKey(u32),
}

/// A label selector over numbers.
#[derive(Clone, Debug, Default)]
pub(super) struct Matcher {
    conditions: Vec<Condition>,
}

impl Matcher {
    /// `selector`, with the numbers that `pair` and `key` give. What has no number nobody bears.
    fn of(
        selector: &LabelSelector,
        mut pair: impl FnMut(&Pair) -> Option<u32>,
        mut key: impl FnMut(&Arc<str>) -> Option<u32>,
    ) -> Self {
        let mut pairs = |key: &Arc<str>, values: &BTreeSet<Arc<str>>| -> Vec<u32> {
            values.iter().filter_map(|value| pair(&(Arc::clone(key), Arc::clone(value)))).collect()
        };
        let conditions = selector.requirements().filter_map(|requirement| {
            Some(match requirement {
                Requirement::In(key, values) => Condition::AnyPair(pairs(key, values)),
                Requirement::NotIn(key, values) => Condition::NoPair(pairs(key, values)),
                Requirement::Exists(of) => key(of).map_or(Condition::AnyPair(Vec::new()), Condition::Key),
                Requirement::DoesNotExist(of) => Condition::NoKey(key(of)?),
            })
        });
        Self { conditions: conditions.collect() }
    }

    /// Whether a pod with `labels` is selected.
    pub(super) fn matches(&self, labels: &LabelIds) -> bool {
        let has = |list: &[u32], id: &u32| list.binary_search(id).is_ok();
        self.conditions.iter().all(|condition| match condition {
            Condition::AnyPair(pairs) => pairs.iter().any(|pair| has(&labels.pairs, pair)),
            Condition::NoPair(pairs) => !pairs.iter().any(|pair| has(&labels.pairs, pair)),
            Condition::Key(key) => has(&labels.keys, key),
            Condition::NoKey(key) => !has(&labels.keys, key),
        })
    }

    /// Pairs of which every selected pod has one, where the selector demands such: by these it is
    /// found without being evaluated.
    pub(super) fn anchors(&self) -> Option<&[u32]> {
        self.conditions.iter().find_map(|condition| match condition {
            Condition::AnyPair(pairs) => Some(pairs.as_slice()),
            _ => None,
        })
    }
}

/// Which pods bear which labels.
#[derive(Debug, Default)]
pub(super) struct LabelTable {
    pairs: Interner<Pair>,
    keys: Interner<Arc<str>>,
    pair_pods: Vec<RoaringBitmap>,
    key_pods: Vec<RoaringBitmap>,
}

impl LabelTable {
    /// The numbers of `labels`, in use until [`Self::release`].
    pub(super) fn acquire(&mut self, labels: &Labels) -> LabelIds {
        let mut ids = LabelIds::default();
        for (key, value) in labels.iter() {
            ids.pairs.push(self.pairs.acquire(&(Arc::clone(key), Arc::clone(value))));
            ids.keys.push(self.keys.acquire(key));
        }
        ids.pairs.sort_unstable();
        ids.keys.sort_unstable();
        ids
    }

    /// The same numbers in use once more.
    pub(super) fn acquire_again(&mut self, ids: &LabelIds) {
        ids.pairs.iter().for_each(|pair| self.pairs.acquire_again(*pair));
        ids.keys.iter().for_each(|key| self.keys.acquire_again(*key));
    }

    /// Gives back what [`Self::acquire`] gave.
    pub(super) fn release(&mut self, ids: &LabelIds) {
        for pair in &ids.pairs {
            self.pairs.release(*pair);
        }
        for key in &ids.keys {
            self.keys.release(*key);
        }
    }

    /// Notes that `pod` bears `labels`.
    pub(super) fn insert(&mut self, pod: u32, labels: &LabelIds) {
        for pair in &labels.pairs {
            slot(&mut self.pair_pods, *pair).insert(pod);
        }
        for key in &labels.keys {
            slot(&mut self.key_pods, *key).insert(pod);
        }
    }

    /// Notes that `pod` bears `labels` no more.
    pub(super) fn remove(&mut self, pod: u32, labels: &LabelIds) {
        for pair in &labels.pairs {
            slot(&mut self.pair_pods, *pair).remove(pod);
        }
        for key in &labels.keys {
            slot(&mut self.key_pods, *key).remove(pod);
        }
    }

    /// `selector` over numbers, in use until [`Self::release_matcher`].
    pub(super) fn compile(&mut self, selector: &LabelSelector) -> Matcher {
        let Self { pairs, keys, .. } = self;
        Matcher::of(selector, |pair| Some(pairs.acquire(pair)), |key| Some(keys.acquire(key)))
    }

    /// Gives back what [`Self::compile`] gave.
    pub(super) fn release_matcher(&mut self, matcher: &Matcher) {
        for condition in &matcher.conditions {
            match condition {
                Condition::AnyPair(pairs) | Condition::NoPair(pairs) => {
                    for pair in pairs {
                        self.pairs.release(*pair);
                    }
                }
                Condition::Key(key) | Condition::NoKey(key) => {
                    self.keys.release(*key);
                }
            }
        }
    }

    /// The pods among `pods` that `selector` selects, without its numbers being taken into use.
    pub(super) fn find(&self, selector: &LabelSelector, pods: RoaringBitmap) -> RoaringBitmap {
        let matcher = Matcher::of(selector, |pair| self.pairs.get(pair), |key| self.keys.get(key));
        self.select(&matcher, pods)
    }

    /// The pods among `pods` that `matcher` selects: one bitmap operation a label.
    pub(super) fn select(&self, matcher: &Matcher, mut pods: RoaringBitmap) -> RoaringBitmap {
        for condition in &matcher.conditions {
            match condition {
                Condition::AnyPair(pairs) => pods &= self.any_of(pairs),
                Condition::NoPair(pairs) => pods -= self.any_of(pairs),
                Condition::Key(key) => match self.key_pods.get(*key as usize) {
                    Some(bearers) => pods &= bearers,
                    None => pods.clear(),
                },
                Condition::NoKey(key) => {
                    if let Some(bearers) = self.key_pods.get(*key as usize) {
                        pods -= bearers;
                    }
                }
            }
        }
        pods
    }

    fn any_of(&self, pairs: &[u32]) -> RoaringBitmap {
        let bitmaps = pairs.iter().filter_map(|pair| self.pair_pods.get(*pair as usize));
        bitmaps.fold(RoaringBitmap::new(), |all, bitmap| all | bitmap)
    }
}

fn slot(bitmaps: &mut Vec<RoaringBitmap>, number: u32) -> &mut RoaringBitmap {
    let at = number as usize;
    if bitmaps.len() <= at {
        bitmaps.resize_with(at + 1, RoaringBitmap::new);
    }
    // INVARIANT: the resize above made the slot.
    #[expect(clippy::indexing_slicing, reason = "made by the line above")]
    &mut bitmaps[at]
}
