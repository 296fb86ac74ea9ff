//! What was recorded of late, for those who ask.

use super::queue::{Next, Queue};
use jiff::Timestamp;
use sekisho_flow::{
    record::Flow,
    text::{Head, Missing, Teller, Told},
    window::Closed,
};
use std::{
    fs,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use tokio::sync::{broadcast, watch};

/// How many records are kept. One has some 800 bytes.
const MOST: usize = 1 << 14;
/// How many windows may wait for one who follows: who is slower than that is told so, and goes on with what is new.
const WAITING: usize = 8;
/// Where the kernel gives a name that nobody else has.
const UNIQUE: &str = "/proc/sys/kernel/random/uuid";

/// What is told those who follow.
pub(crate) type News = broadcast::Receiver<Recent>;

/// What a window counted.
#[derive(Clone, Debug)]
pub(crate) struct Recent {
    /// The records, sorted.
    pub(crate) flows: Arc<Vec<Flow>>,
    /// What is in none of them.
    pub(crate) missing: Arc<[Missing]>,
}

/// The records of late.
#[derive(Debug)]
pub(crate) struct Kept {
    queue: Mutex<Queue>,
    news: broadcast::Sender<Recent>,
    /// The number of the last connection.
    last: watch::Sender<u64>,
    node: Arc<str>,
    boot: Arc<str>,
    started: Timestamp,
    is_recording: bool,
}

impl Kept {
    /// For records of `node` that come, or for none that ever will.
    pub(crate) fn new(node: &str, is_recording: bool) -> Self {
        Self { is_recording, ..Self::with_room(node, MOST) }
    }

    fn with_room(node: &str, most: usize) -> Self {
        let started = Timestamp::now();
        let boot = fs::read_to_string(UNIQUE).map_or_else(
            // The time does where no two runs begin at once.
            |_| started.as_nanosecond().to_string(),
            |unique| unique.trim().to_owned(),
        );
        Self {
            queue: Mutex::new(Queue::new(most, started)),
            news: broadcast::Sender::new(WAITING),
            last: watch::Sender::new(0),
            node: node.into(),
            boot: boot.into(),
            started,
            is_recording: true,
        }
    }

    /// Whether anything is recorded.
    pub(crate) fn is_recording(&self) -> bool {
        self.is_recording
    }

    /// Which run of the agent this is.
    pub(crate) fn boot(&self) -> &str {
        &self.boot
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps what a window counted and what is `missing` besides, and tells those who follow.
    pub(super) fn add(&self, closed: Closed, mut missing: Vec<Missing>) {
        if closed.lost > 0 {
            let connections = Some(closed.lost);
            missing.push(Missing { window: closed.window, why: "no room".into(), connections });
        }
        let recent = Recent { flows: Arc::new(closed.flows), missing: missing.as_slice().into() };
        let mut queue = self.queue();
        queue.add(closed.window, Arc::clone(&recent.flows), missing);
        self.last.send_replace(queue.last());
        // Before anybody else asks what there is: who begins to follow then would be told this twice. Nobody waits here,
        // and where nobody follows there is nobody to tell.
        let _ = self.news.send(recent);
        drop(queue);
    }

    /// The records, sorted by window; how many connections others had that made way; and what comes from now on.
    pub(crate) fn so_far(&self) -> (Vec<Flow>, u64, News) {
        let queue = self.queue();
        (queue.flows(), queue.dropped(), self.news.subscribe())
    }

    /// The number of the last connection so far, and each after it.
    pub(crate) fn numbers(&self) -> watch::Receiver<u64> {
        self.last.subscribe()
    }

    /// What follows the number up to which somebody was told; nothing where there is nothing new.
    pub(crate) fn after(&self, number: u64) -> Option<Next> {
        self.queue().after(number)
    }

    /// The line before what follows, or that says that nothing does.
    pub(crate) fn told(&self, batch: Option<Head>) -> Told {
        let teller = Teller {
            node: Arc::clone(&self.node),
            boot: Arc::clone(&self.boot),
            started: self.started,
            clock: Timestamp::now(),
        };
        Told { teller, batch }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flows::queue::tests::closed;

    #[test]
    fn nothing_is_lost_without_a_word() {
        let kept = Kept::with_room("here", 100);
        let mut added = 0;
        for second in 0..1000 {
            let closed = closed(second, 0..u16::try_from(second % 17).unwrap());
            added += u64::try_from(closed.flows.len()).unwrap();
            kept.add(closed, Vec::new());
            let (flows, dropped, _) = kept.so_far();
            assert!(flows.len() <= 100, "{} at {second}", flows.len());
            assert!(flows.is_sorted());
            assert_eq!(flows.iter().map(|flow| flow.seen.count).sum::<u64>() + dropped, added);
        }
        let (flows, dropped, mut news) = kept.so_far();
        assert!(dropped > 0 && flows.iter().any(|flow| flow.seen.count > 1));
        assert!(news.try_recv().is_err(), "what was kept is not told twice");
        kept.add(closed(1000, 0..1), Vec::new());
        assert_eq!(news.try_recv().unwrap().flows.len(), 1);
    }

    /// Whoever begins to follow while a window is kept is told of it once.
    #[test]
    fn what_is_kept_meanwhile_is_told_once() {
        const WINDOWS: i64 = 5000;
        let kept = Kept::with_room("here", 10);
        std::thread::scope(|scope| {
            let adds = scope.spawn(|| {
                (0..WINDOWS).for_each(|second| kept.add(closed(second, 0..1), Vec::new()));
            });
            while !adds.is_finished() {
                let (flows, dropped, mut news) = kept.so_far();
                let told = flows.iter().map(|flow| flow.seen.count).sum::<u64>() + dropped;
                let Ok(next) = news.try_recv() else { continue };
                let next = next.flows.first().map(|flow| flow.window.from().as_second());
                assert_eq!(next, i64::try_from(told).ok(), "one window a second, from the beginning");
            }
        });
    }
}
