//! What a batch is taken as: with what its numbers say is missing.
//!
//! An agent numbers connections in each of its runs. So what was told before and what is told now say how many connections are
//! in neither, and a run that is over may have had some that nobody was told of.

use sekisho_flow::{
    record::{Flow, Window},
    text::{Head, Missing, Teller},
};
use sekisho_history::{Batch, Lost, Mark, Reached};
use std::sync::Arc;

/// Why something is missing of which no number is known.
const ENDED: &str = "an agent ended";
/// Why something is missing between two numbers.
const NOT_TOLD: &str = "not told by the agent";
/// Why something is missing of what was told.
const UNREADABLE: &str = "not readable";

/// What an agent told at once.
#[derive(Clone, Debug)]
pub(super) struct Told {
    pub(super) teller: Teller,
    pub(super) head: Head,
    /// The flows, as far as they can be read.
    pub(super) flows: Vec<Flow>,
}

/// The batch, where its node was heard up to `reached`.
pub(super) fn batch(told: Told, reached: Option<&Reached>) -> Batch {
    let Told { teller, head, flows } = told;
    let Head { first, last, missing, .. } = head;
    let lost_of = |window, why: &str, connections| Lost {
        window,
        node: Arc::clone(&teller.node),
        why: why.into(),
        connections,
    };
    let mut lost: Vec<Lost> = missing
        .iter()
        .map(|Missing { window, why, connections }| lost_of(*window, why, *connections))
        .collect();
    let now = flows.first().map_or_else(|| Window::of_moment(teller.clock), |flow| flow.window);
    let next = match reached {
        Some(reached) if reached.boot == teller.boot => reached.last.saturating_add(1),
        // Numbers begin anew. What the run before had not told yet is gone with it.
        Some(Reached { at, .. }) => {
            let since = at.unwrap_or(teller.started).min(teller.started);
            let window =
                Window::new(since, teller.started).unwrap_or_else(|_| Window::of_moment(teller.started));
            lost.push(lost_of(window, ENDED, None));
            1
        }
        None => 1,
    };
    if let Some(between @ 1..) = first.checked_sub(next) {
        lost.push(lost_of(now, NOT_TOLD, Some(between)));
    }
    let told = flows.iter().map(|flow| flow.seen.count);
    let told =
        told.chain(missing.iter().filter_map(|missing| missing.connections)).fold(0, u64::saturating_add);
    let numbers = last.saturating_sub(first).saturating_add(1);
    if let Some(rest @ 1..) = numbers.checked_sub(told) {
        lost.push(lost_of(now, UNREADABLE, Some(rest)));
    }
    let mark = Mark { node: teller.node, boot: teller.boot, first, last };
    Batch { mark, at: teller.clock, flows, lost }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::Timestamp;
    use sekisho_flow::record::{Carried, End, Key, Leave, Observer, Outcome, Seen};

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn told(boot: &str, first: u64, last: u64, counts: &[u64]) -> Told {
        let flow = |count: &u64| Flow {
            window: Window::new(at(100), at(101)).unwrap(),
            key: Key {
                from: End::Anyone,
                to: End::Anyone,
                carried: Carried::Anything,
                outcome: Outcome::Denied,
                leave: Leave::default(),
                observer: Observer::Agent,
                side: None,
            },
            seen: Seen::at(at(100), *count),
        };
        let teller = Teller { node: "node-1".into(), boot: boot.into(), started: at(90), clock: at(101) };
        let head = Head { first, last, flows: 0, missing: Vec::new() };
        Told { teller, head, flows: counts.iter().map(flow).collect() }
    }

    fn lost(batch: &Batch) -> Vec<(String, Option<u64>, i64, i64)> {
        let told = |lost: &Lost| {
            let [from, to] = [lost.window.from(), lost.window.to()].map(Timestamp::as_second);
            (lost.why.to_string(), lost.connections, from, to)
        };
        batch.lost.iter().map(told).collect()
    }

    #[test]
    fn what_follows_misses_nothing() {
        let reached = Reached { boot: "a".into(), last: 4, at: None };
        let batch = batch(told("a", 5, 7, &[1, 2]), Some(&reached));
        assert_eq!(batch.at, at(101));
        assert_eq!((batch.mark.first, batch.mark.last, batch.flows.len()), (5, 7, 2));
        assert_eq!(lost(&batch), []);
    }

    #[test]
    fn what_is_in_neither_is_lost() {
        let reached = Reached { boot: "a".into(), last: 4, at: Some(at(80)) };
        let found = batch(told("a", 10, 12, &[1]), Some(&reached));
        let expected = [(NOT_TOLD.to_owned(), Some(5), 100, 101), (UNREADABLE.to_owned(), Some(2), 100, 101)];
        assert_eq!(lost(&found), expected);
        assert_eq!(lost(&batch(told("a", 3, 3, &[1]), None)), [(NOT_TOLD.to_owned(), Some(2), 100, 101)]);
        let mut counted = told("a", 1, 8, &[1]);
        let window = Window::new(at(95), at(99)).unwrap();
        counted.head.missing = vec![Missing { window, why: "no room".into(), connections: Some(7) }];
        assert_eq!(lost(&batch(counted, None)), [("no room".to_owned(), Some(7), 95, 99)]);
    }

    #[test]
    fn a_run_that_ended_may_have_had_more() {
        let heard = |at| {
            let reached = Reached { boot: "a".into(), last: 4, at };
            lost(&batch(told("b", 1, 1, &[1]), Some(&reached)))
        };
        assert_eq!(heard(Some(at(80))), [(ENDED.to_owned(), None, 80, 90)]);
        assert_eq!(heard(Some(at(95))), [(ENDED.to_owned(), None, 90, 90)], "by a clock that is ahead");
        assert_eq!(heard(None), [(ENDED.to_owned(), None, 90, 90)]);
    }
}
