//! Packets that the two states decide differently.

use super::{
    State,
    joint::{Joint, When},
    outside::Stretch,
    rows::Row,
};
use crate::{
    explain::{Excerpts, Explanation, explain},
    index::RoaringBitmap,
    object::{Cluster, Pod, PodUid},
    packet::{End, Packet, Traffic},
    reach::{Family, Reach},
    set::{PortSet, Protocol},
};
use std::{collections::BTreeSet, net::IpAddr, sync::Arc};

/// How many pairs of ends of one change are asked for their causes.
pub const MAX_WITNESSES: usize = 64;

/// A packet that is decided otherwise than before. Its ends may have had other addresses.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Witness {
    /// The packet in the old state.
    pub old: Packet,
    /// The packet in the new state.
    pub new: Packet,
}

/// A packet with what either state says of it.
pub(super) struct Witnessed {
    pub(super) witness: Witness,
    pub(super) old: Explanation,
    pub(super) new: Explanation,
}

impl Witnessed {
    fn differs(&self) -> bool {
        self.old.verdict.decision != self.new.verdict.decision
    }
}

/// Pairs of units of a row that show every unit at least once, in order. A unit meets itself only where
/// there is no other.
pub(super) fn pairs(row: &Row) -> Vec<(u32, u32)> {
    let other = |set: &RoaringBitmap, than: u32| set.iter().find(|unit| *unit != than).unwrap_or(than);
    let mut to = row.to.iter().map(|to| (other(&row.from, to), to)).peekable();
    let mut from = row.from.iter().map(|from| (from, other(&row.to, from))).peekable();
    // Both sides in turn, so that a long one leaves room for the other.
    let mut pairs = BTreeSet::new();
    while pairs.len() < MAX_WITNESSES && (to.peek().is_some() || from.peek().is_some()) {
        pairs.extend(to.next());
        pairs.extend(from.next());
    }
    let mut pairs: Vec<(u32, u32)> = pairs.into_iter().collect();
    pairs.sort_by_key(|(from, to)| from == to);
    pairs
}

/// Who can be at an end of a packet, by number.
pub(super) trait Cast {
    /// Whether packets of a family can go to it in both states.
    fn has(&self, who: u32, family: Family) -> bool;
    /// The family of addresses outside.
    fn outside(&self, who: u32) -> Option<Family>;
    /// A packet in a state, and the part of the cluster that decides about it.
    fn packet(
        &self,
        when: When,
        ends: (u32, u32),
        traffic: Traffic,
        family: Family,
    ) -> Option<(Packet, Cluster)>;
}

/// Asks both states about a packet from one unit to another, which they decide differently.
pub(super) fn ask(
    cast: &dyn Cast,
    (from, to): (u32, u32),
    family: Option<Family>,
    ports: &PortSet,
) -> Option<Witnessed> {
    let fits = Family::ALL.into_iter().filter(|of| family.is_none_or(|family| family == *of));
    let fits = fits.filter(|family| cast.has(from, *family) && cast.has(to, *family));
    // A pod with the other family only answers for an address outside of this one as well.
    let only = cast.outside(from).or(cast.outside(to));
    let mut asked = fits.chain(only).filter_map(|family| {
        let traffic = traffic(ports, family)?;
        let [old, new] = When::ALL.map(|when| cast.packet(when, (from, to), traffic, family));
        let ((old, old_part), (new, new_part)) = (old?, new?);
        let (before, after) = (explain(&old_part, &old), explain(&new_part, &new));
        Some(Witnessed { witness: Witness { old, new }, old: before, new: after })
    });
    // An end may stand for others only nearly: what does not show the difference is no witness.
    asked.find(Witnessed::differs)
}

/// What a packet carries that is one of `ports`.
fn traffic(ports: &PortSet, family: Family) -> Option<Traffic> {
    let port = |protocol: Protocol| {
        let first = ports.of(protocol).ranges().next()?;
        // Port 0 is nobody's: where there are others, one of them is meant.
        let port = (*first.start()).max(1).min(*first.end());
        Some(Traffic::Port(protocol, port))
    };
    let other = match family {
        Family::V4 => Traffic::Other(1),
        Family::V6 => Traffic::Icmpv6(128),
    };
    Protocol::ALL.into_iter().find_map(port).or(ports.has_other().then_some(other))
}

/// Everybody of two states.
pub(super) struct Everybody<'j> {
    joint: &'j Joint,
    lookups: Lookups<'j>,
}

impl<'j> Everybody<'j> {
    pub(super) fn new(joint: &'j Joint, states: &'j [State<'j>; 2]) -> Self {
        Self { joint, lookups: Lookups::new(states) }
    }
}

impl Cast for Everybody<'_> {
    fn has(&self, who: u32, family: Family) -> bool {
        match (self.joint.unit(who), self.joint.stretch(who)) {
            (Some(unit), _) => unit.has.get(usize::from(family == Family::V6)) == Some(&true),
            (_, Some(stretch)) => stretch.family == family,
            _ => false,
        }
    }

    fn outside(&self, who: u32) -> Option<Family> {
        self.joint.stretch(who).map(|stretch| stretch.family)
    }

    fn packet(
        &self,
        when: When,
        (from, to): (u32, u32),
        traffic: Traffic,
        family: Family,
    ) -> Option<(Packet, Cluster)> {
        let lookups = &self.lookups;
        let (state, excerpts) = (when.of(lookups.states), when.of(&lookups.excerpts));
        Ends { lookups, excerpts, joint: self.joint, when, state, family }.packet(from, to, traffic)
    }
}

/// What is looked up again and again: parts of the clusters, and addresses outside at which nobody is.
struct Lookups<'a> {
    states: &'a [State<'a>; 2],
    excerpts: [Excerpts<'a>; 2],
    nodes: BTreeSet<IpAddr>,
}

impl<'a> Lookups<'a> {
    fn new(states: &'a [State<'a>; 2]) -> Self {
        let mut nodes = BTreeSet::new();
        for state in states {
            nodes.extend(state.index.nodes().flat_map(|node| &node.addresses));
            nodes.extend(state.index.pods().flat_map(|(_, pod)| &pod.host_addresses));
        }
        let excerpts = states.each_ref().map(|state| Excerpts::of(state.cluster, state.index));
        Self { states, excerpts, nodes }
    }

    /// An address that no pod bears in either state; that of a node where there is no other, for its own
    /// pods are reached from there in any case (S20).
    fn outside(&self, stretch: &Stretch) -> Option<IpAddr> {
        let is_free = |address: IpAddr| self.states.iter().all(|s| s.index.pods_at(address).next().is_none());
        address_of(stretch, is_free, |address| self.nodes.contains(&address))
    }
}

/// How many addresses of a stretch are tried.
const TRIED: usize = 1 << 12;

/// An address of a stretch that is free; one that is a node's only where there is no other.
pub(super) fn address_of(
    stretch: &Stretch,
    is_free: impl Fn(IpAddr) -> bool,
    is_node: impl Fn(IpAddr) -> bool,
) -> Option<IpAddr> {
    let free = || stretch.addresses().take(TRIED).filter(|address| is_free(*address));
    free().find(|address| !is_node(*address)).or_else(|| free().next())
}

/// Finds ends of packets in one state.
struct Ends<'a> {
    lookups: &'a Lookups<'a>,
    excerpts: &'a Excerpts<'a>,
    joint: &'a Joint,
    when: When,
    state: &'a State<'a>,
    family: Family,
}

impl Ends<'_> {
    /// The packet, and the part of the cluster that decides about it.
    fn packet(&self, from: u32, to: u32, traffic: Traffic) -> Option<(Packet, Cluster)> {
        let source = self.end(from, None)?;
        let destination = self.end(to, Some(&source).filter(|_| from == to))?;
        let mut packet = Packet { from: source, to: destination, traffic };
        let mut part = self.excerpts.around(&packet);
        if packet.from == packet.to {
            // The unit is one pod: it stands for others of its kind, and its twin is another.
            let pod = self.when.of(&self.joint.unit(to)?.pods).min()?;
            let twin = twin(self.state.index.pod(pod)?);
            packet.to = End::Pod(twin.uid.clone());
            part.pods.insert(twin.uid.clone(), Arc::new(twin));
        }
        Some((packet, part))
    }

    /// An end of a unit; another than `not`, where there is another.
    fn end(&self, unit: u32, not: Option<&End>) -> Option<End> {
        let reach: &Reach = self.state.reach;
        let Some(unit) = self.joint.unit(unit) else {
            return self.lookups.outside(self.joint.stretch(unit)?).map(End::Address);
        };
        let class = *self.when.of(&unit.face(self.family));
        let pods = self.when.of(&unit.pods);
        let first = reach.end(class, Some(pods), self.state.index)?;
        if not != Some(&first) {
            return Some(first);
        }
        let others: RoaringBitmap = pods.iter().skip(1).collect();
        Some(reach.end(class, Some(&others), self.state.index).unwrap_or(first))
    }
}

/// Another pod that policies treat alike, at an address that nobody knows.
pub(super) fn twin(pod: &Pod) -> Pod {
    let mut twin = pod.clone();
    twin.uid = PodUid(format!("{}'", pod.uid).into());
    twin.addresses.clear();
    twin
}
