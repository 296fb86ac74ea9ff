//! What is known of the cluster, and what of it changes with what is heard.

mod given;
mod ledger;
mod listing;
mod pods;
mod thrift;

use listing::Listing;
use pods::Pods;
use sekisho_core::object::{Change, Node, ObjectKey};
use sekisho_k8s::watch::{Id, MODE, News, Object, Told, Watched};
use std::{collections::BTreeMap, sync::Arc};

/// What is to be done to the index of what is enforced, and to the one that has staged policies, too.
#[derive(Clone, Debug, Default)]
pub(crate) struct Steps {
    /// What changes for what is enforced.
    pub(crate) enforced: Vec<Change>,
    /// What changes beside it for policies that are only tried.
    pub(crate) staged: Vec<Change>,
    /// What there is to say about policies, by kind and name.
    pub(crate) remarks: Vec<Remark>,
}

/// A policy that is not honoured as it is written, or is again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Remark {
    /// Its kind.
    pub(crate) kind: Watched,
    /// Which one.
    pub(crate) id: Id,
    /// What is wrong; nothing where it is well again.
    pub(crate) reasons: Vec<String>,
    /// What is enforced instead.
    pub(crate) instead: Instead,
}

impl Remark {
    /// Whether it is well again.
    pub(crate) fn is_well(&self) -> bool {
        self.reasons.is_empty()
    }
}

/// What is enforced of a policy that cannot be read (S44).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Instead {
    /// It, as it is written.
    Itself,
    /// The last version that could be read.
    LastGood,
    /// Nothing passes to and from what it selects.
    Closed,
    /// Nothing: not even what it selects can be read.
    Nothing,
}

impl Instead {
    /// What is enforced, in words.
    pub(crate) fn words(self) -> &'static str {
        match self {
            Self::Itself => "it is enforced as it is written",
            Self::LastGood => "its last version that could be read is enforced",
            Self::Closed => "nothing passes to and from what it selects",
            Self::Nothing => "not even what it selects can be read, and it is not enforced",
        }
    }
}

/// A policy as it is enforced or tried.
#[derive(Clone, Debug)]
struct Policy {
    id: Id,
    object: Object,
    staged: bool,
    readable: bool,
}

/// The objects that policies depend on.
#[derive(Debug)]
pub(crate) struct State {
    /// Whether every policy is only tried.
    audit: bool,
    listings: BTreeMap<Watched, Listing>,
    pods: Pods,
    policies: BTreeMap<(Watched, ObjectKey), Policy>,
    /// Namespaces and nodes.
    others: BTreeMap<(Watched, ObjectKey), Object>,
}

impl State {
    /// Of a cluster of which nothing is known yet, seen from `node`.
    pub(crate) fn new(node: &str, audit: bool) -> Self {
        let listings = Watched::ALL.into_iter().map(|kind| (kind, Listing::default())).collect();
        Self { audit, listings, pods: Pods::new(node), policies: BTreeMap::new(), others: BTreeMap::new() }
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
        let staged = self.policies.values().filter(|policy| policy.staged).count();
        (self.policies.len() - staged, staged)
    }

    /// Whether some policy is only tried.
    pub(crate) fn has_staged(&self) -> bool {
        self.policies.values().any(|policy| policy.staged)
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
    pub(crate) fn all(&self, with_staged: bool) -> impl Iterator<Item = Change> + '_ {
        let policies = self.policies.values().filter(move |policy| with_staged || !policy.staged);
        let objects = self.others.values().chain(policies.map(|policy| &policy.object));
        objects.cloned().map(put).chain(self.pods.all().map(Change::PutPod))
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
            _ => self.policies.keys().filter(|(of, _)| *of == kind).map(|(_, key)| key.clone()).collect(),
        }
    }

    fn put(&mut self, kind: Watched, told: Told, steps: &mut Steps) {
        let (mode, unknown) = mode(told.mode.as_deref());
        let staged = self.audit || mode == Mode::Audit;
        match (told.object, kind) {
            (Ok(Object::Pod(pod)), _) => steps.both(self.pods.put(told.id, told.mirror, pod)),
            (Ok(object @ (Object::Namespace(_) | Object::Node(_))), _) => {
                self.others.insert((kind, told.id.key), object.clone());
                steps.both([put(object)]);
            }
            (Ok(object), _) => {
                let readable = unknown.is_none();
                if let Some(reason) = unknown {
                    let (id, reasons) = (told.id.clone(), vec![reason]);
                    steps.remarks.push(Remark { kind, id, reasons, instead: Instead::Itself });
                }
                self.put_policy(kind, Policy { id: told.id, object, staged, readable }, steps);
            }
            // An object that is no policy has no fields that a newer API server could have let in.
            (Err(_), Watched::Pod | Watched::Namespace | Watched::Node) => {}
            (Err(unread), _) => self.put_unreadable(kind, told.id, unread.reasons, unread.closed, steps),
        }
    }

    fn put_policy(&mut self, kind: Watched, policy: Policy, steps: &mut Steps) {
        let key = (kind, policy.id.key.clone());
        let before = self.policies.get(&key);
        if policy.readable && before.is_some_and(|before| !before.readable) {
            let (id, reasons) = (policy.id.clone(), Vec::new());
            steps.remarks.push(Remark { kind, id, reasons, instead: Instead::Itself });
        }
        if policy.staged {
            let was_enforced = before.is_some_and(|before| !before.staged);
            steps.enforced.extend(was_enforced.then(|| remove(&policy.object)));
        } else {
            steps.enforced.push(put(policy.object.clone()));
        }
        steps.staged.push(put(policy.object.clone()));
        self.policies.insert(key, policy);
    }

    /// S44: the last good version stays; a first one that cannot be read closes what it selects.
    fn put_unreadable(
        &mut self,
        kind: Watched,
        id: Id,
        reasons: Vec<String>,
        closed: Option<Object>,
        steps: &mut Steps,
    ) {
        let key = (kind, id.key.clone());
        let known = self.policies.get_mut(&key).filter(|known| known.id.uid == id.uid);
        let instead = match (known, closed) {
            (Some(known), _) => {
                known.readable = false;
                Instead::LastGood
            }
            (None, Some(object)) => {
                let policy = Policy { id: id.clone(), object, staged: self.audit, readable: false };
                self.put_policy(kind, policy, steps);
                Instead::Closed
            }
            (None, None) => Instead::Nothing,
        };
        steps.remarks.push(Remark { kind, id, reasons, instead });
    }

    fn remove(&mut self, kind: Watched, key: &ObjectKey, uid: Option<&Arc<str>>, steps: &mut Steps) {
        match kind {
            Watched::Pod => steps.both(self.pods.remove(key, uid)),
            Watched::Namespace | Watched::Node => {
                let object = self.others.remove(&(kind, key.clone()));
                steps.both(object.as_ref().map(remove));
            }
            _ => {
                let of = (kind, key.clone());
                // What was made anew under the name is not what went.
                let is_it =
                    self.policies.get(&of).is_some_and(|known| uid.is_none_or(|uid| known.id.uid == *uid));
                let Some(policy) = is_it.then(|| self.policies.remove(&of)).flatten() else { return };
                steps.enforced.extend((!policy.staged).then(|| remove(&policy.object)));
                steps.staged.push(remove(&policy.object));
            }
        }
    }
}

impl Steps {
    /// Whether nothing changes.
    pub(crate) fn is_empty(&self) -> bool {
        self.enforced.is_empty() && self.staged.is_empty()
    }

    fn both(&mut self, changes: impl IntoIterator<Item = Change>) {
        for change in changes {
            self.staged.push(change.clone());
            self.enforced.push(change);
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
        Some("audit") => (Mode::Audit, None),
        Some(other) => {
            let reason =
                format!("the annotation `{MODE}` is `{other}`, which is neither `audit` nor `enforce`");
            (Mode::Enforce, Some(reason))
        }
    }
}

fn put(object: Object) -> Change {
    match object {
        Object::Namespace(namespace) => Change::PutNamespace(namespace),
        Object::Node(node) => Change::PutNode(node),
        Object::Pod(pod) => Change::PutPod(pod),
        Object::NetworkPolicy(policy) => Change::PutPolicy(policy),
        Object::ClusterPolicy(policy) => Change::PutClusterPolicy(policy),
    }
}

fn remove(object: &Object) -> Change {
    match object {
        Object::Namespace(namespace) => Change::RemoveNamespace(Arc::clone(namespace.name())),
        Object::Node(node) => Change::RemoveNode(Arc::clone(&node.name)),
        Object::Pod(pod) => Change::RemovePod(pod.uid.clone()),
        Object::NetworkPolicy(policy) => Change::RemovePolicy(policy.key.clone()),
        Object::ClusterPolicy(policy) => Change::RemoveClusterPolicy(policy.name.clone()),
    }
}
