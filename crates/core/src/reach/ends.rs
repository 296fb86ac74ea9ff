//! The ends that connections may have, and what tells them apart.

use super::{
    class::{Family, Standing},
    sides::number,
};
use crate::{
    index::{Index, PodId, Ports, SetKey, memberships},
    object::{Direction, Pod},
    set::Protocol,
};
use roaring::RoaringBitmap;
use std::{
    collections::{BTreeSet, HashMap},
    net::IpAddr,
    sync::Arc,
};

/// One end: an address and the pods that bear it (S26), or a pod without one.
#[derive(Debug)]
pub(super) struct EndEntry {
    pub(super) address: Option<IpAddr>,
    pub(super) pods: Vec<PodId>,
}

/// Every end, sorted by address; pods without one after them.
#[derive(Debug, Default)]
pub(super) struct Ends {
    pub(super) list: Vec<EndEntry>,
    /// The numbers of each pod's ends.
    pub(super) of_pod: Vec<Vec<u32>>,
}

impl Ends {
    pub(super) fn of(index: &Index) -> Self {
        let mut seats: Vec<(bool, Option<IpAddr>, PodId)> = Vec::new();
        for (id, pod) in index.pods() {
            seats.extend(pod.addresses.iter().map(|address| (false, Some(*address), id)));
            if pod.addresses.is_empty() {
                seats.push((true, None, id));
            }
        }
        seats.sort_unstable();
        let last = seats.iter().map(|(_, _, id)| *id as usize + 1).max().unwrap_or_default();
        let mut ends = Self { list: Vec::with_capacity(seats.len()), of_pod: vec![Vec::new(); last] };
        for (_, address, id) in seats {
            match ends.list.last_mut() {
                Some(end) if address.is_some() && end.address == address => end.pods.push(id),
                _ => ends.list.push(EndEntry { address, pods: vec![id] }),
            }
            if let Some(of_pod) = ends.of_pod.get_mut(id as usize) {
                of_pod.push(number(ends.list.len() - 1));
            }
        }
        ends
    }

    /// Where an end of the list stands.
    pub(super) fn standing(&self, index: &Index, end: &EndEntry) -> Standing {
        let Some(address) = end.address else { return Standing::Unknown };
        let family = Family::of(address);
        let pods = end.pods.iter().filter_map(|pod| index.pod(*pod));
        let has_other = pods.flat_map(|pod| &pod.addresses).any(|other| Family::of(*other) != family);
        Standing::Pod(family, has_other)
    }

    /// The end at an address, where a pod bears it.
    fn at(&self, address: IpAddr) -> Option<usize> {
        self.list
            .binary_search_by_key(&(false, Some(address)), |end| (end.address.is_none(), end.address))
            .ok()
    }

    /// Ends for which none stands but themselves: shared addresses (S26), and pods whose own node has
    /// an address that some pod bears, with that address (S20).
    fn alone(&self, index: &Index) -> BTreeSet<usize> {
        let shared = self.list.iter().enumerate().filter(|(_, end)| end.pods.len() > 1);
        let mut alone: BTreeSet<usize> = shared.map(|(at, _)| at).collect();
        for (id, pod) in index.pods() {
            let own: Vec<usize> = own_node(index, pod).filter_map(|address| self.at(address)).collect();
            if !own.is_empty() {
                alone.extend(own);
                alone.extend(self.of_pod.get(id as usize).into_iter().flatten().map(|end| *end as usize));
            }
        }
        alone
    }
}

/// What tells pods apart but for their addresses: the selectors that select them, and what the named
/// ports that policies use stand for on them (S14).
pub(super) struct Signatures {
    of_pod: Vec<u32>,
    alone: BTreeSet<usize>,
}

impl Signatures {
    pub(super) fn of(index: &Index, ends: &Ends) -> Self {
        let by_names = by_port_names(index);
        let features = memberships(index.selections().chain(&by_names), ends.of_pod.len());
        let mut numbers: HashMap<Vec<u32>, u32> = HashMap::new();
        let mut number_of = |features: Vec<u32>| {
            let next = number(numbers.len());
            *numbers.entry(features).or_insert(next)
        };
        let of_pod = features.into_iter().map(&mut number_of).collect();
        Self { of_pod, alone: ends.alone(index) }
    }

    /// The signature of an end; `None` for one that stands for itself alone.
    pub(super) fn of_end(&self, at: usize, end: &EndEntry) -> Option<u32> {
        if self.alone.contains(&at) {
            return None;
        }
        let pod = end.pods.first()?;
        self.of_pod.get(*pod as usize).copied()
    }
}

/// The addresses of the node that `pod` runs on (S20).
pub(crate) fn own_node<'a>(index: &'a Index, pod: &'a Pod) -> impl Iterator<Item = IpAddr> + 'a {
    let node = pod.node.as_ref().and_then(|name| index.node(name));
    node.into_iter().flat_map(|node| &node.addresses).chain(&pod.host_addresses).copied()
}

/// The pods that define a port which some policy names, by what they define.
fn by_port_names(index: &Index) -> Vec<RoaringBitmap> {
    let names = port_names(index);
    if names.is_empty() {
        return Vec::new();
    }
    let mut by_names: HashMap<Vec<(Protocol, &str, u16)>, RoaringBitmap> = HashMap::new();
    for (id, pod) in index.pods() {
        let named = pod.ports.iter().filter_map(|port| {
            let name = port.name.as_ref()?;
            names.contains(&(port.protocol, Arc::clone(name))).then_some((
                port.protocol,
                &**name,
                port.number,
            ))
        });
        let mut defined: Vec<(Protocol, &str, u16)> = named.collect();
        defined.sort_unstable();
        if !defined.is_empty() {
            by_names.entry(defined).or_default().insert(id);
        }
    }
    let mut bitmaps: Vec<RoaringBitmap> = by_names.into_values().collect();
    bitmaps.sort_by_key(RoaringBitmap::min);
    bitmaps
}

/// Every named port that a policy uses.
pub(super) fn port_names(index: &Index) -> BTreeSet<(Protocol, Arc<str>)> {
    let rules = index.policies().flat_map(|policy| {
        Direction::ALL.into_iter().filter_map(|direction| policy.rules(direction)).flatten()
    });
    let named = rules.flat_map(|rule| match &rule.ports {
        Ports::All => &[],
        Ports::Some { named, .. } => named.as_slice(),
    });
    let names = named.filter_map(|set| match set {
        SetKey::NamedPort { protocol, name, .. } => Some((*protocol, Arc::clone(name))),
        SetKey::Pods(_) => None,
    });
    names.collect()
}
