//! The answer as a list: equal connections merged, their ends named in the fewest words.

use super::{
    Cell, Reach,
    bitmaps::Key,
    class::{ClassId, Family},
    filter::Filter,
    party::Party,
    ports::PortsId,
    roster::{Faces, Roster},
    sides::number,
};
use crate::{object::Direction, set::PortSet, threads};
use roaring::RoaringBitmap;
use std::{
    collections::{BTreeMap, HashMap},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

/// Connections that are allowed: from each of one end to each of the other, on each of the ports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Connection {
    /// Who may open them.
    pub from: Arc<Party>,
    /// To whom.
    pub to: Arc<Party>,
    /// The only family that this holds for, where the other has another answer.
    pub family: Option<Family>,
    /// On which ports; never none.
    pub ports: Arc<PortSet>,
}

/// The connections that `filter` asks for, in few rows, sorted: pods before addresses on either end.
///
/// Ends that are answered alike share a row: seen from either side, whichever gives fewer rows.
#[must_use]
pub fn connections(reach: &Reach, filter: &Filter) -> Vec<Connection> {
    let roster = Roster::of(reach, filter);
    let fewest = AtomicUsize::new(usize::MAX);
    let seen_by = |direction| Rows::new(&roster, reach, filter, direction).filled(&fewest);
    let (by_source, by_destination) =
        threads::both(|| seen_by(Direction::Egress), || seen_by(Direction::Ingress));
    let is_shorter = by_source.merged.len() < by_destination.merged.len();
    let (rows, longer) = if is_shorter { (by_source, by_destination) } else { (by_destination, by_source) };
    // Of a large cluster there is no room for both and for all the names.
    drop(longer);
    rows.connections(&roster)
}

/// Units, and the ports that they may be talked to on.
type Seen = Vec<(Key, u32)>;
/// Units, as one end of a row.
type Side = (Option<Family>, Key, u32);

/// The rows as seen by the ends of one direction's subjects.
struct Rows<'r> {
    reach: &'r Reach,
    roster: &'r Roster<'r>,
    direction: Direction,
    /// What the subjects are asked about.
    peers: RoaringBitmap,
    subjects: RoaringBitmap,
    ports: Ports<'r>,
    /// The subjects of each (family, peers, ports).
    merged: HashMap<Side, RoaringBitmap>,
    /// What cells, by their address, are as units.
    seen: HashMap<(usize, Option<Family>), Seen>,
}

impl<'r> Rows<'r> {
    fn new(roster: &'r Roster<'r>, reach: &'r Reach, filter: &'r Filter, direction: Direction) -> Self {
        let is_from = direction == Direction::Egress;
        Self {
            reach,
            roster,
            direction,
            peers: roster.asked(!is_from),
            subjects: roster.asked(is_from),
            ports: Ports::new(filter.ports.as_ref()),
            merged: HashMap::new(),
            seen: HashMap::new(),
        }
    }

    /// Fills in the rows. With more of them than the other side needs, which it says in `fewest`, there is no
    /// need to go on.
    fn filled(mut self, fewest: &AtomicUsize) -> Self {
        let mut alike: BTreeMap<Faces, RoaringBitmap> = BTreeMap::new();
        for (at, group) in self.roster.groups.iter().enumerate() {
            if self.subjects.contains(number(at)) {
                alike.entry(group.faces).or_default().insert(number(at));
            }
        }
        for (faces, subjects) in alike {
            if self.merged.len() > fewest.load(Ordering::Relaxed) {
                return self;
            }
            for side in self.of_faces(faces) {
                *self.merged.entry(side).or_default() |= &subjects;
            }
        }
        self.outside();
        fewest.fetch_min(self.merged.len(), Ordering::Relaxed);
        self
    }

    fn outside(&mut self) {
        for at in 0..self.reach.classes.externals.len() {
            let unit = self.roster.unit_outside(at);
            if !self.subjects.contains(unit) {
                continue;
            }
            for (peers, ports) in self.seen(self.reach.classes.external(at), None) {
                self.merged.entry((None, peers, ports)).or_default().insert(unit);
            }
        }
    }

    fn cells(&self, class: ClassId) -> Arc<[Cell]> {
        match self.direction {
            Direction::Ingress => self.reach.sources(class),
            Direction::Egress => self.reach.destinations(class),
        }
    }

    /// What pods with these faces are answered. Where packets of both families can go between two, and
    /// the answers differ, each is told by itself.
    fn of_faces(&mut self, faces: Faces) -> Vec<Side> {
        let [v4, v6] = Family::ALL.map(|family| Some((faces.of(family)?, family)));
        if let (Some((v4, _)), Some((v6, _))) = (v4, v6)
            && !self.roster.both.is_empty()
        {
            let (v4, v6) = (self.seen(v4, Some(Family::V4)), self.seen(v6, Some(Family::V6)));
            return self.joined(v4, v6);
        }
        // Of one face, or of one that is met by both families: it is the whole answer.
        let class = faces.classes().next();
        let cells = class.map(|class| self.seen(class, None)).unwrap_or_default();
        cells.into_iter().map(|(peers, ports)| (None, peers, ports)).collect()
    }

    fn joined(&self, v4: Seen, v6: Seen) -> Vec<Side> {
        let mut by_ports: BTreeMap<u32, [RoaringBitmap; 2]> = BTreeMap::new();
        for (peers, ports) in v4 {
            by_ports.entry(ports).or_default()[0] |= &**peers.bitmap();
        }
        for (peers, ports) in v6 {
            by_ports.entry(ports).or_default()[1] |= &**peers.bitmap();
        }
        let mut joined = Vec::new();
        for (ports, [v4, v6]) in by_ports {
            let differ = (&v4 ^ &v6) & &self.roster.both;
            joined.push((None, (&v4 | &v6) - &differ, ports));
            joined.push((Some(Family::V4), v4 & &differ, ports));
            joined.push((Some(Family::V6), v6 & differ, ports));
        }
        joined.retain(|(_, peers, _)| !peers.is_empty());
        joined.into_iter().map(|(family, peers, ports)| (family, Key::of(peers), ports)).collect()
    }

    /// The cells of a class as units that packets of `family` can go to, those that are asked about.
    fn seen(&mut self, class: ClassId, family: Option<Family>) -> Seen {
        let cells = self.cells(class);
        let key = (cells.as_ptr().addr(), family);
        if let Some(seen) = self.seen.get(&key) {
            return seen.clone();
        }
        let mut seen = Vec::with_capacity(cells.len());
        for cell in cells.iter() {
            let Some(ports) = self.ports.of(cell) else { continue };
            let is_met = |class: &ClassId| {
                let of = self.reach.class(*class).and_then(|class| class.family);
                family.is_none_or(|family| of.is_none_or(|of| of == family))
            };
            let units = self.roster.units_of(cell.with.iter().filter(is_met)) & &self.peers;
            if !units.is_empty() {
                seen.push((Key::of(units), ports));
            }
        }
        // INVARIANT: the answer keeps its cells, so no other has their address while it lives.
        if !cells.is_empty() {
            self.seen.insert(key, seen.clone());
        }
        seen
    }

    fn connections(self, roster: &Roster<'_>) -> Vec<Connection> {
        let is_from = self.direction == Direction::Egress;
        let mut names: [HashMap<Key, Arc<Party>>; 2] = Default::default();
        let mut connections: Vec<Connection> = Vec::with_capacity(self.merged.len());
        let mut name = |units: Key, is_from: bool| {
            let side = usize::from(is_from);
            let named = names.get_mut(side).map(|names| {
                let party = |units: &Key| Arc::new(roster.party(units.bitmap(), is_from));
                Arc::clone(names.entry(units.clone()).or_insert_with_key(party))
            });
            named.unwrap_or_default()
        };
        let merged: Vec<(Side, RoaringBitmap)> = self.merged.into_iter().collect();
        for ((family, peers, ports), subjects) in merged {
            let (peers, subjects) = (name(peers, !is_from), name(Key::of(subjects), is_from));
            let (from, to) = if is_from { (subjects, peers) } else { (peers, subjects) };
            connections.push(Connection { from, to, family, ports: self.ports.get(ports) });
        }
        let key = |c: &Connection| (Arc::clone(&c.from), Arc::clone(&c.to), c.family, Arc::clone(&c.ports));
        connections.sort_by_cached_key(key);
        connections
    }
}

/// The ports that are asked for, by number.
struct Ports<'f> {
    asked: Option<&'f PortSet>,
    sets: Vec<Arc<PortSet>>,
    numbers: HashMap<Arc<PortSet>, u32>,
    of_cells: HashMap<PortsId, Option<u32>>,
}

impl<'f> Ports<'f> {
    fn new(asked: Option<&'f PortSet>) -> Self {
        Self { asked, sets: Vec::new(), numbers: HashMap::new(), of_cells: HashMap::new() }
    }

    /// The number of a cell's ports, as far as they are asked for.
    fn of(&mut self, cell: &Cell) -> Option<u32> {
        if let Some(known) = self.of_cells.get(&cell.id) {
            return *known;
        }
        let ports = match self.asked {
            Some(asked) => Arc::new(asked.intersection(&cell.ports)),
            None => Arc::clone(&cell.ports),
        };
        let known = (!ports.is_empty()).then(|| {
            let next = number(self.sets.len());
            *self.numbers.entry(Arc::clone(&ports)).or_insert_with(|| {
                self.sets.push(ports);
                next
            })
        });
        self.of_cells.insert(cell.id, known);
        known
    }

    fn get(&self, ports: u32) -> Arc<PortSet> {
        self.sets.get(ports as usize).cloned().unwrap_or_default()
    }
}
