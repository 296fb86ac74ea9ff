//! Batches of records, numbered, until they must make way.
//!
//! Connections are numbered as they are recorded, from 1. A batch is about the numbers from `first` to `last`: each is of a
//! connection in one of its flows, or of one that is told as missing. So whoever says up to which number he was told gets
//! everything after it, or is told how much of it made way, whatever happened meanwhile.
//!
//! # Room
//! When there are too many records, batches that nobody was handed yet are joined by the minute. Batches that somebody
//! was handed are not: he may ask for what follows any of them, and could not be told the rest of a batch that had been joined
//! with the next. The oldest make way where that is not enough. Of those that were handed out the latest stay a while, as
//! far as they are no more than [`IN_FLIGHT`] of all: they may be on their way, and not have arrived.

use jiff::Timestamp;
use sekisho_flow::{
    merge::merge,
    record::{Flow, Window},
    text::{Head, Missing},
};
use std::{collections::VecDeque, sync::Arc};

/// To which windows records are joined, in seconds.
const MINUTE: i64 = 60;
/// How large a part of the records may be of batches that were handed out: one of so many.
const IN_FLIGHT: usize = 8;
/// How many ends of batches that made way are remembered, to say when what was in them was.
const ENDS: usize = 512;
/// Why something is missing that was recorded.
const MADE_WAY: &str = "made way for later ones";

/// One batch.
#[derive(Clone, Debug)]
pub(super) struct Batch {
    first: u64,
    last: u64,
    window: Window,
    flows: Arc<Vec<Flow>>,
    missing: Vec<Missing>,
}

impl Batch {
    /// How much room it takes, in records: one that only says what is missing takes some as well.
    fn size(&self) -> usize {
        self.flows.len().max(1)
    }

    fn connections(&self) -> u64 {
        self.flows.iter().fold(0, |sum, flow| sum.saturating_add(flow.seen.count))
    }
}

/// What somebody is told next.
#[derive(Clone, Debug)]
pub(crate) struct Next {
    /// What it is about.
    pub(crate) head: Head,
    /// The flows.
    pub(crate) flows: Arc<Vec<Flow>>,
}

/// The batches, oldest first.
#[derive(Debug)]
pub(super) struct Queue {
    batches: VecDeque<Batch>,
    /// How much room they take.
    size: usize,
    most: usize,
    /// The last number that was given.
    last: u64,
    /// The last number that anybody was handed.
    handed: u64,
    /// What is missing and was not counted, until there is a batch that can say it.
    uncounted: Vec<Missing>,
    /// How many connections were in records that made way.
    dropped: u64,
    started: Timestamp,
    /// Of batches that made way the last number, and when they were.
    ends: VecDeque<(u64, Window)>,
}

impl Queue {
    pub(super) fn new(most: usize, started: Timestamp) -> Self {
        let (batches, ends, uncounted) = Default::default();
        Self { batches, size: 0, most, last: 0, handed: 0, uncounted, dropped: 0, started, ends }
    }

    /// Takes what a window counted, and what is missing of it.
    pub(super) fn add(&mut self, window: Window, flows: Arc<Vec<Flow>>, mut missing: Vec<Missing>) {
        missing.splice(0..0, std::mem::take(&mut self.uncounted));
        let counted = missing.iter().filter_map(|missing| missing.connections);
        let all = flows.iter().map(|flow| flow.seen.count).chain(counted).fold(0, u64::saturating_add);
        if all == 0 {
            self.uncounted = missing;
            return;
        }
        let first = self.last.saturating_add(1);
        self.last = self.last.saturating_add(all);
        let batch = Batch { first, last: self.last, window, flows, missing };
        self.size += batch.size();
        self.batches.push_back(batch);
        if self.size > self.most {
            self.make_room();
        }
    }

    /// What follows the number up to which somebody was told; nothing where there is nothing new.
    pub(super) fn after(&mut self, number: u64) -> Option<Next> {
        if number >= self.last {
            return None;
        }
        let at = self.batches.partition_point(|batch| batch.last <= number);
        let next = match self.batches.get(at) {
            Some(batch) => self.of(batch, number),
            None => {
                let (_, latest) = *self.ends.back()?;
                Next {
                    head: gone(number, self.last, self.since(number, latest.to(), latest)),
                    flows: Arc::default(),
                }
            }
        };
        self.handed = self.handed.max(next.head.last);
        Some(next)
    }

    fn of(&self, batch: &Batch, number: u64) -> Next {
        // Nobody was handed a part of a batch; whoever says so is not told it twice.
        if number >= batch.first {
            let head = gone(number, batch.last, batch.window);
            return Next { head, flows: Arc::default() };
        }
        let before = batch.first.saturating_sub(1);
        let missing = if before > number {
            gone(number, before, self.since(number, batch.window.from(), batch.window)).missing
        } else {
            Vec::new()
        };
        let head = Head {
            first: number.saturating_add(1),
            last: batch.last,
            flows: u64::try_from(batch.flows.len()).unwrap_or(u64::MAX),
            missing: missing.into_iter().chain(batch.missing.iter().cloned()).collect(),
        };
        Next { head, flows: Arc::clone(&batch.flows) }
    }

    /// The stretch from when `number` was over to `until`; `otherwise`, where a clock went back between them.
    fn since(&self, number: u64, until: Timestamp, otherwise: Window) -> Window {
        let known = self.ends.partition_point(|(end, _)| *end <= number).checked_sub(1);
        let known = known.and_then(|at| self.ends.get(at));
        let since = known.map_or(self.started, |(_, window)| window.to());
        Window::new(since, until).unwrap_or(otherwise)
    }

    /// All records, sorted.
    pub(super) fn flows(&self) -> Vec<Flow> {
        let mut flows: Vec<Flow> =
            self.batches.iter().flat_map(|batch| batch.flows.iter().cloned()).collect();
        flows.sort_unstable();
        flows
    }

    /// The last number that was given.
    pub(super) fn last(&self) -> u64 {
        self.last
    }

    /// How many connections were in records that made way.
    pub(super) fn dropped(&self) -> u64 {
        self.dropped
    }

    /// Lets go of what was handed out, joins what was not, and lets the oldest go.
    fn make_room(&mut self) {
        let (enough, in_flight) = (self.most / 4 * 3, self.most / IN_FLIGHT);
        let handed = self.batches.iter().take_while(|batch| batch.last <= self.handed);
        let mut handed: usize = handed.map(Batch::size).sum();
        while self.size > enough && handed > in_flight {
            handed = handed.saturating_sub(self.let_go());
        }
        if self.size > enough {
            self.join();
        }
        while self.size > enough && !self.batches.is_empty() {
            self.let_go();
        }
    }

    /// Lets the oldest batch go, and tells how much room it took.
    fn let_go(&mut self) -> usize {
        let Some(batch) = self.batches.pop_front() else { return 0 };
        self.size = self.size.saturating_sub(batch.size());
        self.dropped = self.dropped.saturating_add(batch.connections());
        self.ends.push_back((batch.last, batch.window));
        if self.ends.len() > ENDS {
            let mut keeps = false;
            self.ends.retain(|_| {
                keeps = !keeps;
                !keeps
            });
        }
        let size = batch.size();
        // What has no numbers would go without a word.
        let uncounted = batch.missing.into_iter().filter(|missing| missing.connections.is_none());
        let to = self.batches.front_mut().map_or(&mut self.uncounted, |next| &mut next.missing);
        to.extend(uncounted);
        joined(to);
        size
    }

    /// Joins what nobody was handed, by the minute.
    fn join(&mut self) {
        let at = self.batches.partition_point(|batch| batch.last <= self.handed);
        let fresh = self.batches.split_off(at);
        let mut minute: Vec<Batch> = Vec::new();
        for batch in fresh {
            if minute.last().is_some_and(|last| minute_of(last) != minute_of(&batch)) {
                self.batches.extend(join(&mut minute));
            }
            minute.push(batch);
        }
        self.batches.extend(join(&mut minute));
        self.size = self.batches.iter().map(Batch::size).sum();
    }
}

/// The batches as one; they are taken. Nothing where there are none.
fn join(batches: &mut Vec<Batch>) -> Option<Batch> {
    let (first, last) = (batches.first()?.first, batches.last()?.last);
    let window = batches.iter().map(|batch| batch.window).reduce(Window::cover)?;
    let mut missing: Vec<Missing> = batches.iter_mut().flat_map(|batch| batch.missing.drain(..)).collect();
    joined(&mut missing);
    let flows = batches.drain(..).flat_map(|batch| Arc::unwrap_or_clone(batch.flows));
    let flows = merge(flows.map(of_its_minute)).into();
    Some(Batch { first, last, window, flows, missing })
}

/// Adds up what is missing for the same reason.
fn joined(missing: &mut Vec<Missing>) {
    missing.sort_by(|one, other| {
        let key = |missing: &Missing| (missing.connections.is_none(), Arc::clone(&missing.why));
        key(one).cmp(&key(other))
    });
    missing.dedup_by(|next, kept| {
        let is_alike = next.why == kept.why && next.connections.is_some() == kept.connections.is_some();
        if is_alike {
            kept.window = kept.window.cover(next.window);
            let sum = |(one, other): (u64, u64)| one.saturating_add(other);
            kept.connections = kept.connections.zip(next.connections).map(sum);
        }
        is_alike
    });
}

/// In which minute a batch begins.
fn minute_of(batch: &Batch) -> i64 {
    batch.window.from().as_second().div_euclid(MINUTE)
}

fn of_its_minute(flow: Flow) -> Flow {
    let from = flow.window.from().as_second().div_euclid(MINUTE) * MINUTE;
    let times = [from, from + MINUTE].map(Timestamp::from_second);
    let minute = match times {
        [Ok(from), Ok(to)] => Window::new(from, to).ok(),
        _ => None,
    };
    Flow { window: minute.unwrap_or(flow.window), ..flow }
}

/// That everything after `number` and up to `last` made way.
fn gone(number: u64, last: u64, window: Window) -> Head {
    let connections = Some(last.saturating_sub(number));
    let missing = vec![Missing { window, why: MADE_WAY.into(), connections }];
    Head { first: number.saturating_add(1), last, flows: 0, missing }
}

#[cfg(test)]
pub(super) mod tests;
