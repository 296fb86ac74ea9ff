//! A disk as small as SQLite's log: what fills it is given up again, and there is room.
//!
//! The test runs itself in a mount namespace of its own, on a file system of 2 MiB in memory.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test says what must hold")]

use proptest::{
    strategy::{Strategy, ValueTree},
    test_runner::TestRunner,
};
use sekisho_core::testing::skipped;
use sekisho_flow::{
    Timestamp,
    record::{Flow, Window},
    testing,
};
use sekisho_history::{Batch, Error, History, Mark, Put};
use std::{
    env, fs,
    path::Path,
    process::{Command, Stdio},
    time::Duration,
};

const FOLDER: &str = "SEKISHO_TEST_SMALL_DISK";
const MIB: u64 = 1 << 20;

fn minute(number: u64) -> Timestamp {
    "2026-11-01T00:00:00Z".parse::<Timestamp>().unwrap() + Duration::from_secs(60 * number)
}

/// What a node tells under this number, of a minute that so many batches share.
fn batch(pool: &[Flow], number: u64, sharing: u64) -> Batch {
    let first = number - number % sharing;
    let window = Window::new(minute(first), minute(first + 1)).unwrap();
    let start = usize::try_from(number).unwrap();
    let flows = pool.iter().cycle().skip(start * 7 % pool.len()).take(40);
    let mark = Mark { node: "node-1".into(), boot: "a".into(), first: number, last: number };
    let flows = flows.map(|flow| Flow { window, ..flow.clone() }).collect();
    Batch { mark, at: minute(number), flows, lost: Vec::new() }
}

/// Puts batches until there is no room; how many were taken.
fn fill(history: &mut History, pool: &[Flow], number: &mut u64, sharing: u64) -> u64 {
    for taken in 0..10_000 {
        match history.put(&batch(pool, *number, sharing)) {
            Ok(put) => assert_eq!(put, Put::Kept),
            Err(Error::Full) => return taken,
            Err(other) => panic!("{other}"),
        }
        *number += 1;
    }
    panic!("the disk is not small")
}

/// What is run on the small disk; without one it has nothing to do.
#[test]
fn fills_a_small_disk() {
    let Some(folder) = env::var_os(FOLDER) else { return };
    let path = Path::new(&folder).join("history.db");
    let mut runner = TestRunner::deterministic();
    let pool: Vec<Flow> =
        (0..3000).map(|_| testing::flow().new_tree(&mut runner).unwrap().current()).collect();
    let mut history = History::open(&path).unwrap();
    let mut number = 1;
    for round in 0..6 {
        // In the middle most of what fills the disk is of one minute.
        let sharing = if [2, 3].contains(&round) { 1 << 20 } else { 1 };
        let taken = fill(&mut history, &pool, &mut number, sharing);
        assert!(taken > 0, "there is no room in round {round}");
        if round % 2 == 1 {
            drop(history);
            history = History::open(&path).unwrap();
        }
        let (count, size) = (history.count().unwrap(), history.size().unwrap());
        assert!(size > MIB / 2, "in round {round} {size} bytes fill the disk");
        let trimmed = if round == 4 {
            history.trim_before(minute(number - 3)).unwrap()
        } else {
            history.trim_to(size / 2).unwrap()
        };
        assert!(trimmed > 0, "in round {round}");
        assert_eq!(history.count().unwrap(), count - trimmed);
        assert_eq!(history.reached().unwrap()["node-1"].last, number - 1);
        let there = |end: &str| {
            let mut name = path.clone().into_os_string();
            name.push(end);
            fs::metadata(name).map_or(0, |found| found.len())
        };
        assert_eq!(there("-wal"), 0, "the log was written back");
        assert!(there("-reserve") > 0, "some is kept back again");
    }
    println!("filled 6 times with {} batches", number - 1);
}

#[test]
fn what_was_given_up_is_room_again() {
    let is_to_be_had = Command::new("unshare").args(["--mount", "--map-root-user", "true"]).status();
    if !is_to_be_had.is_ok_and(|status| status.success()) {
        skipped("mounts of its own are not to be had, so no disk is small");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let mounted = "mount -t tmpfs -o size=2m none \"$SEKISHO_TEST_SMALL_DISK\" && exec \"$0\" \"$@\"";
    let run = Command::new("unshare")
        .args(["--mount", "--map-root-user", "sh", "-c", mounted])
        .arg(env::current_exe().unwrap())
        .args(["--exact", "fills_a_small_disk", "--nocapture"])
        .env(FOLDER, folder.path())
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let said = [run.stdout, run.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
    assert!(run.status.success() && said.contains("filled 6 times"), "{said}");
}
