//! What happens to nodes, and to who asks them.

use super::{answer, in_minutes};
use proptest::{collection::vec, prelude::*, test_runner::TestCaseError};
use sekisho_flow::{Timestamp, merge::merge_windows, query::Query, record::Flow, testing::flow};
use sekisho_history::{Batch, Error, History, Mark, Put};
use std::{collections::BTreeMap, time::Duration};

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

/// Things that happen, at one of three nodes each, and flows that are told more than once.
#[derive(Clone, Debug)]
pub(crate) struct Life {
    pool: Vec<Flow>,
    steps: Vec<(u8, Step)>,
}

pub(crate) fn life() -> impl Strategy<Value = Life> {
    let flows = || vec(flow(), 0..6);
    let step = prop_oneof![
        4 => flows().prop_map(Step::Told),
        1 => Just(Step::Again),
        1 => flows().prop_map(Step::Overlapping),
        1 => Just(Step::Restart),
        1 => Just(Step::Reopen),
    ];
    (vec(flow(), 1..4), vec((0..3_u8, step), 0..24)).prop_map(|(pool, steps)| Life { pool, steps })
}

/// When the batch with this last number was told.
fn at(last: u64) -> Timestamp {
    Timestamp::UNIX_EPOCH + Duration::from_secs(last)
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
        Batch { mark: Mark { node, boot, first, last }, at: at(last), flows, lost: Vec::new() }
    }
}

/// Several batches at once, some of one node, one known and one that overlaps: each is as it would be alone.
pub(crate) fn at_once(history: &mut History, flows: Vec<Flow>) -> Result<(), TestCaseError> {
    let batch = |node: &str, first, last, flows: &[Flow]| {
        let mark = Mark { node: node.into(), boot: "a".into(), first, last };
        Batch { mark, at: at(last), flows: flows.to_vec(), lost: Vec::new() }
    };
    let (one, other) = flows.split_at(flows.len() / 2);
    history.put(&batch("it's \\ a", 1, 3, one)).unwrap();
    let batches = [
        batch("it's \\ a", 1, 3, one),
        batch("it's \\ a", 4, 6, other),
        batch("b", 1, 1, one),
        batch("it's \\ a", 5, 9, one),
        batch("b", 1, 0, one),
        batch("it's \\ a", 7, 7, other),
    ];
    let put = history.put_all(&batches).unwrap();
    let put: Vec<_> = put.into_iter().map(|put| put.map_err(|error| error.to_string())).collect();
    let overlap =
        "a batch of `it's \\ a` has the numbers 5 to 9, and those up to 6 were taken: ask for what follows";
    let mark = "a batch of `b` has the numbers 1 to 0: the last must not be before the first";
    let expected = [
        Ok(Put::Known),
        Ok(Put::Kept),
        Ok(Put::Kept),
        Err(overlap.to_owned()),
        Err(mark.to_owned()),
        Ok(Put::Kept),
    ];
    prop_assert_eq!(put, expected);
    let all: Vec<Flow> = [one, other, one, other].concat();
    prop_assert_eq!(answer(history, &Query::default()), in_minutes(&all));
    let reached = history.reached().unwrap();
    prop_assert_eq!((reached["it's \\ a"].last, reached["b"].last), (7, 1));
    prop_assert!(history.put_all(&[]).unwrap().is_empty());
    Ok(())
}

/// Lives it, and looks at what is answered. All that was told, and who keeps it.
pub(crate) fn lived(open: &dyn Fn() -> History, life: Life) -> Result<(Vec<Flow>, History), TestCaseError> {
    let mut history = open();
    let mut nodes: BTreeMap<u8, Node> = BTreeMap::new();
    let mut all: Vec<Flow> = Vec::new();
    for (turn, (at, step)) in life.steps.into_iter().enumerate() {
        let node = nodes.entry(at).or_default();
        match step {
            Step::Told(mut flows) => {
                flows.extend(life.pool.get(turn % 4).cloned());
                let batch = node.batch(at, node.last + 1, flows);
                prop_assert_eq!(history.put(&batch).unwrap(), Put::Kept);
                all.extend(batch.flows.iter().cloned());
                node.last = batch.mark.last;
                node.batch = Some(batch);
            }
            // Also what an earlier run told: it may have been on its way.
            Step::Again => {
                for batch in node.batch.iter().chain(&node.before) {
                    prop_assert_eq!(history.put(batch).unwrap(), Put::Known);
                }
            }
            Step::Overlapping(flows) => {
                let Some(known) = &node.batch else { continue };
                let mut batch = node.batch(at, known.mark.first, flows);
                batch.mark.last = node.last + 1;
                let refused = match history.put(&batch) {
                    Err(Error::Overlap { reached, .. }) => Some(reached),
                    _ => None,
                };
                prop_assert_eq!(refused, Some(node.last));
            }
            Step::Restart => {
                let before = node.batch.take().or(node.before.take());
                *node = Node { boot: node.boot + 1, last: 0, batch: None, before };
            }
            Step::Reopen => {
                drop(history);
                history = open();
            }
        }
    }
    prop_assert_eq!(answer(&history, &Query::default()), in_minutes(&all));
    prop_assert_eq!(history.totals(&Query::default()).unwrap(), merge_windows(in_minutes(&all)));
    let reached = history.reached().unwrap();
    for (name, node) in nodes.iter().filter(|(_, node)| node.batch.is_some()) {
        let of = reached.get(&*format!("node-{name}")).unwrap();
        prop_assert_eq!(
            (&*of.boot, of.last, of.at),
            (&*format!("boot-{}", node.boot), node.last, Some(at(node.last)))
        );
    }
    Ok((all, history))
}
