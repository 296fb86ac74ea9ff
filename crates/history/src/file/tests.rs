//! What only who knows the file can try.

use super::*;
use crate::Mark;
use proptest::{strategy::Strategy, test_runner::TestRunner};
use sekisho_flow::{Timestamp, query::Query, record::Flow, testing};
use std::ops::ControlFlow;

/// Some flows of any form.
fn flows(count: usize) -> Vec<Flow> {
    let mut runner = TestRunner::deterministic();
    let mut flow =
        || testing::flow().new_tree(&mut runner).map(|tree| proptest::strategy::ValueTree::current(&tree));
    (0..count).map(|_| flow().unwrap()).collect()
}

fn batch(first: u64, flows: Vec<Flow>) -> Batch {
    let mark = Mark { node: "node-1".into(), boot: "a".into(), first, last: first };
    Batch { mark, at: Timestamp::UNIX_EPOCH, flows, lost: vec![] }
}

fn put(history: &mut File, batch: &Batch) -> Result<Put, Error> {
    history.put_all(std::slice::from_ref(batch)).map(|mut put| put.remove(0).unwrap())
}

fn all(history: &File) -> Vec<Flow> {
    let mut flows = Vec::new();
    let each = |flow| {
        flows.push(flow);
        ControlFlow::Continue(())
    };
    history.flows(&Query::default(), each).unwrap();
    flows
}

#[test]
fn of_what_finds_no_room_nothing_is_taken_and_then_all() {
    let folder = tempfile::tempdir().unwrap();
    let mut history = File::open(&folder.path().join("history.db")).unwrap();
    put(&mut history, &batch(1, flows(20))).unwrap();
    let before = (all(&history), history.reached().unwrap());
    let pages: i64 = history.connection.pragma_query_value(None, "page_count", |row| row.get(0)).unwrap();
    let most = |history: &File, pages: i64| {
        history.connection.pragma_update_and_check(None, "max_page_count", pages, |_| Ok(())).unwrap();
    };
    most(&history, pages + 2);
    let large = batch(2, flows(2000));
    let error = put(&mut history, &large).unwrap_err();
    assert!(matches!(error, Error::Full), "{error}");
    assert_eq!((all(&history), history.reached().unwrap()), before);
    most(&history, 1 << 30);
    assert_eq!(put(&mut history, &large).unwrap(), Put::Kept);
    assert_eq!(put(&mut history, &large).unwrap(), Put::Known);
}

#[test]
fn what_was_trimmed_is_room_for_others() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("history.db");
    let mut history = File::open(&path).unwrap();
    put(&mut history, &batch(1, flows(3000))).unwrap();
    let size = history.size().unwrap();
    assert!(history.trim_to(size / 2).unwrap() > 0);
    let trimmed = history.size().unwrap();
    assert!(trimmed <= size / 2, "{trimmed} of {size}");
    assert!(history.oldest().unwrap().is_some(), "not everything had to go");
    let pages: i64 = history.connection.pragma_query_value(None, "freelist_count", |row| row.get(0)).unwrap();
    assert_eq!(pages, 0, "the disk has them back");
}

#[test]
fn time_namespaces_and_outcomes_are_found_by_index() {
    let folder = tempfile::tempdir().unwrap();
    let mut history = File::open(&folder.path().join("history.db")).unwrap();
    put(&mut history, &batch(1, flows(300))).unwrap();
    let plan = |query: &str| {
        let query = Query::parse(query, &[], "2026-12-01T00:00:00Z".parse().unwrap()).unwrap();
        let asked = history.narrowed_text(&query).unwrap();
        let mut statement = history.connection.prepare(&format!("EXPLAIN QUERY PLAN {}", asked.0)).unwrap();
        let rows = statement.query_map(rusqlite::params_from_iter(asked.1), |row| row.get::<_, String>(3));
        rows.unwrap().map(Result::unwrap).collect::<Vec<_>>().join("; ")
    };
    let by_time = plan("since=2026-11-25T00:00:00Z");
    assert!(by_time.starts_with("SEARCH w USING PRIMARY KEY (start>?)"), "{by_time}");
    assert!(!by_time.contains("TEMP B-TREE"), "read in order: {by_time}");
    for query in ["outcome=denied", "from=a/*", "to=a/b&outcome=audited", "from=a/*&from=b/*&since=1d"] {
        let plan = plan(query);
        assert!(plan.starts_with("SEARCH k USING INDEX keys_by_"), "{query}: {plan}");
        assert!(plan.contains("SEARCH w USING INDEX windows_by_key (key=?"), "{query}: {plan}");
    }
}
