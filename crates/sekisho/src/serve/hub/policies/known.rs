//! The cluster as policies see it, as far as they are enforced: kept true by what is heard of it.

use sekisho_core::{
    index::Index,
    object::{
        Change, Cluster, ClusterPolicy, ClusterPolicyName, NetworkPolicy, ObjectKey, annotation::AUDIT,
    },
};
use sekisho_history::alert::State;
use sekisho_k8s::watch::{News, Object, Told, Watched};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// A state of the cluster that stays as it is.
#[derive(Debug)]
pub(in crate::serve::hub) struct Standing {
    cluster: Cluster,
    index: Index,
}

impl Standing {
    fn of(cluster: Cluster) -> Self {
        Self { index: Index::of(cluster.changes()), cluster }
    }

    /// As alerts are asked about it.
    pub(in crate::serve::hub) fn state(&self) -> State<'_> {
        State { cluster: &self.cluster, index: &self.index }
    }
}

/// The policies of a state.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Policies {
    namespaced: BTreeMap<ObjectKey, NetworkPolicy>,
    cluster_wide: BTreeMap<ClusterPolicyName, ClusterPolicy>,
}

/// An object that is there.
#[derive(Debug)]
struct There {
    uid: Arc<str>,
    /// What takes it away; `None` of a policy that is only tried, which is not in the cluster.
    goes_by: Option<Change>,
}

/// What is known.
#[derive(Debug, Default)]
pub(super) struct Known {
    cluster: Cluster,
    there: BTreeMap<(Watched, ObjectKey), There>,
    /// Of the kinds that are being listed, what was told.
    lists: BTreeMap<Watched, BTreeSet<ObjectKey>>,
    /// The kinds of which everything was told once.
    heard: BTreeSet<Watched>,
}

impl Known {
    /// Whether everything was told once.
    pub(super) fn is_whole(&self) -> bool {
        self.heard.len() == Watched::ALL.len()
    }

    /// How many policies and pods there are.
    pub(super) fn counts(&self) -> (usize, usize) {
        let Cluster { policies, cluster_policies, pods, .. } = &self.cluster;
        (policies.len() + cluster_policies.len(), pods.len())
    }

    /// The policies that are enforced.
    pub(super) fn policies(&self) -> Policies {
        let Cluster { policies, cluster_policies, .. } = &self.cluster;
        Policies { namespaced: policies.clone(), cluster_wide: cluster_policies.clone() }
    }

    /// All of it as it is now.
    pub(super) fn standing(&self) -> Standing {
        Standing::of(self.cluster.clone())
    }

    /// Likewise, where these were its policies.
    pub(super) fn with(&self, Policies { namespaced, cluster_wide }: Policies) -> Standing {
        let cluster =
            Cluster { policies: namespaced, cluster_policies: cluster_wide, ..self.cluster.clone() };
        Standing::of(cluster)
    }

    /// Takes in what was heard.
    pub(super) fn hear(&mut self, news: News) {
        match news {
            News::ListBegins(kind) => drop(self.lists.insert(kind, BTreeSet::new())),
            News::ListEnds(kind) => {
                let told = self.lists.remove(&kind).unwrap_or_default();
                let known = self.there.keys().filter(|(of, key)| *of == kind && !told.contains(key));
                for of in known.cloned().collect::<Vec<_>>() {
                    self.take_away(&of);
                }
                self.heard.insert(kind);
            }
            News::Put(kind, told) => {
                if let Some(list) = self.lists.get_mut(&kind) {
                    list.insert(told.id.key.clone());
                }
                self.put(kind, *told);
            }
            // What was made anew under the name is not what went.
            News::Gone(kind, id) => {
                let of = (kind, id.key);
                if self.there.get(&of).is_some_and(|there| there.uid == id.uid) {
                    self.take_away(&of);
                }
            }
            News::Trouble { .. } | News::Recovered(_) => {}
        }
    }

    fn put(&mut self, kind: Watched, Told { id, mode, object, .. }: Told) {
        let of = (kind, id.key);
        let object = match object {
            Ok(object) => object,
            // S44: the last good version stays; a first one that cannot be read closes what it selects.
            Err(unread) => match unread.closed {
                Some(closed) if self.there.get(&of).is_none_or(|there| there.uid != id.uid) => closed,
                _ => return,
            },
        };
        let is_policy = matches!(object, Object::NetworkPolicy(_) | Object::ClusterPolicy(_));
        let is_tried = is_policy && mode.as_deref() == Some(AUDIT);
        let (comes, goes_by) = changes(object);
        let goes_by = (!is_tried).then_some(goes_by);
        let before = self.there.get(&of).and_then(|there| there.goes_by.clone());
        // What stays is put in its own place.
        if let Some(before) = before.filter(|before| goes_by.as_ref() != Some(before)) {
            self.cluster.apply(before);
        }
        if !is_tried {
            self.cluster.apply(comes);
        }
        self.there.insert(of, There { uid: id.uid, goes_by });
    }

    fn take_away(&mut self, of: &(Watched, ObjectKey)) {
        if let Some(change) = self.there.remove(of).and_then(|there| there.goes_by) {
            self.cluster.apply(change);
        }
    }
}

/// What puts an object, and what takes it away.
fn changes(object: Object) -> (Change, Change) {
    match object {
        Object::Namespace(namespace) => {
            let name = Arc::clone(namespace.name());
            (Change::PutNamespace(namespace), Change::RemoveNamespace(name))
        }
        Object::Node(node) => {
            let name = Arc::clone(&node.name);
            (Change::PutNode(node), Change::RemoveNode(name))
        }
        Object::Pod(pod) => {
            let uid = pod.uid.clone();
            (Change::PutPod(pod), Change::RemovePod(uid))
        }
        Object::NetworkPolicy(policy) => {
            let key = policy.key.clone();
            (Change::PutPolicy(policy), Change::RemovePolicy(key))
        }
        Object::ClusterPolicy(policy) => {
            let name = policy.name.clone();
            (Change::PutClusterPolicy(policy), Change::RemoveClusterPolicy(name))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sekisho_core::object::{LabelSelector, Labels, Origin, Pod};
    use sekisho_k8s::watch::{Id, Unread};

    fn id(name: &str, uid: &str) -> Id {
        Id { key: ObjectKey::new("shop", name), uid: uid.into() }
    }

    fn told(name: &str, uid: &str, mode: Option<&str>, object: Result<Object, Unread>) -> Box<Told> {
        let mode = mode.map(Into::into);
        Box::new(Told { id: id(name, uid), created: None, mode, mirror: None, object })
    }

    fn policy(name: &str) -> Object {
        Object::NetworkPolicy(NetworkPolicy {
            key: ObjectKey::new("shop", name),
            subjects: LabelSelector::default(),
            types: Default::default(),
            ingress: Vec::new(),
            egress: Vec::new(),
            labels: Labels::default(),
            annotations: Labels::default(),
            origin: Origin::default(),
        })
    }

    fn pod(uid: &str) -> Object {
        let mut pod = Pod::new(ObjectKey::new("shop", "web"));
        pod.uid = sekisho_core::object::PodUid(uid.into());
        Object::Pod(Arc::new(pod))
    }

    #[test]
    fn what_is_only_tried_is_left_out_until_it_is_enforced() {
        let mut known = Known::default();
        let put = |known: &mut Known, mode, object| {
            known.hear(News::Put(Watched::NetworkPolicy, told("a", "1", mode, object)));
            known.counts().0
        };
        assert_eq!(put(&mut known, Some("audit"), Ok(policy("a"))), 0);
        assert_eq!(put(&mut known, Some("enforce"), Ok(policy("a"))), 1);
        let unread = Unread { reasons: Vec::new(), closed: None };
        assert_eq!(put(&mut known, None, Err(unread)), 1, "the last good version stays");
        assert_eq!(put(&mut known, Some("audit"), Ok(policy("a"))), 0);
        assert_eq!(put(&mut known, None, Ok(policy("a"))), 1);
        known.hear(News::Gone(Watched::NetworkPolicy, id("a", "another")));
        assert_eq!(known.counts().0, 1);
        known.hear(News::Gone(Watched::NetworkPolicy, id("a", "1")));
        assert_eq!(known.counts().0, 0);
        let unread = Unread { reasons: Vec::new(), closed: Some(policy("a")) };
        assert_eq!(put(&mut known, None, Err(unread)), 1, "a first one closes what it selects");
    }

    #[test]
    fn what_a_list_does_not_tell_is_gone() {
        let mut known = Known::default();
        assert!(!known.is_whole());
        for kind in Watched::ALL {
            known.hear(News::ListBegins(kind));
            known.hear(News::ListEnds(kind));
        }
        assert!(known.is_whole());
        for name in ["a", "b"] {
            known.hear(News::Put(Watched::NetworkPolicy, told(name, name, None, Ok(policy(name)))));
        }
        // A pod of the same name is another.
        for uid in ["1", "2"] {
            known.hear(News::Put(Watched::Pod, told("web", uid, None, Ok(pod(uid)))));
        }
        assert_eq!(known.counts(), (2, 1));
        let before = known.policies();
        known.hear(News::ListBegins(Watched::NetworkPolicy));
        known.hear(News::Put(Watched::NetworkPolicy, told("b", "b", None, Ok(policy("b")))));
        assert_eq!(known.policies(), before, "until it has ended");
        known.hear(News::ListEnds(Watched::NetworkPolicy));
        assert_eq!(known.counts(), (1, 1));
        let (was, is) = (known.with(before), known.standing());
        assert_eq!(sekisho_history::alert::changed(was.state().cluster, is.state().cluster).len(), 1);
    }
}
