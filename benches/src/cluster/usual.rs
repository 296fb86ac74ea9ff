//! A cluster as platform teams run them.

use super::parts::{address, block, labels, name, peer, policy, rule, selector};
use sekisho_core::{
    object::{
        Change, ContainerPort, LabelSelector, Labels, NAME_LABEL, Namespace, NetworkPolicy, Node, ObjectKey,
        Origin, PeerKind, Pod,
    },
    set::Protocol,
};

/// Pods of one node: what Kubernetes allows by default.
const PODS_ON_NODE: usize = 110;
/// Workloads of one namespace.
const WORKLOADS: usize = 20;

/// A cluster as platform teams run them: namespaces of 20 workloads; in each namespace a policy that
/// isolates all its pods and then policies that open single workloads to workloads of the next
/// namespace and to a block of addresses.
///
/// Policies come before pods, as the first list of a watch may bring them.
pub(crate) fn usual(pods: usize, policies: usize) -> Vec<Change> {
    let namespaces = policies.div_ceil(WORKLOADS + 1).max(pods.div_ceil(WORKLOADS * 15)).max(1);
    let nodes = pods.div_ceil(PODS_ON_NODE).max(1);
    let namespace = |number: usize| {
        Change::PutNamespace(Namespace::new(name("team", number), Labels::new(), Origin::default()))
    };
    let node = |number| Change::PutNode(Node { name: name("node", number), ..Node::default() });
    let policy = |number| Change::PutPolicy(policy_of(number, namespaces));
    let pod = |number| Change::PutPod(pod_of(number, namespaces));
    let first = (0..namespaces).map(namespace).chain((0..nodes).map(node));
    first.chain((0..policies).map(policy)).chain((0..pods).map(pod)).collect()
}

/// Pod `number` of a [`usual`] cluster with so many namespaces.
pub(crate) fn pod_of(number: usize, namespaces: usize) -> Pod {
    let workload = name("app", number / namespaces % WORKLOADS);
    let key = ObjectKey::new(name("team", number % namespaces), format!("{workload}-{number}"));
    let mut pod = Pod::new(key);
    pod.labels = labels(&[("app", &workload), ("pod-template-hash", &format!("{:x}", number % 7919))]);
    pod.node = Some(name("node", number / PODS_ON_NODE));
    pod.addresses = [address([10, 128, 0, 0], number)].into();
    pod.ports = [ContainerPort { name: Some("http".into()), protocol: Protocol::Tcp, number: 8080 }].into();
    pod
}

/// Policy `number` of a [`usual`] cluster with so many namespaces.
pub(crate) fn policy_of(number: usize, namespaces: usize) -> NetworkPolicy {
    let (home, place) = (number % namespaces, number / namespaces % (WORKLOADS + 1));
    let Some(workload) = place.checked_sub(1) else {
        let key = ObjectKey::new(name("team", home), format!("baseline-{number}"));
        return policy(key, LabelSelector::everything(), Vec::new());
    };
    let neighbour = selector(NAME_LABEL, &name("team", (home + 1) % namespaces));
    let caller = selector("app", &name("app", (workload + 1) % WORKLOADS));
    let mut from = vec![peer(PeerKind::PodsInNamespaces { namespaces: neighbour, pods: caller })];
    from.extend(block(address([172, 16, 0, 0], number)));
    let key = ObjectKey::new(name("team", home), format!("app-{number}"));
    let subjects = selector("app", &name("app", workload));
    policy(key, subjects, vec![rule(from, 8080, 8080)])
}
