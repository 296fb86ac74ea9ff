//! Several at one file: who writes, who asks, and who starts before the other has ended.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test says what must hold")]

use proptest::{
    strategy::{Strategy, ValueTree},
    test_runner::TestRunner,
};
use sekisho_flow::{Timestamp, query::Query, record::Flow, testing::flow};
use sekisho_history::{Batch, Error, History, Mark, Put};
use std::{
    ops::ControlFlow,
    sync::atomic::{AtomicBool, Ordering},
    thread,
};

const EACH: usize = 10;
const BATCHES: u64 = 60;

/// Ten flows of one connection each, the same under the same number.
fn batch(pool: &[Flow], number: u64) -> Batch {
    let start = usize::try_from(number).unwrap();
    let one = |flow: &Flow| {
        let mut flow = flow.clone();
        flow.seen.count = 1;
        flow
    };
    let flows = pool.iter().cycle().skip(start % pool.len()).take(EACH).map(one).collect();
    let mark = Mark { node: "node-1".into(), boot: "a".into(), first: number, last: number };
    Batch { mark, at: Timestamp::UNIX_EPOCH, flows, lost: Vec::new() }
}

fn pool() -> Vec<Flow> {
    let flows = proptest::collection::vec(flow(), 50);
    flows.new_tree(&mut TestRunner::deterministic()).unwrap().current()
}

/// How many connections it has.
fn connections(history: &History) -> u64 {
    let mut count = 0;
    history
        .flows(&Query::default(), |flow| {
            count += flow.seen.count;
            ControlFlow::Continue(())
        })
        .unwrap();
    count
}

#[test]
fn who_asks_sees_whole_batches() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("history.db");
    let (pool, done) = (pool(), AtomicBool::new(false));
    let mut writes = History::open(&path).unwrap();
    let asks = || {
        let asks = History::open_to_ask(&path).unwrap();
        let (mut asked, mut before) = (0, 0);
        while !done.load(Ordering::Relaxed) || asked == 0 {
            let now = connections(&asks);
            assert!(
                now >= before && now.is_multiple_of(u64::try_from(EACH).unwrap()),
                "{before}, then {now}"
            );
            (asked, before) = (asked + 1, now);
        }
    };
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(asks);
        }
        for number in 1..=BATCHES {
            assert_eq!(writes.put(&batch(&pool, number)).unwrap(), Put::Kept);
        }
        done.store(true, Ordering::Relaxed);
    });
    assert_eq!(connections(&writes), BATCHES * 10);
}

/// Two that write the same, as when one starts before the other has ended: each batch is taken by one of them.
#[test]
fn two_that_write_take_nothing_twice() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("history.db");
    let pool = pool();
    let kept: usize = thread::scope(|scope| {
        let write = || {
            let mut history = History::open(&path).unwrap();
            let put = |number| match history.put(&batch(&pool, number)) {
                Ok(put) => put,
                Err(error) => panic!("{number}: {error}"),
            };
            (1..=BATCHES).map(put).filter(|put| *put == Put::Kept).count()
        };
        let both = [scope.spawn(write), scope.spawn(write)];
        both.into_iter().map(|one| one.join().unwrap()).sum()
    });
    assert_eq!(u64::try_from(kept).unwrap(), BATCHES);
    assert_eq!(connections(&History::open(&path).unwrap()), BATCHES * 10);
}

#[test]
fn who_writes_is_not_waited_for_for_ever() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("history.db");
    let mut history = History::open(&path).unwrap();
    let other = rusqlite::Connection::open(&path).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let busy = history.put(&batch(&pool(), 1)).unwrap_err();
    assert!(matches!(busy, Error::Busy), "{busy}");
    other.execute_batch("ROLLBACK").unwrap();
    assert_eq!(history.put(&batch(&pool(), 1)).unwrap(), Put::Kept);
}
