//! Whom the policies of pods admit, of those who come a way.
//!
//! INVARIANT: there is no matcher here. What is admitted is read off [`Reach`].

use super::{
    service::Targets,
    way::{Answer, Arrival, Missing, Sender, Source},
};
use crate::{
    eval::port_matches,
    index::{Index, PodId, PolicyKey},
    object::{Cluster, ClusterPeer, ClusterPeerKind, Direction, Effective, Node, Pod, RuleAction, Workload},
    packet::{End, Packet, Traffic},
    reach::{Class, ClassId, Family, Reach},
    set::{AddressSet, Protocol},
};
use roaring::RoaringBitmap;
use std::{
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
    sync::Arc,
};

/// What admission is asked of.
pub(super) struct Admission<'a> {
    cluster: &'a Cluster,
    index: &'a Index,
    reach: &'a Reach,
    /// The families that packets may be of to a pod whose addresses nobody knows.
    families: Vec<Family>,
    /// Sets of addresses that were asked about, by classes.
    partitions: BTreeMap<AddressSet, Arc<[(ClassId, AddressSet)]>>,
}

/// Pods of one workload that are answered alike: the port, whether policies see them, the classes of
/// their addresses, and the node where that matters (S20).
type Alike<'a> = (&'a Workload, u16, bool, Vec<ClassId>, Option<&'a Arc<str>>);

/// Who is admitted, and who is not.
#[derive(Default)]
struct Sides {
    admitted: Vec<Sender>,
    refused: Vec<Sender>,
    witness: Option<Packet>,
    /// Whether somebody comes of whom no address is known.
    unseen: bool,
}

impl<'a> Admission<'a> {
    pub(super) fn new(cluster: &'a Cluster, index: &'a Index, reach: &'a Reach) -> Self {
        Self { cluster, index, reach, families: families(cluster), partitions: BTreeMap::new() }
    }

    /// What the policies of `targets` say to those of `source`: one answer for each workload, or more
    /// where its pods are answered differently.
    pub(super) fn arrivals(
        &mut self,
        source: &Source,
        protocol: Protocol,
        targets: &Targets<'a>,
    ) -> Vec<Arrival> {
        let mut groups: BTreeMap<Alike<'a>, Vec<&'a Pod>> = BTreeMap::new();
        for (pod, port) in targets {
            let classes = self.classes(pod);
            let by_node = matches!(source, Source::Nodes | Source::Pods { .. });
            let node = pod.node.as_ref().filter(|_| by_node);
            groups.entry((&pod.workload, *port, pod.is_policed(), classes, node)).or_default().push(pod);
        }
        let mut arrivals: Vec<Arrival> = Vec::new();
        for ((workload, port, is_policed, classes, _), pods) in groups {
            let Some(pod) = pods.first() else { continue };
            let mut arrival = self.judge(source, (protocol, port), pod, &classes, is_policed);
            arrival.workload = workload.clone();
            arrival.pods = pods.iter().map(|pod| Arc::clone(&pod.key.name)).collect();
            match arrivals.iter_mut().find(|known| is_same(known, &arrival)) {
                Some(known) => known.pods.append(&mut arrival.pods),
                None => arrivals.push(arrival),
            }
        }
        name_pods(&mut arrivals);
        arrivals
    }

    fn id(&self, pod: &Pod) -> Option<PodId> {
        self.index.pod_id(&pod.uid)
    }

    fn classes(&self, pod: &Pod) -> Vec<ClassId> {
        self.id(pod).map(|id| self.reach.classes_of_pod(id).collect()).unwrap_or_default()
    }

    fn judge(
        &mut self,
        source: &Source,
        (protocol, port): (Protocol, u16),
        pod: &'a Pod,
        classes: &[ClassId],
        is_policed: bool,
    ) -> Arrival {
        let traffic = Traffic::Port(protocol, port);
        let (mut sides, mut everyone) = (Sides::default(), true);
        for class in classes {
            let open = self.open_to(*class, protocol, port);
            everyone &= self.is_everyone(*class, &open);
            self.divide(source, pod, (*class, &open), traffic, &mut sides);
        }
        tidy(&mut sides.admitted);
        tidy(&mut sides.refused);
        let missing = match source {
            Source::Unknown(missing) => Some(missing.clone()),
            Source::Balancer { missing, .. } => missing.clone(),
            Source::Nodes if self.cluster.nodes.is_empty() => Some(Missing::Nodes),
            Source::Pods { .. } if sides.unseen => Some(Missing::Nodes),
            _ => None,
        };
        let nobody = || missing.as_ref().is_some_and(|missing| self.is_nobody(pod, traffic, missing));
        let answer = if !is_policed {
            Answer::Reachable // S22: no policy stops what comes to a node.
        } else if missing.is_none() || everyone || nobody() {
            let others = (*source == Source::Nodes && missing.is_some()).then_some(Sender::OtherNodes);
            if everyone {
                sides.admitted.extend(others)
            } else {
                sides.refused.extend(others)
            }
            match (sides.admitted.is_empty(), sides.refused.is_empty(), everyone || missing.is_none()) {
                (_, true, true) => Answer::Reachable,
                (true, _, _) => Answer::Unreachable,
                (false, _, _) => Answer::Partly,
            }
        } else if sides.refused.is_empty() {
            Answer::Unknown
        } else {
            if sides.admitted.is_empty() { Answer::Unreachable } else { Answer::Partly }
        };
        let missing = missing.filter(|_| answer == Answer::Unknown);
        let Sides { admitted, refused, witness, .. } = sides;
        let workload = pod.workload.clone();
        Arrival { workload, pods: Vec::new(), protocol, port, answer, admitted, refused, missing, witness }
    }

    /// The classes that may open a connection to `class` on a port.
    fn open_to(&self, class: ClassId, protocol: Protocol, port: u16) -> RoaringBitmap {
        let cells = self.reach.sources(class);
        let open = cells.iter().filter(|cell| cell.ports.contains(protocol, port));
        open.fold(RoaringBitmap::new(), |all, cell| all | &cell.with)
    }

    /// Whether every address outside is admitted, and every pod that its own policies let out.
    fn is_everyone(&self, class: ClassId, open: &RoaringBitmap) -> bool {
        let family = self.reach.class(class).and_then(|class| class.family);
        self.reach.classes().iter().zip(0..).all(|(other, id)| {
            let meets = match (family, other.family) {
                (Some(a), Some(b)) => a == b,
                (None, Some(b)) if other.pods.is_empty() => self.families.contains(&b),
                _ => true,
            };
            // To itself a pod may always talk (S21), to others that are like it not.
            let is_itself = id == class && (other.is_shared() || other.pods.len() == 1);
            !meets || other.policed_egress || is_itself || open.contains(id)
        })
    }

    /// Whether no rule could admit whoever it is that `missing` stands for: none that is for the port
    /// names addresses, or pods, or everybody.
    fn is_nobody(&self, pod: &Pod, traffic: Traffic, missing: &Missing) -> bool {
        let pods = matches!(missing, Missing::ControllerPods(_) | Missing::Class | Missing::Controller(_));
        let Some(id) = self.id(pod) else { return false };
        let selecting = self.index.policies_selecting(id);
        let policies = selecting.iter().filter_map(|key| match key {
            PolicyKey::Namespaced(key) => self.cluster.policies.get(key),
            PolicyKey::Admin(_) | PolicyKey::Baseline(_) => None,
        });
        let isolating: Vec<_> = policies.filter(|policy| policy.isolates(Direction::Ingress)).collect();
        if isolating.is_empty() || self.is_accepted(&selecting, pod, traffic, pods) {
            return false; // What no tier decides is allowed (S40).
        }
        let mut rules = isolating.iter().flat_map(|policy| policy.rules(Direction::Ingress));
        !rules.any(|rule| {
            let of_port =
                rule.ports.is_empty() || rule.ports.iter().any(|port| port_matches(port, traffic, &[pod]));
            let names_block =
                |peer: &crate::object::Peer| matches!(peer.kind, crate::object::PeerKind::Block(_));
            of_port && (pods || rule.peers.is_empty() || rule.peers.iter().any(names_block))
        })
    }

    /// Whether a rule of the Admin tier could admit addresses, or pods where `pods` may come (S38).
    fn is_accepted(&self, selecting: &BTreeSet<PolicyKey>, pod: &Pod, traffic: Traffic, pods: bool) -> bool {
        let admin = selecting.iter().filter_map(|key| match key {
            PolicyKey::Admin(rank) => self.cluster.cluster_policies.get(&rank.policy),
            PolicyKey::Namespaced(_) | PolicyKey::Baseline(_) => None,
        });
        let rules = admin.flat_map(|policy| policy.rules(Direction::Ingress));
        let mut accepting = rules.filter(|rule| rule.action == RuleAction::Accept);
        accepting.any(|rule| {
            let of_port =
                rule.ports.is_empty() || rule.ports.iter().any(|port| port_matches(port, traffic, &[pod]));
            let names = |peer: &ClusterPeer| match peer.kind {
                ClusterPeerKind::Networks(_) | ClusterPeerKind::Nodes(_) => true,
                ClusterPeerKind::Pods(_) => pods,
                ClusterPeerKind::DomainNames(_) | ClusterPeerKind::Unknown => false,
            };
            of_port && rule.effective() == Effective::AsWritten && rule.peers.iter().any(names)
        })
    }

    /// Divides those of `source` into admitted and refused at one class of addresses of `pod`.
    fn divide(
        &mut self,
        source: &Source,
        pod: &'a Pod,
        (class, open): (ClassId, &RoaringBitmap),
        traffic: Traffic,
        sides: &mut Sides,
    ) {
        let family = self.reach.class(class).and_then(|class| class.family);
        match source {
            Source::Clients(set) | Source::Balancer { ranges: set, .. } => {
                for (peer, addresses) in self.partition(&self.of_family(set, family)).iter() {
                    let admitted = open.contains(*peer);
                    if !admitted {
                        let first = first(addresses).map(End::Address);
                        sides.note(first.zip(self.end(class, pod)), traffic);
                    }
                    sides.put(admitted, Sender::Addresses(addresses.clone()));
                }
            }
            Source::Nodes => {
                sides.admitted.push(Sender::OwnNode); // S20
                for node in self.cluster.nodes.values().filter(|node| pod.node.as_ref() != Some(&node.name)) {
                    for address in masquerading(node, family) {
                        let class_of_node = self.reach.class_of(&End::Address(address), self.index);
                        let admitted = class_of_node.is_some_and(|peer| open.contains(peer));
                        if !admitted {
                            sides.note(Some(End::Address(address)).zip(self.end(class, pod)), traffic);
                        }
                        sides.put(admitted, Sender::Node(Arc::clone(&node.name)));
                    }
                }
            }
            Source::Pods { pods, .. } => {
                let is_shared = self.reach.class(class).is_some_and(Class::is_shared);
                let others = pods.iter().filter(|uid| **uid != pod.uid); // S21
                for peer in others.filter_map(|uid| self.cluster.pods.get(uid)) {
                    if !peer.is_policed() && peer.node.is_some() && peer.node == pod.node {
                        sides.admitted.push(Sender::OwnNode); // S20, S22
                        continue;
                    }
                    let ends = self.ends(peer, family);
                    sides.unseen |= ends.is_empty();
                    for (end, id) in ends.into_iter().filter(|(_, id)| *id != class || !is_shared) {
                        let admitted = open.contains(id);
                        if !admitted {
                            sides.note(Some(end).zip(self.end(class, pod)), traffic);
                        }
                        sides.put(admitted, Sender::Workload(peer.workload.clone()));
                    }
                }
            }
            Source::Unknown(_) => {}
        }
    }

    /// The ends of a pod that comes: its own, or its node's addresses where it uses those (S22).
    fn ends(&self, pod: &Pod, family: Option<Family>) -> Vec<(End, ClassId)> {
        let ends: Vec<End> = if pod.is_policed() {
            let classes = self.classes(pod);
            classes.into_iter().filter_map(|class| self.end(class, pod)).collect()
        } else {
            let node = pod.node.as_ref().and_then(|name| self.cluster.nodes.get(name));
            let known = node.map(|node| masquerading(node, family)).unwrap_or_default();
            let of_status = pod.host_addresses.iter().copied();
            known.into_iter().chain(of_status).map(End::Address).collect()
        };
        let fits = |end: &End| match (end.address().map(Family::of), family) {
            (Some(a), Some(b)) => a == b,
            _ => true,
        };
        let ends = ends.into_iter().filter(fits);
        ends.filter_map(|end| Some((end.clone(), self.reach.class_of(&end, self.index)?))).collect()
    }

    fn end(&self, class: ClassId, pod: &Pod) -> Option<End> {
        let among: RoaringBitmap = self.id(pod).into_iter().collect();
        self.reach.end(class, Some(&among), self.index)
    }

    fn of_family(&self, set: &AddressSet, family: Option<Family>) -> AddressSet {
        let wanted = |of| family.map_or_else(|| self.families.contains(&of), |family| family == of);
        let mut set = set.clone();
        if !wanted(Family::V4) {
            set.v4 = AddressSet::empty().v4;
        }
        if !wanted(Family::V6) {
            set.v6 = AddressSet::empty().v6;
        }
        set
    }

    /// The parts of a set that policies tell apart.
    fn partition(&mut self, set: &AddressSet) -> Arc<[(ClassId, AddressSet)]> {
        if let Some(known) = self.partitions.get(set) {
            return Arc::clone(known);
        }
        let outside = self.reach.outside().iter();
        let parts = outside.filter_map(|id| {
            let part = self.reach.class(id)?.addresses.intersection(set);
            (!part.is_empty()).then_some((id, part))
        });
        let parts: Arc<[_]> = parts.collect();
        self.partitions.insert(set.clone(), Arc::clone(&parts));
        parts
    }
}

impl Sides {
    fn put(&mut self, admitted: bool, sender: Sender) {
        if admitted { self.admitted.push(sender) } else { self.refused.push(sender) }
    }

    /// Keeps the first packet that is refused.
    fn note(&mut self, ends: Option<(End, End)>, traffic: Traffic) {
        if let Some((from, to)) = ends {
            self.witness.get_or_insert(Packet { from, to, traffic });
        }
    }
}

/// Addresses become one set; the rest is sorted, each once.
fn tidy(senders: &mut Vec<Sender>) {
    let mut all = AddressSet::empty();
    senders.retain(|sender| match sender {
        Sender::Addresses(addresses) => {
            all = all.union(addresses);
            false
        }
        _ => true,
    });
    senders.sort();
    senders.dedup();
    if !all.is_empty() {
        senders.insert(0, Sender::Addresses(all));
    }
}

fn is_same(a: &Arrival, b: &Arrival) -> bool {
    let said =
        |arrival: &Arrival| (arrival.workload.clone(), arrival.port, arrival.answer, arrival.missing.clone());
    said(a) == said(b) && a.admitted == b.admitted && a.refused == b.refused
}

/// Names pods only where the pods of a workload are answered differently.
fn name_pods(arrivals: &mut [Arrival]) {
    let mut answers: BTreeMap<Workload, usize> = BTreeMap::new();
    for arrival in arrivals.iter() {
        *answers.entry(arrival.workload.clone()).or_default() += 1;
    }
    for arrival in arrivals {
        if answers.get(&arrival.workload).is_some_and(|count| *count == 1) {
            arrival.pods.clear();
        }
        arrival.pods.sort();
    }
}

/// The addresses with which a node masquerades: of its inner network, where it has such.
fn masquerading(node: &Node, family: Option<Family>) -> Vec<IpAddr> {
    let inner = AddressSet::inner_network();
    let of_family = |address: &&IpAddr| family.is_none_or(|family| Family::of(**address) == family);
    let addresses: Vec<IpAddr> = node.addresses.iter().filter(of_family).copied().collect();
    let private: Vec<IpAddr> =
        addresses.iter().filter(|address| inner.contains(**address)).copied().collect();
    if private.is_empty() { addresses } else { private }
}

fn first(addresses: &AddressSet) -> Option<IpAddr> {
    let v4 = addresses.ranges_v4().next().map(|range| IpAddr::V4(*range.start()));
    v4.or_else(|| addresses.ranges_v6().next().map(|range| IpAddr::V6(*range.start())))
}

/// The families that the manifests know addresses of; IPv4 where they know none.
fn families(cluster: &Cluster) -> Vec<Family> {
    let pods = cluster.pods.values().flat_map(|pod| &pod.addresses);
    let nodes = cluster.nodes.values().flat_map(|node| &node.addresses);
    let services = cluster.services.values().flat_map(|service| &service.cluster_addresses);
    let known: BTreeSet<Family> =
        pods.chain(nodes).chain(services).map(|address| Family::of(*address)).collect();
    if known.is_empty() { vec![Family::V4] } else { known.into_iter().collect() }
}
