//! Random flows for property tests. Behind the feature `testing`.

use crate::record::{
    Carried, End, Few, Flow, Key, Leave, Names, Nearest, Observer, Outcome, PolicyRef, Seen, Why, Window,
    WorkloadEnd,
};
use jiff::Timestamp;
use proptest::{
    collection::{btree_set, vec},
    option,
    prelude::*,
    sample::select,
};
use sekisho_core::{
    object::{ClusterPolicyKind, ClusterPolicyName, Direction, ObjectKey, Tier, Workload},
    set::{Cidr, Protocol},
    verdict::{Because, RulePath, TierRule},
};
use std::{net::IpAddr, sync::Arc};

/// Names, some of them such as nobody should write.
fn name() -> impl Strategy<Value = Arc<str>> {
    let hostile = vec!["", "a/b", "\"", "\u{1F980}\n", "x\\", "関所"];
    prop_oneof![6 => select(vec!["red", "green", "blue"]), 1 => select(hostile)].prop_map(Arc::from)
}

fn key() -> impl Strategy<Value = ObjectKey> {
    (name(), name()).prop_map(|(namespace, name)| ObjectKey { namespace, name })
}

fn few<const MOST: usize>() -> impl Strategy<Value = Few<Arc<str>, MOST>> {
    (vec(name(), 0..3), any::<bool>()).prop_map(|(names, more)| Few::of(names, more))
}

fn workload() -> impl Strategy<Value = End> {
    let kind = select(vec!["Deployment", "StatefulSet", "Pod"]);
    let labels = vec((name(), name()), 0..3).prop_map(|labels| labels.into_iter().collect());
    (key(), kind, labels).prop_map(|(key, kind, labels)| {
        End::Workload(WorkloadEnd { workload: Workload { key, kind: kind.into() }, labels })
    })
}

/// An address outside the cluster, out of a handful of neighbourhoods.
pub fn address() -> impl Strategy<Value = IpAddr> {
    prop_oneof![
        (0..3_u8, 0..4_u8).prop_map(|(net, host)| IpAddr::from([198, 51, net, host])),
        (0..3_u16, 0..4_u16).prop_map(|(net, host)| IpAddr::from([0x2001, 0xdb8, 0, net, 0, 0, 0, host])),
    ]
}

/// An end of any form.
pub fn end() -> impl Strategy<Value = End> {
    let external = (address(), few())
        .prop_map(|(address, names): (_, Names)| End::External { block: Cidr::host(address), names });
    prop_oneof![
        5 => workload(),
        4 => external,
        1 => option::of(name()).prop_map(End::Node),
        1 => key().prop_map(End::Service),
        1 => Just(End::Anyone),
    ]
}

/// Anything that flows carry.
pub fn carried() -> impl Strategy<Value = Carried> {
    let protocol = || select(Protocol::ALL.to_vec());
    prop_oneof![
        8 => (protocol(), any::<u16>()).prop_map(|(protocol, port)| Carried::Port(protocol, port)),
        1 => protocol().prop_map(Carried::AnyPort),
        1 => (any::<u8>(), any::<Option<u8>>()).prop_map(|(kind, code)| Carried::Icmp(kind, code)),
        1 => (any::<u8>(), any::<Option<u8>>()).prop_map(|(kind, code)| Carried::Icmpv6(kind, code)),
        1 => any::<u8>().prop_map(Carried::Other),
        1 => Just(Carried::Anything),
    ]
}

fn path(direction: Direction) -> impl Strategy<Value = RulePath> {
    let at = || option::of(0..9_usize);
    (key(), 0..9_usize, at(), at()).prop_map(move |(policy, rule, peer, port)| RulePath {
        policy,
        direction,
        rule,
        peer,
        port,
    })
}

fn tier_rule(direction: Direction) -> impl Strategy<Value = TierRule> {
    let tier = select(vec![Tier::Admin, Tier::Baseline]);
    let kind = select(vec![
        ClusterPolicyKind::ClusterNetworkPolicy,
        ClusterPolicyKind::AdminNetworkPolicy,
        ClusterPolicyKind::BaselineAdminNetworkPolicy,
    ]);
    (tier, kind, name(), 0..9_usize, option::of(0..9_usize)).prop_map(
        move |(tier, kind, name, rule, peer)| TierRule {
            tier,
            policy: ClusterPolicyName { name, kind },
            direction,
            rule,
            peer,
        },
    )
}

fn policy() -> impl Strategy<Value = PolicyRef> {
    let kind = select(vec![PolicyRef::NETWORK_POLICY, "CiliumNetworkPolicy"]);
    (option::of(name()), name(), kind).prop_map(|(namespace, name, kind)| PolicyRef {
        namespace,
        name,
        kind: kind.into(),
    })
}

fn why(direction: Direction) -> impl Strategy<Value = Why> {
    let plain = vec![
        Because::NoPod,
        Because::Itself,
        Because::OwnNode,
        Because::NeighbourDiscovery,
        Because::NotIsolated,
    ];
    prop_oneof![
        2 => Just(Why::Unknown),
        2 => select(plain).prop_map(Why::Because),
        2 => path(direction).prop_map(|path| Because::Rule(path).into()),
        1 => tier_rule(direction).prop_map(|rule| Because::TierAccept(rule).into()),
        1 => tier_rule(direction).prop_map(|rule| Because::TierDeny(rule).into()),
        2 => vec(key(), 0..3).prop_map(|policies| Because::NoRule(policies).into()),
        1 => btree_set(policy(), 0..3).prop_map(Why::AllowedBy),
        1 => btree_set(policy(), 0..3).prop_map(Why::DeniedBy),
    ]
}

/// A key of any form. What became of the connections need not fit by whose leave: observers may err.
pub fn flow_key() -> impl Strategy<Value = Key> {
    let leave = (why(Direction::Egress), why(Direction::Ingress))
        .prop_map(|(egress, ingress)| Leave { egress, ingress });
    let outcome = select(vec![Outcome::Allowed, Outcome::Denied, Outcome::Audited]);
    let side = option::of(select(Direction::ALL.to_vec()));
    (end(), end(), carried(), outcome, leave, select(Observer::ALL.to_vec()), side).prop_map(
        |(from, to, carried, outcome, leave, observer, side)| Key {
            from,
            to,
            carried,
            outcome,
            leave,
            observer,
            side,
        },
    )
}

/// A moment within an hour.
pub fn moment() -> impl Strategy<Value = Timestamp> {
    (0..3600_i64, select(vec![0, 1, 500_000_000]))
        .prop_filter_map("it is one", |(second, nano)| Timestamp::new(1_795_600_000 + second, nano).ok())
}

fn nearest() -> impl Strategy<Value = Nearest> {
    let path = select(Direction::ALL.to_vec()).prop_flat_map(path);
    (path, any::<bool>(), name()).prop_map(|(path, listed, lacks)| Nearest {
        policy: path.policy.clone(),
        path: listed.then_some(path),
        lacks,
    })
}

/// What is told of a flow.
pub fn seen() -> impl Strategy<Value = Seen> {
    (1..u64::MAX, moment(), moment(), few(), few(), few(), option::of(nearest())).prop_map(
        |(count, one, other, nodes, from_pods, to_pods, nearest)| Seen {
            count: 1 + count % 1000,
            first: one.min(other),
            last: one.max(other),
            nodes,
            from_pods,
            to_pods,
            nearest,
        },
    )
}

/// A flow of any form.
pub fn flow() -> impl Strategy<Value = Flow> {
    let window = (moment(), moment())
        .prop_filter_map("it has a length", |(a, b)| Window::new(a.min(b), a.max(b)).ok());
    (window, flow_key(), seen()).prop_map(|(window, key, seen)| Flow { window, key, seen })
}
