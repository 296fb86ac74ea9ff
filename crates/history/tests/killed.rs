//! Who writes is killed, at any time.
//!
//! The test runs itself as the process that is killed: with a file in its environment it writes batch upon batch, and says
//! which were taken.

#![allow(clippy::unwrap_used, reason = "a test says what must hold")]

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use proptest::{
    strategy::{Strategy, ValueTree},
    test_runner::TestRunner,
};
use sekisho_flow::{Timestamp, merge::merge, query::Query, record::Flow, testing};
use sekisho_history::{Batch, History, Mark, Put};
use std::{
    env,
    io::{BufRead, BufReader, Write},
    ops::ControlFlow,
    path::Path,
    process::{Command, Stdio},
    time::Duration,
};

const FILE: &str = "SEKISHO_TEST_HISTORY";
const EACH: usize = 40;

/// What the node tells under this number: always the same.
fn batch(pool: &[Flow], number: u64) -> Batch {
    let start = usize::try_from(number).unwrap();
    let flows = pool.iter().cycle().skip(start % pool.len()).take(EACH).cloned().collect();
    let mark = Mark { node: "node-1".into(), boot: "a".into(), first: number, last: number };
    Batch { mark, at: Timestamp::UNIX_EPOCH, flows, lost: Vec::new() }
}

fn pool() -> Vec<Flow> {
    let mut runner = TestRunner::deterministic();
    (0..200).map(|_| testing::flow().new_tree(&mut runner).unwrap().current()).collect()
}

/// What is run to be killed; without a file it has nothing to do.
#[test]
fn writes_until_it_is_killed() {
    let Some(file) = env::var_os(FILE) else { return };
    let pool = pool();
    let mut history = History::open(Path::new(&file)).unwrap();
    let next = history.reached().unwrap().get("node-1").map_or(1, |reached| reached.last + 1);
    for number in next.. {
        assert_eq!(history.put(&batch(&pool, number)).unwrap(), Put::Kept);
        // Behind the harness's own words, on a line of its own.
        writeln!(std::io::stderr(), "taken {number}").unwrap();
    }
}

#[test]
fn what_was_taken_stays_and_nothing_is_half() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("history.db");
    let pool = pool();
    let mut known = 0;
    for round in 0..12_u64 {
        let mut child = Command::new(env::current_exe().unwrap())
            .args(["--exact", "writes_until_it_is_killed", "--nocapture"])
            .env(FILE, &file)
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let mut taken = |line: Option<std::io::Result<String>>| {
            let line = line?.ok()?;
            known = known.max(line.strip_prefix("taken ")?.parse().ok()?);
            Some(())
        };
        taken(lines.next()).unwrap();
        // Somewhere in the middle of a batch.
        std::thread::sleep(Duration::from_micros(1_500 * round));
        kill(Pid::from_raw(i32::try_from(child.id()).unwrap()), Signal::SIGKILL).unwrap();
        for line in lines {
            let _ = taken(Some(line));
        }
        child.wait().unwrap();

        let history = History::open(&file).unwrap();
        let reached = history.reached().unwrap()["node-1"].last;
        assert!(reached >= known, "{known} was said to be taken, and only {reached} is");
        let expected = (1..=reached).flat_map(|number| batch(&pool, number).flows);
        let expected = merge(expected.map(|flow| Flow { window: flow.window.in_minutes(), ..flow }));
        let mut found = Vec::new();
        history
            .flows(&Query::default(), |flow| {
                found.push(flow);
                ControlFlow::Continue(())
            })
            .unwrap();
        assert!(found == expected, "in round {round}, after {reached} batches");
    }
}
