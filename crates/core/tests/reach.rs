//! `reach` allows exactly what the evaluator allows, packet by packet.

#![allow(clippy::expect_used, reason = "a test says what must hold")]

use proptest::prelude::*;
use sekisho_core::{
    eval,
    index::{Index, PodId, RoaringBitmap},
    object::{Cluster, ObjectKey, Pod, Workload},
    packet::{End, Packet, Traffic},
    reach::{
        Connection, Ends, Family, Filter, Grain, Party, Reach, Term, WorkloadPods, by_namespace, connections,
    },
    set::{AddressSet, Cidr, PortSet, Protocol},
    testing::{EXTERNAL, PORTS, cluster, config},
};
use std::{collections::BTreeSet, net::IpAddr, sync::Arc};

/// Puts the pods into few workloads, so that pods of one differ.
fn gather(cluster: &mut Cluster) {
    for pod in cluster.pods.values_mut() {
        let number = pod.key.name.bytes().last().unwrap_or_default() % 3;
        let key = ObjectKey::new(Arc::clone(&pod.key.namespace), format!("workload-{number}"));
        Arc::make_mut(pod).workload = Workload { key, kind: Arc::from("Deployment") };
    }
}

#[derive(Clone, Copy)]
enum Who<'a> {
    Pod(&'a Pod, Option<IpAddr>),
    Outside(IpAddr),
}

impl Who<'_> {
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

    fn is_one_of(self, pods: &WorkloadPods) -> bool {
        let Self::Pod(pod, address) = self else { return false };
        let is_pod =
            *pods.workload == pod.workload || (&*pods.workload.kind == "Pod" && pods.workload.key == pod.key);
        let named = pods.pods.is_empty() || pods.pods.contains(&pod.key.name);
        let meant = |address: IpAddr| pods.addresses.is_empty() || pods.addresses.contains(&address);
        is_pod && named && address.is_none_or(meant)
    }

    fn is_in(self, term: &Term) -> bool {
        match (self, term) {
            (Self::Pod(..), Term::Cluster { except }) => !except.iter().any(|term| self.is_in(term)),
            (Self::Pod(pod, _), Term::Namespace { name, except }) => {
                *name == pod.key.namespace && !except.iter().any(|pods| self.is_one_of(pods))
            }
            (_, Term::Workload(pods)) => self.is_one_of(pods),
            (Self::Outside(address), Term::Addresses(set)) => set.contains(address),
            _ => false,
        }
    }

    fn is_of(self, party: &Party) -> bool {
        party.terms.iter().any(|term| self.is_in(term))
    }
}

fn family(from: Who<'_>, to: Who<'_>) -> Option<Family> {
    from.address().or(to.address()).map(Family::of)
}

fn allows(connections: &[Connection], from: Who<'_>, to: Who<'_>, traffic: Traffic) -> bool {
    connections.iter().any(|connection| {
        from.is_of(&connection.from)
            && to.is_of(&connection.to)
            && (connection.family.is_none() || connection.family == family(from, to))
            && carries(&connection.ports, traffic)
    })
}

fn carries(ports: &PortSet, traffic: Traffic) -> bool {
    match traffic {
        Traffic::Port(protocol, port) => ports.contains(protocol, port),
        Traffic::Icmpv6(_) | Traffic::Other(_) => ports.has_other(),
    }
}

/// Everybody that `reach` speaks of.
fn everybody(cluster: &Cluster) -> Vec<Who<'_>> {
    let policed = cluster.pods.values().filter(|pod| pod.is_policed());
    let pods = policed.flat_map(|pod| match pod.addresses.is_empty() {
        true => vec![Who::Pod(pod, None)],
        false => pod.addresses.iter().map(|address| Who::Pod(pod, Some(*address))).collect(),
    });
    let outside = EXTERNAL.iter().map(|text| Who::Outside(text.parse().expect("an address")));
    pods.chain(outside).collect()
}

fn is_listed(from: Who<'_>, to: Who<'_>) -> bool {
    let same_family = match (from.address(), to.address()) {
        (Some(a), Some(b)) => a.is_ipv4() == b.is_ipv4(),
        _ => true,
    };
    let is_pair = match (from, to) {
        (Who::Outside(_), Who::Outside(_)) => false,
        _ => from.end() != to.end(),
    };
    // A pod does not talk to itself by another of its addresses: S21 is not listed.
    let differ = match (from, to) {
        (Who::Pod(a, _), Who::Pod(b, _)) => a.uid != b.uid,
        _ => true,
    };
    same_family && is_pair && differ
}

fn every_traffic() -> Vec<Traffic> {
    Protocol::ALL
        .into_iter()
        .flat_map(|protocol| PORTS.map(|port| Traffic::Port(protocol, port)))
        .chain([Traffic::Other(1), Traffic::Icmpv6(128)])
        .collect()
}

/// Whether `says` says of every packet what the evaluator says, where `is_asked` of its ends.
fn agrees(
    cluster: &Cluster,
    is_asked: impl Fn(Who<'_>, Who<'_>) -> bool,
    says: impl Fn(Who<'_>, Who<'_>, Traffic) -> bool,
) -> Result<(), TestCaseError> {
    let (everybody, traffic) = (everybody(cluster), every_traffic());
    for from in &everybody {
        for to in everybody.iter().filter(|to| is_listed(*from, **to)) {
            for traffic in &traffic {
                let packet = Packet { from: from.end(), to: to.end(), traffic: *traffic };
                let verdict = eval::decide(cluster, &packet);
                let allowed = is_asked(*from, *to) && verdict.decision.is_allow();
                prop_assert_eq!(says(*from, *to, *traffic), allowed, "{}: {}", packet, verdict.because());
            }
        }
    }
    Ok(())
}

/// Some of the pods.
fn half(cluster: &Cluster, index: &Index, odd: bool) -> (RoaringBitmap, impl Fn(&Pod) -> bool) {
    let is_half = move |pod: &Pod| (pod.key.name.bytes().last().unwrap_or_default() % 2 == 1) == odd;
    let pods: RoaringBitmap = cluster
        .pods
        .values()
        .filter(|pod| is_half(pod))
        .filter_map(|pod| -> Option<PodId> { index.pod_id(&pod.uid) })
        .collect();
    (pods, is_half)
}

/// The namespace of a pod, or an address outside.
fn place(who: Who<'_>) -> (Option<Arc<str>>, Option<IpAddr>) {
    match who {
        Who::Pod(pod, _) => (Some(Arc::clone(&pod.key.namespace)), None),
        Who::Outside(address) => (None, Some(address)),
    }
}

/// Between which places some packet passes.
fn passing(
    cluster: &Cluster,
    passes: impl Fn(Who<'_>, Who<'_>, Traffic) -> bool,
) -> BTreeSet<(usize, Place, Place)> {
    let (everybody, traffic) = (everybody(cluster), every_traffic());
    let mut passing = BTreeSet::new();
    for from in &everybody {
        for to in everybody.iter().filter(|to| is_listed(*from, **to) && place(*from) != place(**to)) {
            for (at, traffic) in traffic.iter().enumerate() {
                if passes(*from, *to, *traffic) {
                    passing.insert((at, place(*from), place(*to)));
                }
            }
        }
    }
    passing
}

type Place = (Option<Arc<str>>, Option<IpAddr>);

proptest! {
    #![proptest_config(config(10_000))]

    #[test]
    fn namespaces_are_joined_where_some_of_their_pods_are(mut cluster in cluster(0..8, 0..6)) {
        gather(&mut cluster);
        // Of a pod of one family that family's answer stands for the other, which no packet tells.
        cluster.pods.retain(|_, pod| [true, false].iter().all(|v4| pod.addresses.is_empty() || pod.addresses.iter().any(|address| address.is_ipv4() == *v4)));
        let reach = Reach::of(&Index::of(cluster.changes()));
        let rows = by_namespace(&reach, &connections(&reach, &Filter::default()));
        let said = passing(&cluster, |from, to, traffic| allows(&rows, from, to, traffic));
        let decided = passing(&cluster, |from, to, traffic| {
            eval::decide(&cluster, &Packet { from: from.end(), to: to.end(), traffic }).decision.is_allow()
        });
        prop_assert_eq!(said, decided);
    }

    #[test]
    fn reach_and_eval_agree(cluster in cluster(0..8, 0..6)) {
        let index = Index::of(cluster.changes());
        let reach = Reach::of(&index);
        let class = |who: Who<'_>| reach.class_of(&who.end(), &index).expect("everybody has a class");
        agrees(&cluster, |_, _| true, |from, to, traffic| {
            let (from, to) = (class(from), class(to));
            let into = carries(&reach.between(from, to), traffic);
            let out = reach.destinations(from).iter().any(|cell| cell.with.contains(to) && carries(&cell.ports, traffic));
            assert_eq!(into, out, "both ways to ask have one answer");
            into
        })?;
    }

    #[test]
    fn the_list_says_what_eval_says(mut cluster in cluster(0..8, 0..6)) {
        gather(&mut cluster);
        let list = connections(&Reach::of(&Index::of(cluster.changes())), &Filter::default());
        agrees(&cluster, |_, _| true, |from, to, traffic| allows(&list, from, to, traffic))?;
    }

    #[test]
    fn a_filter_leaves_out_and_changes_nothing_else(mut cluster in cluster(0..8, 0..6), odd in any::<bool>()) {
        gather(&mut cluster);
        let index = Index::of(cluster.changes());
        let (pods, is_half) = half(&cluster, &index, odd);
        let block: Cidr = "192.0.2.0/25".parse().expect("a block");
        let ports = PortSet::port(Protocol::Tcp, 80);
        let filter = Filter {
            from: Ends::of_pods(pods).union(Ends::of_addresses(AddressSet::from(block))),
            to: Ends { pods: None, addresses: Some(AddressSet::empty()) },
            ports: Some(ports.clone()),
            grain: Grain::Pod,
        };
        let list = connections(&Reach::of(&index), &filter);
        let is_asked = |from: Who<'_>, to: Who<'_>| {
            let from = match from {
                Who::Pod(pod, _) => is_half(pod),
                Who::Outside(address) => block.contains(address),
            };
            from && matches!(to, Who::Pod(..))
        };
        let tcp = Traffic::Port(Protocol::Tcp, 80);
        agrees(&cluster, is_asked, |from, to, traffic| match traffic == tcp {
            true => allows(&list, from, to, traffic),
            false => is_asked(from, to) && eval::decide(&cluster, &Packet { from: from.end(), to: to.end(), traffic }).decision.is_allow(),
        })?;
        prop_assert!(list.iter().all(|connection| *connection.ports == ports));
    }

    #[test]
    fn the_list_is_sorted_and_says_nothing_twice(mut cluster in cluster(0..8, 0..6)) {
        gather(&mut cluster);
        let list = connections(&Reach::of(&Index::of(cluster.changes())), &Filter::default());
        let key = |c: &Connection| (c.from.clone(), c.to.clone(), c.family, c.ports.clone());
        for (one, next) in list.iter().zip(list.iter().skip(1)) {
            prop_assert!(key(one) < key(next), "{:?} before {:?}", one, next);
        }
        prop_assert!(list.iter().all(|connection| !connection.ports.is_empty()));
    }
}
