//! Pods by the workloads that people know.

use crate::{
    index::{Index, PodId},
    object::Workload,
};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// Which pods each workload has.
pub(super) struct Roster<'a> {
    index: &'a Index,
    sizes: BTreeMap<&'a Workload, usize>,
}

impl<'a> Roster<'a> {
    pub(super) fn of(index: &'a Index) -> Self {
        let mut sizes: BTreeMap<&Workload, usize> = BTreeMap::new();
        for (_, pod) in index.pods() {
            *sizes.entry(&pod.workload).or_default() += 1;
        }
        Self { index, sizes }
    }

    /// The workloads of some pods; with their names, where they are not all of a workload's.
    pub(super) fn workloads(&self, pods: &BTreeSet<PodId>) -> Vec<(Workload, Vec<Arc<str>>)> {
        let mut workloads: BTreeMap<&Workload, Vec<Arc<str>>> = BTreeMap::new();
        for pod in pods.iter().filter_map(|id| self.index.pod(*id)) {
            workloads.entry(&pod.workload).or_default().push(Arc::clone(&pod.key.name));
        }
        let named = workloads.into_iter().map(|(workload, mut names)| {
            if self.sizes.get(workload) == Some(&names.len()) {
                names.clear();
            }
            names.sort();
            (workload.clone(), names)
        });
        named.collect()
    }
}
