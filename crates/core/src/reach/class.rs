//! The ends of connections in classes that policies treat alike.

use super::{
    ends::{EndEntry, Ends, Signatures},
    external::{self, ExternalClass},
    sides::number,
};
use crate::{
    index::{Index, PodId},
    set::AddressSet,
};
use roaring::RoaringBitmap;
use std::{collections::HashMap, fmt, net::IpAddr};

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
