//! Asking for less, and keeping less.

use super::{answer, batch, in_minutes};
use proptest::{collection::btree_set, option, prelude::*, test_runner::TestCaseError};
use sekisho_flow::{
    Timestamp,
    query::{FlowEnd, Period, Query},
    record::{Flow, Outcome},
    testing::moment,
};
use sekisho_history::{History, Lost, Mark, Put};

/// Some outcomes of some period.
pub(crate) fn query() -> impl Strategy<Value = Query> {
    let outcomes = btree_set(prop_oneof![Just(Outcome::Allowed), Just(Outcome::Denied)], 0..2);
    (outcomes, option::of(moment()), option::of(moment())).prop_map(|(outcomes, since, until)| Query {
        outcomes,
        period: Period { since: since.min(until), until },
        ..Query::default()
    })
}

/// Asked for less, the answer is what the query says of what is kept.
pub(crate) fn narrows(history: &History, all: &[Flow], query: &Query) -> Result<(), TestCaseError> {
    let ends = ["red/*", "203.0.113.0/24", "internet", "node"].map(|end| end.parse::<FlowEnd>().unwrap());
    let from = ends.into_iter().map(|end| Query { from: vec![end], ..query.clone() });
    let spaces = all.iter().filter_map(|flow| flow.key.to.workload());
    let spaces = spaces.map(|end| end.workload.key.namespace.to_string());
    let to = spaces.map(|namespace| FlowEnd::Workload { namespace, name: None });
    let to = to.map(|end| Query { to: vec![end], ..query.clone() });
    for query in [query.clone()].into_iter().chain(from).chain(to.take(6)) {
        let expected: Vec<Flow> = in_minutes(all).into_iter().filter(|flow| query.is(flow)).collect();
        prop_assert_eq!(answer(history, &query), expected);
    }
    Ok(())
}

/// Whether something is new is known.
pub(crate) fn knows(history: &mut History, flows: Vec<Flow>, since: Timestamp) -> Result<(), TestCaseError> {
    history.put(&batch(1, flows.clone())).unwrap();
    for flow in &flows {
        let key = &flow.key;
        let same = flows.iter().filter(|other| other.key == *key);
        prop_assert_eq!(history.first_seen(key).unwrap(), same.map(|other| other.seen.first).min());
        let pair = |other: &&Flow| {
            (&other.key.from, &other.key.to, other.key.carried) == (&key.from, &key.to, key.carried)
        };
        let allowed = flows.iter().filter(|other| other.key.outcome == Outcome::Allowed).filter(pair);
        let last = allowed.map(|other| other.seen.last).max().filter(|last| *last >= since);
        prop_assert_eq!(history.was_allowed(key, since).unwrap(), last);
    }
    Ok(())
}

/// What is old goes first.
pub(crate) fn trims(history: &mut History, flows: Vec<Flow>, before: Timestamp) -> Result<(), TestCaseError> {
    history.put(&batch(1, flows.clone())).unwrap();
    let kept = in_minutes(&flows);
    let count = |flows: &[Flow]| u64::try_from(flows.len()).unwrap();
    prop_assert_eq!(history.count().unwrap(), count(&kept));
    prop_assert_eq!(history.oldest().unwrap(), kept.first().map(|flow| flow.window.from()));
    let (gone, left): (Vec<Flow>, Vec<Flow>) = kept.into_iter().partition(|flow| flow.window.to() <= before);
    prop_assert_eq!(history.trim_before(before).unwrap(), count(&gone));
    prop_assert_eq!(answer(history, &Query::default()), left.clone());
    for flow in &gone {
        let known = left.iter().any(|other| other.key == flow.key);
        prop_assert_eq!(history.first_seen(&flow.key).unwrap().is_some(), known);
    }
    prop_assert_eq!(history.trim_to(0).unwrap(), count(&left));
    prop_assert_eq!(history.oldest().unwrap(), None);
    // How far nodes were heard is not given up: what is trimmed does not come again.
    prop_assert_eq!(history.reached().unwrap().len(), 1);
    prop_assert_eq!(history.put(&batch(1, flows)).unwrap(), Put::Known);
    Ok(())
}

/// What was lost is told and added up.
pub(crate) fn loses(mut history: History) {
    let window = |from: &str, to: &str| {
        sekisho_flow::record::Window::new(from.parse().unwrap(), to.parse().unwrap()).unwrap()
    };
    let lost = |from: &str, to: &str, why: &str, connections| Lost {
        window: window(from, to),
        node: "node-0".into(),
        why: why.into(),
        connections,
    };
    let early = lost("2026-11-01T12:00:00Z", "2026-11-01T12:00:00.5Z", "no 'room'", Some(3));
    let late = lost("2026-11-01T12:00:30Z", "2026-11-01T12:00:30.5Z", "no 'room'", Some(4));
    let away = lost("2026-11-01T12:05:00Z", "2026-11-01T12:07:10Z", "not heard", None);
    let mut one = batch(1, Vec::new());
    one.lost = vec![early, late];
    assert_eq!(history.put(&one).unwrap(), Put::Kept);
    assert_eq!(history.put(&one).unwrap(), Put::Known);
    let mark = Mark { first: 1, last: 0, ..one.mark };
    let told = history.put(&sekisho_history::Batch { mark, ..one }).unwrap_err().to_string();
    assert_eq!(told, "a batch of `node-0` has the numbers 1 to 0: the last must not be before the first");
    history.put_lost(std::slice::from_ref(&away)).unwrap();
    history.put_lost(&[away]).unwrap();
    history.put_lost(&[]).unwrap();
    let minute = lost("2026-11-01T12:00:00Z", "2026-11-01T12:01:00Z", "no 'room'", Some(7));
    let minutes = lost("2026-11-01T12:05:00Z", "2026-11-01T12:08:00Z", "not heard", None);
    assert_eq!(history.lost(Period::default()).unwrap(), [minute, minutes.clone()]);
    let since = Period { since: Some("2026-11-01T12:01:00Z".parse().unwrap()), until: None };
    assert_eq!(history.lost(since).unwrap(), std::slice::from_ref(&minutes));
    history.trim_before("2026-11-01T12:01:00Z".parse().unwrap()).unwrap();
    assert_eq!(history.lost(Period::default()).unwrap(), [minutes]);
}
