//! Connections that differ, as a person reads them.

use super::{
    State,
    cause::{Cause, causes},
    joint::Joint,
    risk::Risk,
    rows::Row,
    witness::{Everybody, Witness},
};
use crate::{
    index::RoaringBitmap,
    reach::{Family, Key, Party},
    set::PortSet,
};
use std::{collections::HashMap, sync::Arc};

/// What becomes of connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// None was allowed before.
    Opened,
    /// More ports, or other ones, than before.
    Changed,
    /// None is allowed any more.
    Closed,
}

/// Connections that differ alike: from each of one end to each of the other.
#[derive(Clone, Debug, PartialEq)]
pub struct ConnectionChange {
    /// How much a person should look at it.
    pub risk: Risk,
    /// Who opens the connections.
    pub from: Arc<Party>,
    /// To whom.
    pub to: Arc<Party>,
    /// The only family that this holds for, where the other differs otherwise or not at all.
    pub family: Option<Family>,
    /// The ports that were allowed.
    pub before: Arc<PortSet>,
    /// The ports that are.
    pub after: Arc<PortSet>,
    /// The policies that make the difference, sorted. Where ends of different pods have causes of their
    /// own, up to [`MAX_WITNESSES`](super::MAX_WITNESSES) of them are asked.
    pub causes: Vec<Cause>,
    /// One packet that is decided otherwise than before.
    pub witness: Option<Witness>,
}

impl ConnectionChange {
    /// What becomes of the connections.
    #[must_use]
    pub fn kind(&self) -> Kind {
        match (self.before.is_empty(), self.after.is_empty()) {
            (true, _) => Kind::Opened,
            (false, true) => Kind::Closed,
            (false, false) => Kind::Changed,
        }
    }

    /// The ports that are allowed now and were not.
    #[must_use]
    pub fn opened(&self) -> PortSet {
        self.after.difference(&self.before)
    }

    /// The ports that were allowed and are no more.
    #[must_use]
    pub fn closed(&self) -> PortSet {
        self.before.difference(&self.after)
    }
}

/// Says who the ends of rows are.
pub(super) trait Teller {
    /// The shortest true description of one end of a row.
    fn party(&self, end: &RoaringBitmap) -> Party;
    /// How much a person should look at a row.
    fn risk(&self, row: &Row) -> Risk;
    /// The policies that make a row, and a packet that shows it.
    fn causes(&self, row: &Row) -> (Vec<Cause>, Option<Witness>);
}

/// Tells of two whole states.
pub(super) struct Whole<'j> {
    joint: &'j Joint,
    everybody: Everybody<'j>,
}

impl<'j> Whole<'j> {
    pub(super) fn new(joint: &'j Joint, states: &'j [State<'j>; 2]) -> Self {
        Self { joint, everybody: Everybody::new(joint, states) }
    }
}

impl Teller for Whole<'_> {
    fn party(&self, end: &RoaringBitmap) -> Party {
        self.joint.party(end)
    }

    fn risk(&self, row: &Row) -> Risk {
        Risk::of(self.joint, row)
    }

    fn causes(&self, row: &Row) -> (Vec<Cause>, Option<Witness>) {
        causes(&self.everybody, row)
    }
}

/// Names the rows, says why, and puts the riskiest first.
pub(super) fn changes(teller: &dyn Teller, rows: Vec<Row>) -> Vec<ConnectionChange> {
    let mut names: HashMap<Key, Arc<Party>> = HashMap::new();
    let mut name = |set: &RoaringBitmap| {
        let party = |set: &Key| Arc::new(teller.party(set.bitmap()));
        Arc::clone(names.entry(Key::of(set.clone())).or_insert_with_key(party))
    };
    let mut changes: Vec<ConnectionChange> = rows
        .into_iter()
        .map(|row| {
            let (causes, witness) = teller.causes(&row);
            let (from, to) = (name(&row.from), name(&row.to));
            let [before, after] = row.ports.clone();
            let risk = teller.risk(&row);
            ConnectionChange { risk, from, to, family: row.family, before, after, causes, witness }
        })
        .collect();
    changes.sort_by(|one, other| order(one).cmp(&order(other)));
    changes
}

/// The riskiest first. Changes that read alike stand by why they are: the pods of one description may have
/// been others before, and whoever tells the rows has them in an order of their own.
fn order(change: &ConnectionChange) -> impl Ord {
    let ConnectionChange { risk, from, to, family, before, after, causes, witness } = change;
    (risk, change.kind(), from, to, family, before, after, causes, witness)
}
