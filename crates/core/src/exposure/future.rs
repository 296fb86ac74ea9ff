//! Whom a peer would match that does not exist yet.

use super::{Opening, walk::Share};
use crate::{
    eval,
    index::{Index, NamespaceScope, PodSelectorKey},
    object::{
        Cluster, ClusterPods, LabelSelector, Labels, NAME_LABEL, Namespace, NetworkPolicy, ObjectKey, Origin,
        PeerKind, Pod, Requirement,
    },
};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// Where pods would have to be.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Place {
    /// In these namespaces, which exist.
    Namespaces(BTreeSet<Arc<str>>),
    /// In these namespaces, which do not exist.
    Missing(BTreeSet<Arc<str>>),
    /// In any namespace with such labels; the empty selector is any namespace.
    Labelled(LabelSelector),
}

/// Pods that do not exist yet, and that a rule is open to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Future {
    /// Where.
    pub place: Place,
    /// With which labels; the empty selector is any.
    pub pods: LabelSelector,
    /// Whether the selector matches some pod today.
    pub matches_today: bool,
}

impl Future {
    /// A pod that it is about, with no label but those that are asked for, in a namespace that may have to
    /// be made for it.
    #[must_use]
    pub fn example(&self) -> Option<(Namespace, Pod)> {
        let (name, labels) = match &self.place {
            Place::Namespaces(names) | Place::Missing(names) => (Arc::clone(names.first()?), Labels::new()),
            Place::Labelled(selector) => {
                let labels = selector.fewest()?;
                (labels.get(NAME_LABEL).unwrap_or("to-come").into(), labels)
            }
        };
        let mut pod = Pod::new(ObjectKey::new(Arc::clone(&name), "to-come"));
        pod.labels = self.pods.fewest()?;
        Some((Namespace::new(name, labels, Origin::default()), pod))
    }
}

/// The namespaces that there are, with their labels: written ones, and those that pods are in (S9).
pub(super) struct Namespaces<'a> {
    index: &'a Index,
    all: BTreeMap<Arc<str>, Labels>,
}

impl<'a> Namespaces<'a> {
    pub(super) fn of(cluster: &Cluster, index: &'a Index) -> Self {
        let mut all: BTreeMap<Arc<str>, Labels> = BTreeMap::new();
        for (name, namespace) in &cluster.namespaces {
            all.insert(Arc::clone(name), namespace.labels().clone());
        }
        for pod in cluster.pods.values() {
            let name = &pod.key.namespace;
            if !all.contains_key(name) {
                all.insert(Arc::clone(name), eval::namespace_of(cluster, pod).labels().clone());
            }
        }
        Self { index, all }
    }

    /// The names of the namespaces that a selector matches today.
    pub(super) fn matching(&self, selector: &LabelSelector) -> BTreeSet<Arc<str>> {
        let matching = self.all.iter().filter(|(_, labels)| selector.matches(labels));
        matching.map(|(name, _)| Arc::clone(name)).collect()
    }

    /// What an entry of `from` or `to` that selects pods opens: whole namespaces, and whom that is not
    /// there yet.
    pub(super) fn openings(&self, policy: &NetworkPolicy, peer: &PeerKind) -> Vec<Opening> {
        let own = Some(&policy.key.namespace);
        match peer {
            PeerKind::Block(_) => Vec::new(),
            PeerKind::Pods(pods) => self.of_own(policy, pods).into_iter().collect(),
            PeerKind::Namespaces(namespaces) => self.selected(own, namespaces, &LabelSelector::everything()),
            PeerKind::PodsInNamespaces { namespaces, pods } => self.selected(own, namespaces, pods),
        }
    }

    /// What is opened to pods of namespaces; its own is not told of as a whole.
    pub(super) fn selected(
        &self,
        own: Option<&Arc<str>>,
        namespaces: &LabelSelector,
        pods: &LabelSelector,
    ) -> Vec<Opening> {
        if namespaces.is_everything() && pods.is_everything() {
            return vec![Opening::Cluster];
        }
        let there = self.matching(namespaces);
        let mut openings = Vec::new();
        if pods.is_everything() {
            let others = there.iter().filter(|name| Some(*name) != own).cloned();
            openings.extend(others.map(Opening::Namespace));
        }
        let scope = NamespaceScope::Matching(namespaces.clone());
        let matches_today = self.selects(scope, pods);
        if pods.fewest().is_none() {
            return openings;
        }
        let future = |place| Opening::Future(Future { place, pods: pods.clone(), matches_today });
        match pinned(namespaces) {
            None if namespaces.fewest().is_some() => {
                openings.push(future(Place::Labelled(namespaces.clone())));
            }
            None => {}
            Some(names) => {
                let missing: BTreeSet<Arc<str>> =
                    names.into_iter().filter(|name| !self.all.contains_key(name)).collect();
                openings.extend(to_make(missing, namespaces).map(future));
                if !there.is_empty() && !matches_today {
                    openings.push(future(Place::Namespaces(there)));
                }
            }
        }
        openings
    }

    /// A `podSelector` alone: its own namespace, and only a finding where nobody is there.
    fn of_own(&self, policy: &NetworkPolicy, pods: &LabelSelector) -> Option<Opening> {
        let own = &policy.key.namespace;
        let matches_today = self.selects(NamespaceScope::One(Arc::clone(own)), pods);
        let place = Place::Namespaces([Arc::clone(own)].into());
        (!matches_today && pods.fewest().is_some())
            .then(|| Opening::Future(Future { place, pods: pods.clone(), matches_today }))
    }

    /// How many of those whom `opening` speaks of have such labels.
    pub(super) fn share(&self, opening: &Opening, named: &ClusterPods) -> Share {
        let everything = LabelSelector::everything();
        let (place, pods) = match opening {
            Opening::Unprotected | Opening::Internet(_) | Opening::Cluster => {
                (share(&everything, &named.namespaces), &everything)
            }
            Opening::Namespace(name) => (self.share_of([name].into_iter(), &named.namespaces), &everything),
            Opening::Future(future) => {
                let place = match &future.place {
                    Place::Namespaces(names) => self.share_of(names.iter(), &named.namespaces),
                    Place::Missing(names) => {
                        let name = Requirement::In(NAME_LABEL.into(), names.clone());
                        share(&[name].into_iter().collect(), &named.namespaces)
                    }
                    Place::Labelled(selector) => share(selector, &named.namespaces),
                };
                (place, &future.pods)
            }
        };
        match (place, share(pods, &named.pods)) {
            (Share::None, _) | (_, Share::None) => Share::None,
            (Share::All, Share::All) => Share::All,
            _ => Share::Some,
        }
    }

    /// How many of these namespaces, which exist, a selector matches.
    fn share_of<'n>(&self, names: impl Iterator<Item = &'n Arc<str>>, selector: &LabelSelector) -> Share {
        let matches = |name| self.all.get(name).is_some_and(|labels| selector.matches(labels));
        let (matching, others): (Vec<_>, Vec<_>) = names.partition(|name| matches(*name));
        match (matching.is_empty(), others.is_empty()) {
            (true, _) => Share::None,
            (false, true) => Share::All,
            (false, false) => Share::Some,
        }
    }

    /// Whether some of these namespaces has a pod with such labels.
    pub(super) fn has_pods<'n>(
        &self,
        mut names: impl Iterator<Item = &'n Arc<str>>,
        pods: &LabelSelector,
    ) -> bool {
        let bearing = self.index.pods_with(pods);
        names.any(|name| !bearing.is_disjoint(&self.index.pods_in(name)))
    }

    fn selects(&self, scope: NamespaceScope, pods: &LabelSelector) -> bool {
        let key = PodSelectorKey::new(scope, pods.clone());
        self.index.selected_pods(&key).is_some_and(|selected| !selected.is_empty())
    }
}

/// The names that a selector of namespaces asks for, where it does: no namespace of another name will
/// ever match (S9). Of names whose other labels cannot be, none.
fn pinned(selector: &LabelSelector) -> Option<Vec<Arc<str>>> {
    let names = selector.requirements().find_map(|requirement| match requirement {
        Requirement::In(key, names) if **key == *NAME_LABEL => Some(names),
        _ => None,
    })?;
    Some(names.iter().filter(|name| can_be_called(selector, name)).cloned().collect())
}

/// Namespaces that are not there, by these names and with whatever else `selector` asks of them.
pub(super) fn to_make(names: BTreeSet<Arc<str>>, selector: &LabelSelector) -> Option<Place> {
    if names.is_empty() {
        return None;
    }
    if selector.requirements().all(|requirement| **requirement.key() == *NAME_LABEL) {
        return Some(Place::Missing(names));
    }
    let called = [Requirement::In(NAME_LABEL.into(), names)].into_iter().collect();
    Some(Place::Labelled(selector.and(&called)))
}

/// Whether a namespace that `selector` matches can have this name (S9).
pub(super) fn can_be_called(selector: &LabelSelector, name: &Arc<str>) -> bool {
    let mut labels = Labels::new();
    labels.set(NAME_LABEL, Arc::clone(name));
    selector.fewest_beside(labels).is_some()
}

/// How much of what `of` selects is selected by `by`, whatever there will be.
fn share(of: &LabelSelector, by: &LabelSelector) -> Share {
    if of.implies(by) {
        Share::All
    } else if of.and(by).fewest().is_none() {
        Share::None
    } else {
        Share::Some
    }
}
