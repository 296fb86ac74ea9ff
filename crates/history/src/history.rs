//! What flowed, wherever it is kept.

use crate::{Batch, ClickHouse, Error, File, Lost, Put, Target};
use sekisho_flow::{
    Timestamp,
    merge::Totals,
    query::{Period, Query},
    record::{Flow, Key, Outcome},
};
use std::{collections::BTreeMap, ops::ControlFlow, path::Path, sync::Arc};

/// What flowed, kept in a file or in a ClickHouse. Both answer the same.
#[derive(Debug)]
pub enum History {
    /// A file.
    File(File),
    /// A table of a ClickHouse.
    ClickHouse(Box<ClickHouse>),
}

/// How far a node was heard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reached {
    /// Which run of its agent.
    pub boot: Arc<str>,
    /// The last number of it that was taken.
    pub last: u64,
    /// When that was told, by the node's clock; `None` where a history of an earlier version does not say.
    pub at: Option<Timestamp>,
}

impl History {
    /// The history in the file: [`File::open`].
    ///
    /// # Errors
    /// When it is something else, of a later version, or cannot be written.
    pub fn open(path: &Path) -> Result<Self, Error> {
        File::open(path).map(Self::File)
    }

    /// The history in the file, to ask and not to write: [`File::open_to_ask`].
    ///
    /// # Errors
    /// When there is none, or none that this version can read.
    pub fn open_to_ask(path: &Path) -> Result<Self, Error> {
        File::open_to_ask(path).map(Self::File)
    }

    /// The history in a ClickHouse: [`ClickHouse::connect`].
    ///
    /// # Errors
    /// When it cannot be reached, or does not let its table be made.
    pub fn connect(target: &Target) -> Result<Self, Error> {
        ClickHouse::connect(target).map(|connected| Self::ClickHouse(Box::new(connected)))
    }

    /// Takes a batch and how far its node was heard, both or neither.
    ///
    /// # Errors
    /// When some of its numbers were taken before and others not, or it cannot be written.
    pub fn put(&mut self, batch: &Batch) -> Result<Put, Error> {
        let mut put = self.put_all(std::slice::from_ref(batch))?;
        // One was handed over, and so one comes back.
        put.pop().unwrap_or(Ok(Put::Known))
    }

    /// Takes batches, of one node or several: each as [`History::put`] does, but all that are taken are written at once, which costs
    /// little more than one. Who gathers from many nodes takes what has come of them so.
    ///
    /// What became of each, in their order; one that is refused keeps no other from being taken.
    ///
    /// # Errors
    /// When they cannot be written: then none is.
    pub fn put_all(&mut self, batches: &[Batch]) -> Result<Vec<Result<Put, Error>>, Error> {
        match self {
            Self::File(file) => file.put_all(batches),
            Self::ClickHouse(house) => house.put_all(batches),
        }
    }

    /// Takes what was lost otherwise than in batches, such as while a node was not heard.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn put_lost(&mut self, lost: &[Lost]) -> Result<(), Error> {
        match self {
            Self::File(file) => file.put_lost(lost),
            Self::ClickHouse(house) => house.put_lost(lost),
        }
    }

    /// How far each node was heard, in the run of its agent that was heard last.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn reached(&self) -> Result<BTreeMap<Arc<str>, Reached>, Error> {
        match self {
            Self::File(file) => file.reached(),
            Self::ClickHouse(house) => house.reached(),
        }
    }

    /// What is asked from now on is answered as it is now, whatever is written meanwhile, where the history can do that: whether
    /// it does. A ClickHouse answers each question as it is when it begins to answer.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn stand_still(&self) -> Result<bool, Error> {
        match self {
            Self::File(file) => file.stand_still().map(|()| true),
            Self::ClickHouse(_) => Ok(false),
        }
    }

    /// Hands `each` the flows that are asked for, sorted by window and key, until it says that it has enough. What
    /// was put with equal keys and minutes is one flow.
    ///
    /// Memory follows the most flows of one window, and how many keys the answer has.
    ///
    /// # Errors
    /// When the history cannot be read. `each` has seen what was read until then.
    pub fn flows(&self, query: &Query, each: impl FnMut(Flow) -> ControlFlow<()>) -> Result<(), Error> {
        match self {
            Self::File(file) => file.flows(query, each),
            Self::ClickHouse(house) => house.flows(query, each),
        }
    }

    /// The flows that are asked for, those of equal keys joined whatever their windows, sorted by key.
    ///
    /// # Errors
    /// When the history cannot be read.
    pub fn totals(&self, query: &Query) -> Result<Vec<Flow>, Error> {
        let mut totals = Totals::default();
        self.flows(query, |flow| {
            totals.add(flow);
            ControlFlow::Continue(())
        })?;
        Ok(totals.into_flows())
    }

    /// What was lost in windows that have a moment in common with the period, sorted: by window of whole minutes, node
    /// and reason, those that were counted added up.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn lost(&self, period: Period) -> Result<Vec<Lost>, Error> {
        match self {
            Self::File(file) => file.lost(period),
            Self::ClickHouse(house) => house.lost(period),
        }
    }

    /// When connections of this key were first seen, as far back as the history goes; `None` where never.
    ///
    /// # Errors
    /// When the history cannot be read.
    pub fn first_seen(&self, key: &Key) -> Result<Option<Timestamp>, Error> {
        match self {
            Self::File(file) => file.first_seen(key),
            Self::ClickHouse(house) => house.first_seen(key),
        }
    }

    /// When this became of connections between the ends of `key`, which carry the same, for the last time, where that
    /// was not before `since`: by whose leave, and who saw it, does not matter.
    ///
    /// # Errors
    /// When the history cannot be read.
    pub fn last_seen(
        &self,
        key: &Key,
        outcome: Outcome,
        since: Timestamp,
    ) -> Result<Option<Timestamp>, Error> {
        match self {
            Self::File(file) => file.last_seen(key, outcome, since),
            Self::ClickHouse(house) => house.last_seen(key, outcome, since),
        }
    }

    /// When connections between the ends of `key`, which carry the same, were last allowed, where that was not before
    /// `since`.
    ///
    /// # Errors
    /// When the history cannot be read.
    pub fn was_allowed(&self, key: &Key, since: Timestamp) -> Result<Option<Timestamp>, Error> {
        self.last_seen(key, Outcome::Allowed, since)
    }

    /// How many flows it keeps.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn count(&self) -> Result<u64, Error> {
        match self {
            Self::File(file) => file.count(),
            Self::ClickHouse(house) => house.count(),
        }
    }

    /// How many bytes it takes.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn size(&self) -> Result<u64, Error> {
        match self {
            Self::File(file) => file.size(),
            Self::ClickHouse(house) => house.size(),
        }
    }

    /// The beginning of the first window that it keeps: what was before is not known to have been, nor not to have been.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn oldest(&self) -> Result<Option<Timestamp>, Error> {
        match self {
            Self::File(file) => file.oldest(),
            Self::ClickHouse(house) => house.oldest(),
        }
    }

    /// Gives up the flows of windows that were over at `before`, and what was lost by then. The number of flows.
    ///
    /// # Errors
    /// When it cannot be written. What was given up until then stays so.
    pub fn trim_before(&mut self, before: Timestamp) -> Result<u64, Error> {
        match self {
            Self::File(file) => file.trim_before(before),
            Self::ClickHouse(house) => house.trim_before(before),
        }
    }

    /// Gives up the oldest flows, and what was lost when they flowed, until no more than so many bytes are in use.
    /// The number of flows.
    ///
    /// # Errors
    /// When it cannot be written. What was given up until then stays so.
    pub fn trim_to(&mut self, bytes: u64) -> Result<u64, Error> {
        match self {
            Self::File(file) => file.trim_to(bytes),
            Self::ClickHouse(house) => house.trim_to(bytes),
        }
    }
}
