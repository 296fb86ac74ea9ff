//! What `exposures` says, the evaluator says too.

use proptest::prelude::*;
use sekisho_core::{
    eval::{Flow, cluster_selects, isolating},
    exposure::{Exposure, Opening, Place, RuleName, exposures},
    index::Index,
    object::{Cluster, Direction, Effective, Namespace, ObjectKey, Origin, Pod, PortMatch, RuleAction, Tier},
    packet::{End, Packet, Traffic},
    reach::Reach,
    set::{AddressSet, PortSet, Protocol},
    testing::{EXTERNAL, PORTS, cluster, config},
    verdict::{Because, SideVerdict},
};
use std::{net::IpAddr, sync::Arc};

/// What the policies of `pod` alone say to its talking with `other`.
fn side(cluster: &Cluster, direction: Direction, pod: &Pod, other: End, traffic: Traffic) -> SideVerdict {
    let own = End::Pod(pod.uid.clone());
    let packet = match direction {
        Direction::Ingress => Packet { from: other, to: own, traffic },
        Direction::Egress => Packet { from: own, to: other, traffic },
    };
    Flow::new(cluster, &packet).side(direction)
}

/// Whether the policies of `pod` alone let it talk with `other`.
fn allows(cluster: &Cluster, direction: Direction, pod: &Pod, other: End, traffic: Traffic) -> bool {
    side(cluster, direction, pod, other, traffic).decision.is_allow()
}

/// Why the policies of `pod` do not let it talk with `other`, where they do not.
fn refusing(
    cluster: &Cluster,
    direction: Direction,
    pod: &Pod,
    other: End,
    traffic: Traffic,
) -> Option<Because> {
    let side = side(cluster, direction, pod, other, traffic);
    (!side.decision.is_allow()).then_some(side.because)
}

/// Whether an exposure says of whom a refusal is.
fn is_told(exposure: &Exposure, by: &Because) -> bool {
    exposure.but.iter().any(|rule| match (&rule.name, by) {
        (RuleName::Tier(told), Because::TierDeny(by)) => {
            (&told.policy, told.rule) == (&by.policy, by.rule)
                || (told.tier, by.tier) == (Tier::Admin, Tier::Baseline)
        }
        // What passes comes to the NetworkPolicies.
        (RuleName::Tier(_), Because::NoRule(_)) => true,
        _ => false,
    })
}

/// Whether a rule of a cluster-wide policy is there to refuse the pod something.
fn is_denied(cluster: &Cluster, pod: &Pod, direction: Direction) -> bool {
    let selecting = cluster.cluster_policies.values().filter(|policy| cluster_selects(cluster, policy, pod));
    let mut rules = selecting.flat_map(|policy| policy.rules(direction));
    rules.any(|rule| match rule.effective() {
        Effective::Nothing => false,
        Effective::DenyAll => true,
        Effective::AsWritten => {
            rule.action == RuleAction::Deny
                && (rule.ports.is_empty()
                    || rule.ports.iter().any(|port| match &port.port {
                        PortMatch::Named(name) if direction == Direction::Ingress => {
                            pod.named_ports(port.protocol, name).next().is_some()
                        }
                        _ => true,
                    }))
        }
    })
}

/// Whether an opening speaks of a pod.
fn is_about(opening: &Opening, namespace: &Namespace, pod: &Pod) -> bool {
    match opening {
        Opening::Unprotected | Opening::Cluster => true,
        Opening::Internet(_) => false,
        Opening::Namespace(name) => name == namespace.name(),
        Opening::Future(future) => {
            let is_there = match &future.place {
                Place::Namespaces(names) | Place::Missing(names) => names.contains(namespace.name()),
                Place::Labelled(selector) => selector.matches(namespace.labels()),
            };
            is_there && future.pods.matches(&pod.labels)
        }
    }
}

/// The cluster with one pod more, and that pod.
fn with(cluster: &Cluster, namespace: Namespace, pod: Pod) -> (Cluster, End) {
    let mut cluster = cluster.clone();
    let end = End::Pod(pod.uid.clone());
    cluster.namespaces.entry(namespace.name().clone()).or_insert(namespace);
    cluster.pods.insert(pod.uid.clone(), Arc::new(pod));
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

/// Whether another pod bears an address of this one: while two do, each must allow (S26), and less is open
/// than by one.
fn shares(cluster: &Cluster, pod: &Pod) -> bool {
    let mut others = cluster.pods.values().filter(|other| other.uid != pod.uid);
    others.any(|other| !other.addresses.is_disjoint(&pod.addresses))
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
    fn what_is_said_to_be_open_is(cluster in cluster(1..6, 0..5)) {
        let index = Index::of(cluster.changes());
        let found = exposures(&cluster, &index, &Reach::of(&index));
        for exposure in &found {
            let Some((with, end)) = opposite(&cluster, &exposure.opening) else {
                prop_assert!(false, "nobody can be what {:?} speaks of", exposure.opening);
                continue;
            };
            for pod in cluster.pods.values().filter(|pod| pod.is_policed() && is_meant(exposure, pod) && !shares(&cluster, pod)) {
                for traffic in some_ports(&exposure.ports.numbers) {
                    prop_assert!(
                        refusing(&with, exposure.direction, pod, end.clone(), traffic).is_none_or(|by| is_told(exposure, &by)),
                        "{} {} {end} {traffic}", pod.key, exposure.opening
                    );
                }
            }
        }
    }

    #[test]
    fn what_is_open_is_said(cluster in cluster(1..6, 0..5)) {
        let index = Index::of(cluster.changes());
        let found = exposures(&cluster, &index, &Reach::of(&index));
        let internet = AddressSet::internet();
        for pod in cluster.pods.values().filter(|pod| pod.is_policed() && !shares(&cluster, pod)) {
            for direction in Direction::ALL {
                let of = |exposure: &&Exposure| exposure.direction == direction && is_meant(exposure, pod);
                let of: Vec<&Exposure> = found.iter().filter(of).collect();
                let unprotected = of.iter().any(|exposure| exposure.opening == Opening::Unprotected);
                let protected = !isolating(&cluster, pod, direction).is_empty() || is_denied(&cluster, pod, direction);
                prop_assert_eq!(unprotected, !protected);
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

    #[test]
    fn what_strangers_may_do_is_said(cluster in cluster(1..6, 0..5)) {
        let index = Index::of(cluster.changes());
        let found = exposures(&cluster, &index, &Reach::of(&index));
        let namespace = Namespace::implied("elsewhere");
        let stranger = Pod::new(ObjectKey::new("elsewhere", "stranger"));
        let (with, end) = with(&cluster, namespace.clone(), stranger.clone());
        for pod in cluster.pods.values().filter(|pod| pod.is_policed() && !shares(&cluster, pod)) {
            for direction in Direction::ALL {
                for port in PORTS {
                    let traffic = Traffic::Port(Protocol::Tcp, port);
                    if refusing(&with, direction, pod, end.clone(), traffic).is_some() {
                        continue;
                    }
                    let said = found.iter().any(|exposure| {
                        exposure.direction == direction
                            && is_meant(exposure, pod)
                            && exposure.ports.numbers.contains(Protocol::Tcp, port)
                            && is_about(&exposure.opening, &namespace, &stranger)
                    });
                    prop_assert!(said, "{} {direction} {port}", pod.key);
                }
            }
        }
    }
}
