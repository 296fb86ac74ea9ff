//! What nobody has a record of.

use super::File;
use crate::{Error, Lost, times};
use rusqlite::Connection;
use sekisho_flow::query::Period;

pub(super) fn put(to: &Connection, lost: &[Lost]) -> Result<(), Error> {
    let mut statement = to.prepare_cached(
        "INSERT INTO lost VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT DO UPDATE SET connections =
         connections + min(excluded.connections, 9223372036854775807 - connections)",
    )?;
    for Lost { window, node, why, connections } in lost {
        let (start, stop) = times::minutes(*window);
        let counted = connections.is_some();
        statement.execute((start, stop, node, why, counted, times::count(connections.unwrap_or(0))))?;
    }
    Ok(())
}

impl File {
    /// What was lost in windows that have a moment in common with the period, sorted: by window of whole minutes, node
    /// and reason, those that were counted added up.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn lost(&self, period: Period) -> Result<Vec<Lost>, Error> {
        let mut statement = self.connection.prepare_cached(
            "SELECT start, stop, node, why, counted, connections FROM lost ORDER BY start, stop, node, why, counted",
        )?;
        let mut rows = statement.query([])?;
        let mut lost = Vec::new();
        while let Some(row) = rows.next()? {
            let window = times::window(row.get(0)?, row.get(1)?)?;
            if period.meets(window) {
                let counted: bool = row.get(4)?;
                let connections = counted.then_some(times::counted(row.get(5)?));
                lost.push(Lost { window, node: row.get(2)?, why: row.get(3)?, connections });
            }
        }
        Ok(lost)
    }
}
