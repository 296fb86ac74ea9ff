//! What was seen passes, and nothing else does.
#![allow(clippy::unwrap_used)]

use proptest::{collection::vec, prelude::*, sample::select};
use sekisho_core::{
    eval,
    object::{Cluster, Direction, ObjectKey, Pod},
    packet::{End as PacketEnd, Packet, Traffic},
    set::{Cidr, Protocol},
    standard::Standard,
    testing::{EXTERNAL, PORTS, cluster, config},
};
use sekisho_flow::{
    Timestamp,
    record::{Carried, End, Flow, Key, Leave, Observer, Outcome, Seen, Window, WorkloadEnd},
};
use sekisho_recommend::{
    Asked, Left, Recommendation, history::History, recommend, replay::with, roster::Roster,
};
use std::{collections::BTreeSet, net::IpAddr, sync::Arc};

/// Somebody who opens connections, or to whom they are opened.
#[derive(Clone, Debug)]
enum Who {
    Pod(Arc<Pod>),
    Outside(IpAddr),
}

impl Who {
    fn end(&self) -> End {
        match self {
            Self::Pod(pod) => End::Workload(WorkloadEnd {
                workload: pod.workload.clone(),
                labels: sekisho_flow::record::stable_labels(&pod.labels, |_| false),
            }),
            Self::Outside(address) => End::external(Cidr::host(*address)),
        }
    }

    fn packet_ends(&self) -> Vec<PacketEnd> {
        match self {
            Self::Pod(pod) if pod.addresses.is_empty() => vec![PacketEnd::Pod(pod.uid.clone())],
            Self::Pod(pod) => pod.addresses.iter().copied().map(PacketEnd::Address).collect(),
            Self::Outside(address) => vec![PacketEnd::Address(*address)],
        }
    }

    fn pod(&self) -> Option<&Arc<Pod>> {
        match self {
            Self::Pod(pod) => Some(pod),
            Self::Outside(_) => None,
        }
    }

    /// What policies can tell of it.
    fn alike(&self, roster: &Roster) -> Alike {
        match self {
            Self::Pod(pod) => Alike::Group(roster.of_pod(&pod.uid).unwrap()),
            Self::Outside(address) => Alike::Address(*address),
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Alike {
    Group(usize),
    Address(IpAddr),
}

type Choice = (prop::sample::Index, prop::sample::Index, Protocol, u16);

fn choices() -> impl Strategy<Value = Vec<Choice>> {
    let protocol = select(Protocol::ALL.to_vec());
    vec((any::<prop::sample::Index>(), any::<prop::sample::Index>(), protocol, select(PORTS.to_vec())), 0..8)
}

/// Each address is one pod's.
fn settle(cluster: &mut Cluster) {
    let mut taken: BTreeSet<IpAddr> =
        cluster.nodes.values().flat_map(|node| node.addresses.clone()).collect();
    for pod in cluster.pods.values_mut().filter(|pod| !pod.host_network) {
        let pod = Arc::make_mut(pod);
        pod.addresses.retain(|address| taken.insert(*address));
    }
    cluster.cluster_policies.clear();
}

fn everybody(cluster: &Cluster) -> Vec<Who> {
    let pods = cluster.pods.values().filter(|pod| pod.is_policed()).cloned().map(Who::Pod);
    pods.chain(EXTERNAL.iter().map(|text| Who::Outside(text.parse().unwrap()))).collect()
}

/// Connections between ends that can meet, one of which at least is a pod.
fn calls(cluster: &Cluster, choices: &[Choice]) -> Vec<(Who, Who, Protocol, u16)> {
    let all = everybody(cluster);
    let picked = choices
        .iter()
        .map(|(from, to, protocol, port)| (from.get(&all).clone(), to.get(&all).clone(), *protocol, *port));
    picked
        .filter(|(from, to, _, _)| {
            (from.pod().is_some() || to.pod().is_some()) && !packets(from, to, Traffic::Other(1)).is_empty()
        })
        .collect()
}

fn packets(from: &Who, to: &Who, traffic: Traffic) -> Vec<Packet> {
    let to = to.packet_ends();
    let pairs =
        from.packet_ends().into_iter().flat_map(|from| to.iter().cloned().map(move |to| (from.clone(), to)));
    let meets = |(from, to): &(PacketEnd, PacketEnd)| match (from.address(), to.address()) {
        (Some(from), Some(to)) => from.is_ipv4() == to.is_ipv4(),
        _ => true,
    };
    pairs.filter(meets).map(|(from, to)| Packet { from, to, traffic }).collect()
}

fn flows(calls: &[(Who, Who, Protocol, u16)]) -> Vec<Flow> {
    let at: Timestamp = "2026-11-27T10:00:00Z".parse().unwrap();
    let window = Window::new(at, "2026-11-27T11:00:00Z".parse().unwrap()).unwrap();
    let flow = |(from, to, protocol, port): &(Who, Who, Protocol, u16)| Flow {
        window,
        key: Key {
            from: from.end(),
            to: to.end(),
            carried: Carried::Port(*protocol, *port),
            outcome: Outcome::Allowed,
            leave: Leave::default(),
            observer: Observer::Agent,
            side: None,
        },
        seen: Seen::at(at, 3),
    };
    calls.iter().map(flow).collect()
}

fn recommended(cluster: &Cluster, flows: Vec<Flow>, asked: &Asked) -> (Roster, History, Recommendation) {
    let standard = Standard::default();
    let roster = Roster::of(cluster, &standard);
    let history = History::of(flows, cluster, &roster, asked);
    let found = recommend(cluster, &standard, (&roster, &history), asked);
    (roster, history, found)
}

/// Whether it is told that the policy of `subject`, or the rule about `peer`, is left to people.
fn is_left(found: &Recommendation, roster: &Roster, subject: &Who, peer: &Who, direction: Direction) -> bool {
    let key = |who: &Who| -> Option<ObjectKey> { Some(roster.group(roster.of_pod(&who.pod()?.uid)?)?.key()) };
    let Some(subject) = key(subject) else { return false };
    found.left.iter().any(|left| match left {
        Left::Subject(of, at) => *of == subject && *at == direction,
        Left::Peer { subject: of, direction: at, peer: to } => {
            *of == subject && *at == direction && Some(to) == key(peer).as_ref()
        }
        _ => false,
    })
}

fn is_unselectable(roster: &Roster, who: &Who) -> bool {
    let group = who.pod().and_then(|pod| roster.group(roster.of_pod(&pod.uid)?));
    group.is_some_and(|group| group.selector.is_none())
}

proptest! {
    #![proptest_config(config(400))]

    /// Whatever policies there are: what was seen passes, but for what is said to be left to people.
    #[test]
    fn what_was_seen_passes(
        mut cluster in cluster(1..10, 0..4), choices in choices(),
        directions in select(vec![vec![Direction::Ingress], vec![Direction::Egress], Direction::ALL.to_vec()]),
    ) {
        settle(&mut cluster);
        let calls = calls(&cluster, &choices);
        let asked = Asked { directions: directions.iter().copied().collect(), ..Asked::default() };
        let (roster, _, found) = recommended(&cluster, flows(&calls), &asked);
        let after = with(&cluster, found.policies.iter().map(|advice| &advice.policy));
        let mut left = 0;
        for (from, to, protocol, port) in &calls {
            for packet in packets(from, to, Traffic::Port(*protocol, *port)) {
                let verdict = eval::decide(&after, &packet);
                for direction in &directions {
                    let (subject, peer) = match direction {
                        Direction::Egress => (from, to),
                        Direction::Ingress => (to, from),
                    };
                    let is_left = is_left(&found, &roster, subject, peer, *direction);
                    left += usize::from(is_left);
                    prop_assert!(
                        verdict.side(*direction).decision.is_allow() || is_left,
                        "{packet}: {}\n{:#?}", verdict.because(), found.policies
                    );
                }
            }
        }
        // What is told to be refused is refused for one of these reasons, or by policies in a direction that was
        // not looked at.
        if left == 0 && directions.len() == 2 {
            prop_assert!(found.proof.refused.is_empty(), "{:?}", found.proof.refused);
        }
    }

    /// Where no policy was before: between pods, and addresses, nothing passes that was not seen, but for pods that
    /// labels do not tell apart.
    #[test]
    fn nothing_passes_that_was_not_seen(mut cluster in cluster(1..9, 0..1), choices in choices()) {
        settle(&mut cluster);
        let calls = calls(&cluster, &choices);
        let (roster, _, found) = recommended(&cluster, flows(&calls), &Asked::default());
        let after = with(&cluster, found.policies.iter().map(|advice| &advice.policy));
        let seen: BTreeSet<(Alike, Alike, Protocol, u16)> = calls
            .iter()
            .map(|(from, to, protocol, port)| (from.alike(&roster), to.alike(&roster), *protocol, *port))
            .collect();
        let all = everybody(&cluster);
        for from in &all {
            for to in &all {
                if from.pod().is_none() && to.pod().is_none() || is_unselectable(&roster, from) || is_unselectable(&roster, to) {
                    continue;
                }
                for (protocol, port) in PORTS.iter().flat_map(|port| Protocol::ALL.map(|protocol| (protocol, *port))) {
                    for packet in packets(from, to, Traffic::Port(protocol, port)) {
                        // Each side by itself: where one is too wide, the other would hide it.
                        let verdict = eval::decide(&after, &packet);
                        let sides = [(from, Direction::Egress), (to, Direction::Ingress)];
                        let opens = |(subject, direction): &(&Who, Direction)| {
                            subject.pod().is_some() && verdict.side(*direction).decision.is_allow()
                        };
                        if packet.from == packet.to || !sides.iter().any(opens) {
                            continue;
                        }
                        let call = (from.alike(&roster), to.alike(&roster), protocol, port);
                        prop_assert!(seen.contains(&call), "{packet}: {}\n{:#?}", verdict.because(), found.policies);
                    }
                }
            }
        }
    }

    /// The proof says of every connection beyond what was seen; where each group is of one workload, and nothing is
    /// left to people, there is none.
    #[test]
    fn nothing_is_beyond_where_workloads_are_told_apart(mut cluster in cluster(1..7, 0..1), choices in choices()) {
        settle(&mut cluster);
        let calls = calls(&cluster, &choices);
        let (roster, _, found) = recommended(&cluster, flows(&calls), &Asked::default());
        let is_apart = roster.groups().iter().all(|group| group.workloads.len() == 1 && group.selector.is_some());
        if is_apart {
            prop_assert!(found.left.is_empty());
            prop_assert_eq!(&found.proof.beyond, &[]);
        }
    }

    /// The same flows in another order give the same.
    #[test]
    fn the_order_of_flows_does_not_matter(mut cluster in cluster(1..7, 0..3), choices in choices()) {
        settle(&mut cluster);
        let calls = calls(&cluster, &choices);
        let mut other = flows(&calls);
        other.reverse();
        let (_, _, one) = recommended(&cluster, flows(&calls), &Asked::default());
        let (_, _, other) = recommended(&cluster, other, &Asked::default());
        prop_assert_eq!(one.policies, other.policies);
        prop_assert_eq!(one.left, other.left);
    }
}
