//! Random promises.

#![allow(clippy::expect_used, reason = "a test says what must hold")]

use proptest::{collection::vec, option, prelude::*, sample::select};
use sekisho_core::{
    object::{LabelSelector, ObjectKey, Origin, Requirement},
    promise::{Claim, Group, Members, Promise, PromisedPort, Same},
    set::{AddressSet, Cidr, PortRange, Protocol},
    testing::{NAMESPACES, PORTS},
};
use std::{collections::BTreeSet, sync::Arc};

fn selector() -> impl Strategy<Value = LabelSelector> {
    let key = || select(vec!["app", "tier", "track"]).prop_map(Arc::<str>::from);
    let value = select(vec!["a", "b", "c"]).prop_map(Arc::<str>::from);
    let requirement = prop_oneof![
        3 => (key(), value).prop_map(|(key, value)| Requirement::In(key, BTreeSet::from([value]))),
        1 => key().prop_map(Requirement::Exists),
    ];
    vec(requirement, 0..2).prop_map(|list| list.into_iter().collect())
}

fn members(is_inside: bool) -> impl Strategy<Value = Members> {
    let key = (select(NAMESPACES.to_vec()), 0..8_u8)
        .prop_map(|(namespace, number)| ObjectKey::new(namespace, format!("pod-{number}")));
    let block = select(vec!["192.0.2.0/24", "192.0.2.128/25", "2001:db8::/32", "10.0.0.0/8"])
        .prop_map(|text| AddressSet::from(text.parse::<Cidr>().expect("a block")));
    let outside = prop_oneof![Just(Members::Internet), block.prop_map(Members::Addresses)];
    let inside = prop_oneof![
        4 => (selector(), selector()).prop_map(|(namespaces, pods)| Members::Pods { namespaces, pods }),
        1 => select(NAMESPACES.to_vec()).prop_map(|name| Members::Namespace(name.into())),
        1 => key.prop_map(Members::Named),
        1 => Just(Members::Cluster),
    ];
    let weight = u32::from(!is_inside);
    prop_oneof![4 => inside.boxed(), weight => outside.boxed()]
}

fn groups(is_inside: bool) -> impl Strategy<Value = Vec<Arc<Group>>> {
    let group =
        (members(is_inside), option::weighted(0.2, members(is_inside))).prop_map(|(members, except)| {
            let group = |members, except| Arc::new(Group { name: "group".into(), members, except });
            group(members, except.map(|members| group(members, Vec::new())).into_iter().collect())
        });
    vec(group, 1..3)
}

fn port() -> impl Strategy<Value = PromisedPort> {
    let range = (select(PORTS.to_vec()), select(vec![0, 1])).prop_filter_map("a range", |(first, length)| {
        Some(PromisedPort::Range(Protocol::Tcp, PortRange::new(first, first + length)?))
    });
    prop_oneof![
        3 => range,
        1 => Just(PromisedPort::Protocol(Protocol::Udp)),
        1 => Just(PromisedPort::All),
        1 => Just(PromisedPort::Declared),
        2 => select(vec!["web", "dns"]).prop_map(|name| PromisedPort::Named(None, name.into())),
    ]
}

/// A promise about the random clusters of `sekisho_core::testing`.
pub(crate) fn promise() -> impl Strategy<Value = Promise> {
    let same = option::weighted(
        0.3,
        select(vec![Same::Label("app".into()), Same::Namespace, Same::NamespaceLabel("tier".into())]),
    );
    let claim = select(vec![Claim::Can, Claim::Cannot, Claim::OnlyWho, Claim::OnlyWhom]);
    (claim, same, vec(port(), 0..3)).prop_flat_map(|(claim, same, mut ports)| {
        if claim == Claim::Can && ports.is_empty() {
            ports.push(PromisedPort::All);
        }
        let is_inside = same.is_some();
        (groups(is_inside), groups(is_inside)).prop_map(move |(who, whom)| Promise {
            name: "promise".into(),
            because: None,
            who,
            claim,
            whom,
            ports: ports.clone(),
            same: same.clone(),
            may_match_nothing: false,
            origin: Origin::default(),
        })
    })
}
