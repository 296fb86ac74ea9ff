//! A promise is kept exactly when the evaluator says so, pair by pair.

#![allow(clippy::expect_used, reason = "a test says what must hold")]

mod promised;

use promised::promise;
use proptest::prelude::*;
use sekisho_core::{
    eval,
    object::{Cluster, Namespace, ObjectKey, Pod, Workload},
    packet::{End, Packet, Traffic},
    promise::{Claim, Group, Party, Promise, Same, State, World},
    set::{PortSet, Protocol},
    testing::{EXTERNAL, PORTS, cluster, config},
};
use std::{collections::BTreeSet, net::IpAddr, sync::Arc};

/// One end: a pod at one of its addresses, or an address outside.
#[derive(Clone, Copy)]
struct Who<'a> {
    pod: Option<&'a Pod>,
    address: Option<IpAddr>,
    /// Whether a pod with the address has one of the other family as well.
    is_dual: bool,
}

impl Who<'_> {
    fn end(self) -> End {
        match (self.address, self.pod) {
            (Some(address), _) => End::Address(address),
            (None, Some(pod)) => End::Pod(pod.uid.clone()),
            (None, None) => unreachable!("an end is a pod or an address"),
        }
    }

    fn is_in(self, cluster: &Cluster, groups: &[Arc<Group>]) -> bool {
        groups.iter().any(|group| match (self.pod, self.address) {
            (Some(pod), _) => group.has_pod(pod, namespace(cluster, pod).labels()),
            (None, address) => address.is_some_and(|address| group.addresses().contains(address)),
        })
    }

    /// What it may have in common with another.
    fn value(self, cluster: &Cluster, same: &Same) -> Option<String> {
        let pod = self.pod?;
        same.value(pod, namespace(cluster, pod).labels()).map(str::to_owned)
    }

    /// Whether packets can go between two: of a common family, and to no other address of the same pod.
    /// A pod of one family answers for its other one towards the outside.
    fn meets(self, other: Self) -> bool {
        let (a, b) = match (self.pod, other.pod) {
            (None, None) => return false,
            (Some(a), Some(b)) if a.uid == b.uid => return false,
            (a, b) => (a, b),
        };
        if self.end() == other.end() {
            return false;
        }
        let (Some(x), Some(y)) = (self.address, other.address) else { return true };
        let inside = if a.is_some() { self } else { other };
        let stands_in = (a.is_none() || b.is_none()) && !inside.is_dual;
        x.is_ipv4() == y.is_ipv4() || stands_in
    }
}

fn namespace(cluster: &Cluster, pod: &Pod) -> Namespace {
    let there = cluster.namespaces.get(&pod.key.namespace).cloned();
    there.unwrap_or_else(|| Namespace::implied(Arc::clone(&pod.key.namespace)))
}

fn everybody(cluster: &Cluster) -> Vec<Who<'_>> {
    let policed = cluster.pods.values().filter(|pod| pod.is_policed());
    let is_dual = |address: &IpAddr| {
        let mut bearers = policed.clone().filter(|pod| pod.addresses.contains(address));
        bearers.any(|pod| pod.addresses.iter().any(|other| other.is_ipv4() != address.is_ipv4()))
    };
    let pods = policed.clone().flat_map(|pod| match pod.addresses.is_empty() {
        true => vec![Who { pod: Some(pod), address: None, is_dual: false }],
        false => {
            let at =
                |address: &IpAddr| Who { pod: Some(pod), address: Some(*address), is_dual: is_dual(address) };
            pod.addresses.iter().map(at).collect()
        }
    });
    let outside = EXTERNAL.iter().map(|text| text.parse().expect("an address"));
    pods.chain(outside.map(|address| Who { pod: None, address: Some(address), is_dual: false })).collect()
}

/// Whoever stands at an end.
fn at<'c>(cluster: &'c Cluster, end: &End) -> Vec<Who<'c>> {
    let mut there = everybody(cluster);
    there.retain(|who| who.end() == *end);
    if there.is_empty() {
        there.push(Who { pod: None, address: end.address(), is_dual: false });
    }
    there
}

fn all_traffic() -> Vec<Traffic> {
    let ports = PORTS.into_iter().chain([1, 65535]);
    let ports = ports.flat_map(|port| Protocol::ALL.map(|protocol| Traffic::Port(protocol, port)));
    ports.chain([Traffic::Other(1)]).collect()
}

/// Whether the promise is about this traffic to this pod or address.
fn is_promised(promise: &Promise, to: Who<'_>, traffic: Traffic) -> bool {
    let ports = promise.ports.iter().fold(PortSet::empty(), |set, port| set.union(&port.on(to.pod)));
    match traffic {
        _ if promise.ports.is_empty() => true,
        Traffic::Port(protocol, port) => ports.contains(protocol, port),
        Traffic::Icmpv6(_) | Traffic::Other(_) => ports.has_other(),
    }
}

/// Whether the promise is about this pair.
fn is_about(promise: &Promise, cluster: &Cluster, from: Who<'_>, to: Who<'_>) -> bool {
    let (who, whom) = (from.is_in(cluster, &promise.who), to.is_in(cluster, &promise.whom));
    let same = promise.same.as_ref().is_none_or(|same| {
        let (a, b) = (from.value(cluster, same), to.value(cluster, same));
        a.is_some() && a == b
    });
    // Groups of addresses do not go with something in common: the reader refuses them.
    match promise.claim {
        Claim::Can | Claim::Cannot => who && whom && same,
        Claim::OnlyWho => whom && (promise.same.is_none() || to.pod.is_some()) && !(who && same),
        Claim::OnlyWhom => who && (promise.same.is_none() || from.pod.is_some()) && !(whom && same),
    }
}

/// Whether the promise is broken between two.
fn is_broken(promise: &Promise, cluster: &Cluster, from: Who<'_>, to: Who<'_>) -> bool {
    let decide = |traffic: &Traffic| {
        let packet = Packet { from: from.end(), to: to.end(), traffic: *traffic };
        eval::decide(cluster, &packet).decision.is_allow()
    };
    let mut promised = all_traffic().into_iter().filter(|traffic| is_promised(promise, to, *traffic));
    let allows = |traffic: Traffic| decide(&traffic);
    match promise.claim {
        Claim::Can => !promised.all(allows),
        _ => promised.any(allows),
    }
}

fn lacks_named_port(promise: &Promise, to: Who<'_>) -> bool {
    promise.claim == Claim::Can
        && to.pod.is_some()
        && promise.ports.iter().any(|port| port.is_of_pod() && port.on(to.pod).is_empty())
}

fn is_of(who: Who<'_>, party: &Party) -> bool {
    match (who.pod, party) {
        (Some(pod), Party::Workload(workload)) => pod.workload == **workload,
        (None, Party::Addresses(addresses)) => who.address.is_some_and(|a| addresses.contains(a)),
        _ => false,
    }
}

/// Puts the pods into few workloads, so that pods of one differ.
fn gather(cluster: &mut Cluster) {
    for pod in cluster.pods.values_mut() {
        let number = pod.key.name.bytes().last().unwrap_or_default() % 3;
        let key = ObjectKey::new(Arc::clone(&pod.key.namespace), format!("workload-{number}"));
        // A pod of no controller stands for itself alone, also where nobody knows its address.
        Arc::make_mut(pod).workload = Workload { key, kind: Arc::from("Pod") };
    }
}

proptest! {
    #![proptest_config(config(10_000))]

    #[test]
    fn promises_and_eval_agree(mut cluster in cluster(0..8, 0..6), promise in promise()) {
        gather(&mut cluster);
        let world = World::of(&cluster);
        let (breaches, unnamed, has_more) = match world.judge(&promise).state {
            State::Broken { breaches, unnamed, has_more } => (breaches, unnamed, has_more),
            State::Kept | State::MatchesNothing(_) => (Vec::new(), BTreeSet::new(), false),
        };
        prop_assert!(!has_more);
        let everybody = everybody(&cluster);
        for from in &everybody {
            for to in everybody.iter().filter(|to| from.meets(**to)) {
                if !is_about(&promise, &cluster, *from, *to) || !is_broken(&promise, &cluster, *from, *to) {
                    continue;
                }
                let found = breaches.iter().any(|breach| is_of(*from, &breach.from) && is_of(*to, &breach.to));
                prop_assert!(found, "{:?} -> {:?} is not told", from.end(), to.end());
            }
        }
        let lacking = everybody.iter().any(|to| to.is_in(&cluster, &promise.whom) && lacks_named_port(&promise, *to));
        prop_assert!(unnamed.is_empty() || lacking);
        // What is told is there, in a cluster that has the pods that are not there yet.
        for breach in &breaches {
            let allowed = eval::decide(world.cluster(), &breach.packet).decision.is_allow();
            prop_assert_eq!(allowed, promise.claim != Claim::Can, "{}", breach.packet);
            prop_assert!(!breach.ports.is_empty());
            let (from, to) = (at(world.cluster(), &breach.packet.from), at(world.cluster(), &breach.packet.to));
            let is_meant = from.iter().any(|from| to.iter().any(|to| {
                from.meets(*to) && is_of(*from, &breach.from) && is_of(*to, &breach.to)
                    && is_about(&promise, world.cluster(), *from, *to)
                    && is_promised(&promise, *to, breach.packet.traffic)
            }));
            prop_assert!(is_meant, "{} is not what was promised", breach.packet);
        }
    }
}
