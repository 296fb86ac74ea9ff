//! Room on the disk, and how a history goes on where there is none.
//!
//! Whatever SQLite writes it writes into its log first, also when something is given up; and the file grows when the log is
//! written back. So on a disk that is full of it, the log has to be written back before there is room for anything, which needs
//! room as well. For this a file beside the history is kept back, and given up while it is needed.
//!
//! INVARIANT: the log is written back before it is half as large as what is kept back, as long as nobody reads.

use super::{File, PATIENCE};
use crate::{Error, times};
use rusqlite::Connection;
use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

/// Which part of a disk is kept back.
const PART: u64 = 8;
/// How many bytes are kept back at most, and at least: fewer are of no use.
const BOUNDS: (u64, u64) = (64 << 10, 8 << 20);
/// The log is written back at the latest when it has so many pages, which is SQLite's own choice.
const PAGES: i64 = 1_000;
/// Once written back, the log takes at most so many times what is kept back: 64 MiB, where there is room.
const LOG: i64 = 8;
/// For how long whoever reads is waited for before the log is written back.
const MOMENT: Duration = Duration::from_millis(200);
/// About how many rows are given up at once: others may write in between, and the log stays short.
const AT_ONCE: i64 = 10_000;
/// Likewise, where there is no room: each of them may change a page of every index.
const FEW: i64 = 8;

/// What is kept back. Nothing of it is ever an error: there may be no room for it, or no way to have it.
#[derive(Debug)]
pub(super) struct Room {
    reserve: PathBuf,
    bytes: u64,
    /// Whether something is being given up and there was no room for that.
    is_short: bool,
}

impl Room {
    /// That of a history which is not open yet.
    pub(super) fn before(path: &Path) -> Self {
        let mut reserve = path.as_os_str().to_owned();
        reserve.push("-reserve");
        Self { reserve: reserve.into(), bytes: 0, is_short: false }
    }

    /// Keeps some back, and says how long the log may become beside it.
    pub(super) fn begin(&mut self, connection: &Connection) -> Result<(), Error> {
        let folder = self.reserve.parent().filter(|folder| *folder != Path::new(""));
        let disk = rustix::fs::statvfs(folder.unwrap_or(Path::new("."))).ok();
        let size = disk.map_or(0, |disk| disk.f_blocks.saturating_mul(disk.f_frsize));
        self.bytes = (size / PART).clamp(BOUNDS.0, BOUNDS.1);
        self.keep();
        let page: i64 = connection.pragma_query_value(None, "page_size", |row| row.get(0))?;
        let bytes = times::count(self.bytes);
        let pages = (bytes / 2 / page.max(512)).clamp(1, PAGES);
        connection.pragma_update_and_check(None, "wal_autocheckpoint", pages, |_| Ok(()))?;
        connection.pragma_update_and_check(None, "journal_size_limit", LOG * bytes, |_| Ok(()))?;
        Ok(())
    }

    fn keep(&self) {
        let file = fs::OpenOptions::new().write(true).create(true).truncate(false).open(&self.reserve);
        let kept = file.map_err(drop).and_then(|file| {
            rustix::fs::fallocate(&file, rustix::fs::FallocateFlags::empty(), 0, self.bytes).map_err(drop)
        });
        // A part of it would be of no use.
        if kept.is_err() {
            self.give();
        }
    }

    /// Gives up what is kept back.
    pub(super) fn give(&self) {
        let _ = fs::remove_file(&self.reserve);
    }
}

impl File {
    /// How many rows are given up at once.
    pub(super) fn at_once(&self) -> i64 {
        if self.is_short() { FEW } else { AT_ONCE }
    }

    /// Whether something is being given up and there was no room for that.
    pub(super) fn is_short(&self) -> bool {
        self.room.as_ref().is_some_and(|room| room.is_short)
    }

    /// Does something that makes room, in which [`File::at_once`] says how much at once. Where there is no room for it, it is
    /// done with what is kept back, and from then on until [`File::settle`] less is done at once.
    pub(super) fn press<T>(&mut self, what: impl Fn(&mut Self) -> Result<T, Error>) -> Result<T, Error> {
        let done = what(self);
        let Some(room) = &mut self.room else { return done };
        match done {
            Err(Error::Full) if !room.is_short => {
                room.is_short = true;
                room.give();
                self.write_back()?;
                what(self)
            }
            done => {
                if room.is_short {
                    self.write_back()?;
                }
                done
            }
        }
    }

    /// What was given up is room from now on, and some of it is kept back again.
    pub(super) fn settle(&mut self) -> Result<(), Error> {
        self.write_back()?;
        if let Some(room) = &mut self.room {
            room.is_short = false;
            room.keep();
        }
        Ok(())
    }

    /// Makes room of what the log takes; whether there was something in it.
    pub(super) fn shorten_log(&mut self) -> Result<bool, Error> {
        match (self.write_back(), &self.room) {
            (Err(Error::Full), Some(room)) => {
                room.give();
                let done = self.write_back();
                room.keep();
                done
            }
            (done, _) => done,
        }
    }

    /// Writes the log back into the file, and makes it short; whether there was something in it. While somebody reads what is in
    /// it, it stays.
    fn write_back(&self) -> Result<bool, Error> {
        let written = |how: &str| {
            let text = format!("PRAGMA wal_checkpoint({how})");
            self.connection.query_row(&text, [], |row| row.get::<_, i64>(1))
        };
        // What is in it is known as long as it is not short.
        let pages = written("PASSIVE")?;
        self.connection.busy_timeout(MOMENT)?;
        let done = written("TRUNCATE");
        self.connection.busy_timeout(PATIENCE)?;
        done?;
        Ok(pages > 0)
    }
}
