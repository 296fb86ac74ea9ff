//! Small numbers for sets of ports: a thousand policies write a handful of them.

use crate::set::PortSet;
use std::{collections::HashMap, sync::Arc};

/// The number of a set of ports.
pub(crate) type PortsId = u32;

/// The empty set.
pub(crate) const NOTHING: PortsId = 0;
/// Every port of every protocol.
pub(crate) const EVERYTHING: PortsId = 1;

/// Sets of ports by number. Equal sets have equal numbers.
#[derive(Debug)]
pub(crate) struct PortTable {
    sets: Vec<Arc<PortSet>>,
    ids: HashMap<Arc<PortSet>, PortsId>,
    unions: HashMap<(PortsId, PortsId), PortsId>,
    intersections: HashMap<(PortsId, PortsId), PortsId>,
    differences: HashMap<(PortsId, PortsId), PortsId>,
}

impl PortTable {
    pub(crate) fn new() -> Self {
        let mut table = Self {
            sets: Vec::new(),
            ids: HashMap::new(),
            unions: HashMap::new(),
            intersections: HashMap::new(),
            differences: HashMap::new(),
        };
        // INVARIANT: the first two numbers are `NOTHING` and `EVERYTHING`.
        table.id(PortSet::empty());
        table.id(PortSet::all());
        table
    }

    /// The number of `set`.
    pub(crate) fn id(&mut self, set: PortSet) -> PortsId {
        if let Some(id) = self.ids.get(&set) {
            return *id;
        }
        let set = Arc::new(set);
        // INVARIANT: there are fewer distinct sets than rules, and fewer rules than 2^32.
        let id = PortsId::try_from(self.sets.len()).unwrap_or(PortsId::MAX);
        self.sets.push(Arc::clone(&set));
        self.ids.insert(set, id);
        id
    }

    /// The set with this number.
    pub(crate) fn get(&self, id: PortsId) -> Arc<PortSet> {
        self.sets.get(id as usize).cloned().unwrap_or_default()
    }

    /// Takes in the sets of another table. Returns the number here of each number there.
    pub(crate) fn absorb(&mut self, other: &Self) -> Vec<PortsId> {
        other.sets.iter().map(|set| self.id((**set).clone())).collect()
    }

    pub(crate) fn union(&mut self, a: PortsId, b: PortsId) -> PortsId {
        match (a.min(b), a.max(b)) {
            (NOTHING, other) => other,
            (EVERYTHING, _) => EVERYTHING,
            (a, b) if a == b => a,
            pair => match self.unions.get(&pair) {
                Some(id) => *id,
                None => {
                    let set = self.get(pair.0).union(&self.get(pair.1));
                    let id = self.id(set);
                    self.unions.insert(pair, id);
                    id
                }
            },
        }
    }

    pub(crate) fn intersection(&mut self, a: PortsId, b: PortsId) -> PortsId {
        match (a.min(b), a.max(b)) {
            (NOTHING, _) => NOTHING,
            (EVERYTHING, other) => other,
            (a, b) if a == b => a,
            pair => match self.intersections.get(&pair) {
                Some(id) => *id,
                None => {
                    let set = self.get(pair.0).intersection(&self.get(pair.1));
                    let id = self.id(set);
                    self.intersections.insert(pair, id);
                    id
                }
            },
        }
    }

    /// What is in `a` and not in `b`.
    pub(crate) fn difference(&mut self, a: PortsId, b: PortsId) -> PortsId {
        match (a, b) {
            (NOTHING, _) | (_, EVERYTHING) => NOTHING,
            (_, NOTHING) => a,
            (a, b) if a == b => NOTHING,
            pair => match self.differences.get(&pair) {
                Some(id) => *id,
                None => {
                    let set = self.get(a).difference(&self.get(b));
                    let id = self.id(set);
                    self.differences.insert(pair, id);
                    id
                }
            },
        }
    }
}
