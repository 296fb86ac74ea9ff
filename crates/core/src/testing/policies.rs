//! Random policies.

use super::universe::{BLOCKS, LABEL_KEYS, LABEL_VALUES, NAMESPACES, PORT_NAMES, PORTS};
use crate::{
    object::{
        Direction, IpBlock, LabelSelector, NAME_LABEL, NetworkPolicy, ObjectKey, Origin, Peer, PeerKind,
        PolicyPort, PortMatch, Requirement, Rule,
    },
    set::{Cidr, PortRange, Protocol},
};
use proptest::{
    collection::{btree_set, vec},
    prelude::*,
    sample::{select, subsequence},
};
use std::sync::Arc;

fn requirement() -> impl Strategy<Value = Requirement> {
    let key = || select(LABEL_KEYS.to_vec()).prop_map(Arc::<str>::from);
    let values = || btree_set(select(LABEL_VALUES.to_vec()).prop_map(Arc::<str>::from), 1..3);
    prop_oneof![
        4 => (key(), values()).prop_map(|(key, values)| Requirement::In(key, values)),
        2 => (key(), values()).prop_map(|(key, values)| Requirement::NotIn(key, values)),
        1 => key().prop_map(Requirement::Exists),
        1 => key().prop_map(Requirement::DoesNotExist),
    ]
}

fn selector() -> impl Strategy<Value = LabelSelector> {
    vec(requirement(), 0..3).prop_map(|requirements| requirements.into_iter().collect())
}

fn namespace_selector() -> impl Strategy<Value = LabelSelector> {
    let by_name = select(NAMESPACES.to_vec())
        .prop_map(|name| [Requirement::In(NAME_LABEL.into(), [name.into()].into())].into_iter().collect());
    prop_oneof![selector(), by_name]
}

fn block() -> impl Strategy<Value = IpBlock> {
    select(BLOCKS.to_vec()).prop_flat_map(|(cidr, except)| {
        subsequence(except.to_vec(), 0..=except.len()).prop_filter_map("blocks are valid", move |except| {
            let except: Option<Vec<Cidr>> = except.iter().map(|text| text.parse().ok()).collect();
            IpBlock::new(cidr.parse().ok()?, except?).ok()
        })
    })
}

fn peer() -> impl Strategy<Value = Peer> {
    let kind = prop_oneof![
        3 => selector().prop_map(PeerKind::Pods),
        2 => namespace_selector().prop_map(PeerKind::Namespaces),
        2 => (namespace_selector(), selector())
            .prop_map(|(namespaces, pods)| PeerKind::PodsInNamespaces { namespaces, pods }),
        3 => block().prop_map(PeerKind::Block),
    ];
    kind.prop_map(|kind| Peer { kind, origin: Origin::default() })
}

fn port() -> impl Strategy<Value = PolicyPort> {
    let range = (select(PORTS.to_vec()), select(vec![0, 1, 400]))
        .prop_filter_map("ranges are valid", |(first, length)| PortRange::new(first, first + length));
    let port = prop_oneof![
        1 => Just(PortMatch::All),
        3 => range.prop_map(PortMatch::Range),
        3 => select(PORT_NAMES.to_vec()).prop_map(|name| PortMatch::Named(name.into())),
    ];
    (select(vec![Protocol::Tcp, Protocol::Tcp, Protocol::Udp, Protocol::Sctp]), port)
        .prop_map(|(protocol, port)| PolicyPort { protocol, port, origin: Origin::default() })
}

fn rule() -> impl Strategy<Value = Rule> {
    (vec(peer(), 0..4), vec(port(), 0..3)).prop_map(|(peers, ports)| Rule {
        peers,
        ports,
        origin: Origin::default(),
    })
}

/// A policy: one of six names a namespace, so that histories change the same policy.
pub fn policy() -> impl Strategy<Value = NetworkPolicy> {
    let types = subsequence(Direction::ALL.to_vec(), 0..=2);
    (select(NAMESPACES.to_vec()), 0..6_u8, selector(), types, vec(rule(), 0..3), vec(rule(), 0..3)).prop_map(
        |(namespace, number, subjects, types, ingress, egress)| NetworkPolicy {
            key: ObjectKey::new(namespace, format!("policy-{number}")),
            subjects,
            types: types.into_iter().collect(),
            ingress,
            egress,
            origin: Origin::default(),
        },
    )
}
