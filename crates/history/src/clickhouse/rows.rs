//! Rows, as they are written and read.

use crate::{Batch, Error, Lost, keys, times};
use sekisho_flow::{
    record::{End, Few, Flow, Seen, Window},
    text::parts,
};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// A row of the table. What a kind of row does not have is left as the column's default.
#[derive(Debug, Default, Serialize)]
pub(super) struct Row {
    day: i64,
    kind: &'static str,
    start: i64,
    stop: i64,
    key: String,
    connection: i64,
    from_namespace: Arc<str>,
    to_namespace: Arc<str>,
    outcome: String,
    count: i64,
    first: i64,
    last: i64,
    nodes: Vec<Arc<str>>,
    nodes_more: u8,
    from_pods: Vec<Arc<str>>,
    from_pods_more: u8,
    to_pods: Vec<Arc<str>>,
    to_pods_more: u8,
    nearest: Vec<String>,
    number: u64,
    before: i64,
    after: i64,
}

/// The key of a mark.
#[derive(Debug, Deserialize, Serialize)]
pub(super) struct MarkKey(pub(super) Arc<str>, pub(super) Arc<str>);

/// The key of what was lost: node, why, and whether it was counted.
#[derive(Debug, Deserialize, Serialize)]
pub(super) struct LostKey(pub(super) Arc<str>, pub(super) Arc<str>, pub(super) bool);

pub(super) fn text(key: &impl Serialize) -> String {
    // INVARIANT: a list of strings and truths, which can always be written.
    serde_json::to_string(key).unwrap_or_default()
}

impl Row {
    pub(super) fn flow(flow: &Flow, day: i64) -> Self {
        let Flow { window, key, seen } = flow;
        let (start, stop) = times::minutes(*window);
        let namespace = |end: &End| {
            end.workload().map_or_else(|| "".into(), |end| Arc::clone(&end.workload.key.namespace))
        };
        let nearest = seen.nearest.as_ref().map(|nearest| {
            parts::details(&Seen { nearest: Some(nearest.clone()), ..Seen::at(seen.first, 1) })
        });
        Self {
            day,
            kind: "flow",
            start,
            stop,
            key: parts::key(key),
            connection: keys::connection(key),
            from_namespace: namespace(&key.from),
            to_namespace: namespace(&key.to),
            outcome: key.outcome.to_string(),
            count: times::count(seen.count),
            first: times::nanos(seen.first),
            last: times::nanos(seen.last),
            nodes: seen.nodes.iter().cloned().collect(),
            nodes_more: seen.nodes.has_more().into(),
            from_pods: seen.from_pods.iter().cloned().collect(),
            from_pods_more: seen.from_pods.has_more().into(),
            to_pods: seen.to_pods.iter().cloned().collect(),
            to_pods_more: seen.to_pods.has_more().into(),
            nearest: nearest.into_iter().collect(),
            ..Self::default()
        }
    }

    pub(super) fn lost(lost: &Lost, day: i64) -> Self {
        let (start, stop) = times::minutes(lost.window);
        let key = LostKey(Arc::clone(&lost.node), Arc::clone(&lost.why), lost.connections.is_some());
        let count = times::count(lost.connections.unwrap_or(0));
        Self { day, kind: "lost", start, stop, key: text(&key), count, ..Self::default() }
    }

    pub(super) fn mark(Batch { mark, at, .. }: &Batch, flows: &[Flow], day: i64) -> Self {
        let key = text(&MarkKey(Arc::clone(&mark.node), Arc::clone(&mark.boot)));
        let mut row =
            Self { day, kind: "mark", key, number: mark.last, last: times::nanos(*at), ..Self::default() };
        for Flow { window, seen, .. } in flows {
            let start = times::nanos(window.from());
            row.before = row.before.max(start.saturating_sub(times::nanos(seen.first)));
            row.after = row.after.max(times::nanos(seen.last).saturating_sub(start));
        }
        row
    }
}

/// The day of a batch, in days since 1970: the last of what it tells.
pub(super) fn day(batch: &Batch) -> i64 {
    last_day(batch.flows.iter().map(|flow| flow.window).chain(batch.lost.iter().map(|lost| lost.window)))
}

pub(super) fn last_day(windows: impl Iterator<Item = Window>) -> i64 {
    let last = windows.map(|window| window.from().as_second().div_euclid(86_400)).max();
    // A `Date` goes to the year 2149.
    last.unwrap_or(0).clamp(0, 65_535)
}

/// A row of an answer.
#[derive(Debug, Deserialize)]
pub(super) struct Found {
    pub(super) start: i64,
    pub(super) stop: i64,
    pub(super) key: String,
    #[serde(default)]
    pub(super) n: u64,
    #[serde(default)]
    f: i64,
    #[serde(default)]
    l: i64,
    #[serde(default)]
    nodes: Vec<Arc<str>>,
    #[serde(default)]
    nodes_more: u8,
    #[serde(default)]
    from_pods: Vec<Arc<str>>,
    #[serde(default)]
    from_pods_more: u8,
    #[serde(default)]
    to_pods: Vec<Arc<str>>,
    #[serde(default)]
    to_pods_more: u8,
    #[serde(default)]
    nearest: Vec<String>,
}

impl Found {
    /// What was seen.
    pub(super) fn seen(self) -> Result<Seen, Error> {
        let mut seen = Seen::at(times::moment(self.f), self.n);
        for text in &self.nearest {
            let one = parts::with_details(Seen::at(seen.first, 0), text);
            seen.join(&one.map_err(|error| Error::Damaged(error.to_string()))?);
        }
        seen.last = times::moment(self.l);
        seen.nodes = Few::of(self.nodes, self.nodes_more > 0);
        seen.from_pods = Few::of(self.from_pods, self.from_pods_more > 0);
        seen.to_pods = Few::of(self.to_pods, self.to_pods_more > 0);
        Ok(seen)
    }
}
