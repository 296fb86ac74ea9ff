//! What `exposures` says, the evaluator says too.

use proptest::prelude::*;
use sekisho_core::{
    eval::{Flow, isolating},
    exposure::{Exposure, Opening, exposures},
    index::Index,
    object::{Cluster, Direction, Namespace, ObjectKey, Origin, Pod},
    packet::{End, Packet, Traffic},
    reach::Reach,
    set::{AddressSet, PortSet, Protocol},
    testing::{EXTERNAL, PORTS, cluster, config},
};
use std::net::IpAddr;

/// Whether the policies of `pod` alone let it talk with `other`.
fn allows(cluster: &Cluster, direction: Direction, pod: &Pod, other: End, traffic: Traffic) -> bool {
    let own = End::Pod(pod.uid.clone());
    let packet = match direction {
        Direction::Ingress => Packet { from: other, to: own, traffic },
        Direction::Egress => Packet { from: own, to: other, traffic },
    };
    Flow::new(cluster, &packet).side(direction).decision.is_allow()
}

/// The cluster with one pod more, and that pod.
fn with(cluster: &Cluster, namespace: Namespace, pod: Pod) -> (Cluster, End) {
    let mut cluster = cluster.clone();
    let end = End::Pod(pod.uid.clone());
    cluster.namespaces.entry(namespace.name().clone()).or_insert(namespace);
    cluster.pods.insert(pod.uid.clone(), pod);
    (cluster, end)
}

/// Somebody whom an exposure speaks of, in a cluster that has them.
fn opposite(cluster: &Cluster, opening: &Opening) -> Option<(Cluster, End)> {
    let stranger =
        |namespace: &str| (Namespace::implied(namespace), Pod::new(ObjectKey::new(namespace, "stranger")));
    let (namespace, pod) = match opening {
        Opening::Unprotected | Opening::Cluster => stranger("elsewhere"),
        Opening::Namespace(name) => stranger(name),
        Opening::Future(future) => future.example()?,
        Opening::Internet(set) => {
            let first = set.ranges_v4().next().map(|range| IpAddr::V4(*range.start()));
            let first = first.or_else(|| set.ranges_v6().next().map(|range| IpAddr::V6(*range.start())))?;
            return Some((cluster.clone(), End::Address(first)));
        }
    };
    // A label of the namespace may not be known to it where nobody wrote the namespace.
    let namespace = cluster.namespaces.get(namespace.name()).cloned().unwrap_or(namespace);
    let namespace = Namespace::new(namespace.name().clone(), namespace.labels().clone(), Origin::default());
    Some(with(cluster, namespace, pod))
}

fn is_meant(exposure: &Exposure, pod: &Pod) -> bool {
    exposure.workloads.iter().any(|(workload, pods)| {
        *workload == pod.workload && (pods.is_empty() || pods.contains(&pod.key.name))
    })
}

fn some_ports(ports: &PortSet) -> Vec<Traffic> {
    PORTS
        .into_iter()
        .filter(|port| ports.contains(Protocol::Tcp, *port))
        .map(|port| Traffic::Port(Protocol::Tcp, port))
        .collect()
}

proptest! {
    #![proptest_config(config(2_000))]

    #[test]
    fn what_is_said_to_be_open_is(mut cluster in cluster(1..6, 0..5)) {
        // Exposure does not look at tiers, and the verb refuses clusters that have some.
        cluster.cluster_policies.clear();
        let index = Index::of(cluster.changes());
        let found = exposures(&cluster, &index, &Reach::of(&index));
        for exposure in &found {
            let Some((with, end)) = opposite(&cluster, &exposure.opening) else {
                prop_assert!(false, "nobody can be what {:?} speaks of", exposure.opening);
                continue;
            };
            for pod in cluster.pods.values().filter(|pod| pod.is_policed() && is_meant(exposure, pod)) {
                // While two pods bear an address, each must allow (S26), and less is open than by one.
                let shared = |other: &&Pod| other.uid != pod.uid && !other.addresses.is_disjoint(&pod.addresses);
                if cluster.pods.values().any(|other| shared(&other)) {
                    continue;
                }
                for traffic in some_ports(&exposure.ports.numbers) {
                    prop_assert!(
                        allows(&with, exposure.direction, pod, end.clone(), traffic),
                        "{} {} {end} {traffic}", pod.key, exposure.opening
                    );
                }
            }
        }
    }

    #[test]
    fn what_is_open_is_said(mut cluster in cluster(1..6, 0..5)) {
        // Exposure does not look at tiers, and the verb refuses clusters that have some.
        cluster.cluster_policies.clear();
        let index = Index::of(cluster.changes());
        let found = exposures(&cluster, &index, &Reach::of(&index));
        let internet = AddressSet::internet();
        for pod in cluster.pods.values().filter(|pod| pod.is_policed()) {
            // While two pods bear an address, each must allow (S26), and less is open than by one.
            let shared = |other: &&Pod| other.uid != pod.uid && !other.addresses.is_disjoint(&pod.addresses);
            if cluster.pods.values().any(|other| shared(&other)) {
                continue;
            }
            for direction in Direction::ALL {
                let of = |exposure: &&Exposure| exposure.direction == direction && is_meant(exposure, pod);
                let of: Vec<&Exposure> = found.iter().filter(of).collect();
                let unprotected = of.iter().any(|exposure| exposure.opening == Opening::Unprotected);
                prop_assert_eq!(unprotected, isolating(&cluster, pod, direction).is_empty());
                for address in EXTERNAL.iter().filter_map(|text| text.parse::<IpAddr>().ok()) {
                    for port in PORTS {
                        let traffic = Traffic::Port(Protocol::Tcp, port);
                        let open = allows(&cluster, direction, pod, End::Address(address), traffic);
                        let said = of.iter().any(|exposure| match &exposure.opening {
                            Opening::Unprotected => true,
                            Opening::Internet(set) => {
                                set.contains(address) && exposure.ports.numbers.contains(Protocol::Tcp, port)
                            }
                            _ => false,
                        });
                        let is_internet = internet.contains(address) || unprotected;
                        prop_assert_eq!(open && is_internet, said, "{} {} {}", pod.key, address, port);
                    }
                }
            }
        }
    }
}
