//! A part of a cluster in the place of another.

use super::{Change, Cluster};
use std::collections::BTreeMap;

impl Cluster {
    /// Puts `now` in the place of `before`, which is a part of this cluster: all that there is of some namespaces. What
    /// comes back are the changes that an [index](crate::index::Index) has to follow. An object outside the part stays
    /// unless one in `now` has its name.
    pub fn exchange(&mut self, before: &Self, now: &Self) -> Vec<Change> {
        let changes = now.changes_since(before);
        for change in changes.iter().cloned() {
            self.apply(change);
        }
        let (all, was, is) = (&mut self.entrances, &before.entrances, &now.entrances);
        swap(&mut self.idle, &before.idle, &now.idle);
        swap(&mut self.services, &before.services, &now.services);
        swap(&mut all.ingresses, &was.ingresses, &is.ingresses);
        swap(&mut all.ingress_classes, &was.ingress_classes, &is.ingress_classes);
        swap(&mut all.gateways, &was.gateways, &is.gateways);
        swap(&mut all.gateway_classes, &was.gateway_classes, &is.gateway_classes);
        swap(&mut all.routes, &was.routes, &is.routes);
        swap(&mut all.grants, &was.grants, &is.grants);
        changes
    }
}

fn swap<K: Ord + Clone, V: Clone>(all: &mut BTreeMap<K, V>, before: &BTreeMap<K, V>, now: &BTreeMap<K, V>) {
    for key in before.keys().filter(|key| !now.contains_key(*key)) {
        all.remove(key);
    }
    for (key, value) in now {
        all.insert(key.clone(), value.clone());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::object::{Class, Namespace, Origin};
    use std::sync::Arc;

    fn namespace(name: &str) -> Namespace {
        Namespace::implied(Arc::from(name))
    }

    #[test]
    fn the_rest_stays_and_going_back_is_the_same() {
        let mut all = Cluster::default();
        for name in ["a", "b"] {
            all.apply(Change::PutNamespace(namespace(name)));
        }
        let whole = all.clone();
        let (mut before, mut now) = (Cluster::default(), Cluster::default());
        before.apply(Change::PutNamespace(namespace("a")));
        now.apply(Change::PutNamespace(namespace("c")));
        let class = Class {
            name: "gce".into(),
            controller: "x".into(),
            is_default: false,
            origin: Origin::default(),
        };
        now.entrances.ingress_classes.insert("gce".into(), class);
        let changes = all.exchange(&before, &now);
        assert!(all.entrances.ingress_classes.contains_key("gce"));
        assert_eq!(changes.len(), 2);
        assert_eq!(all.namespaces.keys().map(|name| &**name).collect::<Vec<_>>(), ["b", "c"]);
        all.exchange(&now, &before);
        assert_eq!(all, whole);
    }
}
