//! Whom selectors and blocks of policies mean.

use crate::{focus::RuleAt, part::Part, world::World};
use sekisho_core::{
    index::{NamespaceScope, PodId, PodSelectorKey, RoaringBitmap},
    object::{Direction, IpBlock, LabelSelector, NetworkPolicy, PeerKind, Pod, Workload},
    reach::{ClassId, Reach},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
    sync::Arc,
};

impl World<'_> {
    /// The pods that a peer of `policy` selects; none of a block.
    pub(crate) fn selected_by(&self, policy: &NetworkPolicy, kind: &PeerKind) -> RoaringBitmap {
        match kind {
            PeerKind::Pods(pods) => {
                self.selected(NamespaceScope::One(Arc::clone(&policy.key.namespace)), pods.clone())
            }
            PeerKind::Namespaces(namespaces) => {
                self.selected(NamespaceScope::Matching(namespaces.clone()), LabelSelector::everything())
            }
            PeerKind::PodsInNamespaces { namespaces, pods } => {
                self.selected(NamespaceScope::Matching(namespaces.clone()), pods.clone())
            }
            PeerKind::Block(_) => RoaringBitmap::new(),
        }
    }

    fn selected(&self, namespaces: NamespaceScope, pods: LabelSelector) -> RoaringBitmap {
        self.index.selected_pods(&PodSelectorKey::new(namespaces, pods)).cloned().unwrap_or_default()
    }

    /// Whether a peer of `policy` selects the pod with this number; a block has it by its address (S17).
    pub(crate) fn is_selected(&self, policy: &NetworkPolicy, kind: &PeerKind, id: PodId) -> bool {
        if let PeerKind::Block(block) = kind {
            return self.index.pod(id).is_some_and(|pod| has_address(block, &pod.addresses));
        }
        self.selected_by(policy, kind).contains(id)
    }

    /// The pods, of any namespace, whose labels a selector selects.
    pub(crate) fn pods_with(&self, pods: &LabelSelector) -> RoaringBitmap {
        self.index.pods_with(pods)
    }

    /// The destinations of a rule: its subjects, or the pods that it names.
    pub(crate) fn destinations(&self, at: RuleAt<'_>) -> RoaringBitmap {
        match at.direction {
            Direction::Ingress => self.subjects(at.policy).clone(),
            Direction::Egress if at.rule.peers.is_empty() => self.index.all_pods().clone(),
            Direction::Egress => at
                .rule
                .peers
                .iter()
                .map(|peer| self.selected_by(at.policy, &peer.kind))
                .fold(RoaringBitmap::new(), |all, pods| all | pods),
        }
    }

    /// The same where all of them are here to see; `None` where some may be of namespaces of which nothing is.
    pub(crate) fn all_destinations(&self, at: RuleAt<'_>) -> Option<RoaringBitmap> {
        let is_all = at.direction == Direction::Ingress || !self.may_mean_others(at);
        is_all.then(|| self.destinations(at))
    }

    /// The pods with these numbers.
    pub(crate) fn pods<'p>(&'p self, pods: &'p RoaringBitmap) -> impl Iterator<Item = &'p Arc<Pod>> {
        pods.iter().filter_map(|id| self.index.pod(id))
    }

    /// One pod of each workload.
    pub(crate) fn workloads<'p>(
        &'p self,
        pods: &'p RoaringBitmap,
    ) -> BTreeMap<&'p Workload, (PodId, &'p Arc<Pod>)> {
        let mut workloads = BTreeMap::new();
        for id in pods {
            if let Some(pod) = self.index.pod(id) {
                workloads.entry(&pod.workload).or_insert((id, pod));
            }
        }
        workloads
    }

    /// Those of `peers` that may talk to, or as `direction` says be talked to by, some of `subjects`.
    pub(crate) fn met(
        &self,
        direction: Direction,
        peers: &RoaringBitmap,
        subjects: &RoaringBitmap,
    ) -> RoaringBitmap {
        if peers.is_empty() {
            return RoaringBitmap::new();
        }
        if self.focus.is_none() {
            return meeting(self.reach(), direction, peers, subjects);
        }
        let part = Part::of(self, &(peers | subjects));
        let [peers, subjects] = [peers, subjects].map(|pods| part.numbers(self, pods));
        part.back(self, &meeting(&part.reach, direction, &peers, &subjects))
    }
}

fn meeting(
    reach: &Reach,
    direction: Direction,
    peers: &RoaringBitmap,
    subjects: &RoaringBitmap,
) -> RoaringBitmap {
    let theirs = reach.classes_of(subjects);
    let meets = |class: &ClassId| {
        let cells = match direction {
            Direction::Ingress => reach.destinations(*class),
            Direction::Egress => reach.sources(*class),
        };
        cells.iter().any(|cell| !cell.with.is_disjoint(&theirs))
    };
    let meeting: RoaringBitmap = reach.classes_of(peers).iter().filter(meets).collect();
    let is_met = |id: &PodId| reach.classes_of_pod(*id).any(|class| meeting.contains(class));
    peers.iter().filter(is_met).collect()
}

/// Whether a block has one of the addresses of a pod, or any that it may get (S17).
pub(crate) fn has_address(block: &IpBlock, addresses: &BTreeSet<IpAddr>) -> bool {
    block.is_whole_family() || addresses.iter().any(|address| block.contains(*address))
}
