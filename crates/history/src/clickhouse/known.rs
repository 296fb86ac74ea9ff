//! What was seen before: whether something is new.

use super::{ClickHouse, literal};
use crate::{Error, keys, times};
use sekisho_flow::{
    Timestamp,
    record::{Key, Outcome},
    text::parts,
};
use serde::Deserialize;

impl ClickHouse {
    /// When connections of this key were first seen, as far back as the history goes; `None` where never.
    ///
    /// # Errors
    /// When the history cannot be read.
    pub fn first_seen(&self, key: &Key) -> Result<Option<Timestamp>, Error> {
        #[derive(Deserialize)]
        struct First {
            f: i64,
            n: u64,
        }
        let found: Vec<First> = self.rows(&format!(
            "SELECT min(first) AS f, count() AS n FROM {}
             WHERE kind = 'flow' AND connection = {} AND key = {}",
            self.table,
            keys::connection(key),
            literal::string(&parts::key(key))
        ))?;
        Ok(found.first().filter(|found| found.n > 0).map(|found| times::moment(found.f)))
    }

    /// When this became of connections between the ends of `key`, which carry the same, for the last time, where that
    /// was not before `since`.
    ///
    /// # Errors
    /// When the history cannot be read.
    pub fn last_seen(
        &self,
        key: &Key,
        outcome: Outcome,
        since: Timestamp,
    ) -> Result<Option<Timestamp>, Error> {
        #[derive(Deserialize)]
        struct Last {
            key: String,
            l: i64,
        }
        let rows: Vec<Last> = self.rows(&format!(
            "SELECT key, max(last) AS l FROM {}
             WHERE kind = 'flow' AND connection = {} AND outcome = {} GROUP BY key",
            self.table,
            keys::connection(key),
            literal::string(&outcome.to_string())
        ))?;
        let mut latest = None;
        for row in rows {
            let found = keys::read(&row.key)?;
            if (&found.from, &found.to, found.carried) == (&key.from, &key.to, key.carried) {
                latest = latest.max(Some(row.l));
            }
        }
        Ok(latest.map(times::moment).filter(|last| *last >= since))
    }
}
