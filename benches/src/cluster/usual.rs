//! A cluster as platform teams run them.

use super::parts::{address, block, labels, name, peer, policy, rule, selector};
use sekisho_core::{
    object::{
        Change, ContainerPort, LabelSelector, Labels, NAME_LABEL, Namespace, NetworkPolicy, Node, ObjectKey,
        Origin, PeerKind, Pod, Workload,
    },
    set::Protocol,
};

/// Pods of one node: what Kubernetes allows by default.
const PODS_ON_NODE: usize = 110;
/// Workloads of one namespace.
pub(crate) const WORKLOADS: usize = 20;
/// Pods of one workload, at most, where there are fewer policies than it takes.
const REPLICAS: usize = 15;

/// A cluster as platform teams run them: namespaces of 20 workloads; in each namespace a policy that
/// isolates all its pods, and then policies that open single workloads to workloads of the next
/// namespace and to an address.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Usual {
    /// How many pods.
    pub(crate) pods: usize,
    /// How many policies.
    pub(crate) policies: usize,
}

impl Usual {
    fn namespaces(self) -> usize {
        let of_policies = self.policies.div_ceil(WORKLOADS + 1);
        of_policies.max(self.pods.div_ceil(WORKLOADS * REPLICAS)).max(1)
    }

    /// The changes that make it. Policies come before pods, as the first list of a watch may bring them.
    pub(crate) fn changes(self) -> Vec<Change> {
        let namespace = |number| Namespace::new(name("team", number), Labels::new(), Origin::default());
        let node = |number| Node { name: name("node", number), ..Node::default() };
        let namespaces = (0..self.namespaces()).map(|number| Change::PutNamespace(namespace(number)));
        let nodes = (0..self.pods.div_ceil(PODS_ON_NODE)).map(|number| Change::PutNode(node(number)));
        let policies = (0..self.policies).map(|number| Change::PutPolicy(self.policy(number, 8080)));
        let pods = (0..self.pods).map(|number| Change::PutPod(self.pod(number).into()));
        namespaces.chain(nodes).chain(policies).chain(pods).collect()
    }

    /// Pod `number`.
    pub(crate) fn pod(self, number: usize) -> Pod {
        let namespaces = self.namespaces();
        let workload = name("app", number / namespaces % WORKLOADS);
        let namespace = name("team", number % namespaces);
        let mut pod = Pod::new(ObjectKey::new(namespace.clone(), format!("{workload}-{number}")));
        pod.workload =
            Workload { key: ObjectKey::new(namespace, workload.clone()), kind: "Deployment".into() };
        pod.labels = labels(&[("app", &workload), ("pod-template-hash", "5d8f7c9b66")]);
        pod.node = Some(name("node", number / PODS_ON_NODE));
        pod.addresses = [address([10, 128, 0, 0], number)].into();
        pod.ports = std::sync::Arc::new(
            [ContainerPort { name: Some("http".into()), protocol: Protocol::Tcp, number: 8080 }].into(),
        );
        pod
    }

    /// The number of the `turn`th pod beyond those of the cluster that is of this workload of this
    /// namespace, each by its number.
    pub(crate) fn beyond(self, namespace: usize, workload: usize, turn: usize) -> usize {
        let namespaces = self.namespaces();
        let round = self.pods.div_ceil(namespaces).next_multiple_of(WORKLOADS) + turn * WORKLOADS;
        (round + workload) * namespaces + namespace % namespaces
    }

    /// Policy `number`; `port` is what it opens, if it opens something.
    pub(crate) fn policy(self, number: usize, port: u16) -> NetworkPolicy {
        let namespaces = self.namespaces();
        let (home, place) = (number / (WORKLOADS + 1) % namespaces, number % (WORKLOADS + 1));
        let Some(workload) = place.checked_sub(1) else {
            let key = ObjectKey::new(name("team", home), "baseline");
            return policy(key, LabelSelector::everything(), Vec::new());
        };
        let neighbour = selector(NAME_LABEL, &name("team", (home + 1) % namespaces));
        let caller = selector("app", &name("app", (workload + 1) % WORKLOADS));
        let mut from = vec![peer(PeerKind::PodsInNamespaces { namespaces: neighbour, pods: caller })];
        from.extend(block(address([172, 16, 0, 0], number)));
        let workload = name("app", workload);
        let key = ObjectKey::new(name("team", home), workload.clone());
        policy(key, selector("app", &workload), vec![rule(from, port, port)])
    }
}
