//! Counting in windows of time, in bounded memory whatever comes.
//!
//! # Time
//! Windows are aligned: one of 60 seconds begins with the minute, on every node alike. One is open at a time, and they
//! are closed in order. Whoever calls tells the time ([`Windows::advance`]). What is told of another time than the
//! open window's, too late or by a clock that is ahead, is counted in the window that is open, and its
//! [`first`](crate::record::Seen::first) and [`last`](crate::record::Seen::last) say when it was: a window that
//! was closed has been sent off, and one that is kept open for stragglers shows nothing in time.
//!
//! # Memory
//! Each window keeps at most [`Limits::keys`] keys as they are. What comes with another key when there are so many is
//! folded into a coarser one ([`fold`](self)), of which there is room for some as well: first addresses outside
//! the cluster to /24 and /64; then also ports, to some port of the protocol; then also addresses, to all of their
//! family; then to what the one workload does, whoever is at the other end. Addresses go first because they are the many,
//! and whoever writes policies puts them together anyway; workloads last, because they are what policies name.
//!
//! When there is no room even so, an allowance is counted as lost ([`Closed::lost`]). A denial is never: the last that is
//! told of it is that somebody denied it to somebody. What comes in comes out: the counts of a closed window's
//! flows and what it lost are together what was added.

mod fold;
mod room;

use crate::{
    attribution::Sighting,
    merge::merge,
    record::{Flow, Key, Seen, Window},
};
use fold::{Level, fold};
use jiff::{SignedDuration, Timestamp};
use room::Room;
use std::{collections::HashMap, num::NonZeroU32};

/// How much a window keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// How many keys as they are. Of each coarser kind there are an eighth as many.
    pub keys: usize,
    /// How many bytes of names, labels and reasons. A record has some 800 bytes without these; names that other
    /// records have as well are counted for each.
    pub bytes: usize,
}

impl Default for Limits {
    /// 65,536 keys and 32 MiB: no more than 100 MiB in all.
    fn default() -> Self {
        Self { keys: 1 << 16, bytes: 32 << 20 }
    }
}

/// Windows, one after another.
#[derive(Debug)]
pub struct Windows {
    length: i64,
    limits: Limits,
    open: Option<Open>,
}

/// What a closed window counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Closed {
    /// The window.
    pub window: Window,
    /// The flows, sorted.
    pub flows: Vec<Flow>,
    /// How many allowed connections are in none of them, because there was no room.
    pub lost: u64,
    /// How many connections were told of another time than the window's.
    pub astray: u64,
}

/// The keys of one level, with what was seen of them.
type Keys = HashMap<Box<Key>, Box<Seen>>;

/// The window that is open.
#[derive(Debug)]
struct Open {
    window: Window,
    levels: [Keys; Level::ALL.len()],
    room: Room,
    lost: u64,
    astray: u64,
}

impl Windows {
    /// Windows of so many seconds, none of which keeps more than `limits` says.
    #[must_use]
    pub fn new(seconds: NonZeroU32, limits: Limits) -> Self {
        Self { length: i64::from(seconds.get()), limits, open: None }
    }

    /// Time is `now`: the open window is closed if it is over, and returned if anything was added to it. Time that
    /// goes back is no reason to open a window anew.
    pub fn advance(&mut self, now: Timestamp) -> Option<Closed> {
        if self.open.as_ref().is_some_and(|open| now < open.window.to()) {
            return None;
        }
        let closed = self.close();
        self.open = self.at(now);
        closed
    }

    /// Counts a sighting in the window that is open; the first opens one.
    pub fn add(&mut self, sighting: Sighting) {
        let at = sighting.seen.last;
        if self.open.is_none() {
            self.open = self.at(at);
        }
        if let Some(open) = &mut self.open {
            open.add(sighting, self.limits);
        }
    }

    /// Counts a sighting of a recording: time is when it was last seen.
    pub fn replay(&mut self, sighting: Sighting) -> Option<Closed> {
        let closed = self.advance(sighting.seen.last);
        self.add(sighting);
        closed
    }

    /// Closes the open window as it is, and returns it if anything was added to it: nothing more comes.
    pub fn close(&mut self) -> Option<Closed> {
        self.open.take().and_then(Open::close)
    }

    /// The window that is open.
    #[must_use]
    pub fn open(&self) -> Option<Window> {
        self.open.as_ref().map(|open| open.window)
    }

    /// What the open window counted so far, sorted: for whoever follows what flows and does not wait for its end.
    #[must_use]
    pub fn so_far(&self) -> Vec<Flow> {
        let Some(open) = &self.open else { return Vec::new() };
        let flows = open.levels.iter().flatten();
        merge(flows.map(|(key, seen)| Flow {
            window: open.window,
            key: (**key).clone(),
            seen: (**seen).clone(),
        }))
    }

    /// How many records the open window holds.
    #[must_use]
    pub fn held(&self) -> usize {
        self.open.iter().flat_map(|open| &open.levels).map(Keys::len).sum()
    }

    /// An empty window around `at`; `None` beyond the end of time.
    fn at(&self, at: Timestamp) -> Option<Open> {
        let from = Timestamp::from_second(at.as_second().div_euclid(self.length).checked_mul(self.length)?)
            .unwrap_or(Timestamp::MIN);
        // A fraction of a second before the epoch is counted down to it.
        let from =
            if from > at { from.checked_sub(SignedDuration::from_secs(self.length)).ok()? } else { from };
        let to = from.checked_add(SignedDuration::from_secs(self.length)).unwrap_or(Timestamp::MAX);
        let window = Window::new(from, to).ok()?;
        let room = Room::new(self.limits.bytes);
        Some(Open { window, levels: Default::default(), room, lost: 0, astray: 0 })
    }
}

impl Open {
    fn add(&mut self, sighting: Sighting, limits: Limits) {
        let Sighting { key, seen } = sighting;
        if !(self.window.contains(seen.first) && self.window.contains(seen.last)) {
            self.astray = self.astray.saturating_add(seen.count);
        }
        if !self.put(&key, &seen, limits) {
            self.lost = self.lost.saturating_add(seen.count);
        }
    }

    /// Counts it under the finest key that there is, or is room for; `false` where there is none.
    fn put(&mut self, key: &Key, seen: &Seen, limits: Limits) -> bool {
        let room = &mut self.room;
        for (level, keys) in Level::ALL.into_iter().zip(&mut self.levels) {
            let Some(folded) = fold(key, level) else { continue };
            if let Some(known) = keys.get_mut(&*folded) {
                room.join(known, seen);
                return true;
            }
            if keys.len() >= level.most(limits.keys) || !room.takes(&folded, level) {
                continue;
            }
            let mut first = Seen::at(seen.first, 0);
            room.join(&mut first, seen);
            keys.insert(Box::new(folded.into_owned()), Box::new(first));
            return true;
        }
        false
    }

    fn close(self) -> Option<Closed> {
        let Self { window, levels, lost, astray, .. } = self;
        let flows = levels.into_iter().flatten();
        // What was folded may be what another observer told as it is.
        let flows = merge(flows.map(|(key, seen)| Flow { window, key: *key, seen: *seen }));
        (!flows.is_empty() || lost > 0).then_some(Closed { window, flows, lost, astray })
    }
}
