//! ClickHouse's engine (`tests/clickhouse/server.py`), which `scripts/clickhouse` installs.

use sekisho_history::{History, Target};
use std::{
    cell::Cell,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

/// A server of this test's own. It ends with it.
pub(crate) struct Server {
    child: Child,
    url: String,
    tables: Cell<u32>,
    _folder: tempfile::TempDir,
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

impl Server {
    /// Starts it; `None`, and says so, where it cannot be had.
    pub(crate) fn start() -> Option<Self> {
        let installed =
            Command::new(root().join("scripts/clickhouse")).stderr(Stdio::inherit()).output().unwrap();
        if !installed.status.success() {
            eprintln!(
                "NOT TESTED: histories in a ClickHouse, for its engine cannot be had (scripts/clickhouse says why)"
            );
            return None;
        }
        let python = String::from_utf8(installed.stdout).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let mut child = Command::new(python.trim())
            .arg(root().join("tests/clickhouse/server.py"))
            .arg(folder.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut port = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut port).unwrap();
        let url = format!("http://127.0.0.1:{}", port.trim());
        Some(Self { child, url, tables: Cell::new(0), _folder: folder })
    }

    /// Where it is, with a table that nobody has used.
    pub(crate) fn target(&self) -> Target {
        self.tables.set(self.tables.get() + 1);
        Target { table: format!("t{}", self.tables.get()), ..Target::new(&self.url) }
    }

    /// Its host and port.
    pub(crate) fn address(&self) -> &str {
        self.url.trim_start_matches("http://")
    }

    /// A history in a table of its own.
    pub(crate) fn history(&self) -> History {
        History::connect(&self.target()).unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
