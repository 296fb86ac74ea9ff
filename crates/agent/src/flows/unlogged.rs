//! What was denied and not logged: a rule logs no more than some packets a second, and counts all of them.

use std::time::{Duration, Instant};

/// How long after counters were read all that was logged by then has been heard, though the kernel gathers what it logs.
const LATE: Duration = Duration::from_secs(1);

/// How many packets rules counted that they denied, and how many of them were heard of.
///
/// Both are sums from the beginning. What is logged between a reading and when it is looked at is heard and not counted
/// yet: then less is said to be missing, and the rest of it after the next reading.
#[derive(Debug, Default)]
pub(super) struct Unlogged {
    counted: u64,
    heard: u64,
    told: u64,
    read: Option<Instant>,
}

impl Unlogged {
    /// So many packets more were counted, as it was read at `now`.
    pub(super) fn count(&mut self, more: u64, now: Instant) {
        self.counted = self.counted.saturating_add(more);
        self.read = Some(now);
    }

    /// So many more were logged, whether they were heard or are told as lost.
    pub(super) fn hear(&mut self, more: u64) {
        self.heard = self.heard.saturating_add(more);
    }

    /// How many are missing that nobody was told of, where it is known by `now`.
    pub(super) fn missing(&mut self, now: Instant) -> u64 {
        if self.read.take_if(|read| now.saturating_duration_since(*read) >= LATE).is_none() {
            return 0;
        }
        let missing = self.counted.saturating_sub(self.heard).saturating_sub(self.told);
        self.told = self.told.saturating_add(missing);
        missing
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_counted_is_heard_or_missing() {
        let (mut unlogged, begun) = (Unlogged::default(), Instant::now());
        let later = |millis: u64| begun + Duration::from_millis(millis);
        unlogged.hear(40);
        unlogged.count(1000, begun);
        unlogged.hear(10);
        assert_eq!(unlogged.missing(later(500)), 0, "some may be heard yet");
        unlogged.hear(7);
        assert_eq!(unlogged.missing(later(1000)), 943);
        assert_eq!(unlogged.missing(later(2000)), 0, "nothing is told twice");
        // The seven were of later: they are counted now.
        unlogged.count(107, later(10_000));
        unlogged.hear(50);
        assert_eq!(unlogged.missing(later(11_000)), 57);
        unlogged.count(0, later(20_000));
        assert_eq!(unlogged.missing(later(21_000)), 0);
        assert_eq!(unlogged.told + unlogged.heard, unlogged.counted);
    }
}
