//! Which rule almost allowed what somebody else has denied, in a cluster that changes.

use super::{Book, judge::Memory, policies};
use crate::{
    observation::Observation,
    record::{Carried, Nearest, Outcome},
};
use sekisho_core::{
    object::{
        Change, Cluster, ClusterPolicy, ClusterPolicyName, Direction, Namespace, NetworkPolicy, Node,
        ObjectKey, Pod,
    },
    packet::{End, Packet},
};
use std::{collections::BTreeMap, net::IpAddr, sync::Arc};

/// How many answers are remembered, at least; twice as many at most. One has some 500 bytes.
const MOST: usize = 1 << 10;

/// What of a denial its answer depends on, as long as nothing changes.
type Asked = ([IpAddr; 2], Carried, Direction, bool);

/// The policies of a cluster, kept true change by change: which rule almost allowed what was denied.
///
/// What became of a packet is not its affair: whoever enforces said so. It knows pods by a [`Book`], which is told of
/// them by whoever tells this of all else; so what it holds besides policies is little.
#[derive(Debug)]
pub struct Explainer {
    namespaces: BTreeMap<Arc<str>, Namespace>,
    nodes: BTreeMap<Arc<str>, Node>,
    policies: BTreeMap<ObjectKey, (NetworkPolicy, Stands)>,
    cluster_policies: BTreeMap<ClusterPolicyName, (ClusterPolicy, Stands)>,
    known: Memory<Asked, Option<Nearest>>,
}

/// What becomes of what a policy denies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stands {
    /// It is dropped.
    Enforced,
    /// It passes, and is only told.
    Tried,
}

impl Default for Explainer {
    fn default() -> Self {
        Self {
            namespaces: BTreeMap::new(),
            nodes: BTreeMap::new(),
            policies: BTreeMap::new(),
            cluster_policies: BTreeMap::new(),
            known: Memory::with_room(MOST),
        }
    }
}

impl Explainer {
    /// Takes in a change of the cluster; of a policy, `stands` says what becomes of what it denies.
    pub fn apply(&mut self, change: &Change, stands: Stands) {
        self.known = Memory::with_room(MOST);
        match change {
            Change::PutNamespace(namespace) => {
                self.namespaces.insert(Arc::clone(namespace.name()), namespace.clone());
            }
            Change::RemoveNamespace(name) => drop(self.namespaces.remove(name)),
            Change::PutNode(node) => drop(self.nodes.insert(Arc::clone(&node.name), node.clone())),
            Change::RemoveNode(name) => drop(self.nodes.remove(name)),
            Change::PutPolicy(policy) => {
                self.policies.insert(policy.key.clone(), (policy.clone(), stands));
            }
            Change::RemovePolicy(key) => drop(self.policies.remove(key)),
            Change::PutClusterPolicy(policy) => {
                self.cluster_policies.insert(policy.name.clone(), (policy.clone(), stands));
            }
            Change::RemoveClusterPolicy(name) => drop(self.cluster_policies.remove(name)),
            // The book is told of them.
            Change::PutPod(_) | Change::RemovePod(_) => {}
        }
    }

    /// The rule that almost allowed what was denied; `None` where none did, where it is not known which side denied,
    /// and where policies would allow it by now.
    pub fn nearest(&mut self, book: &Book, denied: &Observation) -> Option<Nearest> {
        let direction =
            denied.side.or_else(|| denied.leave.denied_at()).filter(|_| denied.outcome.is_forbidden())?;
        let ends = [denied.from.address?, denied.to.address?];
        let traffic = denied.carried.traffic()?;
        let with_tried = denied.outcome == Outcome::Audited;
        let Self { namespaces, nodes, policies, cluster_policies, known } = self;
        let sight = Sight { namespaces, nodes, policies, cluster_policies, with_tried };
        known.get((ends, denied.carried, direction, with_tried), || {
            let [from, to] = ends.map(End::Address);
            policies::nearest(&sight.around(book, ends), &Packet { from, to, traffic }, direction)
        })
    }
}

/// What is known, or what of it is enforced.
struct Sight<'a> {
    namespaces: &'a BTreeMap<Arc<str>, Namespace>,
    nodes: &'a BTreeMap<Arc<str>, Node>,
    policies: &'a BTreeMap<ObjectKey, (NetworkPolicy, Stands)>,
    cluster_policies: &'a BTreeMap<ClusterPolicyName, (ClusterPolicy, Stands)>,
    with_tried: bool,
}

impl Sight<'_> {
    /// The part of the cluster that the verdict on a packet between `ends` depends on: their pods and nodes, and the
    /// policies that select these pods.
    fn around(&self, book: &Book, ends: [IpAddr; 2]) -> Cluster {
        let mut part = Cluster::default();
        for address in ends {
            book.bearers(address).for_each(|pod| self.add(&mut part, pod));
            let bearing = book.node_at(address).and_then(|name| self.nodes.get_key_value(name));
            part.nodes.extend(bearing.map(|(name, node)| (Arc::clone(name), node.clone())));
        }
        let cluster_wide = self.cluster_policies.iter().filter(|(_, (_, stands))| self.counts(*stands));
        // There are few, and any may select any pod.
        part.cluster_policies =
            cluster_wide.map(|(name, (policy, _))| (name.clone(), policy.clone())).collect();
        part
    }

    fn add(&self, part: &mut Cluster, pod: &Arc<Pod>) {
        part.pods.insert(pod.uid.clone(), Arc::clone(pod));
        let node = pod.node.as_ref().and_then(|name| self.nodes.get_key_value(name));
        part.nodes.extend(node.map(|(name, node)| (Arc::clone(name), node.clone())));
        let namespace = &pod.key.namespace;
        let labelled = self.namespaces.get_key_value(namespace);
        part.namespaces.extend(labelled.map(|(name, namespace)| (Arc::clone(name), namespace.clone())));
        let of_namespace = self.policies.range(ObjectKey::new(Arc::clone(namespace), "")..);
        let of_namespace = of_namespace.take_while(|(key, _)| key.namespace == *namespace);
        let selecting = of_namespace
            .filter(|(_, (policy, stands))| self.counts(*stands) && policy.subjects.matches(&pod.labels));
        part.policies.extend(selecting.map(|(key, (policy, _))| (key.clone(), policy.clone())));
    }

    fn counts(&self, stands: Stands) -> bool {
        self.with_tried || stands == Stands::Enforced
    }
}
