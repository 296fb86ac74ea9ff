//! What is known of the cluster, and what of it changes with what is heard.

mod given;
mod ledger;
mod listing;
mod pods;
mod policies;
mod steps;
mod thrift;

use listing::Listing;
use pods::Pods;
use policies::{Policies, Policy};
use sekisho_core::{
    index::Input,
    object::{
        Change, Node, ObjectKey,
        annotation::{AUDIT, MODE},
    },
};
use sekisho_k8s::watch::{Id, News, Object, Told, Watched};
use std::{collections::BTreeMap, sync::Arc};
pub(crate) use steps::{Instead, Remark, Steps, Written};

/// The objects that policies depend on.
#[derive(Debug)]
pub(crate) struct State {
    /// Whether every policy is only tried.
    audit: bool,
    listings: BTreeMap<Watched, Listing>,
    pods: Pods,
    policies: Policies,
    /// Namespaces and nodes.
    others: BTreeMap<(Watched, ObjectKey), Object>,
}

impl State {
    /// Of a cluster of which nothing is known yet, seen from `node`.
    pub(crate) fn new(node: &str, audit: bool) -> Self {
        let listings = Watched::ALL.into_iter().map(|kind| (kind, Listing::default())).collect();
        Self {
            audit,
            listings,
            pods: Pods::new(node),
            policies: Policies::default(),
            others: BTreeMap::new(),
        }
    }

    /// Whether every kind has been told to the end once: from then on what is known is what is there.
    pub(crate) fn is_complete(&self) -> bool {
        self.listings.values().all(Listing::is_complete)
    }

    /// The kinds of which not all is known yet.
    pub(crate) fn awaited(&self) -> Vec<Watched> {
        self.listings.iter().filter(|(_, listing)| !listing.is_complete()).map(|(kind, _)| *kind).collect()
    }

    /// The pods that are known.
    pub(crate) fn pods(&self) -> &Pods {
        &self.pods
    }

    /// The node of this name.
    pub(crate) fn node(&self, name: &str) -> Option<&Node> {
        let key = ObjectKey { namespace: "".into(), name: name.into() };
        match self.others.get(&(Watched::Node, key))? {
            Object::Node(node) => Some(node),
            _ => None,
        }
    }

    /// How many policies are enforced, and how many only tried.
    pub(crate) fn policies(&self) -> (usize, usize) {
        self.policies.counts()
    }

    /// Whether some policy is only tried.
    pub(crate) fn has_staged(&self) -> bool {
        self.policies.counts().1 > 0
    }

    /// What was heard becomes what is known.
    pub(crate) fn hear(&mut self, news: News, steps: &mut Steps) {
        match news {
            News::ListBegins(kind) => self.listing(kind).begin(),
            News::ListEnds(kind) => {
                let seen = self.listing(kind).end();
                for key in self.keys(kind).into_iter().filter(|key| !seen.contains(key)) {
                    self.remove(kind, &key, None, steps);
                }
                if kind == Watched::Pod {
                    self.pods.forget_untold();
                }
            }
            News::Put(kind, told) => {
                self.listing(kind).see(&told.id.key);
                self.put(kind, *told, steps);
            }
            News::Gone(kind, id) => self.remove(kind, &id.key, Some(&id.uid), steps),
            News::Trouble { .. } | News::Recovered(_) => {}
        }
    }

    /// Everything that is known, as changes of an empty index: for what is enforced, or with what is
    /// only tried.
    pub(crate) fn all(&self, with_staged: bool) -> impl Iterator<Item = Input> + '_ {
        let others = self.others.values().cloned().filter_map(put);
        let told = others.chain(self.pods.all().map(Change::PutPod)).map(Input::from);
        told.chain(self.policies.all(with_staged))
    }

    fn listing(&mut self, kind: Watched) -> &mut Listing {
        self.listings.entry(kind).or_default()
    }

    fn keys(&self, kind: Watched) -> Vec<ObjectKey> {
        match kind {
            Watched::Pod => self.pods.keys().cloned().collect(),
            Watched::Namespace | Watched::Node => {
                self.others.keys().filter(|(of, _)| *of == kind).map(|(_, key)| key.clone()).collect()
            }
            _ => self.policies.keys(kind).cloned().collect(),
        }
    }

    fn put(&mut self, kind: Watched, told: Told, steps: &mut Steps) {
        let (mode, unknown) = mode(told.mode.as_deref());
        let staged = self.audit || mode == Mode::Audit;
        match (told.object, kind) {
            (Ok(Object::Pod(pod)), _) => steps.both(self.pods.put(told.id, told.mirror, pod)),
            (Ok(object @ (Object::Namespace(_) | Object::Node(_))), _) => {
                steps.both(put(object.clone()));
                self.others.insert((kind, told.id.key), object);
            }
            (Ok(object), _) => {
                let Some((said, written)) = self.policies.said(&told.id, object) else { return };
                let readable = unknown.is_none();
                let Id { key, uid } = told.id.clone();
                if let Some(reason) = unknown {
                    let (id, reasons) = (told.id, vec![reason]);
                    steps.remarks.push(Remark { kind, id, reasons, instead: Instead::Itself });
                }
                let policy = Policy { uid, said, staged, readable };
                self.policies.put(kind, key, (policy, written), steps);
            }
            // An object that is no policy has no fields that a newer API server could have let in.
            (Err(_), Watched::Pod | Watched::Namespace | Watched::Node) => {}
            (Err(unread), _) => {
                let closed = (unread.closed, self.audit);
                let instead = self.policies.put_unreadable(kind, &told.id, closed, steps);
                steps.remarks.push(Remark { kind, id: told.id, reasons: unread.reasons, instead });
            }
        }
    }

    fn remove(&mut self, kind: Watched, key: &ObjectKey, uid: Option<&Arc<str>>, steps: &mut Steps) {
        match kind {
            Watched::Pod => steps.both(self.pods.remove(key, uid)),
            Watched::Namespace | Watched::Node => {
                let object = self.others.remove(&(kind, key.clone()));
                steps.both(object.as_ref().and_then(remove));
            }
            _ => self.policies.remove(kind, key, uid, steps),
        }
    }
}

/// What becomes of what a policy denies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    /// It is dropped.
    Enforce,
    /// It passes, and is counted.
    Audit,
}

/// The mode that a policy asks for, and what is wrong with how it asks. One that nobody knows is enforced.
fn mode(written: Option<&str>) -> (Mode, Option<String>) {
    match written {
        None | Some("enforce") => (Mode::Enforce, None),
        Some(AUDIT) => (Mode::Audit, None),
        Some(other) => {
            let reason =
                format!("the annotation `{MODE}` is `{other}`, which is neither `audit` nor `enforce`");
            (Mode::Enforce, Some(reason))
        }
    }
}

/// Of an object that is no policy.
fn put(object: Object) -> Option<Change> {
    match object {
        Object::Namespace(namespace) => Some(Change::PutNamespace(namespace)),
        Object::Node(node) => Some(Change::PutNode(node)),
        Object::Pod(pod) => Some(Change::PutPod(pod)),
        Object::NetworkPolicy(_) | Object::ClusterPolicy(_) => None,
    }
}

fn remove(object: &Object) -> Option<Change> {
    match object {
        Object::Namespace(namespace) => Some(Change::RemoveNamespace(Arc::clone(namespace.name()))),
        Object::Node(node) => Some(Change::RemoveNode(Arc::clone(&node.name))),
        Object::Pod(pod) => Some(Change::RemovePod(pod.uid.clone())),
        Object::NetworkPolicy(_) | Object::ClusterPolicy(_) => None,
    }
}

#[cfg(test)]
mod tests;
