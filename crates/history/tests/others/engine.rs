//! ClickHouse's engine (`tests/clickhouse/server.py`), which `scripts/clickhouse` installs. Tests of the hub use it as well.

use sekisho_core::testing::skipped;
use std::{
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
};

/// The engine in a process of its own, and its address. It ends with this.
pub(crate) struct Engine {
    child: Child,
    pub(crate) url: String,
}

impl Engine {
    /// Starts it, with its files in `folder`; `None`, said past what captures the output of tests that pass, where it
    /// cannot be had.
    pub(crate) fn start(folder: &Path) -> Option<Self> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let installed =
            Command::new(root.join("scripts/clickhouse")).stderr(Stdio::inherit()).output().unwrap();
        if !installed.status.success() {
            skipped("histories in a ClickHouse, for its engine cannot be had (scripts/clickhouse says why)");
            return None;
        }
        let mut child = Command::new(String::from_utf8(installed.stdout).unwrap().trim())
            .arg(root.join("tests/clickhouse/server.py"))
            .arg(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut port = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut port).unwrap();
        Some(Self { child, url: format!("http://127.0.0.1:{}", port.trim()) })
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
