//! What flowed.

use super::{
    ClickHouse, literal, refused,
    rows::{Found, LostKey},
};
use crate::{Error, Lost, http::Heard, keys, times};
use sekisho_flow::{
    query::{FlowEnd, Period, Query},
    record::{Flow, Key},
};
use serde::{Deserialize, de::DeserializeOwned};
use std::{collections::HashMap, ops::ControlFlow};

/// What is told of rows of equal keys and windows.
const JOINED: &str = "start, stop, key, sum(count) AS n, min(first) AS f, max(last) AS l,
    arraySort(groupUniqArrayArray(t.nodes)) AS nodes, max(t.nodes_more) AS nodes_more,
    arraySort(groupUniqArrayArray(t.from_pods)) AS from_pods, max(t.from_pods_more) AS from_pods_more,
    arraySort(groupUniqArrayArray(t.to_pods)) AS to_pods, max(t.to_pods_more) AS to_pods_more,
    arraySort(groupUniqArrayArray(t.nearest)) AS nearest";

impl ClickHouse {
    /// Hands `each` the flows that are asked for, sorted by window and key, until it says that it has enough.
    ///
    /// # Errors
    /// When the history cannot be read. `each` has seen what was read until then.
    pub fn flows(&self, query: &Query, mut each: impl FnMut(Flow) -> ControlFlow<()>) -> Result<(), Error> {
        let text = self.narrowed(query)?;
        let mut keys: HashMap<String, Option<Key>> = HashMap::new();
        let mut of_window: Vec<Flow> = Vec::new();
        let mut lines = Lines::new(self.ask(&format!("{text} {AS_LINES}"))?);
        while let Some(found) = lines.next_row::<Found>()? {
            let key = match keys.get(&found.key) {
                Some(known) => known.clone(),
                None => {
                    let key = keys::read(&found.key)?;
                    let asked = query.is_key(&key).then_some(key);
                    keys.insert(found.key.clone(), asked.clone());
                    asked
                }
            };
            let Some(key) = key else { continue };
            let window = times::window(found.start, found.stop)?;
            if of_window.first().is_some_and(|first| first.window != window)
                && hand_out(&mut of_window, &mut each).is_break()
            {
                return Ok(());
            }
            of_window.push(Flow { window, key, seen: found.seen()? });
        }
        let _ = hand_out(&mut of_window, &mut each);
        Ok(())
    }

    /// What ClickHouse is asked: by time, namespace and outcome, the rest is for [`Query`].
    fn narrowed(&self, query: &Query) -> Result<String, Error> {
        let mut conditions = String::new();
        for (column, values) in [
            ("from_namespace", namespaces(&query.from)),
            ("to_namespace", namespaces(&query.to)),
            ("outcome", query.outcomes.iter().map(ToString::to_string).collect()),
        ] {
            if !values.is_empty() {
                conditions.push_str(&format!(" AND {column} IN ({})", literal::strings(&values)));
            }
        }
        let mut having = String::new();
        if query.period != Period::default() {
            let (before, after) = self.skew()?;
            if let Some(since) = query.period.since.map(times::nanos) {
                let start = since.saturating_sub(after).div_euclid(times::of_seconds(1));
                conditions.push_str(&format!(" AND start >= {start}"));
                having.push_str(&format!(" AND l >= {since}"));
            }
            if let Some(until) = query.period.until.map(times::nanos) {
                let start = until.saturating_add(before).div_euclid(times::of_seconds(1));
                conditions.push_str(&format!(" AND start <= {start}"));
                having.push_str(&format!(" AND f < {until}"));
            }
        }
        Ok(format!(
            "SELECT {JOINED} FROM {} AS t WHERE kind = 'flow'{conditions}
             GROUP BY start, stop, key HAVING TRUE{having} ORDER BY start, stop",
            self.table
        ))
    }

    /// By how many nanoseconds something was seen before, and after, its window began.
    fn skew(&self) -> Result<(i64, i64), Error> {
        #[derive(Deserialize)]
        struct Skew {
            b: i64,
            a: i64,
        }
        let text =
            format!("SELECT max(before) AS b, max(after) AS a FROM {} WHERE kind = 'mark'", self.table);
        Ok(self.rows::<Skew>(&text)?.first().map_or((0, 0), |skew| (skew.b, skew.a)))
    }

    /// What was lost in windows that have a moment in common with the period, sorted.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn lost(&self, period: Period) -> Result<Vec<Lost>, Error> {
        let found: Vec<Found> = self.rows(&format!(
            "SELECT start, stop, key, sum(count) AS n FROM {} WHERE kind = 'lost' GROUP BY start, stop, key",
            self.table
        ))?;
        let mut lost = Vec::new();
        for row in found {
            let window = times::window(row.start, row.stop)?;
            let LostKey(node, why, counted) =
                serde_json::from_str(&row.key).map_err(|error| Error::Damaged(error.to_string()))?;
            if period.meets(window) {
                lost.push(Lost { window, node, why, connections: counted.then_some(row.n) });
            }
        }
        lost.sort();
        Ok(lost)
    }

    /// The rows of an answer, of a question that has few.
    pub(super) fn rows<T: DeserializeOwned>(&self, text: &str) -> Result<Vec<T>, Error> {
        let mut lines = Lines::new(self.ask(&format!("{text} {AS_LINES}"))?);
        let mut rows = Vec::new();
        while let Some(row) = lines.next_row()? {
            rows.push(row);
        }
        Ok(rows)
    }
}

/// How rows are told: one a line, with numbers as numbers.
const AS_LINES: &str =
    "SETTINGS optimize_aggregation_in_order = 1, output_format_json_quote_64bit_integers = 0
    FORMAT JSONEachRow";

fn namespaces(ends: &[FlowEnd]) -> Vec<String> {
    let one = |end: &FlowEnd| match end {
        FlowEnd::Workload { namespace, .. } => Some(namespace.clone()),
        _ => None,
    };
    ends.iter().map(one).collect::<Option<_>>().unwrap_or_default()
}

fn hand_out(flows: &mut Vec<Flow>, each: &mut impl FnMut(Flow) -> ControlFlow<()>) -> ControlFlow<()> {
    flows.sort_unstable();
    flows.drain(..).try_for_each(each)
}

/// The rows of an answer as it comes.
struct Lines<'h> {
    heard: Heard<'h>,
    /// What came and was not read yet; before `at` it was.
    buffer: Vec<u8>,
    at: usize,
    over: bool,
}

impl<'h> Lines<'h> {
    fn new(heard: Heard<'h>) -> Self {
        Self { heard, buffer: Vec::new(), at: 0, over: false }
    }

    fn next_row<T: DeserializeOwned>(&mut self) -> Result<Option<T>, Error> {
        loop {
            let rest = self.buffer.get(self.at..).unwrap_or_default();
            let end = rest.iter().position(|byte| *byte == b'\n');
            let line = match end {
                Some(end) => rest.get(..end).unwrap_or_default(),
                None if self.over => rest,
                None => {
                    self.more()?;
                    continue;
                }
            };
            let next = self.at + line.len() + 1;
            if !line.trim_ascii().is_empty() {
                let row = read(line)?;
                self.at = next;
                return Ok(Some(row));
            }
            if end.is_none() {
                return Ok(None);
            }
            self.at = next;
        }
    }

    fn more(&mut self) -> Result<(), Error> {
        self.buffer.drain(..self.at.min(self.buffer.len()));
        self.at = 0;
        match self.heard.piece()? {
            Some(piece) => self.buffer.extend_from_slice(&piece),
            None => self.over = true,
        }
        Ok(())
    }
}

/// A row; what is none says why the answer ends here (the server's status was sent before it knew).
fn read<T: DeserializeOwned>(line: &[u8]) -> Result<T, Error> {
    serde_json::from_slice(line).map_err(|_| refused(&String::from_utf8_lossy(line), 200))
}
