//! The rows of one direction, and the same turned round: by subject, and by peer.

use super::{bitmaps, class::ClassId, ports::PortsId, row::Row, sides::number};
use roaring::RoaringBitmap;
use std::{collections::HashMap, sync::Arc};

/// Subjects that all allow the same ports with the same peers.
#[derive(Debug)]
pub(super) struct Rectangle {
    pub(super) subjects: RoaringBitmap,
    pub(super) ports: PortsId,
}

/// What the classes that policies have a say about allow in one direction.
#[derive(Debug, Default)]
pub(super) struct Turned {
    rows: Vec<Arc<Row>>,
    /// The row of each class, where policies have a say about it.
    row_of: Vec<Option<u32>>,
    /// The classes that have a row.
    closed: RoaringBitmap,
    rectangles: Vec<Rectangle>,
    /// The distinct lists of rectangles that a peer is in, sorted.
    lists: Vec<Vec<u32>>,
    /// The list of each class as a peer.
    list_of: Vec<u32>,
}

impl Turned {
    /// Of the row of each class, for `classes` classes as peers.
    pub(super) fn of(rows: Vec<Arc<Row>>, row_of: Vec<Option<u32>>, classes: usize) -> Self {
        let mut turned = Self { rows, row_of, ..Self::default() };
        let mut subjects: Vec<RoaringBitmap> = vec![RoaringBitmap::new(); turned.rows.len()];
        for (class, row) in (0..).zip(&turned.row_of) {
            let Some(row) = row else { continue };
            turned.closed.insert(class);
            if let Some(subjects) = subjects.get_mut(*row as usize) {
                subjects.insert(class);
            }
        }
        let lists = turned.turn(&subjects, classes);
        turned.share(lists);
        turned
    }

    /// Makes the rectangles. Rows that allow the same ports with the same peers share one: a rule for
    /// everybody is in many rows, and its peers are walked once.
    fn turn(&mut self, subjects: &[RoaringBitmap], classes: usize) -> Vec<Vec<u32>> {
        let mut numbers: HashMap<(bitmaps::Key, PortsId), usize> = HashMap::new();
        let mut peers = Vec::new();
        for (row, subjects) in self.rows.iter().zip(subjects) {
            for (members, ports) in row.cells() {
                let key = bitmaps::Key::of(members.clone());
                let next = self.rectangles.len();
                let at = *numbers.entry((key.clone(), *ports)).or_insert(next);
                if at == next {
                    self.rectangles.push(Rectangle { subjects: RoaringBitmap::new(), ports: *ports });
                    peers.push(key);
                }
                if let Some(rectangle) = self.rectangles.get_mut(at) {
                    rectangle.subjects |= subjects;
                }
            }
        }
        let mut lists: Vec<Vec<u32>> = vec![Vec::new(); classes];
        for (at, peers) in peers.iter().enumerate() {
            for peer in peers.bitmap().iter() {
                if let Some(list) = lists.get_mut(peer as usize) {
                    list.push(number(at));
                }
            }
        }
        lists
    }

    fn share(&mut self, lists: Vec<Vec<u32>>) {
        let mut numbers: HashMap<Vec<u32>, u32> = HashMap::new();
        for list in lists {
            let next = number(self.lists.len());
            let at = match numbers.get(&list) {
                Some(at) => *at,
                None => {
                    self.lists.push(list.clone());
                    numbers.insert(list, next);
                    next
                }
            };
            self.list_of.push(at);
        }
    }

    /// The classes about which some policy has a say in this direction: the others allow everything.
    pub(super) fn closed(&self) -> &RoaringBitmap {
        &self.closed
    }

    /// The number of the row of a class, where policies have a say about it.
    pub(super) fn row_of(&self, class: ClassId) -> Option<u32> {
        self.row_of.get(class as usize).copied().flatten()
    }

    /// The row of this number.
    pub(super) fn row(&self, row: u32) -> Option<&Row> {
        self.rows.get(row as usize).map(AsRef::as_ref)
    }

    /// The number of the list of rectangles that a peer is in.
    pub(super) fn list_of(&self, peer: ClassId) -> u32 {
        self.list_of.get(peer as usize).copied().unwrap_or_default()
    }

    /// The rectangles of a list: who allows which ports with the peers that have it.
    pub(super) fn rectangles(&self, list: u32) -> impl Iterator<Item = &Rectangle> {
        let list = self.lists.get(list as usize).into_iter().flatten();
        list.filter_map(|at| self.rectangles.get(*at as usize))
    }
}
