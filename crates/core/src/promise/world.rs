//! The cluster that promises are held against, and the pods that it may yet have.

use super::{Group, future};
use crate::{
    index::{Index, PodId, RoaringBitmap},
    object::{Change, Cluster, Namespace, Pod},
    reach::Reach,
    set::AddressSet,
};
use std::{borrow::Cow, sync::Arc};

/// A cluster, computed once for all promises.
///
/// It has pods that are not there yet: one for each pod selector of a rule that selects nobody today,
/// for it may select somebody tomorrow. They stand where the selector stands, opposite to the policy's
/// subjects, and only what promises forbid is asked of them.
#[derive(Debug)]
pub struct World<'c> {
    cluster: Cow<'c, Cluster>,
    pub(super) index: Index,
    pub(super) reach: Reach,
    /// The pods that there are.
    pub(super) today: RoaringBitmap,
    /// Those, and pods that ingress rules may admit.
    pub(super) sources: RoaringBitmap,
    /// Those, and pods that egress rules may admit.
    pub(super) destinations: RoaringBitmap,
}

impl<'c> World<'c> {
    /// The world of `cluster`.
    #[must_use]
    pub fn of(cluster: &'c Cluster) -> Self {
        Self::with(Cow::Borrowed(cluster), &future::pods(cluster))
    }

    /// The world of `cluster` and these pods that are not there yet.
    pub(super) fn with(mut cluster: Cow<'c, Cluster>, future: &[future::FuturePod]) -> Self {
        for change in future.iter().flat_map(future::FuturePod::changes) {
            cluster.to_mut().apply(change);
        }
        let index = Index::of(cluster.changes());
        let reach = Reach::of(&index);
        let all: RoaringBitmap = index.pods().map(|(id, _)| id).collect();
        let ids = |wanted: &dyn Fn(&future::FuturePod) -> bool| -> RoaringBitmap {
            future.iter().filter(|pod| wanted(pod)).filter_map(|pod| index.pod_id(&pod.pod.uid)).collect()
        };
        let today = &all - ids(&|_| true);
        Self {
            sources: &today | ids(&|pod| pod.is_source),
            destinations: &today | ids(&|pod| !pod.is_source),
            today,
            cluster,
            index,
            reach,
        }
    }

    /// The cluster with the pods that are not there yet: in it, the packets of broken promises are
    /// explained.
    #[must_use]
    pub fn cluster(&self) -> &Cluster {
        &self.cluster
    }

    /// The pods of any of `groups`, those included that are not there yet.
    pub(super) fn pods_of(&self, groups: &[Arc<Group>]) -> RoaringBitmap {
        let is_meant = |pod: &Pod| {
            let namespace = self.namespace_of(pod);
            groups.iter().any(|group| group.has_pod(pod, namespace.labels()))
        };
        self.index.pods().filter(|(_, pod)| is_meant(pod)).map(|(id, _)| id).collect()
    }

    /// The namespace of a pod (S9).
    pub(super) fn namespace_of(&self, pod: &Pod) -> Cow<'_, Namespace> {
        crate::eval::namespace_of(&self.cluster, pod)
    }

    /// The pod with this number.
    pub(super) fn pod(&self, id: PodId) -> Option<&Arc<Pod>> {
        self.index.pod(id)
    }
}

/// The addresses of any of `groups`.
pub(super) fn addresses_of(groups: &[Arc<Group>]) -> AddressSet {
    groups.iter().fold(AddressSet::empty(), |set, group| set.union(&group.addresses()))
}

impl future::FuturePod {
    fn changes(&self) -> impl Iterator<Item = Change> + '_ {
        let namespace = self.namespace.iter().cloned().map(Change::PutNamespace);
        namespace.chain([Change::PutPod(Arc::new(self.pod.clone()))])
    }
}
