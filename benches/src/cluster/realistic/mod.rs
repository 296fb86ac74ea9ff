//! Clusters that look like those of platform teams, from a hundred pods to a million.
//!
//! - Namespaces of services in tiers (frontend, bff, backend, microservice), a few of them huge and many
//!   small; workloads likewise (Zipf).
//! - Most namespaces deny all ingress by default, some deny egress as well and then open what they
//!   need, and some have no policy at all.
//! - Components open themselves as the reference practice says: load balancer ranges, the own service's
//!   bff, named callers of other namespaces; monitoring and DNS by policies that namespaces share.
//! - Named ports, port ranges, `except`, `matchExpressions`.
//!
//! The same shape gives the same cluster on every machine.

mod peers;
mod plan;
mod pods;
mod policies;
mod random;

use plan::Plan;
use sekisho_core::object::{Change, Labels, Namespace, NetworkPolicy, Node, Origin, Pod};

/// Pods of one node: what Kubernetes allows by default.
const PODS_ON_NODE: usize = 110;

/// How large a cluster is to be.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Size {
    /// How many pods.
    pub(crate) pods: usize,
    /// How many policies.
    pub(crate) policies: usize,
    /// How many namespaces; two of them are those of DNS and of monitoring.
    pub(crate) namespaces: usize,
}

impl Size {
    /// A cluster of so many pods with the usual proportions: a policy for ten pods, a namespace for fifty.
    pub(crate) fn of(pods: usize) -> Self {
        Self { pods, policies: (pods / 10).max(4), namespaces: (pods / 50).max(4) }
    }
}

/// A cluster of some size. Its objects are made when they are asked for, so that a million pods need
/// not be held.
#[derive(Debug)]
pub(crate) struct Realistic {
    plan: Plan,
}

impl Realistic {
    /// The cluster of this size.
    pub(crate) fn new(size: Size) -> Self {
        Self { plan: Plan::new(size) }
    }

    /// Every object, as changes.
    pub(crate) fn changes(&self) -> impl Iterator<Item = Change> + '_ {
        let namespaces = self.namespaces().map(Change::PutNamespace);
        let nodes = self.nodes().map(Change::PutNode);
        let policies = self.policies().map(Change::PutPolicy);
        namespaces.chain(nodes).chain(policies).chain(self.pods().map(|pod| Change::PutPod(pod.into())))
    }

    /// The namespaces.
    pub(crate) fn namespaces(&self) -> impl Iterator<Item = Namespace> + '_ {
        self.plan.namespaces.iter().map(|namespace| {
            let team = format!("team-{}", namespace.team);
            let labels: Labels = [("team", &*team), ("tier", namespace.tier)].into_iter().collect();
            Namespace::new(namespace.name.clone(), labels, Origin::default())
        })
    }

    /// The nodes.
    pub(crate) fn nodes(&self) -> impl Iterator<Item = Node> + '_ {
        let nodes = 0..self.plan.size.pods.div_ceil(PODS_ON_NODE);
        nodes.map(|number| Node { name: super::parts::name("node", number), ..Node::default() })
    }

    /// The policies, by namespace.
    pub(crate) fn policies(&self) -> impl Iterator<Item = NetworkPolicy> + '_ {
        policies::all(&self.plan)
    }

    /// The pods, by namespace and workload.
    pub(crate) fn pods(&self) -> impl Iterator<Item = Pod> + '_ {
        pods::all(&self.plan)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sekisho_core::{index::Index, object::Direction};
    use std::collections::BTreeSet;

    #[test]
    fn a_cluster_has_the_size_that_was_asked_for() {
        for size in [Size::of(100), Size::of(10_000), Size { pods: 200, policies: 200, namespaces: 4 }] {
            let cluster = Realistic::new(size);
            let (pods, policies): (Vec<_>, Vec<_>) = (cluster.pods().collect(), cluster.policies().collect());
            assert_eq!(pods.len(), size.pods);
            assert_eq!(policies.len(), size.policies, "{size:?}");
            assert_eq!(cluster.namespaces().count(), size.namespaces);
            let names: BTreeSet<_> = pods.iter().map(|pod| &pod.key).collect();
            let addresses: BTreeSet<_> = pods.iter().flat_map(|pod| &pod.addresses).collect();
            assert_eq!((names.len(), addresses.len()), (size.pods, size.pods));
            let keys: BTreeSet<_> = policies.iter().map(|policy| &policy.key).collect();
            assert_eq!(keys.len(), size.policies);
        }
    }

    #[test]
    fn every_kind_of_thing_is_in_it() {
        let cluster = Realistic::new(Size::of(10_000));
        let policies: Vec<_> = cluster.policies().collect();
        let text = format!("{policies:?}");
        for what in
            ["Named(", "NotIn(", "Exists(", "Range(", "Block(", "PodsInNamespaces", "Namespaces(", "Udp"]
        {
            assert!(text.contains(what), "{what}");
        }
        assert!(policies.iter().any(|policy| policy.isolates(Direction::Egress)));
        let index = Index::of(cluster.changes());
        let selects_somebody = policies.iter().filter(|policy| {
            index.pods().any(|(_, pod)| {
                pod.key.namespace == policy.key.namespace && policy.subjects.matches(&pod.labels)
            })
        });
        assert_eq!(selects_somebody.count(), policies.len());
    }
}
