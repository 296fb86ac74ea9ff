//! How much there is, and keeping no more than is wanted.

use super::File;
use crate::{Error, times};
use rusqlite::{OptionalExtension, TransactionBehavior};
use sekisho_flow::Timestamp;

impl File {
    /// How many flows it keeps.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn count(&self) -> Result<u64, Error> {
        Ok(times::counted(self.number("SELECT count(*) FROM windows")?))
    }

    /// How many bytes of the file are in use. The file itself is as large as it was at most, until it is trimmed; the log
    /// beside it has up to 64 MiB more, and up to 8 MiB are kept back.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn size(&self) -> Result<u64, Error> {
        let used = self.number(
            "SELECT (page_count - freelist_count) * page_size
             FROM pragma_page_count, pragma_freelist_count, pragma_page_size",
        )?;
        Ok(times::counted(used))
    }

    /// The beginning of the first window that it keeps: what was before is not known to have been, nor not to have been.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn oldest(&self) -> Result<Option<Timestamp>, Error> {
        let mut statement =
            self.connection.prepare_cached("SELECT start FROM windows ORDER BY start LIMIT 1")?;
        let start: Option<i64> = statement.query_row([], |row| row.get(0)).optional()?;
        Ok(start.map(|start| times::moment(times::of_seconds(start))))
    }

    /// Gives up the flows of windows that were over at `before`, and what was lost by then. The number of flows.
    ///
    /// # Errors
    /// When it cannot be written. What was given up until then stays so.
    pub fn trim_before(&mut self, before: Timestamp) -> Result<u64, Error> {
        let before = before.as_second();
        let mut trimmed = 0;
        loop {
            let rows = self.press(|history| {
                let condition = "(start, stop, key) IN (SELECT start, stop, key FROM windows
                    WHERE stop <= ?1 AND start < ?1 ORDER BY start, stop, key LIMIT ?2)";
                history.give_up(condition, before)
            })?;
            trimmed += rows;
            if rows == 0 {
                break;
            }
        }
        self.press(|history| history.run("DELETE FROM lost WHERE stop <= ?1", before))?;
        // Also what somebody who was killed has left.
        self.forget_keys()?;
        self.tidy(trimmed)?;
        Ok(trimmed)
    }

    /// Gives up the oldest flows until no more than so many bytes are in use, and what was lost when they flowed. The number of flows.
    ///
    /// # Errors
    /// When it cannot be written. What was given up until then stays so.
    pub fn trim_to(&mut self, bytes: u64) -> Result<u64, Error> {
        let mut trimmed = 0;
        while self.size()? > bytes {
            let (rows, cut) = self.press(|history| {
                // Whole windows: of half a minute nobody could say what it had.
                let cut = history.number(&format!(
                    "SELECT coalesce(max(start), 0) FROM (SELECT start FROM windows ORDER BY start LIMIT {} / 4)",
                    history.at_once()
                ))?;
                Ok((history.give_up("start <= ?1 AND ?2 > 0", cut)?, cut))
            })?;
            if rows == 0 {
                break;
            }
            trimmed += rows;
            self.forget_keys()?;
            self.press(|history| history.run("DELETE FROM lost WHERE start <= ?1", cut))?;
        }
        self.tidy(trimmed)?;
        Ok(trimmed)
    }

    /// Deletes the windows for which `condition` holds.
    fn give_up(&mut self, condition: &str, value: i64) -> Result<u64, Error> {
        let at_once = self.at_once();
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let rows =
            transaction.execute(&format!("DELETE FROM windows WHERE {condition}"), (value, at_once))?;
        transaction.commit()?;
        Ok(u64::try_from(rows).unwrap_or(u64::MAX))
    }

    fn run(&self, text: &str, value: i64) -> Result<usize, Error> {
        Ok(self.connection.execute(text, [value])?)
    }

    /// Deletes the keys of which there is no window any more. Until then they do no harm.
    fn forget_keys(&mut self) -> Result<(), Error> {
        let some = "DELETE FROM keys WHERE id IN (SELECT id FROM keys
            WHERE NOT EXISTS (SELECT 1 FROM windows w WHERE w.key = keys.id) LIMIT ?1)";
        while self.press(|history| history.run(some, history.at_once()))? > 0 {}
        Ok(())
    }

    /// Gives the disk back what is not in use any more.
    fn tidy(&mut self, trimmed: u64) -> Result<(), Error> {
        if trimmed == 0 && !self.is_short() {
            return Ok(());
        }
        while self.number("SELECT freelist_count FROM pragma_freelist_count")? > 0 {
            self.press(|history| {
                let some = format!("PRAGMA incremental_vacuum({})", history.at_once());
                let mut statement = history.connection.prepare(&some)?;
                let mut rows = statement.query([])?;
                while rows.next()?.is_some() {}
                Ok(())
            })?;
        }
        self.settle()
    }

    fn number(&self, question: &str) -> Result<i64, Error> {
        Ok(self.connection.query_row(question, [], |row| row.get(0))?)
    }
}
