//! What waits to be sent, and when it is.

use sekisho_flow::record::Flow;
use serde::Deserialize;
use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

/// The first wait before something is sent again, and the longest.
const WAITS: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(60)];

/// How much waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// How many flows wait at most; a flow has a kilobyte or two.
    pub waiting: usize,
    /// How many are sent at once.
    pub at_once: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { waiting: 20_000, at_once: 1_000 }
    }
}

/// What became of what was offered: all of it together is what was offered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Flows that a collector took.
    pub sent: u64,
    /// Flows that found no room.
    pub dropped: u64,
    /// Flows that a collector refused for good.
    pub refused: u64,
    /// Flows that wait, or are being sent.
    pub waiting: u64,
}

/// What a collector said.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Said {
    /// It took them, but for so many.
    Taken { but: u64, why: String },
    /// It may take them later.
    Later { after: Option<Duration>, why: String },
    /// It will not take them.
    Never { why: String },
}

impl Said {
    /// What an answer with this status, `Retry-After` in seconds and text means.
    pub(super) fn of(status: u16, after: Option<u64>, text: &str) -> Self {
        let short: String = text.chars().take(300).collect();
        let why = format!("the collector answers {status}: {}", short.trim());
        match status {
            200..=299 => {
                let partly: Answer = serde_json::from_str(text).unwrap_or_default();
                let partly = partly.partial_success;
                Self::Taken { but: partly.rejected_log_records.number(), why: partly.error_message }
            }
            429 | 502 | 503 | 504 => Self::Later { after: after.map(Duration::from_secs), why },
            _ => Self::Never { why },
        }
    }
}

/// An `ExportLogsServiceResponse`.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Answer {
    partial_success: Partly,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Partly {
    rejected_log_records: Int,
    error_message: String,
}

/// An integer of 64 bits: a string, or a number where a server writes one.
#[derive(Deserialize)]
#[serde(untagged)]
enum Int {
    Number(u64),
    Text(String),
}

impl Default for Int {
    fn default() -> Self {
        Self::Number(0)
    }
}

impl Int {
    fn number(&self) -> u64 {
        match self {
            Self::Number(number) => *number,
            Self::Text(text) => text.parse().unwrap_or(0),
        }
    }
}

/// What waits.
#[derive(Debug)]
pub(super) struct Queue {
    limits: Limits,
    flows: VecDeque<Flow>,
    counts: Counts,
    /// How many are being sent: they have their room until they are.
    sending: usize,
    /// Nothing is sent before; and how long was waited.
    wait: Option<(Instant, Duration)>,
    trouble: Option<String>,
}

impl Queue {
    pub(super) fn new(limits: Limits) -> Self {
        let limits = Limits { waiting: limits.waiting.max(1), at_once: limits.at_once.max(1) };
        Self {
            limits,
            flows: VecDeque::new(),
            counts: Counts::default(),
            sending: 0,
            wait: None,
            trouble: None,
        }
    }

    pub(super) fn offer(&mut self, flows: impl IntoIterator<Item = Flow>) {
        for flow in flows {
            if self.flows.len() + self.sending < self.limits.waiting {
                self.flows.push_back(flow);
            } else {
                self.counts.dropped += 1;
            }
        }
    }

    /// How long to wait until something is to be sent; `None` where there is nothing.
    pub(super) fn due(&self, now: Instant) -> Option<Duration> {
        let wait = self.wait.map_or(Duration::ZERO, |(until, _)| until.saturating_duration_since(now));
        (!self.flows.is_empty()).then_some(wait)
    }

    /// What is to be sent.
    pub(super) fn take(&mut self) -> Vec<Flow> {
        let batch: Vec<Flow> = self.flows.drain(..self.limits.at_once.min(self.flows.len())).collect();
        self.sending = batch.len();
        batch
    }

    /// Notes what was said of `batch`.
    pub(super) fn said(&mut self, batch: Vec<Flow>, said: Said, now: Instant) {
        self.sending = 0;
        let count = u64::try_from(batch.len()).unwrap_or(u64::MAX);
        match said {
            Said::Taken { but, why } => {
                let but = but.min(count);
                self.counts.sent += count - but;
                self.counts.refused += but;
                self.trouble = (but > 0).then_some(why);
                self.wait = None;
            }
            Said::Never { why } => {
                self.counts.refused += count;
                self.trouble = Some(why);
                self.wait = None;
            }
            Said::Later { after, why } => {
                let [first, most] = WAITS;
                let waited = self.wait.map_or(first, |(_, waited)| (waited * 2).min(most));
                self.wait = Some((now + after.map_or(waited, |after| after.min(most)), waited));
                self.trouble = Some(why);
                batch.into_iter().rev().for_each(|flow| self.flows.push_front(flow));
            }
        }
    }

    pub(super) fn counts(&self) -> Counts {
        Counts { waiting: u64::try_from(self.flows.len() + self.sending).unwrap_or(u64::MAX), ..self.counts }
    }

    pub(super) fn trouble(&self) -> Option<String> {
        self.trouble.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::{
        strategy::{Strategy, ValueTree},
        test_runner::TestRunner,
    };

    fn flows(count: usize) -> Vec<Flow> {
        let flows = proptest::collection::vec(sekisho_flow::testing::flow(), count);
        flows.new_tree(&mut TestRunner::deterministic()).unwrap().current()
    }

    fn counts(sent: u64, dropped: u64, refused: u64, waiting: u64) -> Counts {
        Counts { sent, dropped, refused, waiting }
    }

    #[test]
    fn what_finds_no_room_is_counted_and_what_is_not_taken_waits_its_turn() {
        let (now, second) = (Instant::now(), Duration::from_secs(1));
        let mut queue = Queue::new(Limits { waiting: 5, at_once: 3 });
        assert_eq!(queue.due(now), None);
        let all = flows(7);
        queue.offer(all.clone());
        assert_eq!((queue.counts(), queue.due(now)), (counts(0, 2, 0, 5), Some(Duration::ZERO)));
        let batch = queue.take();
        assert_eq!(batch, all[..3]);
        // What is being sent has its room still: it may come back.
        queue.offer(all[5..6].to_vec());
        assert_eq!(queue.counts(), counts(0, 3, 0, 5));
        queue.said(batch, Said::of(503, None, "busy"), now);
        assert_eq!(queue.due(now), Some(second));
        assert_eq!(queue.trouble().unwrap(), "the collector answers 503: busy");
        let batch = queue.take();
        assert_eq!(batch, all[..3], "in the order in which they came");
        queue.said(batch, Said::of(429, None, ""), now + second);
        assert_eq!(queue.due(now + second), Some(2 * second), "twice as long");
        let batch = queue.take();
        queue.said(batch, Said::of(503, Some(7), ""), now);
        assert_eq!(queue.due(now), Some(7 * second), "when the server says");
        let batch = queue.take();
        queue.said(batch, Said::of(200, None, "{}"), now);
        assert_eq!((queue.counts(), queue.due(now)), (counts(3, 3, 0, 2), Some(Duration::ZERO)));
        assert_eq!(queue.trouble(), None);
        let batch = queue.take();
        queue.said(batch, Said::of(400, None, "what?"), now);
        assert_eq!(queue.counts(), counts(3, 3, 2, 0));
    }

    #[test]
    fn what_is_taken_in_part_is_counted_so() {
        let partly = |text: &str| match Said::of(200, None, text) {
            Said::Taken { but, .. } => but,
            other => panic!("{other:?}"),
        };
        assert_eq!(partly(r#"{"partialSuccess":{"rejectedLogRecords":"4","errorMessage":"no"}}"#), 4);
        assert_eq!(partly(r#"{"partialSuccess":{"rejectedLogRecords":4}}"#), 4);
        assert_eq!(partly(r#"{"partialSuccess":{}}"#), 0);
        assert_eq!(partly("not JSON"), 0);
        let mut queue = Queue::new(Limits::default());
        queue.offer(flows(3));
        let batch = queue.take();
        queue.said(batch, Said::Taken { but: 2, why: "no".to_owned() }, Instant::now());
        assert_eq!((queue.counts(), queue.trouble()), (counts(1, 0, 2, 0), Some("no".to_owned())));
    }
}
