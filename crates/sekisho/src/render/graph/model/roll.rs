//! Who is there, by namespace.

use sekisho_core::{index::Index, object::Workload, reach::Grain};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// The workloads, or pods, that a picture shows although no connection names them.
#[derive(Debug, Default)]
pub(crate) struct Roll {
    /// Those of each namespace.
    pub(super) namespaces: BTreeMap<Arc<str>, BTreeSet<Workload>>,
    /// Whether to show them also where nothing may reach them, nor they anything.
    pub(super) is_shown: bool,
    /// Whether only namespaces are ends.
    pub(super) is_by_namespace: bool,
}

impl Roll {
    /// Everybody that policies see. `is_shown` says whether those without connections are drawn.
    pub(crate) fn of(index: &Index, grain: Grain, is_by_namespace: bool, is_shown: bool) -> Self {
        let mut namespaces: BTreeMap<Arc<str>, BTreeSet<Workload>> = BTreeMap::new();
        for (_, pod) in index.pods() {
            let workload = match grain {
                Grain::Workload => pod.workload.clone(),
                Grain::Pod => Workload { key: pod.key.clone(), kind: "Pod".into() },
            };
            namespaces.entry(Arc::clone(&pod.key.namespace)).or_default().insert(workload);
        }
        Self { namespaces, is_shown, is_by_namespace }
    }
}
