//! What was seen before: whether something is new.

use super::{File, put};
use crate::{Error, keys, times};
use sekisho_flow::{
    Timestamp,
    record::{Key, Outcome},
    text::parts,
};

impl File {
    /// When connections of this key were first seen, as far back as the history goes; `None` where never.
    ///
    /// # Errors
    /// When the history cannot be read.
    pub fn first_seen(&self, key: &Key) -> Result<Option<Timestamp>, Error> {
        let Some(id) = put::id(&self.connection, &parts::key(key))? else { return Ok(None) };
        let mut statement =
            self.connection.prepare_cached("SELECT min(first) FROM windows WHERE key = ?1")?;
        let first: Option<i64> = statement.query_row([id], |row| row.get(0))?;
        Ok(first.map(times::moment))
    }

    /// When this became of connections between the ends of `key`, which carry the same, for the last time, where that was not before `since`.
    ///
    /// # Errors
    /// When the history cannot be read.
    pub fn last_seen(
        &self,
        key: &Key,
        outcome: Outcome,
        since: Timestamp,
    ) -> Result<Option<Timestamp>, Error> {
        let mut statement = self.connection.prepare_cached(
            "SELECT k.text, (SELECT max(w.last) FROM windows w WHERE w.key = k.id)
             FROM keys k WHERE k.connection = ?1 AND k.outcome = ?2",
        )?;
        let mut rows = statement.query((keys::connection(key), outcome.to_string()))?;
        let mut latest = None;
        while let Some(row) = rows.next()? {
            let found = keys::read(&row.get::<_, String>(0)?)?;
            let last: Option<i64> = row.get(1)?;
            if (&found.from, &found.to, found.carried) == (&key.from, &key.to, key.carried) {
                latest = latest.max(last);
            }
        }
        Ok(latest.map(times::moment).filter(|last| *last >= since))
    }
}
