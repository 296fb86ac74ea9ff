//! Why a history cannot do what it is asked for.

use crate::Mark;
use rusqlite::ErrorCode;
use std::path::PathBuf;

/// Why a history cannot do what it is asked for. What it was to write it has not, nor a part of it.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no room for more.
    #[error("the disk is full: make room, or keep less; nothing was taken")]
    Full,
    /// It may not be written.
    #[error(
        "the history cannot be written: the file or its folder is read-only, or belongs to somebody else"
    )]
    ReadOnly,
    /// Somebody else writes it.
    #[error("another process is writing the history: only one may")]
    Busy,
    /// The file cannot be opened.
    #[error("`{}` cannot be opened: {why}", path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// What SQLite says.
        why: String,
    },
    /// The file is something else.
    #[error("`{}` is no history: name another file, or move this one away", .0.display())]
    NotOurs(PathBuf),
    /// The file is of a later sekisho.
    #[error("`{}` is of version {found}, and this sekisho knows {known} and those before: use the sekisho that wrote it, or a later one", path.display())]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its version.
        found: i64,
        /// The last version that is known.
        known: i64,
    },
    /// What is in the file makes no sense.
    #[error("the history is damaged: {0}; move it away and begin anew, or put back a copy of it")]
    Damaged(String),
    /// The disk fails.
    #[error("the disk cannot be read or written: {0}")]
    Disk(String),
    /// A name that is none of a table.
    #[error("`{0}` is no beginning of a table's name: write small letters, digits and `_`")]
    Table(String),
    /// The server is not heard.
    #[error("{0}")]
    Http(#[from] crate::HttpError),
    /// The server does not do it.
    #[error("ClickHouse refuses: {0}")]
    Refused(String),
    /// A batch ends before it begins.
    #[error("a batch of `{}` has the numbers {} to {}: the last must not be before the first", .0.node, .0.first, .0.last)]
    Mark(Mark),
    /// Some of a batch was taken before and some was not.
    #[error(
        "a batch of `{}` has the numbers {} to {}, and those up to {reached} were taken: ask for what follows", mark.node, mark.first, mark.last
    )]
    Overlap {
        /// The batch's numbers.
        mark: Mark,
        /// The last number that was taken.
        reached: u64,
    },
    /// Something else.
    #[error("{0}")]
    Other(String),
}

impl From<rusqlite::Error> for Error {
    fn from(error: rusqlite::Error) -> Self {
        let text = error.to_string();
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => Self::Full,
            Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => Self::ReadOnly,
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Busy,
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => Self::Damaged(text),
            Some(ErrorCode::SystemIoFailure | ErrorCode::CannotOpen) => Self::Disk(text),
            _ => Self::Other(text),
        }
    }
}
