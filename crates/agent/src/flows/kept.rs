//! What was recorded of late, for those who ask.

use jiff::Timestamp;
use sekisho_flow::{
    merge::merge,
    record::{Flow, Window},
    window::Closed,
};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::broadcast;

/// How many records are kept. One has some 800 bytes.
const MOST: usize = 1 << 14;
/// How many windows may wait for one who follows.
const WAITING: usize = 64;
/// To which windows records are joined when they become too many, in seconds.
const MINUTE: i64 = 60;

/// What is told those who follow.
pub(crate) type News = broadcast::Receiver<Arc<Closed>>;

/// The records of late.
#[derive(Debug)]
pub(crate) struct Kept {
    flows: Mutex<Flows>,
    news: broadcast::Sender<Arc<Closed>>,
    most: usize,
    is_recording: bool,
}

#[derive(Debug, Default)]
struct Flows {
    /// Sorted by window.
    flows: Vec<Flow>,
    /// How many connections were in records that made way for later ones.
    dropped: u64,
}

impl Kept {
    /// For records that come, or for none that ever will.
    pub(crate) fn new(is_recording: bool) -> Self {
        Self { is_recording, ..Self::with_room(MOST) }
    }

    fn with_room(most: usize) -> Self {
        let news = broadcast::Sender::new(WAITING);
        Self { flows: Mutex::default(), news, most, is_recording: true }
    }

    /// Whether anything is recorded.
    pub(crate) fn is_recording(&self) -> bool {
        self.is_recording
    }

    /// Keeps what a window counted, and tells those who follow.
    pub(super) fn add(&self, closed: Closed) {
        let mut kept = self.flows.lock().unwrap_or_else(PoisonError::into_inner);
        kept.flows.extend(closed.flows.iter().cloned());
        if kept.flows.len() > self.most {
            kept.make_room(self.most);
        }
        drop(kept);
        // Where nobody follows there is nobody to tell.
        let _ = self.news.send(Arc::new(closed));
    }

    /// The records, sorted by window; how many connections others had that made way; and what comes from now on.
    pub(crate) fn so_far(&self) -> (Vec<Flow>, u64, News) {
        let kept = self.flows.lock().unwrap_or_else(PoisonError::into_inner);
        (kept.flows.clone(), kept.dropped, self.news.subscribe())
    }
}

impl Flows {
    /// Joins records of a minute, and where that is not enough, lets the oldest go.
    fn make_room(&mut self, most: usize) {
        let flows = std::mem::take(&mut self.flows);
        self.flows = merge(flows.into_iter().map(of_its_minute));
        let surplus = self.flows.len().saturating_sub(most / 2);
        for gone in self.flows.drain(..surplus) {
            self.dropped = self.dropped.saturating_add(gone.seen.count);
        }
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use sekisho_flow::record::{Carried, End, Key, Leave, Observer, Outcome, Seen};

    fn closed(second: i64, ports: std::ops::Range<u16>) -> Closed {
        let at = |second| Timestamp::from_second(second).unwrap();
        let window = Window::new(at(second), at(second + 1)).unwrap();
        let flow = |port| Flow {
            window,
            key: Key {
                from: End::Anyone,
                to: End::Anyone,
                carried: Carried::of_protocol(6, port),
                outcome: Outcome::Denied,
                leave: Leave::default(),
                observer: Observer::Agent,
                side: None,
            },
            seen: Seen::at(at(second), 1),
        };
        Closed { window, flows: ports.map(flow).collect(), lost: 0, astray: 0 }
    }

    #[test]
    fn nothing_is_lost_without_a_word() {
        let kept = Kept::with_room(100);
        let mut added = 0;
        for second in 0..1000 {
            let closed = closed(second, 0..u16::try_from(second % 17).unwrap());
            added += u64::try_from(closed.flows.len()).unwrap();
            kept.add(closed);
            let (flows, dropped, _) = kept.so_far();
            assert!(flows.len() <= 100, "{} at {second}", flows.len());
            assert!(flows.is_sorted());
            assert_eq!(flows.iter().map(|flow| flow.seen.count).sum::<u64>() + dropped, added);
        }
        let (flows, dropped, mut news) = kept.so_far();
        assert!(dropped > 0 && flows.iter().any(|flow| flow.seen.count > 1));
        assert!(news.try_recv().is_err(), "what was kept is not told twice");
        kept.add(closed(1000, 0..1));
        assert_eq!(news.try_recv().unwrap().flows.len(), 1);
    }
}
