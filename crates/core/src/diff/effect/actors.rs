//! Those at the ends of a row who are asked why: as finely as policies tell them apart, and no more of them
//! than are asked.

use super::{
    local::{Memory, standing},
    readers::PortName,
    side::of,
    told::{Split, Tale},
};
use crate::{
    diff::{
        MAX_WITNESSES,
        joint::{Unit, When},
        outside::Stretch,
        rows::Row,
        witness::{Cast, address_of, twin},
    },
    eval::namespace_of,
    index::{PodId, RoaringBitmap},
    object::{Change, Cluster, Pod, Workload, within},
    packet::{End, Packet, Traffic},
    reach::{Family, Standing, number},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
    sync::Arc,
};

/// Who it is.
enum Actor<'a> {
    /// Pods that policies treat alike in both states: two of them at most, in each state.
    Pods { has: [bool; 2], pods: [Vec<&'a Arc<Pod>>; 2] },
    /// Addresses outside.
    Outside(&'a Stretch),
}

/// Where an actor stands among all: pods by workload and name before addresses.
type Place<'a> = (u32, Option<(&'a Arc<Workload>, [Option<Arc<str>>; 2])>);

/// The ends of one row.
pub(super) struct Actors<'a> {
    tale: &'a Tale<'a>,
    list: Vec<Actor<'a>>,
}

/// What tells pods of one workload apart: their selectors, and those that were; their named ports; where
/// their addresses are in each state.
type Signature = (u32, Vec<bool>, BTreeMap<PortName, BTreeSet<u16>>, Vec<(Standing, Option<[usize; 2]>)>);

impl<'a> Actors<'a> {
    /// More are never asked.
    const ENOUGH: usize = MAX_WITNESSES + 1;

    /// The actors of a row, and the row in their numbers.
    pub(super) fn of(tale: &'a Tale<'a>, row: &Row) -> (Self, Row) {
        let mut found: BTreeMap<Place<'a>, Actor<'a>> = BTreeMap::new();
        let [from, to] = [&row.from, &row.to].map(|end| {
            let actors = actors(tale, end);
            let places: Vec<Place<'a>> = actors.iter().map(|(place, _)| place.clone()).collect();
            found.extend(actors);
            places
        });
        let (places, list): (Vec<Place<'a>>, Vec<Actor<'a>>) = found.into_iter().unzip();
        let numbered = |end: Vec<Place<'a>>| -> RoaringBitmap {
            end.iter().filter_map(|place| places.binary_search(place).ok()).map(number).collect()
        };
        let row =
            Row { from: numbered(from), to: numbered(to), family: row.family, ports: row.ports.clone() };
        (Self { tale, list }, row)
    }

    fn end(&self, when: When, who: u32, other: bool, family: Family) -> Option<(End, Option<&'a Arc<Pod>>)> {
        let pods = match self.list.get(who as usize)? {
            Actor::Pods { pods, .. } => when.of(pods),
            Actor::Outside(stretch) => {
                let tale = self.tale;
                let is_free = |address| !tale.is_borne(address);
                let address = address_of(stretch, is_free, tale.is_host)?;
                return Some((End::Address(address), None));
            }
        };
        let pod: &'a Arc<Pod> = pods.get(usize::from(other)).or(pods.first()).copied()?;
        let own = pod.addresses.iter().find(|address| Family::of(**address) == family);
        let address = own.or(pod.addresses.first());
        let end = address.map_or_else(|| End::Pod(pod.uid.clone()), |address| End::Address(*address));
        Some((end, Some(pod)))
    }
}

impl Cast for Actors<'_> {
    fn has(&self, who: u32, family: Family) -> bool {
        match self.list.get(who as usize) {
            Some(Actor::Pods { has, .. }) => *of(has, family),
            Some(Actor::Outside(stretch)) => stretch.family == family,
            None => false,
        }
    }

    fn outside(&self, who: u32) -> Option<Family> {
        match self.list.get(who as usize)? {
            Actor::Outside(stretch) => Some(stretch.family),
            Actor::Pods { .. } => None,
        }
    }

    fn packet(
        &self,
        when: When,
        (from, to): (u32, u32),
        traffic: Traffic,
        family: Family,
    ) -> Option<(Packet, Cluster)> {
        let (source, sending) = self.end(when, from, false, family)?;
        let (destination, receiving) = self.end(when, to, from == to, family)?;
        let mut packet = Packet { from: source, to: destination, traffic };
        let mut part = self.tale.around(when, sending.into_iter().chain(receiving));
        if packet.from == packet.to {
            let twin = twin(sending?);
            packet.to = End::Pod(twin.uid.clone());
            part.pods.insert(twin.uid.clone(), Arc::new(twin));
        }
        Some((packet, part))
    }
}

/// The first actors of an end, in order.
fn actors<'a>(tale: &'a Tale<'a>, end: &RoaringBitmap) -> Vec<(Place<'a>, Actor<'a>)> {
    let Split { units, others } = tale.split(end);
    let mut actors: Vec<(Place<'a>, Actor<'a>)> = units.iter().map(|(_, unit)| touched(tale, unit)).collect();
    let counts = tale.roster.count(&others);
    let mut memory = Memory::default();
    let mut found = 0;
    for (workload, pods) in tale.roster.counted(counts) {
        if found >= Actors::ENOUGH {
            break;
        }
        let pods = pods.filter(|id| others.contains(*id));
        let alike = alike(tale, pods, &mut memory);
        found += alike.len();
        actors.extend(alike.into_iter().map(|pods| other(workload, pods)));
    }
    for (at, stretch) in (1..).zip(tale.world.joint.stretches_of(end)) {
        actors.push(((at, None), Actor::Outside(stretch)));
    }
    actors.sort_by(|(a, _), (b, _)| a.cmp(b));
    actors.truncate(Actors::ENOUGH);
    actors
}

fn touched<'a>(tale: &'a Tale<'a>, unit: &'a Unit) -> (Place<'a>, Actor<'a>) {
    let (workload, names) = unit.place();
    let pods = When::ALL.map(|when| {
        let known = &when.of(&tale.halves).pods;
        two(when.of(&unit.pods).iter().filter_map(|id| known.get(&id)).collect())
    });
    ((0, Some((workload, names.map(Clone::clone)))), Actor::Pods { has: unit.has, pods })
}

fn other<'a>(workload: &'a Arc<Workload>, pods: Vec<&'a Arc<Pod>>) -> (Place<'a>, Actor<'a>) {
    let first = pods.first().map(|pod| Arc::clone(&pod.key.name));
    let has = Family::ALL.map(|family| {
        let is_one = |address: &IpAddr| Family::of(*address) == family;
        pods.first().is_some_and(|pod| pod.addresses.is_empty() || pod.addresses.iter().any(is_one))
    });
    let pods = two(pods);
    ((0, Some((workload, [first.clone(), first]))), Actor::Pods { has, pods: [pods.clone(), pods] })
}

/// The first two, by UID.
fn two(mut pods: Vec<&Arc<Pod>>) -> Vec<&Arc<Pod>> {
    pods.sort_by(|a, b| a.uid.cmp(&b.uid));
    pods.truncate(2);
    pods
}

/// Pods of a workload that no policy of either state tells apart; in the order of their names.
fn alike<'a>(
    tale: &'a Tale<'a>,
    pods: impl Iterator<Item = PodId>,
    memory: &mut Memory,
) -> Vec<Vec<&'a Arc<Pod>>> {
    let mut numbers: BTreeMap<Signature, usize> = BTreeMap::new();
    let mut alike: Vec<Vec<&'a Arc<Pod>>> = Vec::new();
    for id in pods {
        let Some(pod) = tale.index.pod(id) else { continue };
        let at = *numbers.entry(signature(tale, id, pod, memory)).or_insert_with(|| {
            alike.push(Vec::new());
            alike.len() - 1
        });
        alike.get_mut(at).into_iter().for_each(|alike| alike.push(pod));
    }
    alike
}

fn signature(tale: &Tale<'_>, id: PodId, pod: &Pod, memory: &mut Memory) -> Signature {
    let (selectors, _) = memory.selectors(tale.index, id, pod);
    let mut names = pod.port_names();
    names.retain(|name, _| tale.halves.iter().any(|half| half.names.contains(name)));
    // Selectors that policies use no more (S8, S9).
    let namespace = namespace_of(tale.cluster, pod);
    let gone = tale.gone.iter().map(|selector| selector.selects(pod, namespace.labels())).collect();
    let block = |address: IpAddr| tale.halves.map(|half| half.outer.stretches.at(address));
    let ends = pod.addresses.iter().map(|address| (standing(pod, Some(*address)), Some(block(*address))));
    (selectors, gone, names, ends.collect())
}

impl Tale<'_> {
    /// Whether a pod bears an address in either state.
    fn is_borne(&self, address: IpAddr) -> bool {
        let [old, _] = self.halves;
        self.index.pods_at(address).next().is_some() || old.addresses.contains(&address)
    }

    /// The part of a state that decides about packets of these pods.
    fn around<'p>(&self, when: When, pods: impl Iterator<Item = &'p Arc<Pod>>) -> Cluster {
        let whole = self.cluster;
        let mut part = Cluster { cluster_policies: whole.cluster_policies.clone(), ..Cluster::default() };
        let undone = match self.undo {
            Change::PutClusterPolicy(policy) => Some(policy),
            _ => None,
        };
        // S42: any node may be a peer.
        if whole.cluster_policies.values().chain(undone).any(|policy| policy.names_nodes()) {
            part.nodes.clone_from(&whole.nodes);
        }
        for pod in pods {
            let name = &pod.key.namespace;
            let namespace = whole.namespaces.get(name);
            part.namespaces.extend(namespace.map(|namespace| (Arc::clone(name), namespace.clone())));
            let node = pod.node.as_ref().and_then(|name| whole.nodes.get(name));
            part.nodes.extend(node.map(|node| (Arc::clone(&node.name), node.clone())));
            // What selects neither end is no cause, and why it does not is not asked.
            let policies =
                within(&whole.policies, name).filter(|(_, policy)| policy.subjects.matches(&pod.labels));
            part.policies.extend(policies.map(|(key, policy)| (key.clone(), policy.clone())));
            part.pods.insert(pod.uid.clone(), Arc::clone(pod));
        }
        if when == When::Old {
            part.apply(self.undo.clone());
        }
        part
    }
}
