//! Random clusters, policies and packets for property tests.
//!
//! The universe is small on purpose: few labels, addresses and ports, so that policies, pods and
//! packets meet often, and every clause of the specification is reached. Behind the feature `testing`.

mod pods;
mod policies;
mod universe;

pub use pods::{namespace, node, pod};
pub use policies::{cluster_policy, policy};
pub use universe::{EXTERNAL, NAMESPACES, NODES, PORTS, node_addresses, pod_addresses};

use crate::{
    diff::{Difference, State, diff},
    index::Index as ClusterIndex,
    object::{Change, Cluster, Pod},
    packet::{End, Packet, Traffic},
    reach::Reach,
    set::Protocol,
};
use proptest::{
    collection::vec,
    prelude::*,
    sample::{Index, select},
    test_runner::FileFailurePersistence,
};
use std::{collections::BTreeSet, io::Write, net::IpAddr};

/// How many cases a property runs: `default`, or what the environment variable `SEKISHO_CASES` says.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "tests, not the core, read the environment")]
pub fn cases(default: u32) -> u32 {
    std::env::var("SEKISHO_CASES").ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

/// Says that something is not tested here, and why, past what captures the output of tests that pass.
pub fn skipped(why: &str) {
    // Where it cannot be said, the tests that are left have to do.
    let _ = writeln!(std::io::stderr(), "SKIPPED: {why}");
}

/// How a property runs: so many [`cases`], and the seeds of those that failed are kept beside the
/// test (`*.seeds`), to be committed with what mends them: they run first from then on.
#[must_use]
pub fn config(cases: u32) -> ProptestConfig {
    ProptestConfig {
        cases: self::cases(cases),
        max_shrink_iters: 20_000,
        failure_persistence: Some(Box::new(FileFailurePersistence::WithSource("seeds"))),
        ..ProptestConfig::default()
    }
}

/// What differs between two states, compared as wholes.
#[must_use]
pub fn compared(old: &Cluster, new: &Cluster) -> Difference {
    let [a, b] = [old, new].map(|cluster| ClusterIndex::of(cluster.changes()));
    let [reach_a, reach_b] = [&a, &b].map(Reach::of);
    diff(
        State { cluster: old, index: &a, reach: &reach_a },
        State { cluster: new, index: &b, reach: &reach_b },
    )
}

/// A cluster of up to three namespaces, two nodes, `pods` pods, `policies` policies and, in every
/// second one, a few cluster-wide policies.
pub fn cluster(
    pods: std::ops::Range<usize>,
    policies: std::ops::Range<usize>,
) -> impl Strategy<Value = Cluster> {
    let namespaces = vec(namespace(), 0..4);
    let nodes = Vec::from(NODES.map(node));
    let tiers = prop_oneof![Just(Vec::new()), vec(cluster_policy(), 1..5)];
    (namespaces, nodes, vec(pod(), pods), vec(policy(), policies), tiers).prop_map(
        |(namespaces, nodes, pods, policies, tiers)| {
            let mut cluster = Cluster::default();
            let changes = namespaces
                .into_iter()
                .map(Change::PutNamespace)
                .chain(nodes.into_iter().map(Change::PutNode))
                .chain(pods.into_iter().map(|pod| Change::PutPod(pod.into())))
                .chain(policies.into_iter().map(Change::PutPolicy))
                .chain(tiers.into_iter().map(Change::PutClusterPolicy));
            changes.for_each(|change| cluster.apply(change));
            cluster
        },
    )
}

/// One step of a random history: objects come, change and go.
pub fn change() -> impl Strategy<Value = Change> {
    let name = || select(NAMESPACES.to_vec());
    prop_oneof![
        2 => namespace().prop_map(Change::PutNamespace),
        1 => name().prop_map(|name| Change::RemoveNamespace(name.into())),
        1 => select(NODES.to_vec()).prop_flat_map(node).prop_map(Change::PutNode),
        6 => pod().prop_map(|pod| Change::PutPod(pod.into())),
        3 => pod().prop_map(|pod| Change::RemovePod(pod.uid)),
        6 => policy().prop_map(Change::PutPolicy),
        3 => policy().prop_map(|policy| Change::RemovePolicy(policy.key)),
        4 => cluster_policy().prop_map(Change::PutClusterPolicy),
        2 => cluster_policy().prop_map(|policy| Change::RemoveClusterPolicy(policy.name)),
    ]
}

/// What picks one packet out of a cluster's many: see [`packet`].
#[derive(Clone, Copy, Debug)]
pub struct PacketChoice {
    from: Index,
    to: Index,
    traffic: Traffic,
}

/// Choices of packets.
pub fn packet_choice() -> impl Strategy<Value = PacketChoice> {
    (any::<Index>(), any::<Index>(), traffic()).prop_map(|(from, to, traffic)| PacketChoice {
        from,
        to,
        traffic,
    })
}

/// Every end that a packet in `cluster` can have: addresses of pods, nodes and the outside, and pods
/// without an address.
#[must_use]
pub fn ends(cluster: &Cluster) -> Vec<End> {
    let pods = cluster.pods.values();
    let nodes = cluster.nodes.values();
    let addresses: BTreeSet<IpAddr> = pods
        .clone()
        .flat_map(|pod| pod.addresses.iter().copied())
        .chain(nodes.flat_map(|node| node.addresses.iter().copied()))
        .chain(EXTERNAL.iter().filter_map(|text| text.parse().ok()))
        .collect();
    let unknown = pods.filter(|pod| pod.addresses.is_empty() && pod.is_policed());
    addresses.into_iter().map(End::Address).chain(unknown.map(|pod| End::Pod(pod.uid.clone()))).collect()
}

/// The packet that `choice` picks in `cluster`. Its ends are of one family.
#[must_use]
pub fn packet(cluster: &Cluster, choice: PacketChoice) -> Packet {
    let ends = ends(cluster);
    let from = choice.from.get(&ends).clone();
    let same_family = |end: &&End| match (from.address(), end.address()) {
        (Some(a), Some(b)) => a.is_ipv4() == b.is_ipv4(),
        _ => true,
    };
    let others: Vec<&End> = ends.iter().filter(same_family).collect();
    let to = (*choice.to.get(&others)).clone();
    let is_ipv4 = [&from, &to].iter().any(|end| end.address().is_some_and(|address| address.is_ipv4()));
    let traffic = match choice.traffic {
        Traffic::Icmpv6(_) if is_ipv4 => Traffic::Other(1),
        traffic => traffic,
    };
    Packet { from, to, traffic }
}

fn traffic() -> impl Strategy<Value = Traffic> {
    let protocol = || select(Protocol::ALL.to_vec());
    prop_oneof![
        12 => (protocol(), select(PORTS.to_vec())).prop_map(|(protocol, port)| Traffic::Port(protocol, port)),
        1 => (protocol(), any::<u16>()).prop_map(|(protocol, port)| Traffic::Port(protocol, port)),
        1 => select(vec![128, 129, 130, 135, 136, 137]).prop_map(Traffic::Icmpv6),
        1 => select(vec![1, 47]).prop_map(Traffic::Other),
    ]
}

/// Whether the kernel can be asked about a packet: both ends have addresses.
#[must_use]
pub fn has_addresses(packet: &Packet) -> bool {
    packet.from.address().is_some() && packet.to.address().is_some()
}

/// Whether every pod that policies see is on a node and has an address: what a dataplane can police.
#[must_use]
pub fn is_placed(pod: &Pod) -> bool {
    pod.node.is_some() && !pod.addresses.is_empty()
}
