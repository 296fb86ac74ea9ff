//! In what a cluster differs from what it was.

use super::{Change, Cluster, ObjectKey};
use std::{
    cmp::Ordering,
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

impl Cluster {
    /// The changes that make this cluster out of `before`, of the objects that changes are of.
    #[must_use]
    pub fn changes_since(&self, before: &Self) -> Vec<Change> {
        let mut changes = Vec::new();
        for (name, now) in differing(&before.namespaces, &self.namespaces) {
            let gone = || Change::RemoveNamespace(Arc::clone(name));
            changes.push(now.map_or_else(gone, |now| Change::PutNamespace(now.clone())));
        }
        for (name, now) in differing(&before.nodes, &self.nodes) {
            let gone = || Change::RemoveNode(Arc::clone(name));
            changes.push(now.map_or_else(gone, |now| Change::PutNode(now.clone())));
        }
        for (key, now) in differing(&before.policies, &self.policies) {
            let gone = || Change::RemovePolicy(key.clone());
            changes.push(now.map_or_else(gone, |now| Change::PutPolicy(now.clone())));
        }
        for (name, now) in differing(&before.cluster_policies, &self.cluster_policies) {
            let gone = || Change::RemoveClusterPolicy(name.clone());
            changes.push(now.map_or_else(gone, |now| Change::PutClusterPolicy(now.clone())));
        }
        for (uid, now) in differing(&before.pods, &self.pods) {
            let gone = || Change::RemovePod(uid.clone());
            changes.push(now.map_or_else(gone, |now| Change::PutPod(Arc::clone(now))));
        }
        changes
    }

    /// The namespaces of the objects in which this cluster differs from `before`, from which `changes` led to it; `None`
    /// where one of those lies in no namespace, for it may be about any.
    #[must_use]
    pub fn namespaces_since(&self, before: &Self, changes: &[Change]) -> Option<BTreeSet<Arc<str>>> {
        let (was, is) = (&before.entrances, &self.entrances);
        if is.ingress_classes != was.ingress_classes || is.gateway_classes != was.gateway_classes {
            return None;
        }
        let mut found: BTreeSet<Arc<str>> = BTreeSet::new();
        for change in changes {
            let pods = |uid| [before, self].into_iter().filter_map(move |cluster| cluster.pods.get(uid));
            match change {
                Change::PutNamespace(namespace) => drop(found.insert(Arc::clone(namespace.name()))),
                Change::RemoveNamespace(name) => drop(found.insert(Arc::clone(name))),
                Change::PutPolicy(policy) => drop(found.insert(Arc::clone(&policy.key.namespace))),
                Change::RemovePolicy(key) => drop(found.insert(Arc::clone(&key.namespace))),
                Change::PutPod(pod) => found.extend(pods(&pod.uid).map(|pod| Arc::clone(&pod.key.namespace))),
                Change::RemovePod(uid) => found.extend(pods(uid).map(|pod| Arc::clone(&pod.key.namespace))),
                Change::PutNode(_)
                | Change::RemoveNode(_)
                | Change::PutClusterPolicy(_)
                | Change::RemoveClusterPolicy(_) => return None,
            }
        }
        found.extend(namespaces(&before.services, &self.services));
        found.extend(namespaces(&was.ingresses, &is.ingresses));
        found.extend(namespaces(&was.gateways, &is.gateways));
        found.extend(namespaces(&was.grants, &is.grants));
        let routes = differing(&was.routes, &is.routes).into_iter();
        found.extend(routes.map(|((_, key), _)| Arc::clone(&key.namespace)));
        Some(found)
    }
}

/// The namespaces of the objects in which two maps differ.
fn namespaces<'m, V: PartialEq>(
    before: &'m BTreeMap<ObjectKey, V>,
    now: &'m BTreeMap<ObjectKey, V>,
) -> impl Iterator<Item = Arc<str>> {
    differing(before, now).into_iter().map(|(key, _)| Arc::clone(&key.namespace))
}

/// The keys at which two maps differ, ascending, with what is there now.
fn differing<'m, K: Ord, V: PartialEq>(
    before: &'m BTreeMap<K, V>,
    now: &'m BTreeMap<K, V>,
) -> Vec<(&'m K, Option<&'m V>)> {
    let (mut before, mut now) = (before.iter().peekable(), now.iter().peekable());
    let mut found = Vec::new();
    loop {
        let order = match (before.peek(), now.peek()) {
            (Some((was, _)), Some((is, _))) => was.cmp(is),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (None, None) => return found,
        };
        let was = if order.is_le() { before.next() } else { None };
        let is = if order.is_ge() { now.next() } else { None };
        match (was, is) {
            (Some((_, was)), Some((_, is))) if was == is => {}
            (_, Some((key, is))) => found.push((key, Some(is))),
            (Some((key, _)), None) => found.push((key, None)),
            (None, None) => return found,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        index::{Index, PodId},
        object::PodUid,
        testing::{change, cluster, config},
    };
    use proptest::{collection::vec, prelude::*};

    fn numbers(index: &Index) -> Vec<(PodId, PodUid)> {
        index.pods().map(|(id, pod)| (id, pod.uid.clone())).collect()
    }

    proptest! {
        #![proptest_config(config(64))]

        #[test]
        fn the_changes_since_are_those_that_were_made(
            before in cluster(0..8, 0..6),
            made in vec(change(), 0..6),
        ) {
            let mut now = before.clone();
            made.into_iter().for_each(|change| now.apply(change));
            let mut again = before.clone();
            let changes = now.changes_since(&before);
            changes.iter().cloned().for_each(|change| again.apply(change));
            prop_assert_eq!(&again, &now);
            prop_assert!(now.changes_since(&now).is_empty());
            prop_assert_eq!(now.namespaces_since(&now, &[]), Some(BTreeSet::new()));

            let fresh = Index::of(now.changes());
            let followed = Index::of(before.changes()).follow(&before, &now, changes);
            prop_assert_eq!(followed.model(), fresh.model());
            prop_assert_eq!(numbers(&followed), numbers(&fresh));
        }

        #[test]
        fn what_differs_lies_in_the_namespaces_that_are_told(
            before in cluster(0..8, 0..6),
            made in vec(change(), 0..6),
        ) {
            let mut now = before.clone();
            made.into_iter().for_each(|change| now.apply(change));
            let Some(told) = now.namespaces_since(&before, &now.changes_since(&before)) else {
                let of_all = |one: &Cluster| (one.nodes.clone(), one.cluster_policies.clone());
                prop_assert_ne!(of_all(&before), of_all(&now));
                return Ok(());
            };
            let rest = |cluster: &Cluster| {
                let mut rest = cluster.clone();
                rest.namespaces.retain(|name, _| !told.contains(name));
                rest.policies.retain(|key, _| !told.contains(&key.namespace));
                rest.pods.retain(|_, pod| !told.contains(&pod.key.namespace));
                rest
            };
            prop_assert_eq!(rest(&before), rest(&now));
        }
    }
}
