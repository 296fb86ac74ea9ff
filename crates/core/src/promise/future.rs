//! Pods that are not there yet, and that policies would let in or out.
//!
//! A selector that matches nobody today may match somebody tomorrow. For each pod selector of a peer that
//! does not, there is one pod that it would match, with no label but those that it asks for.

use super::near;
use crate::{
    eval,
    index::{Index, NamespaceScope, PolicyKey},
    object::{
        Cluster, ClusterPeerKind, Direction, LabelSelector, Labels, Namespace, NetworkPolicy, ObjectKey,
        Origin, PeerKind, Pod, PodUid, RuleAction, Workload,
    },
};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// A pod that is not there yet.
#[derive(Clone, Debug)]
pub(super) struct FuturePod {
    pub(super) pod: Pod,
    /// Its namespace, where that is not there either.
    pub(super) namespace: Option<Namespace>,
    /// Whether a rule would let it in, rather than out.
    pub(super) is_source: bool,
    /// Where it is selected.
    place: NamespaceScope,
}

/// The pods that rules of `cluster` are about, and that are not there. Sorted.
pub(super) fn pods(cluster: &Cluster) -> Vec<FuturePod> {
    let mut selected: BTreeSet<(Direction, NamespaceScope, LabelSelector)> = BTreeSet::new();
    for policy in cluster.policies.values() {
        for direction in Direction::ALL.into_iter().filter(|direction| policy.isolates(*direction)) {
            let peers = policy.rules(direction).iter().flat_map(|rule| &rule.peers);
            selected.extend(peers.filter_map(|peer| {
                let (place, pods) = selector(policy, &peer.kind)?;
                Some((direction, place, pods))
            }));
        }
    }
    for policy in cluster.cluster_policies.values() {
        for direction in Direction::ALL {
            // What passes or denies lets nobody in by itself.
            let rules = policy.rules(direction).iter().filter(|rule| rule.action == RuleAction::Accept);
            selected.extend(rules.flat_map(|rule| &rule.peers).filter_map(|peer| match &peer.kind {
                ClusterPeerKind::Pods(named) => {
                    Some((direction, NamespaceScope::Matching(named.namespaces.clone()), named.pods.clone()))
                }
                _ => None,
            }));
        }
    }
    let there = Labelled::of(cluster);
    let missing = selected.into_iter().filter(|(_, place, pods)| !there.has(place, pods));
    missing.filter_map(|(direction, place, pods)| future(cluster, direction, &place, &pods)).collect()
}

/// The same as [`pods`], of a cluster whose index is at hand, and in which no cluster-wide rule accepts: it costs what there is
/// of rules, and not what there is of pods. With each whether a policy of `namespace` is about it.
pub(super) fn pods_by(cluster: &Cluster, index: &Index, namespace: &str) -> Vec<(FuturePod, bool)> {
    let mut missing: BTreeMap<(Direction, NamespaceScope, LabelSelector), bool> = BTreeMap::new();
    let unmatched = index.missing_selectors();
    for policy in index.policies().filter(|_| !unmatched.is_empty()) {
        let is_own = matches!(&policy.key, PolicyKey::Namespaced(key) if *key.namespace == *namespace);
        for direction in Direction::ALL.into_iter().filter(|direction| near::isolates(policy, *direction)) {
            for key in policy
                .rules(direction)
                .into_iter()
                .flatten()
                .flat_map(|rule| near::selectors(rule, direction))
            {
                if unmatched.contains(key) {
                    *missing.entry((direction, key.namespaces().clone(), key.pods().clone())).or_default() |=
                        is_own;
                }
            }
        }
    }
    let missing = missing.into_iter();
    missing
        .filter_map(|((direction, place, pods), is_own)| {
            Some((future(cluster, direction, &place, &pods)?, is_own))
        })
        .collect()
}

fn selector(policy: &NetworkPolicy, peer: &PeerKind) -> Option<(NamespaceScope, LabelSelector)> {
    match peer {
        PeerKind::Pods(pods) => Some((NamespaceScope::One(Arc::clone(&policy.key.namespace)), pods.clone())),
        PeerKind::Namespaces(namespaces) => {
            Some((NamespaceScope::Matching(namespaces.clone()), LabelSelector::everything()))
        }
        PeerKind::PodsInNamespaces { namespaces, pods } => {
            Some((NamespaceScope::Matching(namespaces.clone()), pods.clone()))
        }
        PeerKind::Block(_) => None,
    }
}

/// The distinct labels of pods in each namespace: replicas have the same.
struct Labelled<'c> {
    namespaces: BTreeMap<&'c Arc<str>, (Labels, BTreeSet<&'c Labels>)>,
}

impl<'c> Labelled<'c> {
    fn of(cluster: &'c Cluster) -> Self {
        let mut namespaces: BTreeMap<&Arc<str>, (Labels, BTreeSet<&Labels>)> = BTreeMap::new();
        for pod in cluster.pods.values().filter(|pod| pod.is_policed()) {
            let entry = namespaces
                .entry(&pod.key.namespace)
                .or_insert_with(|| (eval::namespace_of(cluster, pod).labels().clone(), BTreeSet::new()));
            entry.1.insert(&pod.labels);
        }
        Self { namespaces }
    }

    fn has(&self, place: &NamespaceScope, pods: &LabelSelector) -> bool {
        let matches = |labels: &BTreeSet<&Labels>| labels.iter().any(|labels| pods.matches(labels));
        match place {
            NamespaceScope::One(name) => self.namespaces.get(name).is_some_and(|(_, labels)| matches(labels)),
            NamespaceScope::Matching(selector) => {
                let mut there = self.namespaces.values().filter(|(labels, _)| selector.matches(labels));
                there.any(|(_, labels)| matches(labels))
            }
        }
    }
}

/// The pod that a selector would match; `None` where it contradicts itself, or where the namespace that
/// it asks for can have no such labels.
fn future(
    cluster: &Cluster,
    direction: Direction,
    place: &NamespaceScope,
    selector: &LabelSelector,
) -> Option<FuturePod> {
    let labels = selector.fewest()?;
    let (name, namespace) = match place {
        NamespaceScope::One(name) => (Arc::clone(name), None),
        NamespaceScope::Matching(selector) => home(cluster, selector)?,
    };
    let what =
        if selector.is_everything() { "any pod".to_owned() } else { format!("any pod with {selector}") };
    let mut pod = Pod::new(ObjectKey::new(Arc::clone(&name), what));
    // Two selectors may differ in where they look, and find the same namespace.
    pod.uid = PodUid(format!("future {direction} {name} {place:?} {selector}").into());
    pod.workload = Workload { key: pod.key.clone(), kind: "Pod".into() };
    pod.labels = labels;
    Some(FuturePod { pod, namespace, is_source: direction == Direction::Ingress, place: place.clone() })
}

impl FuturePod {
    /// The labels of its namespace.
    pub(super) fn labels_of_namespace(&self, cluster: &Cluster) -> Labels {
        match &self.namespace {
            Some(namespace) => namespace.labels().clone(),
            None => eval::namespace_of(cluster, &self.pod).labels().clone(),
        }
    }

    /// Whether it may be another, or there or not there, by what is in a namespace with these labels.
    pub(super) fn depends_on(&self, name: &str, labels: &Labels) -> bool {
        self.place.has(name, labels) || *self.pod.key.namespace == *name
    }
}

/// A namespace with such labels: the first that there is, or else a new one.
fn home(cluster: &Cluster, selector: &LabelSelector) -> Option<(Arc<str>, Option<Namespace>)> {
    let mut there = cluster.namespaces.values().filter(|namespace| selector.matches(namespace.labels()));
    if let Some(namespace) = there.next() {
        return Some((Arc::clone(namespace.name()), None));
    }
    let labels = selector.fewest()?;
    let name: Arc<str> = match labels.get(crate::object::NAME_LABEL) {
        Some(name) => name.into(),
        None => format!("(any namespace with {selector})").into(),
    };
    if cluster.namespaces.contains_key(&name) {
        return None;
    }
    let namespace = Namespace::new(Arc::clone(&name), labels, Origin::default());
    selector.matches(namespace.labels()).then_some((name, Some(namespace)))
}
