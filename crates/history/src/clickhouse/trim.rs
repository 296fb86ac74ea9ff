//! How much there is, and keeping no more than is wanted.

use super::{ClickHouse, literal};
use crate::{Error, times};
use sekisho_flow::Timestamp;
use serde::Deserialize;

#[derive(Deserialize)]
struct Number {
    n: i64,
}

impl ClickHouse {
    /// How many flows it keeps.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn count(&self) -> Result<u64, Error> {
        self.count_where("TRUE")
    }

    fn count_where(&self, condition: &str) -> Result<u64, Error> {
        let count = self.number(&format!(
            "SELECT count() AS n FROM
             (SELECT 1 FROM {} WHERE kind = 'flow' AND {condition} GROUP BY start, stop, key)",
            self.table
        ))?;
        Ok(times::counted(count))
    }

    /// How many bytes it takes on the server's disk.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn size(&self) -> Result<u64, Error> {
        let size = self.number(&format!(
            "SELECT toInt64(sum(bytes_on_disk)) AS n FROM system.parts
             WHERE active AND database = currentDatabase() AND table = {}",
            literal::string(&self.table)
        ))?;
        Ok(times::counted(size))
    }

    /// The beginning of the first window that it keeps.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn oldest(&self) -> Result<Option<Timestamp>, Error> {
        let rows: Vec<Number> = self.rows(&format!(
            "SELECT start AS n FROM {} WHERE kind = 'flow' ORDER BY start LIMIT 1",
            self.table
        ))?;
        Ok(rows.first().map(|row| times::moment(times::of_seconds(row.n))))
    }

    /// Gives up the flows of windows that were over at `before`, and what was lost by then. The number of flows.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn trim_before(&mut self, before: Timestamp) -> Result<u64, Error> {
        self.give_up(&format!("stop <= {}", before.as_second()))
    }

    /// Gives up the oldest flows, and what was lost when they flowed, until no more than so many bytes are in use.
    /// The number of flows. Of the server's disks the server knows better: this is for those who have a share of them.
    ///
    /// # Errors
    /// When it cannot be written. What was given up until then stays so.
    pub fn trim_to(&mut self, bytes: u64) -> Result<u64, Error> {
        let mut trimmed = 0;
        loop {
            let size = self.size()?;
            if size <= bytes || self.oldest()?.is_none() {
                return Ok(trimmed);
            }
            // What is to go, in hundredths of what there is, and a little more: rows differ.
            let part = (size - bytes).saturating_mul(100) / size.max(1) + 1;
            let cut = self.number(&format!(
                "SELECT quantileExact({})(start) AS n FROM {} WHERE kind = 'flow'",
                literal::hundredths(part),
                self.table
            ))?;
            trimmed += self.give_up(&format!("start <= {cut}"))?;
        }
    }

    fn give_up(&self, condition: &str) -> Result<u64, Error> {
        let count = self.count_where(condition)?;
        // Until every replica has done it: the size is looked at again.
        self.say(&format!(
            "ALTER TABLE {} DELETE WHERE kind IN ('flow', 'lost') AND {condition} SETTINGS mutations_sync = 2",
            self.table
        ))?;
        Ok(count)
    }

    fn number(&self, text: &str) -> Result<i64, Error> {
        Ok(self.rows::<Number>(text)?.first().map_or(0, |row| row.n))
    }
}
