//! A cluster around the two pods that load runs between.

use super::parts::{address, labels, name, peer, policy, rule, selector};
use crate::net::{CLIENT, NODE_TO_CLIENT, NODE_TO_SERVER, SERVER};
use sekisho_core::object::{
    Change, Direction, LabelSelector, Namespace, NetworkPolicy, Node, ObjectKey, PeerKind, Pod,
};
use std::{collections::BTreeSet, net::IpAddr, sync::Arc};

/// The node whose ruleset is measured.
pub(crate) const NODE: &str = "node-0";
/// Distinct large selectors that the policies share.
const GROUPS: usize = 20;
/// Pods of the node beside the two that the load runs between.
const LOCAL: usize = 250;

/// What the ruleset of the measured node holds while load runs on it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BesideLoad {
    /// Policies in all; each selects a pod of this node.
    pub(crate) policies: usize,
    /// Addresses in each peer set.
    pub(crate) set: usize,
    /// Of the policies, how many select the pod that answers, and how many the one that asks. Only
    /// the last of them, by name, allows what the load does.
    pub(crate) each: usize,
}

/// A cluster around the two pods of a [`crate::net::Path`], both isolated in both directions.
pub(crate) fn beside_load(shape: BesideLoad) -> Vec<Change> {
    let mut changes = vec![Change::PutNode(this_node()), Change::PutNamespace(Namespace::implied("shop"))];
    let others = shape.policies.saturating_sub(2 * shape.each);
    let subjects =
        (0..shape.each).flat_map(|number| ["client", "server"].map(|subject| (subject.to_owned(), number)));
    let subjects = subjects.chain((0..others).map(|number| (format!("other-{}", number % LOCAL), number)));
    for (subject, number) in subjects {
        let last = number + 1 == shape.each;
        changes.push(Change::PutPolicy(both_directions(&subject, number, last)));
    }
    let local =
        ["client", "server"].map(str::to_owned).into_iter().chain((0..LOCAL).map(|n| format!("other-{n}")));
    changes.extend(local.enumerate().map(|(number, name)| Change::PutPod(local_pod(&name, number).into())));
    changes.extend((0..shape.set.saturating_sub(2)).map(|number| Change::PutPod(remote_pod(number).into())));
    changes
}

fn this_node() -> Node {
    let addresses = BTreeSet::from([NODE_TO_CLIENT, NODE_TO_SERVER].map(IpAddr::from));
    Node { name: NODE.into(), addresses, ..Node::default() }
}

/// A policy that isolates `subject` in both directions and allows one group of pods: on the ports of
/// the load where it is the one that `allows`, else on ports that nobody uses.
fn both_directions(subject: &str, number: usize, allows: bool) -> NetworkPolicy {
    let group = selector(&name("group", number % GROUPS), "yes");
    let from = || {
        vec![peer(PeerKind::PodsInNamespaces {
            namespaces: LabelSelector::everything(),
            pods: group.clone(),
        })]
    };
    let rules = || if allows { vec![rule(from(), 8080, 8095)] } else { vec![rule(from(), 9000, 9015)] };
    let key = ObjectKey::new("shop", format!("{subject}-{number:06}"));
    let mut policy = policy(key, selector("pod", subject), rules());
    policy.types = Direction::ALL.into();
    policy.egress = rules();
    policy
}

fn local_pod(name: &str, number: usize) -> Pod {
    let mut pod = grouped(ObjectKey::new("shop", name));
    pod.labels.set("pod", name);
    pod.node = Some(NODE.into());
    pod.addresses = [match name {
        "client" => CLIENT.into(),
        "server" => SERVER.into(),
        _ => {
            pod.labels = labels(&[("pod", name)]);
            address([10, 245, 0, 0], number)
        }
    }]
    .into();
    pod
}

fn remote_pod(number: usize) -> Pod {
    let mut pod = grouped(ObjectKey::new("shop", name("remote", number)));
    pod.node = Some("elsewhere".into());
    pod.addresses = [address([10, 246, 0, 0], number)].into();
    pod
}

/// A pod that every one of the large selectors selects.
fn grouped(key: ObjectKey) -> Pod {
    let mut pod = Pod::new(key);
    pod.labels = (0..GROUPS).map(|group| (name("group", group), Arc::from("yes"))).collect();
    pod
}
