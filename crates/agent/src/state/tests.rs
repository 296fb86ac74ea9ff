//! Whatever order the API server's events come in: what is known is what was told.
//!
//! Within a kind events come in order; between kinds there is none, and any of them may come late or twice.
//! A list may begin anew at any time, also after events that nobody heard.

use super::*;
use proptest::{collection::vec, prelude::*, sample::Index as Choice};
use sekisho_core::{
    eval,
    index::{Index, Model},
    object::{Cluster, ClusterPolicyKind, Pod, PodUid},
    testing::{PacketChoice, change, config, packet, packet_choice},
};
use std::collections::BTreeSet;

/// An object as the API server has it.
#[derive(Clone, Debug)]
struct Stored {
    id: Id,
    audit: bool,
    object: Object,
}

type Objects = BTreeMap<ObjectKey, Stored>;

/// What became of a kind: each state of it, and the event that led to the next.
#[derive(Debug)]
struct Log {
    kind: Watched,
    states: Vec<Objects>,
    events: Vec<Event>,
    /// How far it was told; not at all before the first list.
    told: Option<usize>,
}

#[derive(Clone, Debug)]
enum Event {
    Put(Stored),
    Gone(Id),
}

/// How the next news of a kind come.
#[derive(Clone, Copy, Debug)]
enum Way {
    Once,
    Twice,
    /// As a list, after events that were not heard, and perhaps after a list that broke off.
    List {
        missed: usize,
        broken: bool,
    },
}

fn way() -> impl Strategy<Value = Way> {
    prop_oneof![
        6 => Just(Way::Once),
        2 => Just(Way::Twice),
        1 => (0..4_usize, any::<bool>()).prop_map(|(missed, broken)| Way::List { missed, broken }),
    ]
}

/// The kind of an object, and its name there.
fn named(object: &Object) -> (Watched, ObjectKey) {
    let global = |name: &Arc<str>| ObjectKey { namespace: "".into(), name: Arc::clone(name) };
    match object {
        Object::Namespace(namespace) => (Watched::Namespace, global(namespace.name())),
        Object::Node(node) => (Watched::Node, global(&node.name)),
        Object::Pod(pod) => (Watched::Pod, pod.key.clone()),
        Object::NetworkPolicy(policy) => (Watched::NetworkPolicy, policy.key.clone()),
        Object::ClusterPolicy(policy) => (cluster_kind(policy.name.kind), global(&policy.name.name)),
    }
}

fn cluster_kind(kind: ClusterPolicyKind) -> Watched {
    match kind {
        ClusterPolicyKind::ClusterNetworkPolicy => Watched::ClusterNetworkPolicy,
        ClusterPolicyKind::AdminNetworkPolicy => Watched::AdminNetworkPolicy,
        ClusterPolicyKind::BaselineAdminNetworkPolicy => Watched::BaselineAdminNetworkPolicy,
    }
}

/// What a change writes: an object, or that it goes.
fn written(change: Change) -> Result<Object, (Watched, ObjectKey)> {
    let global = |name: Arc<str>| ObjectKey { namespace: "".into(), name };
    match change {
        Change::PutNamespace(namespace) => Ok(Object::Namespace(namespace)),
        Change::PutNode(node) => Ok(Object::Node(node)),
        Change::PutPod(pod) => Ok(Object::Pod(pod)),
        Change::PutPolicy(policy) => Ok(Object::NetworkPolicy(policy)),
        Change::PutClusterPolicy(policy) => Ok(Object::ClusterPolicy(policy)),
        Change::RemoveNamespace(name) => Err((Watched::Namespace, global(name))),
        Change::RemoveNode(name) => Err((Watched::Node, global(name))),
        Change::RemovePod(uid) => {
            let (namespace, name) = uid.0.split_once('/').unwrap();
            Err((Watched::Pod, ObjectKey::new(namespace, name)))
        }
        Change::RemovePolicy(key) => Err((Watched::NetworkPolicy, key)),
        Change::RemoveClusterPolicy(name) => Err((cluster_kind(name.kind), global(name.name))),
    }
}

/// What the API server has to tell of a history: of each kind its own.
fn logs(history: Vec<(Change, bool)>) -> Vec<Log> {
    let log = |kind| Log { kind, states: vec![Objects::new()], events: Vec::new(), told: None };
    let mut logs: Vec<Log> = Watched::ALL.map(log).into();
    for (number, (change, audit)) in history.into_iter().enumerate() {
        let written = written(change);
        let (kind, key) = written.as_ref().map_or_else(Clone::clone, named);
        let log = logs.iter_mut().find(|log| log.kind == kind).unwrap();
        let mut now = log.states.last().unwrap().clone();
        let before = now.get(&key).map(|stored| stored.id.clone());
        let event = match (written, before) {
            (Ok(object), before) => {
                let id =
                    before.unwrap_or_else(|| Id { key: key.clone(), uid: format!("uid-{number}").into() });
                let object = match object {
                    Object::Pod(pod) => {
                        Object::Pod(Arc::new(Pod { uid: PodUid(Arc::clone(&id.uid)), ..Pod::clone(&pod) }))
                    }
                    other => other,
                };
                let stored = Stored { id, audit, object };
                now.insert(key, stored.clone());
                Event::Put(stored)
            }
            (Err(_), Some(id)) => {
                now.remove(&key);
                Event::Gone(id)
            }
            (Err(_), None) => continue,
        };
        log.events.push(event);
        log.states.push(now);
    }
    logs
}

impl Log {
    fn is_told(&self) -> bool {
        self.told == Some(self.events.len())
    }

    /// What is told next.
    fn next(&mut self, way: Way) -> Vec<News> {
        let list = |missed: usize, broken: bool| {
            let told = self.told.unwrap_or_default();
            let [at, then] = [missed, missed / 2].map(|missed| (told + missed).min(self.events.len()));
            let of = |at: usize| self.states[at].values().map(|stored| self.put(stored));
            let (all, begins): (Vec<News>, _) = (of(at).collect(), [News::ListBegins(self.kind)]);
            let half: Vec<News> = if broken {
                // What it told may be gone when the next begins.
                begins.iter().cloned().chain(of(then).skip(self.states[then].len() / 2)).collect()
            } else {
                Vec::new()
            };
            let news = half.into_iter().chain(begins).chain(all).chain([News::ListEnds(self.kind)]);
            (at, news.collect())
        };
        let (told, news) = match (self.told, way) {
            (None, Way::Once) => list(0, false),
            (None, Way::Twice) => list(1, true),
            (_, Way::List { missed, broken }) => list(missed, broken),
            (Some(at), Way::Once | Way::Twice) => match self.events.get(at) {
                Some(event) => {
                    let news = match event {
                        Event::Put(stored) => self.put(stored),
                        Event::Gone(id) => News::Gone(self.kind, id.clone()),
                    };
                    (at + 1, vec![news; if matches!(way, Way::Twice) { 2 } else { 1 }])
                }
                None => (at, Vec::new()),
            },
        };
        self.told = Some(told);
        news
    }

    fn put(&self, stored: &Stored) -> News {
        let mode = stored.audit.then(|| "audit".into());
        let object = Ok(stored.object.clone());
        News::Put(
            self.kind,
            Box::new(Told { id: stored.id.clone(), created: None, mode, mirror: None, object }),
        )
    }
}

/// What was told, as plainly as it can be kept.
#[derive(Default)]
struct Plain {
    objects: BTreeMap<(Watched, ObjectKey), Stored>,
    listed: BTreeMap<Watched, BTreeSet<ObjectKey>>,
}

impl Plain {
    fn hear(&mut self, news: &News) {
        match news {
            News::ListBegins(kind) => drop(self.listed.insert(*kind, BTreeSet::new())),
            News::ListEnds(kind) => {
                let listed = self.listed.remove(kind).unwrap_or_default();
                self.objects.retain(|(of, key), _| of != kind || listed.contains(key));
            }
            News::Put(kind, told) => {
                if let Some(listed) = self.listed.get_mut(kind) {
                    listed.insert(told.id.key.clone());
                }
                let (id, audit) = (told.id.clone(), told.mode.is_some());
                let stored = Stored { id, audit, object: told.object.clone().unwrap() };
                self.objects.insert((*kind, told.id.key.clone()), stored);
            }
            News::Gone(kind, id) => drop(self.objects.remove(&(*kind, id.key.clone()))),
            News::Trouble { .. } | News::Recovered(_) => {}
        }
    }

    fn cluster(&self, with_staged: bool) -> Cluster {
        let mut cluster = Cluster::default();
        for stored in self.objects.values().filter(|stored| with_staged || !is_staged(stored)) {
            cluster.apply(match stored.object.clone() {
                Object::Namespace(namespace) => Change::PutNamespace(namespace),
                Object::Node(node) => Change::PutNode(node),
                Object::Pod(pod) => Change::PutPod(pod),
                Object::NetworkPolicy(policy) => Change::PutPolicy(policy),
                Object::ClusterPolicy(policy) => Change::PutClusterPolicy(policy),
            });
        }
        cluster
    }
}

fn is_staged(stored: &Stored) -> bool {
    stored.audit && matches!(stored.object, Object::NetworkPolicy(_) | Object::ClusterPolicy(_))
}

/// What follows the state as the node does: an index of what is enforced, and one with what is tried.
struct Followed {
    state: State,
    plain: Plain,
    indexes: Option<[Index; 2]>,
}

impl Followed {
    fn new() -> Self {
        Self { state: State::new("node-1", false), plain: Plain::default(), indexes: None }
    }

    /// Hears news that come together, and holds what is known against what was told.
    fn hear(&mut self, news: Vec<News>, choices: &[PacketChoice]) -> Result<(), TestCaseError> {
        let before = self.plain.cluster(false);
        let mut steps = Steps::default();
        for news in news {
            self.plain.hear(&news);
            self.state.hear(news, &mut steps);
        }
        let Some([enforced, tried]) = &mut self.indexes else {
            if self.state.is_complete() {
                self.indexes = Some([false, true].map(|staged| Index::of(self.state.all(staged))));
            }
            return Ok(());
        };
        steps.enforced.into_iter().for_each(|input| drop(enforced.apply(input)));
        steps.staged.into_iter().for_each(|input| drop(tried.apply(input)));
        let now = self.plain.cluster(false);
        for choice in choices {
            let packet = packet(&now, *choice);
            let allowed = [&before, &now].map(|cluster| eval::decide(cluster, &packet).decision.is_allow());
            prop_assert!(
                !enforced.decide(&packet).is_allow() || allowed.contains(&true),
                "{} passes",
                packet
            );
        }
        self.agree()
    }

    /// What followed every step and what was told are one.
    fn agree(&self) -> Result<(), TestCaseError> {
        for (index, with_staged) in self.indexes.iter().flatten().zip([false, true]) {
            let told = Index::of(self.plain.cluster(with_staged).changes()).model();
            prop_assert_eq!(index.model(), told, "with staged: {}", with_staged);
        }
        let policies = |staged| {
            let is_policy = |stored: &&Stored| {
                matches!(stored.object, Object::NetworkPolicy(_) | Object::ClusterPolicy(_))
            };
            self.plain.objects.values().filter(is_policy).filter(|stored| stored.audit == staged).count()
        };
        prop_assert_eq!(self.state.policies(), (policies(false), policies(true)));
        Ok(())
    }
}

/// What a state has that was told everything at once.
fn listed(logs: &mut [Log]) -> [Model; 2] {
    let (mut state, mut steps) = (State::new("node-1", false), Steps::default());
    for log in logs {
        log.told = None;
        let all = log.events.len();
        log.next(Way::List { missed: all, broken: false })
            .into_iter()
            .for_each(|news| state.hear(news, &mut steps));
    }
    [false, true].map(|staged| Index::of(state.all(staged)).model())
}

proptest! {
    #![proptest_config(config(200))]

    /// S28, S29: events that are late, doubled, or out of order between kinds lead where a list leads; and on the way
    /// nothing passes that neither what was told before an event nor what was told with it allows.
    #[test]
    fn what_is_known_is_what_was_told(
        history in vec((change(), prop::bool::weighted(0.2)), 0..30),
        plan in vec((any::<Choice>(), vec(way(), 1..4)), 0..60),
        choices in vec(packet_choice(), 4),
    ) {
        let (mut logs, mut followed) = (logs(history), Followed::new());
        for (which, ways) in plan {
            let log = which.index(logs.len());
            let news = ways.into_iter().flat_map(|way| logs[log].next(way)).collect();
            followed.hear(news, &choices)?;
        }
        while let Some(log) = logs.iter_mut().find(|log| !log.is_told()) {
            followed.hear(log.next(Way::Once), &choices)?;
        }
        prop_assert!(followed.state.is_complete());
        let listed = listed(&mut logs);
        let of_state = [false, true].map(|staged| Index::of(followed.state.all(staged)).model());
        prop_assert_eq!(&of_state, &listed);
        let models = followed.indexes.map(|indexes| indexes.map(|index| index.model()));
        prop_assert_eq!(models, Some(listed));
    }
}
