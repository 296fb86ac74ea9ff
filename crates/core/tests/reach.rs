//! `reach` allows exactly what the evaluator allows, packet by packet.

#![allow(clippy::expect_used, reason = "a test says what must hold")]

use proptest::prelude::*;
use sekisho_core::{
    eval,
    index::Index,
    object::{Cluster, ObjectKey, Pod, Workload},
    packet::{End, Packet, Traffic},
    reach::{Connection, Endpoint, Family, reach},
    set::Protocol,
    testing::{EXTERNAL, PORTS, cluster, config},
};
use std::{net::IpAddr, sync::Arc};

/// Puts the pods into few workloads, so that pods of one differ.
fn gather(cluster: &mut Cluster) {
    for pod in cluster.pods.values_mut() {
        let number = pod.key.name.bytes().last().unwrap_or_default() % 3;
        let key = ObjectKey::new(Arc::clone(&pod.key.namespace), format!("workload-{number}"));
        pod.workload = Workload { key, kind: Arc::from("Deployment") };
    }
}

#[derive(Clone, Copy)]
enum Party<'a> {
    Pod(&'a Pod, Option<IpAddr>),
    Outside(IpAddr),
}

impl Party<'_> {
    fn address(self) -> Option<IpAddr> {
        match self {
            Self::Pod(_, address) => address,
            Self::Outside(address) => Some(address),
        }
    }

    fn end(self) -> End {
        match self {
            Self::Pod(_, Some(address)) | Self::Outside(address) => End::Address(address),
            Self::Pod(pod, None) => End::Pod(pod.uid.clone()),
        }
    }

    fn is_in(self, endpoint: &Endpoint) -> bool {
        match (self, endpoint) {
            (Self::Pod(pod, address), Endpoint::Workload(end)) => {
                let named = end.pods.is_empty() || end.pods.contains(&pod.key.name);
                let meant = |address: IpAddr| end.addresses.is_empty() || end.addresses.contains(&address);
                *end.workload == pod.workload && named && address.is_none_or(meant)
            }
            (Self::Outside(address), Endpoint::Addresses(set)) => set.contains(address),
            _ => false,
        }
    }
}

fn family(from: Party<'_>, to: Party<'_>) -> Option<Family> {
    let known = from.address().or(to.address())?;
    Some(if known.is_ipv4() { Family::V4 } else { Family::V6 })
}

fn allows(connections: &[Connection], from: Party<'_>, to: Party<'_>, traffic: Traffic) -> bool {
    connections.iter().any(|connection| {
        from.is_in(&connection.from)
            && to.is_in(&connection.to)
            && (connection.family.is_none() || connection.family == family(from, to))
            && match traffic {
                Traffic::Port(protocol, port) => connection.ports.contains(protocol, port),
                Traffic::Icmpv6(_) | Traffic::Other(_) => connection.ports.has_other(),
            }
    })
}

/// Everybody that `reach` speaks of.
fn parties(cluster: &Cluster) -> Vec<Party<'_>> {
    let policed = cluster.pods.values().filter(|pod| pod.is_policed());
    let pods = policed.flat_map(|pod| match pod.addresses.is_empty() {
        true => vec![Party::Pod(pod, None)],
        false => pod.addresses.iter().map(|address| Party::Pod(pod, Some(*address))).collect(),
    });
    let outside = EXTERNAL.iter().map(|text| Party::Outside(text.parse().expect("an address")));
    pods.chain(outside).collect()
}

fn is_listed(from: Party<'_>, to: Party<'_>) -> bool {
    let same_family = match (from.address(), to.address()) {
        (Some(a), Some(b)) => a.is_ipv4() == b.is_ipv4() && a != b,
        _ => true,
    };
    let workloads_differ = match (from, to) {
        (Party::Pod(a, _), Party::Pod(b, _)) => a.workload != b.workload,
        (Party::Outside(_), Party::Outside(_)) => false,
        _ => true,
    };
    same_family && workloads_differ
}

proptest! {
    #![proptest_config(config(10_000))]

    #[test]
    fn reach_and_eval_agree(mut cluster in cluster(0..8, 0..6)) {
        gather(&mut cluster);
        let connections = reach(&Index::of(cluster.changes()));
        let traffic: Vec<Traffic> = Protocol::ALL
            .into_iter()
            .flat_map(|protocol| PORTS.map(|port| Traffic::Port(protocol, port)))
            .chain([Traffic::Other(1), Traffic::Icmpv6(128)])
            .collect();
        let parties = parties(&cluster);
        for from in &parties {
            for to in parties.iter().filter(|to| is_listed(*from, **to)) {
                for traffic in &traffic {
                    let packet = Packet { from: from.end(), to: to.end(), traffic: *traffic };
                    let verdict = eval::decide(&cluster, &packet);
                    prop_assert_eq!(
                        allows(&connections, *from, *to, *traffic),
                        verdict.decision.is_allow(),
                        "{}: {}", packet, verdict.because()
                    );
                }
            }
        }
    }

    #[test]
    fn the_list_is_sorted_and_says_nothing_twice(mut cluster in cluster(0..8, 0..6)) {
        gather(&mut cluster);
        let connections = reach(&Index::of(cluster.changes()));
        let key = |connection: &Connection| (connection.from.clone(), connection.to.clone(), connection.family);
        for (one, next) in connections.iter().zip(connections.iter().skip(1)) {
            // Two address lists of one pod may differ in their ports alone, never in their place.
            prop_assert!(key(one) < key(next), "{:?} before {:?}", one, next);
        }
        prop_assert!(connections.iter().all(|connection| !connection.ports.is_empty()));
    }
}
