//! Taking batches.

use super::{
    ClickHouse, literal,
    rows::{self, MarkKey, Row},
};
use crate::{Batch, Error, Lost, Mark, Put, Reached, times};
use sekisho_flow::{Timestamp, merge::merge, record::Flow};
use serde::Deserialize;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// So that what is inserted at once is one block, which is taken whole or not at all, and the answer comes when it was.
const WHOLE: &str = "async_insert = 0, input_format_parallel_parsing = 0, max_insert_block_size = 100000000, \
    min_insert_block_size_rows = 100000000, min_insert_block_size_bytes = 4000000000";

impl ClickHouse {
    /// Takes batches, each with how far its node was heard, in one insertion: what became of each.
    ///
    /// # Errors
    /// When they cannot be written: then none is.
    pub fn put_all(&mut self, batches: &[Batch]) -> Result<Vec<Result<Put, Error>>, Error> {
        let mut reached = self.reached_by(batches)?;
        let mut taken = Vec::new();
        let put: Vec<Result<Put, Error>> = batches
            .iter()
            .map(|batch| {
                let put = is_next(&mut reached, &batch.mark)?;
                if put == Put::Kept {
                    taken.push(batch);
                }
                Ok(put)
            })
            .collect();
        if !taken.is_empty() {
            self.insert_batches(&taken)?;
        }
        Ok(put)
    }

    /// Inserts them all in one partition, for that is what is taken whole.
    fn insert_batches(&self, batches: &[&Batch]) -> Result<(), Error> {
        let day = batches.iter().map(|batch| rows::day(batch)).max().unwrap_or_default();
        let marks: Vec<_> = batches.iter().map(|Batch { mark, .. }| mark).collect();
        let marks: Vec<_> =
            marks.iter().map(|mark| (&mark.node, &mark.boot, mark.first, mark.last)).collect();
        let token = literal::string(&rows::text(&marks));
        let rows = batches.iter().flat_map(|batch| {
            let minutes = |flow: &Flow| Flow { window: flow.window.in_minutes(), ..flow.clone() };
            let flows = merge(batch.flows.iter().map(minutes));
            let mark = Row::mark(batch, &flows, day);
            let lost = batch.lost.iter().map(move |lost| Row::lost(lost, day));
            let flows: Vec<Row> = flows.iter().map(|flow| Row::flow(flow, day)).collect();
            flows.into_iter().chain(lost).chain([mark])
        });
        self.insert(rows, &format!("insert_deduplication_token = {token}, "))
    }

    /// Takes what was lost otherwise than in batches, such as while a node was not heard.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn put_lost(&mut self, lost: &[Lost]) -> Result<(), Error> {
        if lost.is_empty() {
            return Ok(());
        }
        let day = rows::last_day(lost.iter().map(|lost| lost.window));
        // The same may be lost again.
        self.insert(lost.iter().map(|lost| Row::lost(lost, day)), "insert_deduplicate = 0, ")
    }

    fn insert(&self, rows: impl Iterator<Item = Row>, how: &str) -> Result<(), Error> {
        let mut text = format!("INSERT INTO {} SETTINGS {how}{WHOLE} FORMAT JSONEachRow\n", self.table);
        for row in rows {
            text.push_str(&rows::text(&row));
            text.push('\n');
        }
        self.say(&text)
    }

    /// How far the runs were heard that batches are of.
    fn reached_by(&self, batches: &[Batch]) -> Result<BTreeMap<Run, u64>, Error> {
        let runs: BTreeSet<Run> = batches.iter().map(|batch| run(&batch.mark)).collect();
        let keys: Vec<String> =
            runs.into_iter().map(|(node, boot)| rows::text(&MarkKey(node, boot))).collect();
        if keys.is_empty() {
            return Ok(BTreeMap::new());
        }
        let keys = literal::strings(&keys);
        let found = self.marks(&format!(" AND start = 0 AND stop = 0 AND key IN ({keys})"))?;
        found.into_iter().map(|mark| Ok(((mark.node, mark.boot), mark.number))).collect()
    }

    /// How far each node was heard, in the run of its agent that was heard last.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn reached(&self) -> Result<BTreeMap<Arc<str>, Reached>, Error> {
        let marks = self.marks("")?.into_iter();
        // The later run takes the place of the one before.
        let reached =
            |mark: FoundMark| (mark.node, Reached { boot: mark.boot, last: mark.number, at: mark.at });
        Ok(marks.map(reached).collect())
    }

    /// The marks for which `condition` holds, those of later runs behind those of earlier ones.
    fn marks(&self, condition: &str) -> Result<Vec<FoundMark>, Error> {
        let rows: Vec<MarkRow> = self.rows(&format!(
            "SELECT key, max(number) AS number, max(last) AS heard FROM {} WHERE kind = 'mark'{condition}
             GROUP BY key ORDER BY min(written), key",
            self.table
        ))?;
        let read = |row: MarkRow| {
            let MarkKey(node, boot) =
                serde_json::from_str(&row.key).map_err(|error| Error::Damaged(error.to_string()))?;
            // Earlier versions left it as the column's default.
            let at = (row.heard != 0).then(|| times::moment(row.heard));
            Ok(FoundMark { node, boot, number: row.number, at })
        };
        rows.into_iter().map(read).collect()
    }
}

/// A run of a node's agent: both names.
type Run = (Arc<str>, Arc<str>);

fn run(mark: &Mark) -> Run {
    (Arc::clone(&mark.node), Arc::clone(&mark.boot))
}

/// Whether a batch of these numbers is new; then its run is heard as far.
fn is_next(reached: &mut BTreeMap<Run, u64>, mark: &Mark) -> Result<Put, Error> {
    if mark.last < mark.first {
        return Err(Error::Mark(mark.clone()));
    }
    match reached.get(&run(mark)).copied() {
        Some(reached) if mark.last <= reached => Ok(Put::Known),
        Some(reached) if mark.first <= reached => Err(Error::Overlap { mark: mark.clone(), reached }),
        _ => {
            reached.insert(run(mark), mark.last);
            Ok(Put::Kept)
        }
    }
}

#[derive(Debug, Deserialize)]
struct MarkRow {
    key: String,
    number: u64,
    heard: i64,
}

/// How far a run was heard.
struct FoundMark {
    node: Arc<str>,
    boot: Arc<str>,
    number: u64,
    at: Option<Timestamp>,
}
