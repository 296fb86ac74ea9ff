//! Random namespaces, nodes and pods.

use super::universe::{
    LABEL_KEYS, LABEL_VALUES, NAMESPACES, NODES, PORT_NAMES, node_addresses, pod_addresses,
};
use crate::{
    object::{ContainerPort, Labels, Namespace, Node, ObjectKey, Origin, Pod},
    set::Protocol,
};
use proptest::{collection::vec, option, prelude::*, sample::select};
use std::{collections::BTreeSet, net::IpAddr, sync::Arc};

pub(super) fn labels() -> impl Strategy<Value = Labels> {
    let pair = (select(LABEL_KEYS.to_vec()), select(LABEL_VALUES.to_vec()));
    vec(pair, 0..4).prop_map(|pairs| pairs.into_iter().collect())
}

/// A namespace.
pub fn namespace() -> impl Strategy<Value = Namespace> {
    (select(NAMESPACES.to_vec()), labels())
        .prop_map(|(name, labels)| Namespace::new(name, labels, Origin::default()))
}

/// The node of this name, with both its addresses, and with a range for its pods or without.
pub fn node(name: &'static str) -> impl Strategy<Value = Node> {
    let addresses: BTreeSet<IpAddr> = node_addresses(node_number(name)).into();
    let range = format!("10.244.{}.0/24", node_number(name)).parse().ok();
    (labels(), any::<bool>()).prop_map(move |(labels, has_range)| Node {
        name: name.into(),
        labels,
        addresses: addresses.clone(),
        pod_cidrs: range.into_iter().filter(|_| has_range).collect(),
        origin: Origin::default(),
    })
}

/// The number of a node of the universe, from 1.
fn node_number(name: &str) -> u8 {
    if name == NODES[0] { 1 } else { 2 }
}

fn container_port() -> impl Strategy<Value = ContainerPort> {
    let name = option::weighted(0.8, select(PORT_NAMES.to_vec()));
    let protocol = select(Protocol::ALL.to_vec());
    (name, protocol, select(vec![53, 80, 8080, 9090])).prop_map(|(name, protocol, number)| ContainerPort {
        name: name.map(Into::into),
        protocol,
        number,
    })
}

/// Where a pod is: what decides its addresses.
#[derive(Clone, Copy, Debug)]
enum Place {
    /// On a node, with addresses of these families.
    Node { name: &'static str, slot: u8, v4: bool, v6: bool },
    /// On a node's own network (S22).
    Host(&'static str),
    /// Nowhere yet.
    Nowhere,
}

impl Place {
    fn addresses(self) -> BTreeSet<IpAddr> {
        match self {
            Self::Node { name, slot, v4, v6 } => {
                let [a, b] = pod_addresses(node_number(name), slot);
                [v4.then_some(a), v6.then_some(b)].into_iter().flatten().collect()
            }
            Self::Host(name) => node_addresses(node_number(name)).into(),
            Self::Nowhere => BTreeSet::new(),
        }
    }

    fn node(self) -> Option<&'static str> {
        match self {
            Self::Node { name, .. } | Self::Host(name) => Some(name),
            Self::Nowhere => None,
        }
    }
}

fn place() -> impl Strategy<Value = Place> {
    let node = || select(NODES.to_vec());
    // Few slots: two pods on one address must happen (S26).
    let on_node = (node(), 1..7_u8, select(vec![(true, true), (true, true), (true, false), (false, true)]));
    prop_oneof![
        10 => on_node.prop_map(|(name, slot, (v4, v6))| Place::Node { name, slot, v4, v6 }),
        1 => node().prop_map(Place::Host),
        1 => Just(Place::Nowhere),
    ]
}

/// A pod: one of eight names a namespace, so that histories change the same pod.
pub fn pod() -> impl Strategy<Value = Pod> {
    let finished = proptest::bool::weighted(0.07);
    (select(NAMESPACES.to_vec()), 0..8_u8, labels(), place(), vec(container_port(), 0..4), finished).prop_map(
        |(namespace, number, labels, place, ports, finished)| {
            let mut pod = Pod::new(ObjectKey::new(namespace, format!("pod-{number}")));
            pod.labels = labels;
            pod.addresses = place.addresses();
            pod.node = place.node().map(Into::into);
            pod.host_network = matches!(place, Place::Host(_));
            if let Place::Node { name, slot, .. } = place
                && slot % 2 == 0
            {
                pod.host_addresses = node_addresses(node_number(name)).into();
            }
            pod.ports = Arc::new(ports.into_iter().collect());
            pod.finished = finished;
            pod
        },
    )
}
