//! The ends of connections in classes that policies treat alike.

use super::{
    external::{self, ExternalClass},
    side::number,
};
use crate::{
    index::{Index, PodId, PodSelectorKey, Ports, SetKey},
    object::{Direction, Pod},
    set::{AddressSet, Protocol},
};
use roaring::RoaringBitmap;
use std::{
    collections::{BTreeSet, HashMap},
    fmt,
    net::IpAddr,
    sync::Arc,
};

/// The number of a class.
pub type ClassId = u32;

/// A family of addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Family {
    /// IPv4.
    V4,
    /// IPv6.
    V6,
}

impl Family {
    /// Both of them.
    pub const ALL: [Self; 2] = [Self::V4, Self::V6];

    /// The family of an address.
    #[must_use]
    pub fn of(address: IpAddr) -> Self {
        if address.is_ipv4() { Self::V4 } else { Self::V6 }
    }
}

impl fmt::Display for Family {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::V4 => "IPv4",
            Self::V6 => "IPv6",
        })
    }
}

/// Where an end stands: which other ends packets can go to at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Standing {
    /// An address of a pod, and whether the pod has the other family as well.
    Pod(Family, bool),
    /// A pod whose address nobody knows: it may have either.
    Unknown,
    /// An address that no pod bears.
    Outside(Family),
}

impl Standing {
    /// Every standing there is.
    pub(super) const ALL: [Self; 7] = [
        Self::Pod(Family::V4, false),
        Self::Pod(Family::V4, true),
        Self::Pod(Family::V6, false),
        Self::Pod(Family::V6, true),
        Self::Unknown,
        Self::Outside(Family::V4),
        Self::Outside(Family::V6),
    ];

    fn family(self) -> Option<Family> {
        match self {
            Self::Pod(family, _) | Self::Outside(family) => Some(family),
            Self::Unknown => None,
        }
    }

    /// Whether packets can go between two. What policies permit between a pod and an address outside
    /// does not depend on the families that the pod happens to have, so the one it has answers for the
    /// other as well.
    pub(crate) fn meets(self, other: Self) -> bool {
        match (self, other) {
            (Self::Outside(_), Self::Outside(_)) => false,
            (Self::Pod(_, false), Self::Outside(_)) | (Self::Outside(_), Self::Pod(_, false)) => true,
            (a, b) => a.family().is_none() || b.family().is_none() || a.family() == b.family(),
        }
    }
}

/// Ends that every policy treats alike, both as a subject and as a peer: addresses of pods, pods
/// without a known address, or addresses that no pod bears.
#[derive(Clone, Debug)]
pub struct Class {
    /// The pods, by their numbers in the index; none in a class outside.
    pub pods: RoaringBitmap,
    /// The addresses of a class outside.
    pub addresses: AddressSet,
    /// The family of its addresses; `None` for pods whose address nobody knows.
    pub family: Option<Family>,
    /// Whether some NetworkPolicy isolates the pods for ingress (S2).
    /// A cluster-wide policy, which may have a say, does not (S40).
    pub isolated_ingress: bool,
    /// Whether some NetworkPolicy isolates the pods for egress (S2).
    pub isolated_egress: bool,
    /// Whether some policy, cluster-wide ones too, has a say about what the pods may reach (S38).
    pub policed_egress: bool,
    pub(super) standing: Standing,
    /// The pods that bear the one address of a class that is shared: each must allow (S26). Else the
    /// pod that stands for all.
    pub(super) bearers: Vec<PodId>,
    /// An address of the class, where it is known.
    pub(super) address: Option<IpAddr>,
}

impl Class {
    /// Whether several pods bear the one address of this class (S26).
    #[must_use]
    pub fn is_shared(&self) -> bool {
        self.bearers.len() > 1
    }

    pub(super) fn first_address(&self) -> Option<IpAddr> {
        let v4 = self.addresses.ranges_v4().next().map(|range| IpAddr::V4(*range.start()));
        v4.or_else(|| self.addresses.ranges_v6().next().map(|range| IpAddr::V6(*range.start())))
    }

    fn new(standing: Standing, bearers: Vec<PodId>, address: Option<IpAddr>) -> Self {
        Self {
            pods: RoaringBitmap::new(),
            addresses: AddressSet::empty(),
            family: standing.family(),
            isolated_ingress: false,
            isolated_egress: false,
            policed_egress: false,
            standing,
            bearers,
            address,
        }
    }
}

/// The classes, and which class each end is in.
#[derive(Debug, Default)]
pub(super) struct Classes {
    pub(super) list: Vec<Class>,
    pub(super) inside: RoaringBitmap,
    pub(super) outside: RoaringBitmap,
    pub(super) externals: Vec<ExternalClass>,
    /// Ends sorted by address, those without one after them.
    addresses: Vec<IpAddr>,
    class_of_end: Vec<ClassId>,
    /// The ends of each pod.
    ends_of_pod: Vec<Vec<u32>>,
    stretches: external::Stretches,
    /// Which classes packets can go to from each standing.
    meeting: HashMap<Standing, RoaringBitmap>,
}

impl Classes {
    /// The classes of `index`, whose rules write `sets` of addresses.
    pub(super) fn of(index: &Index, sets: &[AddressSet]) -> Self {
        let externals = external::classes(sets);
        let stretches = external::Stretches::of(&externals);
        let ends = Ends::of(index);
        let signatures = Signatures::of(index, &ends);
        let mut classes = Self { stretches, ..Self::default() };
        let mut numbers: HashMap<(u32, usize, Standing), ClassId> = HashMap::new();
        for (at, end) in ends.list.iter().enumerate() {
            let standing = ends.standing(index, end);
            let block = end.address.map_or(usize::MAX, |address| classes.stretches.at(address));
            let signature = signatures.of_end(at, end);
            let class = match signature {
                Some(signature) => *numbers
                    .entry((signature, block, standing))
                    .or_insert_with(|| push(&mut classes.list, standing, end)),
                None => push(&mut classes.list, standing, end),
            };
            if let Some(class) = classes.list.get_mut(class as usize) {
                class.pods.extend(end.pods.iter().copied());
            }
            classes.class_of_end.push(class);
        }
        classes.inside = (0..number(classes.list.len())).collect();
        classes.addresses = ends.list.iter().map_while(|end| end.address).collect();
        classes.ends_of_pod = ends.of_pod;
        classes.add_outside(externals);
        classes
    }

    fn add_outside(&mut self, externals: Vec<ExternalClass>) {
        let first = number(self.list.len());
        for external in &externals {
            let family = if external.is_v4 { Family::V4 } else { Family::V6 };
            let mut class = Class::new(Standing::Outside(family), Vec::new(), None);
            class.addresses = external.addresses.clone();
            self.list.push(class);
        }
        self.outside = (first..number(self.list.len())).collect();
        self.externals = externals;
        for standing in Standing::ALL {
            let meets = |(_, class): &(usize, &Class)| standing.meets(class.standing);
            let met = self.list.iter().enumerate().filter(meets).map(|(at, _)| number(at)).collect();
            self.meeting.insert(standing, met);
        }
    }

    /// Notes which classes some policy isolates.
    pub(super) fn note_isolated(&mut self, [ingress, egress]: &[RoaringBitmap; 2], policed: &RoaringBitmap) {
        for (at, class) in (0..).zip(&mut self.list) {
            class.isolated_ingress = ingress.contains(at);
            class.isolated_egress = egress.contains(at);
            class.policed_egress = policed.contains(at);
        }
    }

    /// The number of the external class at `at`.
    pub(super) fn external(&self, at: usize) -> ClassId {
        number(self.inside.len() as usize + at)
    }

    /// The classes that packets can go to from a class.
    pub(super) fn met_by(&self, class: &Class) -> &RoaringBitmap {
        // INVARIANT: every standing is in the map.
        self.meeting.get(&class.standing).unwrap_or(&self.inside)
    }

    /// Which of the external classes pods bear every address of.
    pub(super) fn borne_outside(&self) -> Vec<usize> {
        let mut borne: HashMap<usize, u128> = HashMap::new();
        for address in &self.addresses {
            *borne.entry(self.stretches.at(*address)).or_default() += 1;
        }
        let is_borne = |(at, class): &(usize, &ExternalClass)| borne.get(at) == Some(&size(&class.addresses));
        self.externals.iter().enumerate().filter(is_borne).map(|(at, _)| at).collect()
    }

    /// The class of an address, whether a pod bears it or not.
    pub(super) fn at(&self, address: IpAddr) -> Option<ClassId> {
        match self.addresses.binary_search(&address) {
            Ok(end) => self.class_of_end.get(end).copied(),
            Err(_) => Some(self.external(self.stretches.at(address))),
        }
    }

    /// The class of an address that some pod bears.
    pub(super) fn borne(&self, address: IpAddr) -> Option<ClassId> {
        let end = self.addresses.binary_search(&address).ok()?;
        self.class_of_end.get(end).copied()
    }

    /// The class of a pod whose address is not known.
    pub(super) fn unknown(&self, pod: PodId) -> Option<ClassId> {
        self.of_pod(pod).find(|class| self.list.get(*class as usize).is_some_and(|c| c.family.is_none()))
    }

    /// The classes of a pod's ends.
    pub(super) fn of_pod(&self, pod: PodId) -> impl Iterator<Item = ClassId> + '_ {
        let ends = self.ends_of_pod.get(pod as usize).into_iter().flatten();
        ends.filter_map(|end| self.class_of_end.get(*end as usize).copied())
    }

    /// The addresses of a pod with the class of each.
    pub(super) fn addresses_of(&self, pod: PodId) -> impl Iterator<Item = (Option<IpAddr>, ClassId)> + '_ {
        let ends = self.ends_of_pod.get(pod as usize).into_iter().flatten();
        ends.filter_map(|end| {
            let at = *end as usize;
            Some((self.addresses.get(at).copied(), self.class_of_end.get(at).copied()?))
        })
    }
}

/// How many addresses there are in a set; the whole of IPv6 counts as one fewer than it has.
fn size(addresses: &AddressSet) -> u128 {
    let v4 = addresses.v4.ranges().map(|range| u128::from(range.end() - range.start()) + 1);
    let v6 = addresses.v6.ranges().map(|range| (range.end() - range.start()).saturating_add(1));
    v4.chain(v6).fold(0, u128::saturating_add)
}

fn push(list: &mut Vec<Class>, standing: Standing, end: &EndEntry) -> ClassId {
    list.push(Class::new(standing, end.pods.clone(), end.address));
    number(list.len() - 1)
}

/// One end: an address and the pods that bear it (S26), or a pod without one.
#[derive(Debug)]
struct EndEntry {
    address: Option<IpAddr>,
    pods: Vec<PodId>,
}

/// Every end, sorted by address; pods without one after them.
#[derive(Debug, Default)]
struct Ends {
    list: Vec<EndEntry>,
    of_pod: Vec<Vec<u32>>,
}

impl Ends {
    fn of(index: &Index) -> Self {
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

    fn standing(&self, index: &Index, end: &EndEntry) -> Standing {
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
struct Signatures {
    of_pod: Vec<u32>,
    alone: BTreeSet<usize>,
}

impl Signatures {
    fn of(index: &Index, ends: &Ends) -> Self {
        let mut features: Vec<Vec<u32>> = vec![Vec::new(); ends.of_pod.len()];
        let mut next = 0;
        let mut mark = |pods: &RoaringBitmap, features: &mut Vec<Vec<u32>>| {
            for pod in pods {
                if let Some(features) = features.get_mut(pod as usize) {
                    features.push(next);
                }
            }
            next += 1;
        };
        for selector in selectors(index) {
            if let Some(pods) = index.selected_pods(&selector) {
                mark(pods, &mut features);
            }
        }
        for pods in by_port_names(index) {
            mark(&pods, &mut features);
        }
        let mut numbers: HashMap<Vec<u32>, u32> = HashMap::new();
        let mut number_of = |features: Vec<u32>| {
            let next = number(numbers.len());
            *numbers.entry(features).or_insert(next)
        };
        let of_pod = features.into_iter().map(&mut number_of).collect();
        Self { of_pod, alone: ends.alone(index) }
    }

    /// The signature of an end; `None` for one that stands for itself alone.
    fn of_end(&self, at: usize, end: &EndEntry) -> Option<u32> {
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

/// Every selector that a policy uses, for subjects or for peers.
fn selectors(index: &Index) -> BTreeSet<Arc<PodSelectorKey>> {
    let policies = index.policies();
    let used = policies.flat_map(|policy| {
        let sets = policy.sets().into_iter().map(|set| Arc::clone(set.selector()));
        sets.chain([Arc::clone(&policy.subjects)])
    });
    used.collect()
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
