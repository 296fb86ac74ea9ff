//! Taking batches.

use super::{
    ClickHouse, literal,
    rows::{self, MarkKey, Row},
};
use crate::{Batch, Error, Lost, Mark, Put, Reached};
use sekisho_flow::{merge::merge, record::Flow};
use serde::Deserialize;
use std::{collections::BTreeMap, sync::Arc};

/// So that what is inserted at once is one block, which is taken whole or not at all, and the answer comes when it was.
const WHOLE: &str = "async_insert = 0, input_format_parallel_parsing = 0, max_insert_block_size = 100000000, \
    min_insert_block_size_rows = 100000000, min_insert_block_size_bytes = 4000000000";

impl ClickHouse {
    /// Takes a batch and how far its node was heard, both or neither.
    ///
    /// # Errors
    /// When some of its numbers were taken before and others not, or it cannot be written.
    pub fn put(&mut self, batch: &Batch) -> Result<Put, Error> {
        let mark = &batch.mark;
        if !self.is_next(mark)? {
            return Ok(Put::Known);
        }
        let minutes = |flow: &Flow| Flow { window: flow.window.in_minutes(), ..flow.clone() };
        let flows = merge(batch.flows.iter().map(minutes));
        let day = rows::day(batch);
        let rows = flows.iter().map(|flow| Row::flow(flow, day));
        let rows = rows.chain(batch.lost.iter().map(|lost| Row::lost(lost, day)));
        let rows = rows.chain([Row::mark(mark, &flows, day)]);
        let token = rows::text(&(&mark.node, &mark.boot, mark.first, mark.last));
        self.insert(rows, &format!("insert_deduplication_token = {}, ", literal::string(&token)))?;
        Ok(Put::Kept)
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

    /// Whether a batch of these numbers is new.
    fn is_next(&self, mark: &Mark) -> Result<bool, Error> {
        if mark.last < mark.first {
            return Err(Error::Mark(mark.clone()));
        }
        let key = rows::text(&MarkKey(Arc::clone(&mark.node), Arc::clone(&mark.boot)));
        let key = literal::string(&key);
        let reached = self.marks(&format!(" AND start = 0 AND stop = 0 AND key = {key}"))?;
        match reached.first().map(|found| found.number) {
            Some(reached) if mark.last <= reached => Ok(false),
            Some(reached) if mark.first <= reached => Err(Error::Overlap { mark: mark.clone(), reached }),
            _ => Ok(true),
        }
    }

    /// How far each node was heard, in the run of its agent that was heard last.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn reached(&self) -> Result<BTreeMap<Arc<str>, Reached>, Error> {
        let marks = self.marks("")?.into_iter().map(|found| {
            let MarkKey(node, boot) =
                serde_json::from_str(&found.key).map_err(|error| Error::Damaged(error.to_string()))?;
            Ok((node, Reached { boot, last: found.number }))
        });
        // The later run takes the place of the one before.
        marks.collect()
    }

    /// The marks for which `condition` holds, those of later runs behind those of earlier ones.
    fn marks(&self, condition: &str) -> Result<Vec<FoundMark>, Error> {
        self.rows(&format!(
            "SELECT key, max(number) AS number FROM {} WHERE kind = 'mark'{condition}
             GROUP BY key ORDER BY min(written), key",
            self.table
        ))
    }
}

#[derive(Debug, Deserialize)]
struct FoundMark {
    key: String,
    number: u64,
}
