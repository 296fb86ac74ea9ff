//! The policies of the cluster, as they are enforced or tried.

use super::{
    Instead, Remark, Steps, Written,
    thrift::{Pool, share_selectors},
};
use sekisho_core::{
    index::{Input, PodSelectorKey, PolicyKey, PolicyRules},
    object::{Change, ClusterPolicy, LabelSelector, ObjectKey},
};
use sekisho_k8s::watch::{Id, Object, Watched};
use std::{collections::BTreeMap, sync::Arc};

/// What a policy says. There are many: one of a namespace is kept as the index has it, which shares it.
#[derive(Clone, Debug)]
pub(super) enum Said {
    Namespaced(Arc<PolicyRules>),
    Cluster(Arc<ClusterPolicy>),
}

impl Said {
    fn put(&self) -> Input {
        match self {
            Self::Namespaced(rules) => Input::Compiled(Arc::clone(rules)),
            Self::Cluster(policy) => Change::PutClusterPolicy(ClusterPolicy::clone(policy)).into(),
        }
    }

    fn remove(&self, key: &ObjectKey) -> Change {
        match self {
            Self::Namespaced(_) => Change::RemovePolicy(key.clone()),
            Self::Cluster(policy) => Change::RemoveClusterPolicy(policy.name.clone()),
        }
    }
}

/// A policy as it is enforced or tried.
#[derive(Debug)]
pub(super) struct Policy {
    pub(super) uid: Arc<str>,
    pub(super) said: Said,
    pub(super) staged: bool,
    pub(super) readable: bool,
}

/// The policies, by kind and name.
#[derive(Debug, Default)]
pub(super) struct Policies {
    known: BTreeMap<(Watched, ObjectKey), Policy>,
    /// How many of them are only tried.
    staged: usize,
    selectors: Pool<Arc<PodSelectorKey>>,
    /// As policies write them.
    written: Pool<LabelSelector>,
}

impl Policies {
    /// How many are enforced, and how many only tried.
    pub(super) fn counts(&self) -> (usize, usize) {
        (self.known.len() - self.staged, self.staged)
    }

    /// Those of a kind.
    pub(super) fn keys(&self, kind: Watched) -> impl Iterator<Item = &ObjectKey> {
        self.known.keys().filter(move |(of, _)| *of == kind).map(|(_, key)| key)
    }

    /// Those that are enforced, or with them those that are only tried, for an empty index.
    pub(super) fn all(&self, with_staged: bool) -> impl Iterator<Item = Input> + '_ {
        let policies = self.known.values().filter(move |policy| with_staged || !policy.staged);
        policies.map(|policy| policy.said.put())
    }

    /// What an object says, where it is a policy; and the same as it is written.
    pub(super) fn said(&mut self, id: &Id, object: Object) -> Option<(Said, Change)> {
        match object {
            Object::NetworkPolicy(mut policy) => {
                share_selectors(&mut self.written, &mut policy);
                let mut rules = PolicyRules::compile(&policy);
                rules.share_selectors(|selector| self.selectors.share(selector));
                // Equal names in one piece of memory.
                if matches!(&rules.key, PolicyKey::Namespaced(key) if *key == id.key) {
                    rules.key = id.key.clone().into();
                    policy.key = id.key.clone();
                }
                Some((Said::Namespaced(Arc::new(rules)), Change::PutPolicy(policy)))
            }
            Object::ClusterPolicy(policy) => {
                Some((Said::Cluster(Arc::new(policy.clone())), Change::PutClusterPolicy(policy)))
            }
            Object::Namespace(_) | Object::Node(_) | Object::Pod(_) => None,
        }
    }

    /// A policy came or changed.
    pub(super) fn put(
        &mut self,
        kind: Watched,
        key: ObjectKey,
        (policy, written): (Policy, Change),
        steps: &mut Steps,
    ) {
        steps.written.push(Written { change: written, is_staged: policy.staged });
        let before = self.known.get(&(kind, key.clone()));
        if policy.readable && before.is_some_and(|before| !before.readable) {
            let id = Id { key: key.clone(), uid: Arc::clone(&policy.uid) };
            steps.remarks.push(Remark { kind, id, reasons: Vec::new(), instead: Instead::Itself });
        }
        if policy.staged {
            let was_enforced = before.is_some_and(|before| !before.staged);
            steps.enforced.extend(was_enforced.then(|| policy.said.remove(&key).into()));
        } else {
            steps.enforced.push(policy.said.put());
        }
        steps.staged.push(policy.said.put());
        self.staged += usize::from(policy.staged);
        let before = self.known.insert((kind, key), policy);
        self.staged -= usize::from(before.is_some_and(|before| before.staged));
    }

    /// S44: the last good version stays; a first one that cannot be read closes what it selects.
    pub(super) fn put_unreadable(
        &mut self,
        kind: Watched,
        id: &Id,
        (closed, staged): (Option<Object>, bool),
        steps: &mut Steps,
    ) -> Instead {
        let known = self.known.get_mut(&(kind, id.key.clone()));
        if let Some(known) = known.filter(|known| known.uid == id.uid) {
            known.readable = false;
            return Instead::LastGood;
        }
        let Some((said, written)) = closed.and_then(|closed| self.said(id, closed)) else {
            return Instead::Nothing;
        };
        let policy = Policy { uid: Arc::clone(&id.uid), said, staged, readable: false };
        self.put(kind, id.key.clone(), (policy, written), steps);
        Instead::Closed
    }

    /// A policy went. What was made anew under the name is not what went.
    pub(super) fn remove(
        &mut self,
        kind: Watched,
        key: &ObjectKey,
        uid: Option<&Arc<str>>,
        steps: &mut Steps,
    ) {
        let of = (kind, key.clone());
        let is_it = self.known.get(&of).is_some_and(|known| uid.is_none_or(|uid| known.uid == *uid));
        let Some(policy) = is_it.then(|| self.known.remove(&of)).flatten() else { return };
        self.staged -= usize::from(policy.staged);
        let removal = policy.said.remove(key);
        steps.enforced.extend((!policy.staged).then(|| removal.clone().into()));
        steps.staged.push(removal.clone().into());
        steps.written.push(Written { change: removal, is_staged: policy.staged });
    }
}
