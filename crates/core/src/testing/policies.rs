//! Random policies.

use super::universe::{BLOCKS, LABEL_KEYS, LABEL_VALUES, NAMESPACES, PORT_NAMES, PORTS};
use crate::{
    object::{
        ClusterPeer, ClusterPeerKind, ClusterPods, ClusterPolicy, ClusterPolicyKind, ClusterPolicyName,
        ClusterRule, Direction, IpBlock, LabelSelector, Labels, NAME_LABEL, NetworkPolicy, ObjectKey, Origin,
        Peer, PeerKind, PolicyPort, PortMatch, Requirement, Rule, RuleAction, Tier,
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
            labels: Labels::new(),
            annotations: Labels::new(),
            origin: Origin::default(),
        },
    )
}

fn cluster_pods() -> impl Strategy<Value = ClusterPods> {
    (namespace_selector(), selector()).prop_map(|(namespaces, pods)| ClusterPods { namespaces, pods })
}

fn cluster_peer() -> impl Strategy<Value = ClusterPeer> {
    let network = select(BLOCKS.to_vec()).prop_filter_map("blocks are valid", |(cidr, _)| cidr.parse().ok());
    let kind = prop_oneof![
        8 => cluster_pods().prop_map(ClusterPeerKind::Pods),
        4 => btree_set(network, 1..3).prop_map(ClusterPeerKind::Networks),
        3 => selector().prop_map(ClusterPeerKind::Nodes),
        1 => Just(ClusterPeerKind::DomainNames(["example.org".into()].into())),
        1 => Just(ClusterPeerKind::Unknown),
    ];
    kind.prop_map(|kind| ClusterPeer { kind, origin: Origin::default() })
}

fn cluster_rule() -> impl Strategy<Value = ClusterRule> {
    let action = select(vec![RuleAction::Accept, RuleAction::Deny, RuleAction::Pass]);
    (action, vec(cluster_peer(), 1..3), vec(port(), 0..3)).prop_map(|(action, peers, ports)| ClusterRule {
        name: "".into(),
        action,
        peers,
        ports,
        origin: Origin::default(),
    })
}

/// A cluster-wide policy: one of four names a kind, with few priorities, so that some are equal.
pub fn cluster_policy() -> impl Strategy<Value = ClusterPolicy> {
    let place = prop_oneof![
        2 => select(vec![Tier::Admin, Tier::Baseline])
            .prop_map(|tier| (ClusterPolicyKind::ClusterNetworkPolicy, tier)),
        1 => Just((ClusterPolicyKind::AdminNetworkPolicy, Tier::Admin)),
        1 => Just((ClusterPolicyKind::BaselineAdminNetworkPolicy, Tier::Baseline)),
    ];
    (place, 0..4_u8, 0..3_u16, cluster_pods(), vec(cluster_rule(), 0..4), vec(cluster_rule(), 0..4)).prop_map(
        |((kind, tier), number, priority, subjects, ingress, egress)| ClusterPolicy {
            name: ClusterPolicyName { name: format!("cluster-{number}").into(), kind },
            tier,
            priority,
            subjects,
            ingress,
            egress,
            origin: Origin::default(),
        },
    )
}
