//! A ClickHouse of a test's own, with tables that nobody has used.

use crate::engine::Engine;
use sekisho_history::{History, Target};
use std::cell::Cell;

/// A server of this test's own. It ends with it.
pub(crate) struct Server {
    engine: Engine,
    tables: Cell<u32>,
    _folder: tempfile::TempDir,
}

impl Server {
    /// Starts it; `None`, and says so, where it cannot be had.
    pub(crate) fn start() -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let engine = Engine::start(folder.path())?;
        Some(Self { engine, tables: Cell::new(0), _folder: folder })
    }

    /// Where it is, with a table that nobody has used.
    pub(crate) fn target(&self) -> Target {
        self.tables.set(self.tables.get() + 1);
        Target { table: format!("t{}", self.tables.get()), ..Target::new(&self.engine.url) }
    }

    /// Its host and port.
    pub(crate) fn address(&self) -> &str {
        self.engine.url.trim_start_matches("http://")
    }

    /// A history in a table of its own.
    pub(crate) fn history(&self) -> History {
        History::connect(&self.target()).unwrap()
    }
}
