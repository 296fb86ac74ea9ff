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
        let trimmed = self.give_up_all("stop <= ?1 AND start < ?1", before)?;
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
            // Whole windows: of half a minute nobody could say what it had.
            let cut = self.number(&format!(
                "SELECT coalesce(max(start), 0) FROM (SELECT start FROM windows ORDER BY start LIMIT {} / 4)",
                self.at_once()
            ))?;
            let rows = self.give_up_all("start <= ?1", cut)?;
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

    /// Deletes the windows for which `condition` holds, so many at once that there is room for it.
    fn give_up_all(&mut self, condition: &str, value: i64) -> Result<u64, Error> {
        let some = format!(
            "DELETE FROM windows WHERE (start, stop, key) IN
                (SELECT start, stop, key FROM windows WHERE {condition} ORDER BY start, stop, key LIMIT ?2)"
        );
        let mut all = 0;
        loop {
            let rows = self.press(|history| history.give_up(&some, value))?;
            all += rows;
            if rows == 0 {
                return Ok(all);
            }
        }
    }

    fn give_up(&mut self, some: &str, value: i64) -> Result<u64, Error> {
        let at_once = self.at_once();
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let rows = transaction.execute(some, (value, at_once))?;
        transaction.commit()?;
        Ok(u64::try_from(rows).unwrap_or(u64::MAX))
    }

    fn run(&self, text: &str, value: i64) -> Result<usize, Error> {
        Ok(self.connection.execute(text, [value])?)
    }

    /// Deletes the keys of which there is no window any more. Until then they do no harm. Each key is looked at once, however
    /// few are given up at a time.
    fn forget_keys(&mut self) -> Result<(), Error> {
        let mut passed = 0;
        while let Some(last) = self.press(|history| history.forget_some(passed))? {
            passed = last;
        }
        Ok(())
    }

    /// Deletes some such keys behind one. The last of them.
    fn forget_some(&mut self, behind: i64) -> Result<Option<i64>, Error> {
        let some = "DELETE FROM keys WHERE id IN (SELECT id FROM keys WHERE id > ?1
            AND NOT EXISTS (SELECT 1 FROM windows w WHERE w.key = keys.id) ORDER BY id LIMIT ?2) RETURNING id";
        let mut statement = self.connection.prepare_cached(some)?;
        let ids = statement.query_map((behind, self.at_once()), |row| row.get::<_, i64>(0))?;
        Ok(ids.collect::<Result<Vec<_>, _>>()?.into_iter().max())
    }

    /// Gives the disk back what is not in use any more.
    fn tidy(&mut self, trimmed: u64) -> Result<(), Error> {
        if trimmed == 0 && !self.is_short() {
            return Ok(());
        }
        let free = "SELECT freelist_count FROM pragma_freelist_count";
        let (mut before, mut now) = (i64::MAX, self.number(free)?);
        // A file that somebody has made otherwise gives nothing back.
        while 0 < now && now < before {
            self.press(|history| {
                let some = format!("PRAGMA incremental_vacuum({})", history.at_once());
                let mut statement = history.connection.prepare(&some)?;
                let mut rows = statement.query([])?;
                while rows.next()?.is_some() {}
                Ok(())
            })?;
            (before, now) = (now, self.number(free)?);
        }
        self.settle()
    }

    fn number(&self, question: &str) -> Result<i64, Error> {
        Ok(self.connection.query_row(question, [], |row| row.get(0))?)
    }
}
