//! The real Helm. Tests of the program use it as well.

use crate::support::root;
use std::{
    io::{Write, stderr},
    path::PathBuf,
    process::Command,
};

/// Helm, as `scripts/setup` built it or as it is installed. `None`, said aloud, where there is none.
#[allow(clippy::explicit_write, reason = "`eprintln!` is captured")]
pub(crate) fn helm() -> Option<PathBuf> {
    let built = root().join(".tools/bin/helm");
    let program = if built.exists() { built } else { "helm".into() };
    let found = Command::new(&program).arg("version").output();
    let found = found.is_ok_and(|output| output.status.success()).then_some(program);
    if found.is_none() {
        // Past what captures the output of tests that pass.
        writeln!(
            stderr(),
            "SKIPPED: helm is not installed (scripts/helm builds it), so no chart is rendered"
        )
        .unwrap();
    }
    found
}
