//! Everybody by name: pods in workloads in namespaces, told apart where their answers may differ.

use super::{
    Reach,
    bitmaps::Dense,
    class::{ClassId, Family},
    filter::{Ends, Filter, Grain},
    names::{Names, Told},
    party::{Party, Term},
    sides::number,
};
use crate::{
    index::PodId,
    object::{ObjectKey, Workload},
    set::AddressSet,
};
use roaring::RoaringBitmap;
use std::{
    collections::{BTreeMap, HashMap},
    net::IpAddr,
    sync::Arc,
};

/// The classes that a pod's addresses are in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Faces {
    v4: Option<ClassId>,
    v6: Option<ClassId>,
    /// Where no manifest tells its address.
    unknown: Option<ClassId>,
}

impl Faces {
    /// The classes of an IPv4 address and of an IPv6 one; of a pod without any, its own.
    pub(crate) fn new(v4: Option<ClassId>, v6: Option<ClassId>, unknown: Option<ClassId>) -> Self {
        Self { v4, v6, unknown }
    }

    /// The class that packets of a family meet.
    pub(crate) fn of(self, family: Family) -> Option<ClassId> {
        match family {
            Family::V4 => self.v4,
            Family::V6 => self.v6,
        }
        .or(self.unknown)
    }

    /// Whether packets of both families can go to it.
    fn is_both(self) -> bool {
        self.of(Family::V4).is_some() && self.of(Family::V6).is_some()
    }

    pub(super) fn classes(self) -> impl Iterator<Item = ClassId> {
        [self.v4, self.v6, self.unknown].into_iter().flatten()
    }
}

/// Pods of one workload that policies treat alike and that are asked about alike.
#[derive(Clone, Debug)]
pub(super) struct Group {
    pub(super) faces: Faces,
    workload: usize,
    in_from: bool,
    in_to: bool,
    pods: Vec<(PodId, Vec<IpAddr>)>,
    /// Whether addresses tell it from another group of the same pods.
    repeats: bool,
}

/// Everybody that can be named. A unit is the number of a group, or above them of a class outside.
#[derive(Debug)]
pub(super) struct Roster<'r> {
    reach: &'r Reach,
    filter: &'r Filter,
    names: Names,
    pub(super) groups: Vec<Group>,
    /// The groups that bear a class.
    of_class: Vec<Vec<u32>>,
    /// Groups to which packets of both families can go; none where no pod is of both.
    pub(super) both: RoaringBitmap,
    /// Units outside of which pods bear every address.
    borne: RoaringBitmap,
}

type Key = (usize, Faces, bool, bool);

impl<'r> Roster<'r> {
    pub(super) fn of(reach: &'r Reach, filter: &'r Filter) -> Self {
        let mut labels: Vec<Arc<Workload>> = Vec::new();
        let mut groups: BTreeMap<Key, Vec<(PodId, Vec<IpAddr>)>> = BTreeMap::new();
        let numbers = workloads(reach, filter.grain, &mut labels);
        for (id, workload) in numbers {
            let (in_from, in_to) = (filter.from.has_pod(id), filter.to.has_pod(id));
            for (faces, addresses) in faces(reach, id) {
                groups.entry((workload, faces, in_from, in_to)).or_default().push((id, addresses));
            }
        }
        let group = |((workload, faces, in_from, in_to), pods)| Group {
            faces,
            workload,
            in_from,
            in_to,
            pods,
            repeats: false,
        };
        let groups: Vec<Group> = groups.into_iter().map(group).collect();
        let mut roster = Self {
            reach,
            filter,
            names: Names::default(),
            of_class: vec![Vec::new(); reach.classes.list.len()],
            both: both(&groups),
            groups,
            borne: RoaringBitmap::new(),
        };
        roster.arrange(&labels);
        roster.borne = reach.classes.borne_outside().iter().map(|at| roster.unit_outside(*at)).collect();
        roster
    }

    fn arrange(&mut self, labels: &[Arc<Workload>]) {
        for (at, group) in self.groups.iter().enumerate() {
            for class in group.faces.classes() {
                if let Some(groups) = self.of_class.get_mut(class as usize) {
                    groups.push(number(at));
                }
            }
        }
        // INVARIANT: every group has one of the labels.
        self.names = Names::of(self.groups.iter().filter_map(|group| labels.get(group.workload)));
        for range in self.names.by_workload() {
            let groups = self.groups.get_mut(range).unwrap_or_default();
            let mut seen: HashMap<PodId, usize> = HashMap::new();
            for (pod, _) in groups.iter().flat_map(|group| &group.pods) {
                *seen.entry(*pod).or_default() += 1;
            }
            for group in groups {
                group.repeats = group.pods.iter().any(|(pod, _)| seen.get(pod).is_some_and(|n| *n > 1));
            }
        }
    }

    /// The unit of the class outside at `at`.
    pub(super) fn unit_outside(&self, at: usize) -> u32 {
        number(self.groups.len() + at)
    }

    /// The units of classes: groups of pods, and classes outside for themselves.
    pub(super) fn units_of(&self, classes: impl Iterator<Item = ClassId>) -> RoaringBitmap {
        let inside = self.reach.inside().len();
        let mut units = Dense::new(self.groups.len() + self.reach.classes.externals.len());
        for class in classes {
            match u64::from(class).checked_sub(inside) {
                Some(at) => units.insert(self.unit_outside(usize::try_from(at).unwrap_or(usize::MAX))),
                None => {
                    let groups = self.of_class.get(class as usize).into_iter().flatten();
                    groups.for_each(|group| units.insert(*group));
                }
            }
        }
        units.finish()
    }

    /// The units that the filter asks about as one end.
    pub(super) fn asked(&self, is_from: bool) -> RoaringBitmap {
        let is_in = |group: &Group| if is_from { group.in_from } else { group.in_to };
        let groups =
            self.groups.iter().enumerate().filter(|(_, group)| is_in(group)).map(|(at, _)| number(at));
        let ends = self.ends(is_from);
        let externals = self.reach.classes.externals.iter().enumerate();
        let outside = externals
            .filter(|(_, class)| !ends.of(&class.addresses).is_empty())
            .map(|(at, _)| self.unit_outside(at));
        groups.chain(outside).collect::<RoaringBitmap>() - &self.borne
    }

    fn ends(&self, is_from: bool) -> &Ends {
        if is_from { &self.filter.from } else { &self.filter.to }
    }

    /// The party that a set of classes is, all of their pods meant.
    pub(super) fn party_of_classes(&self, classes: &RoaringBitmap) -> Party {
        self.party(&self.units_of(classes.iter()), true)
    }

    /// The shortest true description of a set of units.
    pub(super) fn party(&self, units: &RoaringBitmap, is_from: bool) -> Party {
        let first_outside = self.unit_outside(0);
        let mut groups = units.clone();
        groups.remove_range(first_outside..);
        let mut terms = self.names.terms(&groups, &|group, told| self.tell(group, told));
        let mut addresses = AddressSet::empty();
        let mut all: Vec<&AddressSet> = Vec::new();
        for at in units.range(first_outside..) {
            let external = self.reach.classes.externals.get((at - first_outside) as usize);
            all.extend(external.map(|external| &external.addresses));
        }
        if !all.is_empty() {
            addresses.v4 = all.iter().flat_map(|set| set.v4.ranges()).collect();
            addresses.v6 = all.iter().flat_map(|set| set.v6.ranges()).collect();
            terms.push(Term::Addresses(self.ends(is_from).of(&addresses)));
        }
        Party { terms }
    }

    /// The pods of a group, for [`Names`].
    fn tell(&self, group: u32, told: &mut Told) {
        let Some(group) = self.groups.get(group as usize) else { return };
        for (id, of_pod) in &group.pods {
            let name = self.reach.pods.get(*id as usize).and_then(Option::as_ref);
            told.pods.extend(name.map(|name| Arc::clone(&name.name)));
            told.addresses.extend(of_pod.iter().copied().filter(|_| group.repeats));
        }
    }
}

/// Groups to which packets of both families can go, where some pod has an address of each: else the
/// families need not be told apart.
fn both(groups: &[Group]) -> RoaringBitmap {
    let numbered = || (0..).zip(groups);
    if !numbered().any(|(_, group)| group.faces.v4.is_some() && group.faces.v6.is_some()) {
        return RoaringBitmap::new();
    }
    numbered().filter(|(_, group)| group.faces.is_both()).map(|(at, _)| at).collect()
}

/// The number of each pod's label, and the labels, sorted.
fn workloads(reach: &Reach, grain: Grain, labels: &mut Vec<Arc<Workload>>) -> Vec<(PodId, usize)> {
    let pods = (0..).zip(&reach.pods).filter_map(|(id, pod)| Some((id, pod.as_ref()?)));
    let label = |pod: &super::PodName| match grain {
        Grain::Workload => Arc::clone(&pod.workload),
        Grain::Pod => {
            let key = ObjectKey::new(Arc::clone(&pod.workload.key.namespace), Arc::clone(&pod.name));
            Arc::new(Workload { key, kind: "Pod".into() })
        }
    };
    let of_pods: Vec<(PodId, Arc<Workload>)> = pods.map(|(id, pod)| (id, label(pod))).collect();
    let mut distinct: HashMap<*const Workload, Arc<Workload>> = HashMap::new();
    for (_, workload) in &of_pods {
        distinct.entry(Arc::as_ptr(workload)).or_insert_with(|| Arc::clone(workload));
    }
    labels.extend(distinct.into_values());
    labels.sort_unstable();
    labels.dedup();
    let find = |workload: &Arc<Workload>| labels.binary_search(workload).unwrap_or_default();
    let mut known: HashMap<*const Workload, usize> = HashMap::new();
    of_pods
        .iter()
        .map(|(id, workload)| (*id, *known.entry(Arc::as_ptr(workload)).or_insert_with(|| find(workload))))
        .collect()
}

/// A pod's faces: one for each pair of an IPv4 and an IPv6 address, which is one for all but the
/// strangest pods.
pub(crate) fn faces(reach: &Reach, id: PodId) -> Vec<(Faces, Vec<IpAddr>)> {
    if let Some(unknown) = reach.classes.unknown(id) {
        return vec![(Faces { unknown: Some(unknown), ..Faces::default() }, Vec::new())];
    }
    let (mut v4, mut v6) = (Vec::new(), Vec::new());
    for (address, class) in reach.classes.addresses_of(id) {
        match address {
            Some(address) if address.is_ipv4() => v4.push((address, class)),
            Some(address) => v6.push((address, class)),
            None => {}
        }
    }
    let pick = |list: &[(IpAddr, ClassId)], at: usize| list.get(at % list.len().max(1)).copied();
    let face = |at| {
        let (v4, v6) = (pick(&v4, at), pick(&v6, at));
        let faces = Faces { v4: v4.map(|(_, class)| class), v6: v6.map(|(_, class)| class), unknown: None };
        (faces, v4.into_iter().chain(v6).map(|(address, _)| address).collect())
    };
    (0..v4.len().max(v6.len())).map(face).collect()
}
