//! Whom a peer would match that does not exist yet.

use super::Opening;
use crate::{
    eval,
    index::{Index, NamespaceScope, PodSelectorKey},
    object::{
        Cluster, LabelSelector, Labels, NAME_LABEL, Namespace, NetworkPolicy, ObjectKey, Origin, PeerKind,
        Pod, Requirement,
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
            Place::Labelled(selector) => ("to-come".into(), meeting(selector)?),
        };
        let mut pod = Pod::new(ObjectKey::new(Arc::clone(&name), "to-come"));
        pod.labels = meeting(&self.pods)?;
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
    fn matching(&self, selector: &LabelSelector) -> BTreeSet<Arc<str>> {
        let matching = self.all.iter().filter(|(_, labels)| selector.matches(labels));
        matching.map(|(name, _)| Arc::clone(name)).collect()
    }

    /// What an entry of `from` or `to` that selects pods opens: whole namespaces, and whom that is not
    /// there yet.
    pub(super) fn openings(&self, policy: &NetworkPolicy, peer: &PeerKind) -> Vec<Opening> {
        let everything = LabelSelector::everything();
        let (namespaces, pods) = match peer {
            PeerKind::Block(_) => return Vec::new(),
            PeerKind::Pods(pods) => return self.of_own(policy, pods).into_iter().collect(),
            PeerKind::Namespaces(namespaces) => (namespaces, &everything),
            PeerKind::PodsInNamespaces { namespaces, pods } => (namespaces, pods),
        };
        if namespaces.is_everything() && pods.is_everything() {
            return vec![Opening::Cluster];
        }
        let there = self.matching(namespaces);
        let mut openings = Vec::new();
        if pods.is_everything() {
            let others = there.iter().filter(|name| **name != policy.key.namespace).cloned();
            openings.extend(others.map(Opening::Namespace));
        }
        let scope = NamespaceScope::Matching(namespaces.clone());
        let matches_today = self.selects(scope, pods);
        if meeting(pods).is_none() {
            return openings;
        }
        let future = |place| Opening::Future(Future { place, pods: pods.clone(), matches_today });
        match pinned(namespaces) {
            None if meeting(namespaces).is_some() => {
                openings.push(future(Place::Labelled(namespaces.clone())));
            }
            None => {}
            Some(names) => {
                let missing: BTreeSet<Arc<str>> =
                    names.into_iter().filter(|name| !self.all.contains_key(name)).collect();
                if !missing.is_empty() {
                    openings.push(future(Place::Missing(missing)));
                }
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
        (!matches_today && meeting(pods).is_some())
            .then(|| Opening::Future(Future { place, pods: pods.clone(), matches_today }))
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
    let can_be = |name: &&Arc<str>| {
        let mut labels = Labels::new();
        labels.set(NAME_LABEL, Arc::clone(name));
        with(selector, labels).is_some()
    };
    Some(names.iter().filter(can_be).cloned().collect())
}

/// The fewest labels that meet a selector; `None` where none do.
pub(super) fn meeting(selector: &LabelSelector) -> Option<Labels> {
    with(selector, Labels::new())
}

/// The fewest labels that meet a selector, and are `labels` besides.
fn with(selector: &LabelSelector, mut labels: Labels) -> Option<Labels> {
    for requirement in selector.requirements() {
        match requirement {
            Requirement::In(key, values) if labels.get(key).is_none() => {
                let fits = |value: &&Arc<str>| {
                    let mut one = Labels::new();
                    one.set(Arc::clone(key), Arc::clone(value));
                    let mut about = selector.requirements().filter(|other| other.key() == key);
                    about.all(|other| other.matches(&one))
                };
                labels.set(Arc::clone(key), Arc::clone(values.iter().find(fits)?));
            }
            Requirement::Exists(key) if labels.get(key).is_none() => labels.set(Arc::clone(key), "any"),
            _ => {}
        }
    }
    selector.matches(&labels).then_some(labels)
}
