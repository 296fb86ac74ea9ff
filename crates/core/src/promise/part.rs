//! Ends of one class that belong to one party, and packets between them.

use super::{
    side::{Side, first_free},
    world::World,
};
use crate::{
    index::{PodId, RoaringBitmap},
    object::{Pod, Workload},
    packet::{End, Packet, Traffic},
    reach::{ClassId, own_node},
    set::{AddressSet, PortSet, Protocol},
};
use std::{collections::BTreeMap, net::IpAddr, sync::Arc};

/// The number of ICMP in an IPv4 header (IANA).
const ICMP: u8 = 1;
/// The type of an ICMPv6 echo request (RFC 4443, 4.1).
const ECHO_REQUEST_V6: u8 = 128;

/// Ends of one class that belong to one party.
#[derive(Debug)]
pub(super) enum Part {
    /// Addresses that no pod bears, and the first of them.
    Outside { addresses: AddressSet, first: IpAddr },
    /// Pods of one workload.
    Pods { class: ClassId, workload: Arc<Workload>, pods: RoaringBitmap, none: AddressSet },
}

impl Part {
    /// The parts of a class, as far as `side` is about it.
    pub(super) fn all_of(world: &World<'_>, side: &Side, class: ClassId) -> Vec<Self> {
        if let Some(first) = side.address(class, &world.reach, &world.index) {
            return vec![Self::Outside { addresses: side.addresses_of(class, &world.reach), first }];
        }
        let mut workloads: BTreeMap<&Arc<Workload>, RoaringBitmap> = BTreeMap::new();
        for pod in side.pods_of(class, &world.reach) {
            if let Some(workload) = world.reach.workload_of(pod) {
                workloads.entry(workload).or_default().insert(pod);
            }
        }
        let part = |(workload, pods)| Self::Pods {
            class,
            workload: Arc::clone(workload),
            pods,
            none: AddressSet::empty(),
        };
        workloads.into_iter().map(part).collect()
    }

    /// The addresses of a part that is outside; none of pods.
    pub(super) fn addresses(&self) -> &AddressSet {
        match self {
            Self::Outside { addresses, .. } => addresses,
            Self::Pods { none, .. } => none,
        }
    }

    /// A packet from an end of this part to another end of the other, on one of `ports`. `None` where
    /// there are no two ends, or no policy has a say: a pod is always allowed to reach itself (S21), and its
    /// own node to reach it (S20).
    pub(super) fn packet(&self, to: &Self, ports: &PortSet, world: &World<'_>) -> Option<Packet> {
        let (first, second) = self.pair(to, world)?;
        let pod = second.and_then(|id| world.pod(id));
        let from = match (self, pod) {
            (Self::Outside { addresses, .. }, Some(pod)) => {
                let is_stranger = |address| own_node(&world.index, pod).all(|own| own != address);
                End::Address(first_free(addresses, &world.index, is_stranger)?)
            }
            _ => self.end(first, world)?,
        };
        let to = to.end(second, world)?;
        let is_ipv4 = from.address().or(to.address()).is_none_or(|address| address.is_ipv4());
        Some(Packet { from, to, traffic: traffic(ports, pod.map(AsRef::as_ref), is_ipv4)? })
    }

    /// Two pods, the second another than the first where both are pods; or `None` for an end outside.
    fn pair(&self, to: &Self, world: &World<'_>) -> Option<(Option<PodId>, Option<PodId>)> {
        let (Self::Pods { pods: ours, .. }, Self::Pods { pods: theirs, .. }) = (self, to) else {
            return Some((self.any(), to.any()));
        };
        let (first, second) = (ours.min()?, theirs.min()?);
        if first != second {
            return Some((Some(first), Some(second)));
        }
        if let Some(another) = theirs.iter().find(|id| *id != first) {
            return Some((Some(first), Some(another)));
        }
        if let Some(another) = ours.iter().find(|id| *id != second) {
            return Some((Some(another), Some(second)));
        }
        world.pod(first).is_some_and(|pod| stands_for_many(pod)).then_some((Some(first), Some(first)))
    }

    fn any(&self) -> Option<PodId> {
        match self {
            Self::Outside { .. } => None,
            Self::Pods { pods, .. } => pods.min(),
        }
    }

    fn end(&self, pod: Option<PodId>, world: &World<'_>) -> Option<End> {
        match self {
            Self::Outside { first, .. } => Some(End::Address(*first)),
            Self::Pods { class, .. } => {
                world.reach.end(*class, Some(&RoaringBitmap::from_iter(pod)), &world.index)
            }
        }
    }
}

/// Whether a pod is a controller's template, which stands for as many pods as it may make.
fn stands_for_many(pod: &Pod) -> bool {
    pod.addresses.is_empty() && &*pod.workload.kind != "Pod"
}

/// Traffic that `ports` has: of a port that the pod reached listens on, where there is one.
fn traffic(ports: &PortSet, pod: Option<&Pod>, is_ipv4: bool) -> Option<Traffic> {
    let mut declared = pod.into_iter().flat_map(|pod| pod.ports.iter());
    if let Some(port) = declared.find(|port| ports.contains(port.protocol, port.number)) {
        return Some(Traffic::Port(port.protocol, port.number));
    }
    for protocol in Protocol::ALL {
        // Port 0 is in the set of every port, and no packet's.
        let mut ranges = ports.of(protocol).ranges().filter(|range| *range.end() > 0);
        if let Some(range) = ranges.next() {
            return Some(Traffic::Port(protocol, (*range.start()).max(1)));
        }
    }
    let echo = if is_ipv4 { Traffic::Other(ICMP) } else { Traffic::Icmpv6(ECHO_REQUEST_V6) };
    ports.has_other().then_some(echo)
}
