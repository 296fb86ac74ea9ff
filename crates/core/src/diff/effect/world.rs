//! Everybody who takes part in a difference: units of the workloads that a change touches, all others in
//! bunches that no difference tells apart, and stretches of addresses outside.

use super::{
    half::Half,
    side::{LOCAL, OUTSIDE, of},
};
use crate::{
    diff::{
        joint::{Joint, Unit, When},
        outside::{Stretch, stretches},
        rows::{Cells, differing},
    },
    index::RoaringBitmap,
    object::{Direction, ObjectKey, Workload},
    reach::{
        Cell, ClassId, Faces, Family, Row,
        external::ExternalClass,
        ports::{NOTHING, PortTable, PortsId},
    },
};
use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

/// Those who take part, with what they may do before and after where that differs.
pub(super) struct World {
    pub(super) joint: Joint,
    /// The first units of `joint` are of touched workloads: so many; the others are these bunches.
    pub(super) touched: usize,
    pub(super) bunches: Vec<RoaringBitmap>,
    cells: HashMap<(When, Direction, ClassId), Arc<[Cell]>>,
}

impl Cells for World {
    fn cells(&self, when: When, direction: Direction, class: ClassId) -> Arc<[Cell]> {
        self.cells.get(&(when, direction, class)).cloned().unwrap_or_else(|| Arc::new([]))
    }
}

/// A class of a touched unit and others differ from what they were.
struct Found {
    class: ClassId,
    direction: Direction,
    family: Family,
    others: RoaringBitmap,
    ports: [PortsId; 2],
}

type Cards = HashMap<(When, Direction, ClassId), BTreeMap<PortsId, RoaringBitmap>>;

/// Puts the world together.
struct Builder<'a> {
    halves: [&'a Half; 2],
    /// The classes in the world of each touched unit, by family.
    classes: Vec<[ClassId; 2]>,
    next: ClassId,
    found: Vec<Found>,
    cards: Cards,
    stretches: Vec<Stretch>,
    /// Bunches are of many workloads: what stands for theirs.
    nobody: Arc<Workload>,
    /// The stretches that take part.
    meant: BTreeMap<usize, ClassId>,
}

impl World {
    /// Of the states, and the units of touched workloads. `is_dual` says whether some other pod has
    /// addresses of both families.
    pub(super) fn of(halves: [&Half; 2], units: Vec<Unit>, table: &PortTable) -> Self {
        let mut builder = Builder {
            halves,
            classes: Vec::new(),
            next: 0,
            found: Vec::new(),
            cards: Cards::new(),
            stretches: split(halves),
            nobody: Arc::new(Workload { key: ObjectKey::new("", ""), kind: "".into() }),
            meant: BTreeMap::new(),
        };
        for unit in &units {
            let v4 = builder.class();
            let v6 = if unit.is_two_faced() { builder.class() } else { v4 };
            builder.classes.push([v4, v6]);
        }
        for (at, unit) in units.iter().enumerate() {
            for direction in Direction::ALL {
                builder.compare(at, unit, &units, direction);
            }
        }
        builder.finish(units, table)
    }
}

/// The stretches of both states.
fn split([old, new]: [&Half; 2]) -> Vec<Stretch> {
    if Arc::ptr_eq(&old.outer, &new.outer) {
        let stretch = |(at, class): (ClassId, &ExternalClass)| Stretch {
            addresses: class.addresses.clone(),
            family: if class.is_v4 { Family::V4 } else { Family::V6 },
            face: [at; 2],
        };
        return (0..).zip(&old.outer.classes).map(stretch).collect();
    }
    stretches(&old.outer.numbered(), &new.outer.numbered())
}

fn find(row: &Row, who: u32) -> PortsId {
    row.cells().iter().find(|(members, _)| members.contains(who)).map_or(NOTHING, |(_, ports)| *ports)
}

impl Builder<'_> {
    fn class(&mut self) -> ClassId {
        self.next += 1;
        self.next - 1
    }

    /// What a unit may do in one direction, before and after.
    fn compare(&mut self, at: usize, unit: &Unit, units: &[Unit], direction: Direction) {
        for family in Family::ALL {
            if family == Family::V6 && !unit.is_two_faced() {
                continue;
            }
            let [old, new] = self.halves;
            let [before, after] = unit.face(family);
            let answers = (old.answer(before, direction), new.answer(after, direction));
            let (Some(before), Some(after)) = answers else { continue };
            let class = self.classes.get(at).map_or(0, |classes| *of(classes, family));
            for (family, (before, after)) in Family::ALL.into_iter().zip(before.iter().zip(after)) {
                for found in differing(before.cells(), after.cells(), of(&old.others, family)) {
                    let (others, ports) = (found.peers, found.ports);
                    self.found.push(Found { class, direction, family, others, ports });
                }
            }
            let ([before, _], [after, _]) = (before, after);
            self.units(class, [before, after], units, direction);
            self.outside(class, [before, after], direction);
        }
    }

    fn units(&mut self, class: ClassId, [before, after]: [&Row; 2], units: &[Unit], direction: Direction) {
        for (at, other) in units.iter().enumerate() {
            for family in Family::ALL {
                let [old, new] = other.face(family);
                let ports = [find(before, LOCAL + old), find(after, LOCAL + new)];
                let with = self.classes.get(at).map_or(0, |classes| *of(classes, family));
                self.put(class, with, direction, ports);
            }
        }
    }

    fn outside(&mut self, class: ClassId, [before, after]: [&Row; 2], direction: Direction) {
        let [old, new] = self.halves;
        if Arc::ptr_eq(&old.outer, &new.outer) && before == after {
            return;
        }
        for at in 0..self.stretches.len() {
            let Some(stretch) = self.stretches.get(at) else { continue };
            let [old, new] = stretch.face;
            let ports = [find(before, OUTSIDE + old), find(after, OUTSIDE + new)];
            let [before, after] = self.halves;
            if ports[0] == ports[1] || before.borne.contains(old) || after.borne.contains(new) {
                continue;
            }
            let with = match self.meant.get(&at) {
                Some(with) => *with,
                None => {
                    let with = self.class();
                    self.meant.insert(at, with);
                    with
                }
            };
            self.put(class, with, direction, ports);
        }
    }

    /// Notes what a class may do with another, and the other with it.
    fn put(&mut self, class: ClassId, with: ClassId, direction: Direction, ports: [PortsId; 2]) {
        if ports[0] == ports[1] {
            return;
        }
        let turned = direction.other();
        for when in When::ALL {
            let ports = *when.of(&ports);
            if ports != NOTHING {
                self.cards
                    .entry((when, direction, class))
                    .or_default()
                    .entry(ports)
                    .or_default()
                    .insert(with);
                self.cards.entry((when, turned, with)).or_default().entry(ports).or_default().insert(class);
            }
        }
    }

    fn finish(mut self, mut units: Vec<Unit>, table: &PortTable) -> World {
        let touched = units.len();
        let has_two_faced = {
            let [half, _] = self.halves;
            let [v4, v6] = &half.others;
            !v4.is_disjoint(v6) || units.iter().any(Unit::is_two_faced)
        };
        for (unit, [v4, v6]) in units.iter_mut().zip(&self.classes) {
            unit.faces = [[*v4; 2], [*v6; 2]];
        }
        let bunches = self.bunches();
        for bunch in &bunches {
            units.extend(self.bunch(bunch));
        }
        let meant = std::mem::take(&mut self.meant);
        let stretches = std::mem::take(&mut self.stretches).into_iter().enumerate();
        let outside = stretches.filter_map(|(at, stretch)| {
            let class = *meant.get(&at)?;
            Some(Stretch { face: [class; 2], ..stretch })
        });
        let joint = Joint::of_some(units, outside.collect(), has_two_faced, self.next as usize);
        let cell = |(ports, with): (PortsId, RoaringBitmap)| Cell::new(with, table.get(ports), ports);
        let cards: Vec<_> = self.cards.into_iter().collect();
        let cells = cards.into_iter().map(|(key, cards)| (key, cards.into_iter().map(cell).collect()));
        World { joint, touched, bunches, cells: cells.collect() }
    }

    /// The others who take part, split until each difference holds for all of a bunch or for none.
    fn bunches(&self) -> Vec<RoaringBitmap> {
        let [half, _] = self.halves;
        let [v4, v6] = &half.others;
        let (both, unknown) = (v4 & v6, &half.unknown);
        let mut bunches: Vec<RoaringBitmap> = vec![v4 - &both - unknown, v6 - &both, both, unknown.clone()];
        for found in &self.found {
            let mut split = Vec::new();
            for bunch in &mut bunches {
                let inside = &*bunch & &found.others;
                if !inside.is_empty() && inside.len() < bunch.len() {
                    *bunch -= &inside;
                    split.push(inside);
                }
            }
            bunches.append(&mut split);
        }
        let is_found = |bunch: &RoaringBitmap| {
            let one = bunch.min();
            one.is_some_and(|one| self.found.iter().any(|found| found.others.contains(one)))
        };
        bunches.retain(is_found);
        bunches
    }

    /// A bunch as a unit.
    fn bunch(&mut self, bunch: &RoaringBitmap) -> Option<Unit> {
        let one = bunch.min()?;
        let [half, _] = self.halves;
        let [v4, v6] = &half.others;
        let has = [v4.contains(one) && !half.unknown.contains(one), v6.contains(one)];
        let (class, other) = (self.class(), self.class());
        let faces = match has {
            [true, true] => Faces::new(Some(class), Some(other), None),
            [true, false] => Faces::new(Some(class), None, None),
            [false, true] => Faces::new(None, Some(class), None),
            [false, false] => Faces::new(None, None, Some(class)),
        };
        let mut unit = Unit::new(&self.nobody, faces, faces)?;
        unit.pods = [bunch.clone(), bunch.clone()];
        let found = std::mem::take(&mut self.found);
        for found in found.iter().filter(|found| found.others.contains(one)) {
            // Seen by IPv4: pods that have it, and those whose address nobody knows.
            let [with, _] = unit.face(found.family);
            self.put(found.class, with, found.direction, found.ports);
        }
        self.found = found;
        Some(unit)
    }
}
