//! Both sides together: whom each class may talk to (S11).

use super::{
    class::{ClassId, Classes, Standing},
    ports::{EVERYTHING, PortTable, PortsId},
    row::Row,
    sides::number,
    turned::Turned,
};
use crate::set::PortSet;
use roaring::RoaringBitmap;
use std::{collections::HashMap, sync::Arc};

/// Classes, and the ports on which all of them may be talked to.
#[derive(Clone, Debug, PartialEq)]
pub struct Cell {
    /// The classes.
    pub with: RoaringBitmap,
    /// The ports; never none.
    pub ports: Arc<PortSet>,
    pub(super) id: PortsId,
}

impl Cell {
    /// Of classes, and ports with the number that they have in one table of such.
    pub(crate) fn new(with: RoaringBitmap, ports: Arc<PortSet>, id: PortsId) -> Self {
        Self { with, ports, id }
    }
}

/// The cells of each class, in one direction. Classes with the same answer share it.
#[derive(Debug, Default)]
pub(super) struct Answers {
    of: Vec<Arc<[Cell]>>,
}

/// What the answer of a class depends on: its row, its lists as a peer of others, where it stands;
/// and for a shared address, which is never its own peer, the class itself (S21, S26).
type Depends = (Option<u32>, u32, Standing, Option<ClassId>);

impl Answers {
    /// Of `own` rows, those of the subjects asked about, and of the `other` direction's.
    pub(super) fn compute(classes: &Classes, own: &Turned, other: &Turned, ports: &mut PortTable) -> Self {
        let mut known: HashMap<Depends, Arc<[Cell]>> = HashMap::new();
        let mut of = Vec::with_capacity(classes.list.len());
        for (at, class) in classes.list.iter().enumerate() {
            let at = number(at);
            let itself = class.is_shared().then_some(at);
            let depends = (own.row_of(at), other.list_of(at), class.standing, itself);
            let answer = known.entry(depends).or_insert_with(|| {
                let row = own.row_of(at).and_then(|row| own.row(row));
                let mut met = met(row, classes.met_by(class), other, other.list_of(at), ports);
                if let Some(itself) = itself {
                    met.remove(itself);
                }
                cells(met, ports)
            });
            of.push(Arc::clone(answer));
        }
        Self { of }
    }

    /// The cells of a class; none of one that is not there.
    pub(super) fn of(&self, class: ClassId) -> Arc<[Cell]> {
        self.of.get(class as usize).cloned().unwrap_or_else(|| Arc::new([]))
    }
}

/// What a row allows of those that packets can go to, where they allow it as well.
fn met(row: Option<&Row>, meeting: &RoaringBitmap, other: &Turned, list: u32, ports: &mut PortTable) -> Row {
    let everything;
    let base = match row {
        Some(row) => row.cells(),
        None => {
            everything = [(meeting.clone(), EVERYTHING)];
            &everything
        }
    };
    let mut met = Row::default();
    for (members, allowed) in base {
        let members = members & meeting;
        let closed = &members & other.closed();
        met.put(members - &closed, *allowed);
        if closed.is_empty() {
            continue;
        }
        for rectangle in other.rectangles(list) {
            let both = &closed & &rectangle.subjects;
            if !both.is_empty() {
                met.put(both, ports.intersection(*allowed, rectangle.ports));
            }
        }
    }
    met
}

fn cells(row: Row, ports: &PortTable) -> Arc<[Cell]> {
    let cells = row.into_cells().into_iter();
    let mut cells: Vec<Cell> = cells.map(|(with, id)| Cell { with, ports: ports.get(id), id }).collect();
    cells.sort_by(|a, b| a.ports.cmp(&b.ports));
    cells.into()
}
