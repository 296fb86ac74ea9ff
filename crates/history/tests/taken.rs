//! Whatever is put, sent again and interrupted, the answer is what was put, joined.

#![allow(clippy::unwrap_used, reason = "a test says what must hold")]

use proptest::{collection::vec, prelude::*};
use sekisho_core::testing::config;
use sekisho_flow::{
    merge::{merge, merge_windows},
    query::{FlowEnd, Query},
    record::{Carried, Flow, Outcome},
    testing::{flow, moment},
};
use sekisho_history::{Batch, Error, History, Lost, Mark, Put};
use std::{collections::BTreeMap, ops::ControlFlow};

fn answer(history: &History, query: &Query) -> Vec<Flow> {
    let mut flows = Vec::new();
    history
        .flows(query, |flow| {
            flows.push(flow);
            ControlFlow::Continue(())
        })
        .unwrap();
    flows
}

fn in_minutes(flows: &[Flow]) -> Vec<Flow> {
    merge(flows.iter().cloned().map(|flow| Flow { window: flow.window.in_minutes(), ..flow }))
}

/// What happens to a node's agent and to who asks it.
#[derive(Clone, Debug)]
enum Step {
    /// So many things more are told.
    Told(Vec<Flow>),
    /// The last batch comes again.
    Again,
    /// It comes again, with something new behind it.
    Overlapping(Vec<Flow>),
    /// The agent starts anew.
    Restart,
    /// Who asks is killed, and starts anew.
    Reopen,
}

fn step() -> impl Strategy<Value = (u8, Step)> {
    // A few keys and minutes, so that things meet.
    let flows = || vec(flow(), 0..6);
    let step = prop_oneof![
        4 => flows().prop_map(Step::Told),
        1 => Just(Step::Again),
        1 => flows().prop_map(Step::Overlapping),
        1 => Just(Step::Restart),
        1 => Just(Step::Reopen),
    ];
    (0..3_u8, step)
}

#[derive(Default)]
struct Node {
    boot: u32,
    last: u64,
    batch: Option<Batch>,
    /// The last of an earlier run.
    before: Option<Batch>,
}

impl Node {
    fn batch(&self, node: u8, first: u64, flows: Vec<Flow>) -> Batch {
        let last = first + u64::try_from(flows.len()).unwrap();
        let (node, boot) = (format!("node-{node}").into(), format!("boot-{}", self.boot).into());
        Batch { mark: Mark { node, boot, first, last }, flows, lost: Vec::new() }
    }
}

proptest! {
    #![proptest_config(config(48))]

    #[test]
    fn what_is_put_is_answered_and_nothing_twice(
        pool in vec(flow(), 1..4),
        steps in vec(step(), 0..24),
        since in proptest::option::of(moment()),
        until in proptest::option::of(moment()),
        outcomes in proptest::collection::btree_set(prop_oneof![Just(Outcome::Allowed), Just(Outcome::Denied)], 0..2),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("history.db");
        let mut history = History::open(&path).unwrap();
        let mut nodes: BTreeMap<u8, Node> = BTreeMap::new();
        let mut all: Vec<Flow> = Vec::new();
        for (turn, (at, step)) in steps.into_iter().enumerate() {
            let node = nodes.entry(at).or_default();
            match step {
                Step::Told(mut flows) => {
                    flows.extend(pool.get(turn % 4).cloned());
                    let batch = node.batch(at, node.last + 1, flows);
                    prop_assert_eq!(history.put(&batch).unwrap(), Put::Kept);
                    all.extend(batch.flows.iter().cloned());
                    node.last = batch.mark.last;
                    node.batch = Some(batch);
                }
                // Also what an earlier run told: it may have been on its way.
                Step::Again => for batch in node.batch.iter().chain(&node.before) {
                    prop_assert_eq!(history.put(batch).unwrap(), Put::Known);
                },
                Step::Overlapping(flows) => if let Some(known) = &node.batch {
                    let mut batch = node.batch(at, known.mark.first, flows);
                    batch.mark.last = node.last + 1;
                    let refused = match history.put(&batch) {
                        Err(Error::Overlap { reached, .. }) => Some(reached),
                        _ => None,
                    };
                    prop_assert_eq!(refused, Some(node.last));
                },
                Step::Restart => {
                    let before = node.batch.take().or(node.before.take());
                    *node = Node { boot: node.boot + 1, last: 0, batch: None, before };
                }
                Step::Reopen => {
                    drop(history);
                    history = History::open(&path).unwrap();
                }
            }
        }
        prop_assert_eq!(answer(&history, &Query::default()), in_minutes(&all));
        prop_assert_eq!(history.totals(&Query::default()).unwrap(), merge_windows(in_minutes(&all)));
        let reached = history.reached().unwrap();
        for (name, node) in nodes.iter().filter(|(_, node)| node.batch.is_some()) {
            let of = reached.get(&*format!("node-{name}")).unwrap();
            prop_assert_eq!((&*of.boot, of.last), (&*format!("boot-{}", node.boot), node.last));
        }

        // Asked for less, the answer is what the query says of what is kept.
        let mut query = Query { outcomes, ..Query::default() };
        query.period.since = since.min(until);
        query.period.until = until;
        let expected: Vec<Flow> = in_minutes(&all).into_iter().filter(|flow| query.is(flow)).collect();
        prop_assert_eq!(answer(&history, &query), expected);
        for ends in ["red/*", "203.0.113.0/24", "internet", "node"] {
            let query = Query { from: vec![ends.parse().unwrap()], carried: vec![Carried::Anything], ..query.clone() };
            let expected: Vec<Flow> = in_minutes(&all).into_iter().filter(|flow| query.is(flow)).collect();
            prop_assert_eq!(answer(&history, &query), expected);
        }
        let spaces: Vec<FlowEnd> = all.iter().filter_map(|flow| flow.key.to.workload()).map(|end| {
            FlowEnd::Workload { namespace: end.workload.key.namespace.to_string(), name: None }
        }).collect();
        for space in spaces {
            let query = Query { to: vec![space], ..query.clone() };
            let expected: Vec<Flow> = in_minutes(&all).into_iter().filter(|flow| query.is(flow)).collect();
            prop_assert_eq!(answer(&history, &query), expected);
        }
    }

    #[test]
    fn what_was_seen_before_is_known(flows in vec(flow(), 1..12), since in moment()) {
        let folder = tempfile::tempdir().unwrap();
        let mut history = History::open(&folder.path().join("history.db")).unwrap();
        let batch = Node::default().batch(0, 1, flows.clone());
        history.put(&batch).unwrap();
        for flow in &flows {
            let key = &flow.key;
            let same = flows.iter().filter(|other| other.key == *key);
            prop_assert_eq!(history.first_seen(key).unwrap(), same.map(|other| other.seen.first).min());
            let pair = |other: &&Flow| (&other.key.from, &other.key.to, other.key.carried) == (&key.from, &key.to, key.carried);
            let allowed = flows.iter().filter(|other| other.key.outcome == Outcome::Allowed).filter(pair);
            let last = allowed.map(|other| other.seen.last).max().filter(|last| *last >= since);
            prop_assert_eq!(history.was_allowed(key, since).unwrap(), last);
        }
    }

    #[test]
    fn what_is_old_goes_first(flows in vec(flow(), 1..12), before in moment()) {
        let folder = tempfile::tempdir().unwrap();
        let mut history = History::open(&folder.path().join("history.db")).unwrap();
        history.put(&Node::default().batch(0, 1, flows.clone())).unwrap();
        let kept = in_minutes(&flows);
        prop_assert_eq!(history.count().unwrap(), u64::try_from(kept.len()).unwrap());
        prop_assert_eq!(history.oldest().unwrap(), kept.first().map(|flow| flow.window.from()));
        let (gone, left): (Vec<Flow>, Vec<Flow>) = kept.into_iter().partition(|flow| flow.window.to() <= before);
        prop_assert_eq!(history.trim_before(before).unwrap(), u64::try_from(gone.len()).unwrap());
        prop_assert_eq!(answer(&history, &Query::default()), left.clone());
        for flow in &gone {
            let known = left.iter().any(|other| other.key == flow.key);
            prop_assert_eq!(history.first_seen(&flow.key).unwrap().is_some(), known);
        }
        prop_assert_eq!(history.trim_to(0).unwrap(), u64::try_from(left.len()).unwrap());
        prop_assert_eq!(history.oldest().unwrap(), None);
        // How far nodes were heard is not given up: what is trimmed does not come again.
        prop_assert_eq!(history.reached().unwrap().len(), 1);
    }
}

#[test]
fn what_was_lost_is_told_and_added_up() {
    let folder = tempfile::tempdir().unwrap();
    let mut history = History::open(&folder.path().join("history.db")).unwrap();
    let window = |from: &str, to: &str| {
        sekisho_flow::record::Window::new(from.parse().unwrap(), to.parse().unwrap()).unwrap()
    };
    let lost = |from: &str, to: &str, why: &str, connections| Lost {
        window: window(from, to),
        node: "node-1".into(),
        why: why.into(),
        connections,
    };
    let batch = |first, last, lost| Batch {
        mark: Mark { node: "node-1".into(), boot: "a".into(), first, last },
        flows: Vec::new(),
        lost,
    };
    let early = lost("2026-11-01T12:00:00Z", "2026-11-01T12:00:00.5Z", "no room", Some(3));
    let late = lost("2026-11-01T12:00:30Z", "2026-11-01T12:00:30.5Z", "no room", Some(u64::MAX));
    let away = lost("2026-11-01T12:05:00Z", "2026-11-01T12:07:10Z", "not heard", None);
    let one = batch(1, 2, vec![early.clone(), late]);
    assert_eq!(history.put(&one).unwrap(), Put::Kept);
    assert_eq!(history.put(&one).unwrap(), Put::Known);
    history.put_lost(std::slice::from_ref(&away)).unwrap();
    history.put_lost(&[away]).unwrap();
    let most = u64::try_from(i64::MAX).unwrap();
    let minute = lost("2026-11-01T12:00:00Z", "2026-11-01T12:01:00Z", "no room", Some(most));
    let minutes = lost("2026-11-01T12:05:00Z", "2026-11-01T12:08:00Z", "not heard", None);
    assert_eq!(history.lost(Default::default()).unwrap(), [minute.clone(), minutes.clone()]);
    let since =
        sekisho_flow::query::Period { since: Some("2026-11-01T12:01:00Z".parse().unwrap()), until: None };
    assert_eq!(history.lost(since).unwrap(), [minutes]);
    history.trim_before("2026-11-01T12:01:00Z".parse().unwrap()).unwrap();
    assert_eq!(history.lost(Default::default()).unwrap().len(), 1);
}
