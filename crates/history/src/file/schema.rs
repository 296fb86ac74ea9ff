//! The tables, and how files of earlier versions come to have them.

use crate::Error;
use rusqlite::{Connection, ErrorCode, TransactionBehavior};
use std::path::Path;

/// What SQLite's header says of who wrote a file: `skso`.
const APPLICATION: i64 = 0x736b_736f;

/// What each version does to the tables of the one before: the first makes them. What was published here is never changed.
const STEPS: [&str; 2] = [include_str!("v1.sql"), include_str!("v2.sql")];

/// The version of files that are written.
pub(super) const VERSION: i64 = STEPS.len() as i64;

/// Makes the file ready: its tables where there are none, or those of an earlier version.
pub(super) fn prepare(connection: &mut Connection, path: &Path, make: bool) -> Result<(), Error> {
    let header = Header::of(connection).map_err(|error| match error.sqlite_error_code() {
        Some(ErrorCode::NotADatabase) => Error::NotOurs(path.to_owned()),
        _ => error.into(),
    })?;
    let ours = header.application == APPLICATION;
    let is_new = make && header.is_empty;
    if !(ours || is_new) {
        return Err(Error::NotOurs(path.to_owned()));
    }
    if header.version > VERSION {
        return Err(Error::Newer { path: path.to_owned(), found: header.version, known: VERSION });
    }
    if !ours {
        // Must be said before there is any table.
        connection.pragma_update(None, "auto_vacuum", "INCREMENTAL")?;
    }
    connection.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))?;
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    connection.set_prepared_statement_cache_capacity(32);
    if header.version < VERSION {
        grow(connection)?;
    }
    Ok(())
}

/// Brings the tables to this version, all steps or none.
fn grow(connection: &mut Connection) -> Result<(), Error> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    // Somebody else may have done it by now.
    let version = usize::try_from(Header::of(&transaction)?.version).unwrap_or(0);
    for step in STEPS.iter().skip(version) {
        transaction.execute_batch(step)?;
    }
    transaction.pragma_update(None, "application_id", APPLICATION)?;
    transaction.pragma_update(None, "user_version", VERSION)?;
    transaction.commit()?;
    Ok(())
}

struct Header {
    application: i64,
    version: i64,
    is_empty: bool,
}

impl Header {
    fn of(connection: &Connection) -> rusqlite::Result<Self> {
        let number = |name| connection.pragma_query_value(None, name, |row| row.get(0));
        let tables: i64 = connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
        Ok(Self {
            application: number("application_id")?,
            version: number("user_version")?,
            is_empty: tables == 0,
        })
    }
}

/// What SQLite says of a file that it cannot open.
pub(super) fn said(error: &rusqlite::Error) -> String {
    match error {
        rusqlite::Error::SqliteFailure(_, Some(text)) => text.clone(),
        other => other.to_string(),
    }
}
