//! Taking batches.

use super::lost;
use crate::{Batch, Error, Mark, Put, Reached, keys, times};
use rusqlite::{Connection, OptionalExtension};
use sekisho_flow::{
    merge::merge,
    record::{Flow, Key, Seen, Window},
    text::parts,
};
use std::{collections::BTreeMap, sync::Arc};

/// How many runs of a node's agent are remembered, so that what a run told is known though the next was heard already.
const RUNS: i64 = 8;

/// Takes a batch. Whoever calls has begun a transaction, and undoes it where this fails.
pub(super) fn batch(to: &Connection, batch: &Batch) -> Result<Put, Error> {
    if !is_next(to, &batch.mark)? {
        return Ok(Put::Known);
    }
    let minutes = |flow: &Flow| Flow { window: flow.window.in_minutes(), ..flow.clone() };
    // Joined before, so that each row is looked for once.
    let flows = merge(batch.flows.iter().map(minutes));
    let mut skew = Skew::default();
    for flow in &flows {
        put(to, flow)?;
        skew.see(flow.window, &flow.seen);
    }
    skew.put(to)?;
    lost::put(to, &batch.lost)?;
    reach(to, batch)?;
    Ok(Put::Kept)
}

/// Whether a batch of these numbers is new.
fn is_next(to: &Connection, mark: &Mark) -> Result<bool, Error> {
    if mark.last < mark.first {
        return Err(Error::Mark(mark.clone()));
    }
    let reached: Option<i64> = to
        .prepare_cached("SELECT last FROM cursors WHERE node = ?1 AND boot = ?2")?
        .query_row((&mark.node, &mark.boot), |row| row.get(0))
        .optional()?;
    match reached.map(i64::cast_unsigned) {
        Some(reached) if mark.last <= reached => Ok(false),
        Some(reached) if mark.first <= reached => Err(Error::Overlap { mark: mark.clone(), reached }),
        _ => Ok(true),
    }
}

fn reach(to: &Connection, Batch { mark, at, .. }: &Batch) -> Result<(), Error> {
    to.prepare_cached(
        "INSERT INTO cursors (node, boot, last, turn, heard)
         VALUES (?1, ?2, ?3, (SELECT coalesce(max(turn), 0) + 1 FROM cursors WHERE node = ?1), ?4)
         ON CONFLICT DO UPDATE SET last = excluded.last, heard = excluded.heard",
    )?
    .execute((&mark.node, &mark.boot, mark.last.cast_signed(), times::nanos(*at)))?;
    to.prepare_cached(
        "DELETE FROM cursors WHERE node = ?1
         AND turn <= (SELECT max(turn) FROM cursors WHERE node = ?1) - ?2",
    )?
    .execute((&mark.node, RUNS))?;
    Ok(())
}

pub(super) fn reached(of: &Connection) -> Result<BTreeMap<Arc<str>, Reached>, Error> {
    let mut statement =
        of.prepare_cached("SELECT node, boot, last, heard FROM cursors ORDER BY node, turn")?;
    let rows = statement.query_map([], |row| {
        let (node, boot, last): (Arc<str>, Arc<str>, i64) = (row.get(0)?, row.get(1)?, row.get(2)?);
        let at = row.get::<_, Option<i64>>(3)?.map(times::moment);
        Ok((node, Reached { boot, last: last.cast_unsigned(), at }))
    })?;
    // The later run takes the place of the one before.
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

fn put(to: &Connection, flow: &Flow) -> Result<(), Error> {
    let key = key(to, &flow.key)?;
    let (start, stop) = times::minutes(flow.window);
    let mut seen = flow.seen.clone();
    let known = to
        .prepare_cached(
            "SELECT count, first, last, details FROM windows WHERE start = ?1 AND stop = ?2 AND key = ?3",
        )?
        .query_row((start, stop, key), |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get::<_, String>(3)?))
        })
        .optional()?;
    if let Some((count, first, last, details)) = known {
        seen.join(&self::seen(count, first, last, &details)?);
    }
    let (first, last) = (times::nanos(seen.first), times::nanos(seen.last));
    to.prepare_cached("INSERT OR REPLACE INTO windows VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)")?.execute((
        start,
        stop,
        key,
        times::count(seen.count),
        first,
        last,
        parts::details(&seen),
    ))?;
    Ok(())
}

/// What was seen, as a row has it.
pub(super) fn seen(count: i64, first: i64, last: i64, details: &str) -> Result<Seen, Error> {
    let mut seen = Seen::at(times::moment(first), times::counted(count));
    seen.last = times::moment(last);
    parts::with_details(seen, details).map_err(|error| Error::Damaged(error.to_string()))
}

/// The number of a key, which is given one where it has none.
fn key(to: &Connection, key: &Key) -> Result<i64, Error> {
    let text = parts::key(key);
    if let Some(id) = id(to, &text)? {
        return Ok(id);
    }
    let namespace =
        |end: &sekisho_flow::record::End| end.workload().map(|end| Arc::clone(&end.workload.key.namespace));
    to.prepare_cached(
        "INSERT INTO keys (text, connection, from_namespace, to_namespace, outcome) VALUES (?1, ?2, ?3, ?4, ?5)",
    )?
    .execute((
        &text,
        keys::connection(key),
        namespace(&key.from),
        namespace(&key.to),
        key.outcome.to_string(),
    ))?;
    Ok(to.last_insert_rowid())
}

/// The number of the key that this is the text of, where it has one.
pub(super) fn id(of: &Connection, text: &str) -> Result<Option<i64>, Error> {
    let mut statement = of.prepare_cached("SELECT id FROM keys WHERE text = ?1")?;
    Ok(statement.query_row([text], |row| row.get(0)).optional()?)
}

/// How far what is seen lies from the beginning of its window, in nanoseconds.
#[derive(Default)]
struct Skew {
    before: i64,
    after: i64,
}

impl Skew {
    fn see(&mut self, window: Window, seen: &Seen) {
        let start = times::nanos(window.from());
        self.before = self.before.max(start.saturating_sub(times::nanos(seen.first)));
        self.after = self.after.max(times::nanos(seen.last).saturating_sub(start));
    }

    fn put(&self, to: &Connection) -> Result<(), Error> {
        to.prepare_cached(
            "UPDATE skew SET before = max(before, ?1), after = max(after, ?2) WHERE before < ?1 OR after < ?2",
        )?
        .execute((self.before, self.after))?;
        Ok(())
    }
}
