//! The ends of connections inside the cluster, in classes that policies treat alike.

use crate::{
    index::{Index, PodId, PodSelectorKey, Ports, SetKey},
    object::{Direction, Pod},
    set::{AddressSet, Protocol},
};
use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    net::IpAddr,
    sync::Arc,
};

/// Ends that every policy treats alike, both as a subject and as a peer; one of them stands for all.
#[derive(Clone, Debug)]
pub(super) struct Class {
    /// The pods that bear the address: each must allow (S26).
    pub(super) pods: Vec<PodId>,
    /// The address, where it is known.
    pub(super) address: Option<IpAddr>,
}

impl Class {
    /// Whether several pods bear the one address of this class (S26).
    pub(super) fn is_shared(&self) -> bool {
        self.pods.len() > 1
    }
}

/// The classes, and which class each end is in.
#[derive(Debug, Default)]
pub(super) struct Classes {
    pub(super) list: Vec<Class>,
    by_address: BTreeMap<IpAddr, u32>,
    by_pod: BTreeMap<PodId, u32>,
}

impl Classes {
    /// The class of an address that some pod bears.
    pub(super) fn at(&self, address: IpAddr) -> Option<u32> {
        self.by_address.get(&address).copied()
    }

    /// The class of a pod whose address is not known.
    pub(super) fn unknown(&self, pod: PodId) -> Option<u32> {
        self.by_pod.get(&pod).copied()
    }

    /// The classes of a pod's ends.
    pub(super) fn of(&self, id: PodId, pod: &Pod) -> impl Iterator<Item = u32> {
        let unknown = self.unknown(id).into_iter();
        unknown.chain(pod.addresses.iter().filter_map(|address| self.at(*address)))
    }

    /// The classes of `index`, whose rules write `sets` of addresses.
    pub(super) fn of_index(index: &Index, sets: &[AddressSet]) -> Self {
        let ends = Ends::of(index);
        let mut parts = Partition::new(ends.list.len());
        parts.split(ends.by_pod.values().copied());
        for selector in selectors(index) {
            let pods = index.selected_pods(&selector).into_iter().flatten();
            parts.split(pods.flat_map(|pod| ends.of_pod(index, pod)).collect::<BTreeSet<_>>());
        }
        for set in sets {
            parts.split(ends.within(set));
        }
        let names = port_names(index);
        let mut by_names: BTreeMap<_, Vec<u32>> = BTreeMap::new();
        for (id, pod) in index.pods() {
            let mut defined = pod.port_names();
            defined.retain(|name, _| names.contains(name));
            by_names.entry(defined).or_default().extend(ends.of_pod(index, id));
        }
        by_names.into_values().for_each(|ends| parts.split(ends));
        ends.alone(index).into_iter().for_each(|end| parts.split([end]));
        ends.into_classes(&parts)
    }
}

/// Every end, each for itself.
#[derive(Debug, Default)]
struct Ends {
    list: Vec<Class>,
    by_address: BTreeMap<IpAddr, u32>,
    by_pod: BTreeMap<PodId, u32>,
}

impl Ends {
    fn of(index: &Index) -> Self {
        let mut ends = Self::default();
        for (id, pod) in index.pods() {
            // INVARIANT: there are fewer addresses of pods in memory than 2^32.
            let next = |ends: &Self| u32::try_from(ends.list.len()).unwrap_or(u32::MAX);
            if pod.addresses.is_empty() {
                ends.by_pod.insert(id, next(&ends));
                ends.list.push(Class { pods: vec![id], address: None });
            }
            for address in &pod.addresses {
                if !ends.by_address.contains_key(address) {
                    ends.by_address.insert(*address, next(&ends));
                    let pods = index.pods_at(*address).collect();
                    ends.list.push(Class { pods, address: Some(*address) });
                }
            }
        }
        ends
    }

    fn of_pod(&self, index: &Index, id: PodId) -> Vec<u32> {
        let addresses = index.pod(id).into_iter().flat_map(|pod| &pod.addresses);
        let known = addresses.filter_map(|address| self.by_address.get(address));
        known.chain(self.by_pod.get(&id)).copied().collect()
    }

    fn within(&self, set: &AddressSet) -> Vec<u32> {
        let v4 = set.ranges_v4().map(|range| IpAddr::V4(*range.start())..=IpAddr::V4(*range.end()));
        let v6 = set.ranges_v6().map(|range| IpAddr::V6(*range.start())..=IpAddr::V6(*range.end()));
        v4.chain(v6).flat_map(|range| self.by_address.range(range)).map(|(_, end)| *end).collect()
    }

    /// Ends for which none stands but themselves: shared addresses (S26), and pods whose own node has
    /// an address that some pod bears, with that address (S20).
    fn alone(&self, index: &Index) -> BTreeSet<u32> {
        let mut alone: BTreeSet<u32> = BTreeSet::new();
        for (id, pod) in index.pods() {
            let ends = self.of_pod(index, id);
            alone.extend(
                ends.iter().filter(|end| self.list.get(**end as usize).is_some_and(Class::is_shared)),
            );
            let own: Vec<u32> =
                own_node(index, pod).filter_map(|address| self.by_address.get(&address).copied()).collect();
            if !own.is_empty() {
                alone.extend(own);
                alone.extend(ends);
            }
        }
        alone
    }

    fn into_classes(self, parts: &Partition) -> Classes {
        let mut numbers: HashMap<u32, u32> = HashMap::new();
        let mut list = Vec::new();
        let mut class_of = Vec::with_capacity(self.list.len());
        for (end, part) in self.list.into_iter().zip(&parts.part_of) {
            let number = *numbers.entry(*part).or_insert_with(|| {
                list.push(end);
                u32::try_from(list.len() - 1).unwrap_or(u32::MAX)
            });
            class_of.push(number);
        }
        let class = |end: u32| class_of.get(end as usize).copied().unwrap_or_default();
        Classes {
            list,
            by_address: self.by_address.into_iter().map(|(address, end)| (address, class(end))).collect(),
            by_pod: self.by_pod.into_iter().map(|(pod, end)| (pod, class(end))).collect(),
        }
    }
}

/// The addresses of the node that `pod` runs on (S20).
pub(super) fn own_node<'a>(index: &'a Index, pod: &'a Pod) -> impl Iterator<Item = IpAddr> + 'a {
    let node = pod.node.as_ref().and_then(|name| index.node(name));
    node.into_iter().flat_map(|node| &node.addresses).chain(&pod.host_addresses).copied()
}

/// Every selector that a policy uses, for subjects or for peers.
fn selectors(index: &Index) -> BTreeSet<Arc<PodSelectorKey>> {
    let policies = index.policies();
    let used = policies.flat_map(|policy| {
        let sets = policy.sets().into_iter().map(|set| Arc::clone(set.selector()));
        sets.chain([Arc::clone(&policy.subjects)])
    });
    used.collect()
}

/// Every named port that a policy uses.
fn port_names(index: &Index) -> BTreeSet<(Protocol, Arc<str>)> {
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

/// A partition that is refined feature by feature.
#[derive(Debug)]
struct Partition {
    part_of: Vec<u32>,
    parts: u32,
}

impl Partition {
    fn new(size: usize) -> Self {
        Self { part_of: vec![0; size], parts: 1 }
    }

    /// Parts `members` from the others in each part.
    fn split(&mut self, members: impl IntoIterator<Item = u32>) {
        let mut moved: HashMap<u32, u32> = HashMap::new();
        let (mut seen, mut parts) = (BTreeSet::new(), self.parts);
        for member in members {
            let Some(part) = self.part_of.get_mut(member as usize) else { continue };
            if seen.insert(member) {
                *part = *moved.entry(*part).or_insert_with(|| {
                    parts += 1;
                    parts - 1
                });
            }
        }
        self.parts = parts;
    }
}
