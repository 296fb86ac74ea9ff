//! Both states at once: units that policies of either state treat alike.

use super::{
    State, outside,
    outside::Stretch,
    pairing::{Body, Roll, pairs, roll},
};
use crate::{
    index::RoaringBitmap,
    object::Workload,
    reach::{ClassId, Dense, Faces, Family, Names, Party, Term, Told, number},
    set::AddressSet,
};
use std::{collections::BTreeMap, sync::Arc};

/// One of the two states.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum When {
    /// The state before.
    Old,
    /// The state after.
    New,
}

impl When {
    /// Both states.
    pub const ALL: [Self; 2] = [Self::Old, Self::New];

    pub(super) fn of<T>(self, [old, new]: &[T; 2]) -> &T {
        match self {
            Self::Old => old,
            Self::New => new,
        }
    }
}

/// The classes of one unit that packets of a family meet: in the old state, and in the new one.
pub(super) type Face = [ClassId; 2];

/// Pods of one workload that policies treat alike in the old state, and in the new one.
#[derive(Debug)]
pub(super) struct Unit {
    pub(super) workload: Arc<Workload>,
    /// What packets of each family meet. Of a family that its pods do not have in both states, the face
    /// of the other: what policies permit with an address outside does not depend on it.
    pub(super) faces: [Face; 2],
    /// Which families its pods have in both states.
    pub(super) has: [bool; 2],
    /// The numbers of the pods, in the index of each state.
    pub(super) pods: [RoaringBitmap; 2],
    pub(super) told: Told,
    /// The least name of its pods in each state: where it stands among those of its workload.
    first: [Option<Arc<str>>; 2],
}

impl Unit {
    /// `None` where no family is common to both states: then no packet is possible in both.
    pub(super) fn new(workload: &Arc<Workload>, old: Faces, new: Faces) -> Option<Self> {
        let has = Family::ALL.map(|family| old.of(family).is_some() && new.of(family).is_some());
        let any = |faces: Faces| {
            let common = Family::ALL.into_iter().zip(has).find(|(_, has)| *has);
            faces.of(common?.0)
        };
        let face = |faces: Faces, family| faces.of(family).or_else(|| any(faces));
        let [v4, v6] = Family::ALL.map(|family| Some([face(old, family)?, face(new, family)?]));
        any(old)?;
        Some(Self {
            workload: Arc::clone(workload),
            faces: [v4?, v6?],
            has,
            pods: Default::default(),
            told: Told::default(),
            first: Default::default(),
        })
    }

    fn take(&mut self, when: When, faces: Faces, pods: &[(&Arc<str>, &Body)]) {
        let ([old, new], [first_old, first_new]) = (&mut self.pods, &mut self.first);
        let (ids, first) = if when == When::Old { (old, first_old) } else { (new, first_new) };
        for (name, body) in pods {
            if first.as_ref().is_none_or(|first| *name < first) {
                *first = Some(Arc::clone(name));
            }
            ids.insert(body.id);
            if when == When::New {
                self.told.pods.insert(Arc::clone(name));
            }
            if body.faces.len() > 1 {
                let here = body.faces.iter().filter(|(of, _)| *of == faces);
                self.told.addresses.extend(here.flat_map(|(_, addresses)| addresses));
            }
        }
    }

    /// Where it stands among units.
    pub(super) fn place(&self) -> (&Arc<Workload>, [&Option<Arc<str>>; 2]) {
        let [old, new] = &self.first;
        (&self.workload, [new, old])
    }

    /// The face that packets of a family meet.
    pub(super) fn face(&self, family: Family) -> Face {
        let [v4, v6] = self.faces;
        if family == Family::V4 { v4 } else { v6 }
    }

    /// Whether packets of the families meet different classes.
    pub(super) fn is_two_faced(&self) -> bool {
        let [v4, v6] = self.faces;
        v4 != v6
    }
}

/// Everybody who is there in both states, by number: units of pods, above them stretches of addresses
/// outside.
#[derive(Debug)]
pub(super) struct Joint {
    pub(super) units: Vec<Unit>,
    pub(super) outside: Vec<Stretch>,
    names: Names,
    /// The units of each class: by state and family.
    lifted: [[Vec<Vec<u32>>; 2]; 2],
    /// Who is spoken of: the units, and the addresses that pods do not all bear.
    pub(super) everybody: RoaringBitmap,
    /// The units that have a family in both states.
    pub(super) having: [RoaringBitmap; 2],
    /// The stretches outside of each family.
    pub(super) beyond: [RoaringBitmap; 2],
    pub(super) has_two_faced: bool,
    /// Workloads that are there in one state alone: in the old one, and in the new one.
    pub(super) alone: [Vec<Arc<Workload>>; 2],
}

impl Joint {
    pub(super) fn of(states: &[State<'_>; 2]) -> Self {
        let [old, new] = states;
        let rolls = [roll(old), roll(new)];
        let units = units(&rolls);
        let outside = outside::stretches(&outside::outside(old.reach), &outside::outside(new.reach));
        let mut joint = Self {
            names: Names::of(units.iter().map(|unit| &unit.workload)),
            lifted: Default::default(),
            everybody: RoaringBitmap::new(),
            having: Default::default(),
            beyond: Default::default(),
            has_two_faced: units.iter().any(Unit::is_two_faced),
            alone: alone(&rolls, &units),
            units,
            outside,
        };
        let borne: [RoaringBitmap; 2] = [old.reach.borne().collect(), new.reach.borne().collect()];
        joint.note(&borne, [old.reach.classes().len(), new.reach.classes().len()]);
        joint
    }

    /// Of some units and stretches that are spoken of and that nobody is to be named by, in states of
    /// `classes` classes.
    pub(super) fn of_some(
        units: Vec<Unit>,
        outside: Vec<Stretch>,
        has_two_faced: bool,
        classes: usize,
    ) -> Self {
        let mut joint = Self {
            names: Names::default(),
            lifted: Default::default(),
            everybody: RoaringBitmap::new(),
            having: Default::default(),
            beyond: Default::default(),
            has_two_faced,
            alone: Default::default(),
            units,
            outside,
        };
        joint.note(&Default::default(), [classes; 2]);
        joint
    }

    /// Of states whose pods bear every address of some classes, and which have so many classes.
    fn note(&mut self, borne: &[RoaringBitmap; 2], classes: [usize; 2]) {
        self.everybody.insert_range(0..number(self.units.len()));
        for family in Family::ALL {
            let at = usize::from(family == Family::V6);
            for (numbered, unit) in (0..).zip(&self.units) {
                if unit.has.get(at) == Some(&true) {
                    self.having.get_mut(at).map(|having| having.insert(numbered));
                }
            }
            for (numbered, stretch) in (number(self.units.len())..).zip(&self.outside) {
                let is_borne = When::ALL.iter().any(|w| w.of(borne).contains(*w.of(&stretch.face)));
                if stretch.family == family && !is_borne {
                    self.beyond.get_mut(at).map(|beyond| beyond.insert(numbered));
                    self.everybody.insert(numbered);
                }
            }
        }
        let [old, new] = classes;
        self.lifted = [self.lift(When::Old, old), self.lift(When::New, new)];
    }

    /// The units of each class in one state, as packets of each family meet them.
    fn lift(&self, when: When, classes: usize) -> [Vec<Vec<u32>>; 2] {
        Family::ALL.map(|family| {
            let mut lifted = vec![Vec::new(); classes];
            let mut put = |class: ClassId, unit| {
                if let Some(units) = lifted.get_mut(class as usize) {
                    units.push(unit);
                }
            };
            (0..).zip(&self.units).for_each(|(at, unit)| put(*when.of(&unit.face(family)), at));
            let beyond = (number(self.units.len())..).zip(&self.outside);
            beyond.for_each(|(at, stretch)| put(*when.of(&stretch.face), at));
            lifted
        })
    }

    /// Everybody who is in one of the classes of a state.
    pub(super) fn units_of(&self, when: When, family: Family, classes: &RoaringBitmap) -> RoaringBitmap {
        let mut units = Dense::new(self.units.len() + self.outside.len());
        let [v4, v6] = when.of(&self.lifted);
        let lifted = if family == Family::V4 { v4 } else { v6 };
        for class in classes {
            lifted.get(class as usize).into_iter().flatten().for_each(|unit| units.insert(*unit));
        }
        units.finish()
    }

    /// The unit with this number, where it is one of pods.
    pub(super) fn unit(&self, at: u32) -> Option<&Unit> {
        self.units.get(at as usize)
    }

    /// The stretch outside with this number, where it is one.
    pub(super) fn stretch(&self, at: u32) -> Option<&Stretch> {
        self.outside.get((at as usize).checked_sub(self.units.len())?)
    }

    /// The shortest true description of a set of units.
    pub(super) fn party(&self, set: &RoaringBitmap) -> Party {
        let first_outside = number(self.units.len());
        let mut groups = set.clone();
        groups.remove_range(first_outside..);
        let tell = |at: u32, told: &mut Told| {
            if let Some(unit) = self.unit(at) {
                told.pods.extend(unit.told.pods.iter().cloned());
                told.addresses.extend(&unit.told.addresses);
            }
        };
        let mut terms = self.names.terms(&groups, &tell);
        let addresses = self.addresses(set);
        if !addresses.is_empty() {
            terms.push(Term::Addresses(addresses));
        }
        Party { terms }
    }

    /// The stretches outside that are in a set of units, in order.
    pub(super) fn stretches_of<'j>(&'j self, set: &RoaringBitmap) -> impl Iterator<Item = &'j Stretch> {
        let outside: Vec<u32> = set.range(number(self.units.len())..).collect();
        outside.into_iter().filter_map(|at| self.stretch(at))
    }

    /// The addresses outside that are in a set of units.
    pub(super) fn addresses(&self, set: &RoaringBitmap) -> AddressSet {
        let stretches: Vec<&Stretch> =
            set.range(number(self.units.len())..).filter_map(|at| self.stretch(at)).collect();
        AddressSet {
            v4: stretches.iter().flat_map(|stretch| stretch.addresses.v4.ranges()).collect(),
            v6: stretches.iter().flat_map(|stretch| stretch.addresses.v6.ranges()).collect(),
        }
    }
}

pub(super) fn units([old, new]: &[Roll; 2]) -> Vec<Unit> {
    let mut units = Vec::new();
    for (workload, pods) in old {
        let Some(others) = new.get(workload) else { continue };
        let mut of_workload: BTreeMap<(Faces, Faces), Option<Unit>> = BTreeMap::new();
        for ((before, gone), (after, came)) in pairs(pods, others) {
            let unit = of_workload.entry((before, after));
            if let Some(unit) = unit.or_insert_with(|| Unit::new(workload, before, after)) {
                unit.take(When::Old, before, &gone);
                unit.take(When::New, after, &came);
            }
        }
        let mut of_workload: Vec<Unit> = of_workload.into_values().flatten().collect();
        // However the classes are numbered.
        of_workload.sort_by(|a, b| a.place().cmp(&b.place()));
        units.extend(of_workload);
    }
    units
}

/// The workloads of each state that no unit is of.
pub(super) fn alone(rolls: &[Roll; 2], units: &[Unit]) -> [Vec<Arc<Workload>>; 2] {
    // INVARIANT: units are sorted by workload.
    let is_alone =
        |workload: &&Arc<Workload>| units.binary_search_by(|unit| unit.workload.cmp(workload)).is_err();
    When::ALL.map(|when| when.of(rolls).keys().filter(is_alone).cloned().collect())
}
