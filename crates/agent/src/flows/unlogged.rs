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
    /// Whether nobody hears what is logged now, and whether nobody did at some time since the last reading.
    deaf: (bool, bool),
}

/// Packets that were denied and are in no record.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Missed {
    /// How many.
    pub(super) packets: u64,
    /// Whether nobody heard what was logged of them; else rules logged no more.
    pub(super) unheard: bool,
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

    /// Whether anybody hears what is logged from now on.
    pub(super) fn listens(&mut self, is_heard: bool) {
        let (is_deaf, was_deaf) = &mut self.deaf;
        *is_deaf = !is_heard;
        *was_deaf |= *is_deaf;
    }

    /// What is missing that nobody was told of, where it is known by `now`.
    pub(super) fn missing(&mut self, now: Instant) -> Missed {
        if self.read.take_if(|read| now.saturating_duration_since(*read) >= LATE).is_none() {
            return Missed::default();
        }
        let packets = self.counted.saturating_sub(self.heard).saturating_sub(self.told);
        self.told = self.told.saturating_add(packets);
        let (is_deaf, was_deaf) = &mut self.deaf;
        Missed { packets, unheard: std::mem::replace(was_deaf, *is_deaf) }
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
        let missing = |unlogged: &mut Unlogged, millis| {
            let Missed { packets, unheard } = unlogged.missing(later(millis));
            assert!(!unheard);
            packets
        };
        assert_eq!(missing(&mut unlogged, 500), 0, "some may be heard yet");
        unlogged.hear(7);
        assert_eq!(missing(&mut unlogged, 1000), 943);
        assert_eq!(missing(&mut unlogged, 2000), 0, "nothing is told twice");
        // The seven were of later: they are counted now.
        unlogged.count(107, later(10_000));
        unlogged.hear(50);
        assert_eq!(missing(&mut unlogged, 11_000), 57);
        unlogged.count(0, later(20_000));
        assert_eq!(missing(&mut unlogged, 21_000), 0);
        assert_eq!(unlogged.told + unlogged.heard, unlogged.counted);
    }

    #[test]
    fn what_nobody_listened_to_was_not_heard() {
        let (mut unlogged, begun) = (Unlogged::default(), Instant::now());
        let mut missing = |listens: &[bool], second: u64| {
            listens.iter().for_each(|is_heard| unlogged.listens(*is_heard));
            let read = begun + Duration::from_secs(second);
            unlogged.count(5, read);
            let Missed { packets, unheard } = unlogged.missing(read + LATE);
            assert_eq!(packets, 5);
            unheard
        };
        assert!(!missing(&[], 0));
        assert!(missing(&[false], 10));
        assert!(missing(&[], 20), "nobody listens yet");
        assert!(missing(&[true], 30), "nobody did before");
        assert!(!missing(&[], 40));
        assert!(missing(&[false, true], 50), "for a while nobody did");
        assert!(!missing(&[true], 60));
    }
}
