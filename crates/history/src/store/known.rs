//! What was seen before: whether something is new.

use super::{History, ask, put, times};
use crate::Error;
use sekisho_flow::{
    Timestamp,
    record::{Key, Outcome},
    text::parts,
};

impl History {
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

    /// When connections between the ends of `key`, which carry the same, were last allowed, where that was after `since`:
    /// by whose leave, and who saw it, does not matter.
    ///
    /// # Errors
    /// When the history cannot be read.
    pub fn was_allowed(&self, key: &Key, since: Timestamp) -> Result<Option<Timestamp>, Error> {
        self.last_seen(key, Outcome::Allowed, since)
    }

    /// When this became of connections between the ends of `key`, which carry the same, for the last time after `since`.
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
        let mut rows = statement.query((connection(key), outcome.to_string()))?;
        let mut latest = None;
        while let Some(row) = rows.next()? {
            let found = ask::key(&row.get::<_, String>(0)?)?;
            let last: Option<i64> = row.get(1)?;
            if (&found.from, &found.to, found.carried) == (&key.from, &key.to, key.carried) {
                latest = latest.max(last);
            }
        }
        Ok(latest.map(times::moment).filter(|last| *last >= since))
    }
}

/// What keys of the same ends and traffic share. Others may: whoever looks for it compares.
pub(super) fn connection(key: &Key) -> i64 {
    let whatever = Key {
        outcome: Outcome::Allowed,
        leave: Default::default(),
        observer: sekisho_flow::record::Observer::Agent,
        side: None,
        ..key.clone()
    };
    // FNV-1a, of 64 bits: the standard library's hashes are not the same from one version to the next.
    let hash = parts::key(&whatever).bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    hash.cast_signed()
}
