//! How many of the pods are protected.

use sekisho_core::{
    index::{Index, RoaringBitmap},
    object::Direction,
    standard::Standard,
};
use std::{collections::BTreeMap, sync::Arc};

/// Of some pods, how many some policy isolates.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Share {
    /// How many there are.
    pub(crate) pods: usize,
    /// How many of them ingress policies isolate.
    pub(crate) ingress: usize,
    /// How many of them egress policies isolate.
    pub(crate) egress: usize,
}

/// The pods that policies isolate, by namespace. Namespaces that the platform brings do not count.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Coverage {
    /// By namespace.
    pub(crate) namespaces: BTreeMap<Arc<str>, Share>,
    /// Of all of them.
    pub(crate) all: Share,
}

impl Coverage {
    pub(crate) fn of(index: &Index, standard: &Standard) -> Self {
        let [ingress, egress] = Direction::ALL.map(|direction| isolated(index, direction));
        let mut coverage = Self::default();
        for (id, pod) in index.pods() {
            let name = &pod.key.namespace;
            if standard.exempt.contains(name) {
                continue;
            }
            let own = coverage.namespaces.entry(Arc::clone(name)).or_default();
            for share in [own, &mut coverage.all] {
                share.pods += 1;
                share.ingress += usize::from(ingress.contains(id));
                share.egress += usize::from(egress.contains(id));
            }
        }
        coverage
    }
}

impl Coverage {
    /// Adds what there is in an environment, where there are several.
    pub(super) fn add(&mut self, other: Self, environment: Option<&str>) {
        let name = |name: Arc<str>| match environment {
            Some(environment) => format!("{environment} {name}").into(),
            None => name,
        };
        self.namespaces.extend(other.namespaces.into_iter().map(|(own, share)| (name(own), share)));
        self.all.pods += other.all.pods;
        self.all.ingress += other.all.ingress;
        self.all.egress += other.all.egress;
    }
}

fn isolated(index: &Index, direction: Direction) -> RoaringBitmap {
    let policies = index.policies().filter(|one| one.key.tier().is_none() && one.rules(direction).is_some());
    let pods = policies.filter_map(|policy| index.selected_pods(&policy.subjects));
    pods.fold(RoaringBitmap::new(), |all, pods| all | pods)
}
