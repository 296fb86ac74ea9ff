//! What many objects have in common is kept once: the pods of a workload have equal labels and ports, and
//! policies select alike.

use sekisho_core::object::{ContainerPort, LabelSelector, Labels, NetworkPolicy, Origin, PeerKind, Pod};
use std::{
    collections::{BTreeSet, HashSet},
    hash::Hash,
    sync::Arc,
};

/// How many values are kept before those that nobody uses are let go.
const FIRST_SWEEP: usize = 1024;

/// A value that may be in use elsewhere.
pub(super) trait Shared: Clone + Eq + Hash {
    /// Whether nobody else has it.
    fn is_unused(&self) -> bool;
}

impl<T: ?Sized + Eq + Hash> Shared for Arc<T> {
    fn is_unused(&self) -> bool {
        Self::strong_count(self) == 1
    }
}

impl Shared for Labels {
    fn is_unused(&self) -> bool {
        self.is_unshared()
    }
}

impl Shared for LabelSelector {
    fn is_unused(&self) -> bool {
        self.is_unshared()
    }
}

/// Values that are in use.
#[derive(Debug)]
pub(super) struct Pool<T> {
    known: HashSet<T>,
    /// How many may be kept before it is looked who is still used.
    sweep_at: usize,
}

impl<T> Default for Pool<T> {
    fn default() -> Self {
        Self { known: HashSet::new(), sweep_at: FIRST_SWEEP }
    }
}

impl<T: Shared> Pool<T> {
    /// Puts in place of `value` one that equals it, where there is one.
    pub(super) fn share(&mut self, value: &mut T) {
        self.share_as(value, |value| value.clone());
    }

    /// The same; what is kept of a new value is what `own` makes of it.
    fn share_as(&mut self, value: &mut T, own: impl FnOnce(&T) -> T) {
        if let Some(known) = self.known.get(value) {
            *value = known.clone();
            return;
        }
        *value = own(value);
        self.known.insert(value.clone());
        if self.known.len() > self.sweep_at {
            self.known.retain(|known| !known.is_unused());
            self.sweep_at = FIRST_SWEEP.max(2 * self.known.len());
        }
    }
}

/// What pods have in common.
#[derive(Debug, Default)]
pub(super) struct Thrift {
    texts: Pool<Arc<str>>,
    labels: Pool<Labels>,
    ports: Pool<Arc<BTreeSet<ContainerPort>>>,
}

impl Thrift {
    /// Lets `pod` have what others have already. Nothing points into its text any more.
    pub(super) fn share(&mut self, pod: &mut Pod) {
        let Self { texts, labels, ports } = self;
        pod.origin = Origin::default();
        labels.share_as(&mut pod.labels, |labels| {
            let mut shared = |text: &Arc<str>| {
                let mut text = Arc::clone(text);
                texts.share(&mut text);
                text
            };
            labels.iter().map(|(key, value)| (shared(key), shared(value))).collect()
        });
        ports.share(&mut pod.ports);
        texts.share(&mut pod.key.namespace);
        texts.share(&mut pod.workload.key.namespace);
        texts.share(&mut pod.workload.kind);
        // A pod that nothing controls is its own workload, and shares its name with nobody.
        match pod.workload.key.name == pod.key.name {
            true => pod.workload.key.name = Arc::clone(&pod.key.name),
            false => texts.share(&mut pod.workload.key.name),
        }
        if let Some(node) = &mut pod.node {
            texts.share(node);
        }
    }
}

/// Lets `policy` have what others have already, and no more room than it needs: there are many. Nothing points into its text
/// any more, nor does anybody ask for its labels and annotations.
pub(super) fn share_selectors(selectors: &mut Pool<LabelSelector>, policy: &mut NetworkPolicy) {
    selectors.share(&mut policy.subjects);
    policy.origin = Origin::default();
    (policy.labels, policy.annotations) = (Labels::default(), Labels::default());
    policy.ingress.shrink_to_fit();
    policy.egress.shrink_to_fit();
    for rule in policy.ingress.iter_mut().chain(&mut policy.egress) {
        rule.origin = Origin::default();
        rule.peers.shrink_to_fit();
        rule.ports.shrink_to_fit();
        rule.ports.iter_mut().for_each(|port| port.origin = Origin::default());
        for peer in &mut rule.peers {
            peer.origin = Origin::default();
            match &mut peer.kind {
                PeerKind::Pods(one) | PeerKind::Namespaces(one) => selectors.share(one),
                PeerKind::PodsInNamespaces { namespaces, pods } => {
                    selectors.share(namespaces);
                    selectors.share(pods);
                }
                PeerKind::Block(_) => {}
            }
        }
    }
}
