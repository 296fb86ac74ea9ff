//! Of a file.

use super::{
    always,
    less::{knows, loses, narrows, query, trims},
    life::{at_once, life, lived},
};
use proptest::collection::vec;
use sekisho_flow::testing::{flow, moment};
use sekisho_history::History;
use tempfile::tempdir;

#[test]
fn what_is_put_is_answered_and_nothing_twice() {
    always(48, (life(), query()), |(life, query)| {
        let folder = tempdir().unwrap();
        let path = folder.path().join("history.db");
        let (all, history) = lived(&|| History::open(&path).unwrap(), life)?;
        narrows(&history, &all, &query)
    });
}

#[test]
fn batches_are_taken_at_once() {
    always(24, vec(flow(), 0..8), |flows| {
        let folder = tempdir().unwrap();
        at_once(&mut History::open(&folder.path().join("history.db")).unwrap(), flows)
    });
}

#[test]
fn what_was_seen_before_is_known() {
    always(48, (vec(flow(), 1..12), moment()), |(flows, since)| {
        let folder = tempdir().unwrap();
        knows(&mut History::open(&folder.path().join("history.db")).unwrap(), flows, since)
    });
}

#[test]
fn what_is_old_goes_first() {
    always(48, (vec(flow(), 1..12), moment()), |(flows, before)| {
        let folder = tempdir().unwrap();
        trims(&mut History::open(&folder.path().join("history.db")).unwrap(), flows, before)
    });
}

#[test]
fn what_was_lost_is_told_and_added_up() {
    let folder = tempdir().unwrap();
    loses(History::open(&folder.path().join("history.db")).unwrap());
}
