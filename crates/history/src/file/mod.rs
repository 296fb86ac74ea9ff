//! The history as a file of SQLite's.

mod ask;
mod known;
mod lost;
mod put;
mod room;
mod schema;
#[cfg(test)]
mod tests;
mod trim;

use crate::{Batch, Error, Lost, Put, Reached};
use room::Room;
use rusqlite::{Connection, OpenFlags, TransactionBehavior};
use std::{collections::BTreeMap, path::Path, sync::Arc, time::Duration};

/// For how long somebody who writes is waited for.
const PATIENCE: Duration = Duration::from_secs(5);

/// What flowed, kept in a file.
#[derive(Debug)]
pub struct File {
    connection: Connection,
    /// What is kept back on the disk, by who writes.
    room: Option<Room>,
}

impl File {
    /// The history in the file, which is made where there is none. Beside it lie two others of SQLite's, which end in `-wal`
    /// and `-shm` and belong to it; and one that ends in `-reserve`, up to 8 MiB that are used when the disk is full.
    ///
    /// # Errors
    /// When it is something else, of a later version, or cannot be written.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let mut room = Room::before(path);
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE;
        let opened = match Self::with_flags(path, flags) {
            // To open one takes room too. Not before it is full: until it is open it may be somebody else's.
            Err(Error::Full) => {
                room.give();
                Self::with_flags(path, flags)
            }
            opened => opened,
        };
        let mut history = opened?;
        room.begin(&history.connection)?;
        history.room = Some(room);
        Ok(history)
    }

    /// The history in the file, to ask and not to write: many may, while one writes.
    ///
    /// # Errors
    /// When there is none, or none that this version can read.
    pub fn open_to_ask(path: &Path) -> Result<Self, Error> {
        // To read a write-ahead log is to take part in it, which needs the right to write.
        let history = Self::with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        history.connection.pragma_update(None, "query_only", true)?;
        Ok(history)
    }

    fn with_flags(path: &Path, flags: OpenFlags) -> Result<Self, Error> {
        let flags = flags | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let opened = Connection::open_with_flags(path, flags);
        let mut connection =
            opened.map_err(|error| Error::Open { path: path.to_owned(), why: schema::said(&error) })?;
        connection.busy_timeout(PATIENCE)?;
        schema::prepare(&mut connection, path, flags.contains(OpenFlags::SQLITE_OPEN_CREATE))?;
        Ok(Self { connection, room: None })
    }

    /// Takes batches, each with how far its node was heard, in one transaction: what became of each.
    ///
    /// # Errors
    /// When they cannot be written: then none is.
    pub fn put_all(&mut self, batches: &[Batch]) -> Result<Vec<Result<Put, Error>>, Error> {
        match self.put_once(batches) {
            Err(Error::Full) if matches!(self.shorten_log(), Ok(true)) => self.put_once(batches),
            put => put,
        }
    }

    fn put_once(&mut self, batches: &[Batch]) -> Result<Vec<Result<Put, Error>>, Error> {
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let mut put = Vec::new();
        for batch in batches {
            put.push(match put::batch(&transaction, batch) {
                // What is refused has written nothing.
                refused @ Err(Error::Mark(_) | Error::Overlap { .. }) => refused,
                written => Ok(written?),
            });
        }
        transaction.commit()?;
        Ok(put)
    }

    /// Takes what was lost otherwise than in batches, such as while a node was not heard.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn put_lost(&mut self, lost: &[Lost]) -> Result<(), Error> {
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        lost::put(&transaction, lost)?;
        transaction.commit()?;
        Ok(())
    }

    /// How far each node was heard, in the run of its agent that was heard last.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn reached(&self) -> Result<BTreeMap<Arc<str>, Reached>, Error> {
        put::reached(&self.connection)
    }
}
