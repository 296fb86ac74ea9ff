//! Files that are something else, of another version, damaged or not to be written.

#![allow(clippy::unwrap_used, reason = "a test says what must hold")]

use rusqlite::Connection;
use sekisho_flow::Timestamp;
use sekisho_history::{Batch, Error, History, Mark, Reached};
use std::{fs, path::Path, time::Duration};

fn at(second: u64) -> Timestamp {
    Timestamp::UNIX_EPOCH + Duration::from_secs(second)
}

fn batch(first: u64) -> Batch {
    Batch {
        mark: Mark { node: "node-1".into(), boot: "a".into(), first, last: first },
        at: at(first),
        flows: Vec::new(),
        lost: Vec::new(),
    }
}

fn error(path: &Path) -> String {
    History::open(path).unwrap_err().to_string()
}

#[test]
fn what_is_something_else_stays_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let text = folder.path().join("notes.txt");
    fs::write(&text, "what I wanted to say: ".repeat(400)).unwrap();
    let before = fs::read(&text).unwrap();
    assert_eq!(
        error(&text),
        format!("`{}` is no history: name another file, or move this one away", text.display())
    );
    assert_eq!(fs::read(&text).unwrap(), before);

    let other = folder.path().join("other.db");
    Connection::open(&other).unwrap().execute_batch("CREATE TABLE notes (text)").unwrap();
    assert!(matches!(History::open(&other), Err(Error::NotOurs(_))));
    let none = folder.path().join("none.db");
    assert!(matches!(History::open_to_ask(&none), Err(Error::Open { .. })));
    assert!(!none.exists());
    assert!(error(&folder.path().join("away/history.db")).contains("cannot be opened: unable to open"));
}

#[test]
fn a_later_version_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("history.db");
    drop(History::open(&path).unwrap());
    Connection::open(&path).unwrap().pragma_update(None, "user_version", 7).unwrap();
    assert_eq!(
        error(&path),
        format!(
            "`{}` is of version 7, and this sekisho knows 2 and those before: use the sekisho that wrote it, or a later one",
            path.display()
        )
    );
}

#[test]
fn a_file_that_was_begun_and_not_made_is_made() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("history.db");
    fs::write(&path, "").unwrap();
    let mut history = History::open(&path).unwrap();
    history.put(&batch(1)).unwrap();
    drop(history);
    assert_eq!(History::open(&path).unwrap().reached().unwrap().len(), 1);
}

#[test]
fn who_asks_does_not_write_and_sees_what_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("history.db");
    let mut history = History::open(&path).unwrap();
    let mut asks = History::open_to_ask(&path).unwrap();
    assert!(matches!(asks.put(&batch(1)), Err(Error::ReadOnly)));
    assert!(asks.reached().unwrap().is_empty());
    history.put(&batch(1)).unwrap();
    assert_eq!(asks.reached().unwrap().len(), 1);
}

#[test]
fn a_damaged_file_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("history.db");
    let mut history = History::open(&path).unwrap();
    for number in 1..200 {
        history
            .put(&Batch {
                mark: Mark { node: format!("node-{number}").into(), ..batch(number).mark },
                ..batch(1)
            })
            .unwrap();
    }
    drop(history);
    let mut bytes = fs::read(&path).unwrap();
    assert!(!path.with_extension("db-wal").exists(), "the log was written back");
    for page in bytes.chunks_mut(4096).skip(1) {
        page.fill(0xa5);
    }
    fs::write(&path, bytes).unwrap();
    let told = History::open(&path).and_then(|mut history| {
        history.put(&batch(1))?;
        history.reached().map(drop)
    });
    let told = told.unwrap_err();
    assert!(matches!(told, Error::Damaged(_)), "{told}");
    assert!(told.to_string().starts_with("the history is damaged: "), "{told}");
}

/// A file that the first version wrote: its nodes are known, and when they were heard as far as can be told.
#[test]
fn a_file_of_the_first_version_is_brought_to_this_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("history.db");
    let first = Connection::open(&path).unwrap();
    first.execute_batch(include_str!("../src/file/v1.sql")).unwrap();
    first
        .execute_batch(
            "PRAGMA application_id = 0x736b736f; PRAGMA user_version = 1;
             INSERT INTO cursors VALUES ('node-1', 'a', 7, 1);
             INSERT INTO keys VALUES (1, 'key', 1, NULL, NULL, 'denied');
             INSERT INTO windows VALUES (60, 120, 1, 1, 61000000000, 62000000000, '{}')",
        )
        .unwrap();
    drop(first);
    let mut history = History::open(&path).unwrap();
    let reached = |last, second| Reached { boot: "a".into(), last, at: Some(at(second)) };
    assert_eq!(history.reached().unwrap()["node-1"], reached(7, 62));
    history.put(&batch(8)).unwrap();
    assert_eq!(history.reached().unwrap()["node-1"], reached(8, 8));
    drop(history);
    assert_eq!(History::open(&path).unwrap().reached().unwrap()["node-1"], reached(8, 8));
}
