//! Groups of pods said in the fewest words that are true.

use super::{
    party::{Term, WorkloadPods},
    sides::number,
};
use crate::object::Workload;
use roaring::RoaringBitmap;
use std::{collections::BTreeSet, net::IpAddr, ops::Range, sync::Arc};

/// Pods of one workload: their names, and their addresses where these have to be told.
#[derive(Debug, Default)]
pub(crate) struct Told {
    pub(crate) pods: BTreeSet<Arc<str>>,
    pub(crate) addresses: BTreeSet<IpAddr>,
}

impl Told {
    /// Whether both tell of a pod, at no addresses that tell the two apart.
    fn meets(&self, other: &Self) -> bool {
        let same_address = self.addresses.is_empty()
            || other.addresses.is_empty()
            || !self.addresses.is_disjoint(&other.addresses);
        same_address && !self.pods.is_disjoint(&other.pods)
    }
}

/// Adds the pods of the group with a number.
pub(crate) type Tell<'t> = &'t dyn Fn(u32, &mut Told);

#[derive(Debug)]
struct Entry {
    workload: Arc<Workload>,
    groups: Range<usize>,
    /// Whether another has the same name.
    is_ambiguous: bool,
}

/// The workloads and namespaces of groups, which are numbered.
#[derive(Debug, Default)]
pub(crate) struct Names {
    groups: usize,
    namespaces: Vec<Namespace>,
    workloads: Vec<Entry>,
}

/// The workloads of a namespace, and the groups of all of them.
#[derive(Debug)]
struct Namespace {
    workloads: Range<usize>,
    groups: Range<u32>,
}

impl Names {
    /// Of the workload of each group.
    ///
    /// INVARIANT: they are sorted, so that groups of one workload follow each other.
    pub(crate) fn of<'w>(workloads: impl Iterator<Item = &'w Arc<Workload>>) -> Self {
        let mut names = Self::default();
        for (at, workload) in workloads.enumerate() {
            names.groups = at + 1;
            match names.workloads.last_mut() {
                Some(last) if last.workload == *workload => last.groups.end = at + 1,
                _ => names.workloads.push(Entry {
                    workload: Arc::clone(workload),
                    groups: at..at + 1,
                    is_ambiguous: false,
                }),
            }
        }
        // Workloads are sorted by name before kind.
        for same in names.workloads.chunk_by_mut(|a, b| a.workload.key == b.workload.key) {
            let is_ambiguous = same.len() > 1;
            same.iter_mut().for_each(|entry| entry.is_ambiguous = is_ambiguous);
        }
        let mut start = 0;
        for chunk in names.workloads.chunk_by(|a, b| a.workload.key.namespace == b.workload.key.namespace) {
            let workloads = start..start + chunk.len();
            names.namespaces.push(Namespace { workloads, groups: groups_of(chunk) });
            start += chunk.len();
        }
        names
    }

    /// The groups of each workload.
    pub(crate) fn by_workload(&self) -> impl Iterator<Item = Range<usize>> + '_ {
        self.workloads.iter().map(|entry| entry.groups.clone())
    }

    /// The shortest true description of a set of groups.
    pub(crate) fn terms(&self, groups: &RoaringBitmap, tell: Tell<'_>) -> Vec<Term> {
        let everybody = number(self.groups);
        if groups.len() == u64::from(everybody) && self.workloads.len() > 1 {
            return vec![Term::Cluster { except: Vec::new() }];
        }
        let (terms, touched) = self.by_namespace(groups, tell);
        // Workloads, not groups, are counted: how finely policies tell pods apart changes no words.
        if touched * 2 > self.workloads.len() {
            let missing = (0..everybody).collect::<RoaringBitmap>() - groups;
            let (except, _) = self.by_namespace(&missing, tell);
            if except.len() + 1 < terms.len() && self.are_apart(groups, &missing, tell) {
                return vec![Term::Cluster { except }];
            }
        }
        terms
    }

    /// Whether no pod is told of both sets. A pod that is in a group of either, as one that stands for
    /// several pods of another state is, cannot be left out of the one by naming the other.
    fn are_apart(&self, groups: &RoaringBitmap, others: &RoaringBitmap, tell: Tell<'_>) -> bool {
        present(&self.workloads, groups).into_iter().all(|(entry, present)| {
            let of = |set: &RoaringBitmap| {
                let mut told = Told::default();
                set.range(groups_of(std::slice::from_ref(entry))).for_each(|group| tell(group, &mut told));
                told
            };
            let is_split = present > 0 && present < entry.groups.len();
            !is_split || !of(groups).meets(&of(others))
        })
    }

    /// Namespace by namespace; and of how many workloads some group is meant.
    fn by_namespace(&self, groups: &RoaringBitmap, tell: Tell<'_>) -> (Vec<Term>, usize) {
        let (mut terms, mut touched) = (Vec::new(), 0);
        // Most sets are of few of the namespaces, so only those are looked at.
        let mut rest = groups.iter();
        while let Some(next) = rest.next() {
            let at = self.namespaces.partition_point(|namespace| namespace.groups.end <= next);
            let Some(Namespace { workloads, groups: range }) = self.namespaces.get(at) else { break };
            rest.advance_to(range.end);
            let entries = self.workloads.get(workloads.clone()).unwrap_or_default();
            if groups.contains_range(range.clone()) && entries.len() > 1 {
                let name = entries.first().map(|entry| Arc::clone(&entry.workload.key.namespace));
                terms.extend(name.map(|name| Term::Namespace { name, except: Vec::new() }));
                touched += entries.len();
            } else {
                touched += of_namespace(entries, groups, tell, &mut terms);
            }
        }
        (terms, touched)
    }
}

/// The terms of a namespace of which some groups are meant: all but some workloads, or one by one. Says
/// how many workloads these are of.
fn of_namespace(entries: &[Entry], groups: &RoaringBitmap, tell: Tell<'_>, terms: &mut Vec<Term>) -> usize {
    let (missing, some): (Vec<_>, Vec<_>) =
        present(entries, groups).into_iter().partition(|(_, present)| *present == 0);
    let is_whole = |(entry, present): &(&Entry, usize)| *present == entry.groups.len();
    let touched = some.len();
    let first = some.first().map(|(entry, _)| Arc::clone(&entry.workload.key.namespace));
    match first {
        Some(name) if missing.len() + 1 < some.len() && some.iter().all(is_whole) => {
            let except = missing.iter().map(|(entry, _)| named(entry, None, tell)).collect();
            terms.push(Term::Namespace { name, except });
        }
        _ => terms.extend(
            some.iter().map(|one| Term::Workload(named(one.0, (!is_whole(one)).then_some(groups), tell))),
        ),
    }
    touched
}

/// How many groups of each workload are in `groups`. They are walked once: to count those of each by
/// itself takes as long, in a large set, as to count those of all before it.
fn present<'e>(entries: &'e [Entry], groups: &RoaringBitmap) -> Vec<(&'e Entry, usize)> {
    let mut members = groups.range(groups_of(entries)).peekable();
    let count = |entry: &'e Entry| {
        let end = number(entry.groups.end);
        let mut present = 0;
        while members.next_if(|member| *member < end).is_some() {
            present += 1;
        }
        (entry, present)
    };
    entries.iter().map(count).collect()
}

/// A workload; where `groups` are told, those of its pods that are in them.
fn named(entry: &Entry, groups: Option<&RoaringBitmap>, tell: Tell<'_>) -> WorkloadPods {
    let mut told = Told::default();
    if let Some(groups) = groups {
        let range = groups.range(groups_of(std::slice::from_ref(entry)));
        range.for_each(|group| tell(group, &mut told));
    }
    WorkloadPods {
        workload: Arc::clone(&entry.workload),
        is_ambiguous: entry.is_ambiguous,
        pods: told.pods.into_iter().collect(),
        addresses: told.addresses.into_iter().collect(),
    }
}

/// The groups of workloads that follow each other.
fn groups_of(entries: &[Entry]) -> Range<u32> {
    let start = entries.first().map_or(0, |entry| entry.groups.start);
    number(start)..number(entries.last().map_or(start, |entry| entry.groups.end))
}
