//! What differs, as few rows: who, with whom, on which ports before and after.

use super::joint::{Joint, When};
use crate::{
    index::RoaringBitmap,
    object::Direction,
    reach::{Cell, ClassId, Family, Key, number},
    set::PortSet,
};
use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

/// A number for a set of ports; 0 for none.
type PortsId = u32;

/// Units, and the ports that they may talk on before and after; these differ.
#[derive(Clone, Debug)]
pub(super) struct Differing {
    pub(super) peers: RoaringBitmap,
    pub(super) ports: [PortsId; 2],
}

/// How a subject is asked: by packets of which family, and which peers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Question {
    /// The classes of the subject.
    face: [ClassId; 2],
    family: Family,
    /// Peers that have IPv4, that have IPv6; addresses of each outside.
    having: [bool; 2],
    beyond: [bool; 2],
}

/// Units that differ alike.
#[derive(Clone, Debug)]
pub(super) struct Row {
    pub(super) from: RoaringBitmap,
    pub(super) to: RoaringBitmap,
    /// The only family that this holds for.
    pub(super) family: Option<Family>,
    /// The ports before, and after.
    pub(super) ports: [Arc<PortSet>; 2],
}

/// Says what the classes of either state may do.
pub(super) trait Cells {
    /// Who may reach a class of a state, or whom it may.
    fn cells(&self, when: When, direction: Direction, class: ClassId) -> Arc<[Cell]>;
}

/// The differences between two states; as seen by the ends of whichever direction's subjects gives
/// fewer rows.
pub(super) fn rows(joint: &Joint, answers: &dyn Cells) -> Vec<Row> {
    let by_destination = Rows::new(joint, answers, Direction::Ingress).filled();
    if by_destination.merged.len() <= 1 {
        return by_destination.finish();
    }
    let by_source = Rows::new(joint, answers, Direction::Egress).filled();
    if by_source.merged.len() < by_destination.merged.len() {
        by_source.finish()
    } else {
        by_destination.finish()
    }
}

/// Units, and the ports that they may be talked to on.
type Seen = (RoaringBitmap, PortsId);
/// The cells before and after, and what is asked of them.
type Asked = ([*const Cell; 2], Family, [bool; 4]);

struct Rows<'j> {
    joint: &'j Joint,
    answers: &'j dyn Cells,
    direction: Direction,
    sets: Vec<Arc<PortSet>>,
    numbers: HashMap<Arc<PortSet>, PortsId>,
    /// The cells of a state, seen by packets of a family, by where the cells are in memory.
    seen: HashMap<(*const Cell, When, Family), Arc<[Seen]>>,
    /// What differs, by the cells and the question.
    known: HashMap<Asked, Arc<[Differing]>>,
    /// The subjects of each (family, peers, ports).
    merged: HashMap<(Option<Family>, Key, [PortsId; 2]), RoaringBitmap>,
}

impl<'j> Rows<'j> {
    fn new(joint: &'j Joint, answers: &'j dyn Cells, direction: Direction) -> Self {
        let nothing = Arc::new(PortSet::empty());
        Self {
            joint,
            answers,
            direction,
            sets: vec![Arc::clone(&nothing)],
            numbers: HashMap::from([(nothing, 0)]),
            seen: HashMap::new(),
            known: HashMap::new(),
            merged: HashMap::new(),
        }
    }

    fn filled(mut self) -> Self {
        let mut alike: BTreeMap<Vec<Question>, RoaringBitmap> = BTreeMap::new();
        for unit in &self.joint.everybody {
            alike.entry(self.questions(unit)).or_default().insert(unit);
        }
        for (questions, subjects) in alike {
            for (family, peers, ports) in self.answers(&questions) {
                *self.merged.entry((family, Key::of(peers), ports)).or_default() |= &subjects;
            }
        }
        self
    }

    /// What to ask about a subject: once, or for each family where a family has an answer of its own.
    fn questions(&self, at: u32) -> Vec<Question> {
        let family = |v4: bool| if v4 { Family::V4 } else { Family::V6 };
        if let Some(stretch) = self.joint.stretch(at) {
            let (face, family) = (stretch.face, stretch.family);
            return vec![Question { face, family, having: [true; 2], beyond: [false; 2] }];
        }
        let Some(unit) = self.joint.unit(at) else { return Vec::new() };
        let [v4, v6] = unit.has;
        let told_apart = unit.is_two_faced() || (v4 && v6 && self.joint.has_two_faced);
        if !told_apart {
            let family = family(v4);
            return vec![Question { face: unit.face(family), family, having: unit.has, beyond: [true; 2] }];
        }
        let of =
            |family: Family, having, beyond| Question { face: unit.face(family), family, having, beyond };
        vec![of(Family::V4, [v4, false], [true, false]), of(Family::V6, [false, v6], [false, true])]
    }

    fn answers(&mut self, questions: &[Question]) -> Vec<(Option<Family>, RoaringBitmap, [PortsId; 2])> {
        let answers: Vec<Arc<[Differing]>> =
            questions.iter().map(|question| self.answer(*question)).collect();
        match answers.as_slice() {
            [v4, v6] => self.joined(v4, v6),
            _ => answers
                .iter()
                .flat_map(|answer| answer.iter())
                .map(|differing| (None, differing.peers.clone(), differing.ports))
                .collect(),
        }
    }

    /// Where packets of both families can go and the answers differ, each is told by itself.
    fn joined(
        &self,
        v4: &[Differing],
        v6: &[Differing],
    ) -> Vec<(Option<Family>, RoaringBitmap, [PortsId; 2])> {
        let mut by_ports: BTreeMap<[PortsId; 2], [RoaringBitmap; 2]> = BTreeMap::new();
        for differing in v4 {
            by_ports.entry(differing.ports).or_default()[0] |= &differing.peers;
        }
        for differing in v6 {
            by_ports.entry(differing.ports).or_default()[1] |= &differing.peers;
        }
        let [having_v4, having_v6] = &self.joint.having;
        let both = having_v4 & having_v6;
        let mut joined = Vec::new();
        for (ports, [v4, v6]) in by_ports {
            let differ = (&v4 ^ &v6) & &both;
            joined.push((None, (&v4 | &v6) - &differ, ports));
            joined.push((Some(Family::V4), v4 & &differ, ports));
            joined.push((Some(Family::V6), v6 & differ, ports));
        }
        joined.retain(|(_, peers, _)| !peers.is_empty());
        joined
    }

    fn answer(&mut self, question: Question) -> Arc<[Differing]> {
        let of = |when: When| self.answers.cells(when, self.direction, *when.of(&question.face));
        let cells = When::ALL.map(of);
        let ([h4, h6], [b4, b6]) = (question.having, question.beyond);
        // INVARIANT: the answers keep their cells, so no others have their address while they live;
        // empty ones are all alike.
        let place =
            cells.each_ref().map(|cells| if cells.is_empty() { std::ptr::null() } else { cells.as_ptr() });
        let key = (place, question.family, [h4, h6, b4, b6]);
        if let Some(known) = self.known.get(&key) {
            return Arc::clone(known);
        }
        let [before, after] = &cells;
        let before = self.seen(before, When::Old, question.family);
        let after = self.seen(after, When::New, question.family);
        let differing: Arc<[Differing]> = match before == after {
            true => Arc::new([]),
            false => differing(&before, &after, &self.asked(question)).into(),
        };
        self.known.insert(key, Arc::clone(&differing));
        differing
    }

    /// The peers that a question is about.
    fn asked(&self, question: Question) -> RoaringBitmap {
        let pick = |sets: &[RoaringBitmap; 2], wanted: [bool; 2]| {
            let wanted = sets.iter().zip(wanted).filter(|(_, wanted)| *wanted);
            wanted.fold(RoaringBitmap::new(), |all, (set, _)| all | set)
        };
        pick(&self.joint.having, question.having) | pick(&self.joint.beyond, question.beyond)
    }

    fn seen(&mut self, cells: &Arc<[Cell]>, when: When, family: Family) -> Arc<[(RoaringBitmap, PortsId)]> {
        let key = (cells.as_ptr(), when, family);
        if let Some(seen) = self.seen.get(&key).filter(|_| !cells.is_empty()) {
            return Arc::clone(seen);
        }
        let mut seen: Vec<(RoaringBitmap, PortsId)> = Vec::with_capacity(cells.len());
        for cell in cells.iter() {
            seen.push((self.joint.units_of(when, family, &cell.with), self.number(&cell.ports)));
        }
        seen.retain(|(units, _)| !units.is_empty());
        let seen: Arc<[(RoaringBitmap, PortsId)]> = seen.into();
        self.seen.insert(key, Arc::clone(&seen));
        seen
    }

    fn number(&mut self, ports: &Arc<PortSet>) -> PortsId {
        if let Some(known) = self.numbers.get(ports) {
            return *known;
        }
        let next = number(self.sets.len());
        self.sets.push(Arc::clone(ports));
        self.numbers.insert(Arc::clone(ports), next);
        next
    }

    fn finish(self) -> Vec<Row> {
        let ports = |id: PortsId| self.sets.get(id as usize).cloned().unwrap_or_default();
        let merged: Vec<_> = self.merged.into_iter().collect();
        let row = |((family, peers, both), subjects): ((Option<Family>, Key, [PortsId; 2]), _)| {
            let peers = RoaringBitmap::clone(peers.bitmap());
            let (from, to) = match self.direction {
                Direction::Ingress => (peers, subjects),
                Direction::Egress => (subjects, peers),
            };
            Row { from, to, family, ports: both.map(ports) }
        };
        merged.into_iter().map(row).collect()
    }
}

/// Where cells of the states differ, among those that are asked about.
pub(super) fn differing(
    before: &[(RoaringBitmap, PortsId)],
    after: &[(RoaringBitmap, PortsId)],
    asked: &RoaringBitmap,
) -> Vec<Differing> {
    let mut differing: BTreeMap<[PortsId; 2], RoaringBitmap> = BTreeMap::new();
    let mut put = |ports, peers: RoaringBitmap| {
        if !peers.is_empty() {
            *differing.entry(ports).or_default() |= peers;
        }
    };
    let mut opened: Vec<(RoaringBitmap, PortsId)> =
        after.iter().map(|(units, ports)| (units & asked, *ports)).collect();
    for (units, old) in before {
        let mut rest = units & asked;
        for (others, new) in &mut opened {
            let both = &rest & &*others;
            rest -= &both;
            *others -= &both;
            if old != new {
                put([*old, *new], both);
            }
        }
        put([*old, 0], rest);
    }
    opened.into_iter().for_each(|(units, new)| put([0, new], units));
    differing.into_iter().map(|(ports, peers)| Differing { peers, ports }).collect()
}
