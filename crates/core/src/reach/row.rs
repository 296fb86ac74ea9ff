//! What one profile allows, to everybody at once.

use super::{
    class::ClassId,
    ports::{NOTHING, PortTable, PortsId},
};
use roaring::RoaringBitmap;

/// Which ports are allowed with whom. Those in no cell: none.
///
/// INVARIANT: the cells are disjoint and not empty, and each has ports of its own.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Row {
    cells: Vec<(RoaringBitmap, PortsId)>,
}

impl Row {
    /// Allows `ports` with `who` as well (S10).
    pub(crate) fn add(&mut self, who: &RoaringBitmap, ports: PortsId, table: &mut PortTable) {
        if ports == NOTHING || who.is_empty() {
            return;
        }
        let mut rest = who.clone();
        let mut split = Vec::new();
        for (members, has) in &mut self.cells {
            let union = table.union(*has, ports);
            if union == *has {
                rest -= &*members;
                continue;
            }
            let both = &*members & &rest;
            if both.is_empty() {
                continue;
            }
            rest -= &both;
            *members -= &both;
            split.push((both, union));
        }
        split.push((rest, ports));
        for (members, ports) in split {
            self.put(members, ports);
        }
        self.cells.retain(|(members, _)| !members.is_empty());
    }

    /// Puts in `who`, whom no cell has.
    pub(crate) fn put(&mut self, who: RoaringBitmap, ports: PortsId) {
        if who.is_empty() || ports == NOTHING {
            return;
        }
        match self.cells.iter_mut().find(|(_, has)| *has == ports) {
            Some((there, _)) => *there |= who,
            None => self.cells.push((who, ports)),
        }
    }

    /// What both rows allow (S11, S26).
    pub(crate) fn both(&self, other: &Self, table: &mut PortTable) -> Self {
        let mut both = Self::default();
        for (members, ports) in &self.cells {
            for (others, theirs) in &other.cells {
                both.put(members & others, table.intersection(*ports, *theirs));
            }
        }
        both
    }

    /// What this row allows and the other does not.
    pub(crate) fn without(&self, other: &Self, table: &mut PortTable) -> Self {
        let mut without = Self::default();
        for (members, ports) in &self.cells {
            let mut rest = members.clone();
            for (others, theirs) in &other.cells {
                let both = &rest & others;
                if !both.is_empty() {
                    rest -= &both;
                    without.put(both, table.difference(*ports, *theirs));
                }
            }
            without.put(rest, *ports);
        }
        without
    }

    /// Allows what `other` does as well.
    pub(crate) fn append(&mut self, other: &Self, table: &mut PortTable) {
        for (members, ports) in &other.cells {
            self.add(members, *ports, table);
        }
    }

    /// Takes the numbers of ports for others, which tell the same sets apart.
    pub(crate) fn renumber(&mut self, numbers: &[PortsId]) {
        for (_, ports) in &mut self.cells {
            *ports = numbers.get(*ports as usize).copied().unwrap_or(*ports);
        }
    }

    /// The cells.
    pub(crate) fn cells(&self) -> &[(RoaringBitmap, PortsId)] {
        &self.cells
    }

    /// Takes a class out.
    pub(crate) fn remove(&mut self, who: ClassId) {
        for (members, _) in &mut self.cells {
            members.remove(who);
        }
        self.cells.retain(|(members, _)| !members.is_empty());
    }

    pub(crate) fn into_cells(self) -> Vec<(RoaringBitmap, PortsId)> {
        self.cells
    }
}
