//! `sekisho` itself, which people run against the cluster that the agents enforce in.

use crate::support::root;
use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
    sync::OnceLock,
    time::SystemTime,
};

/// Runs it, from the root of the repository.
pub(crate) fn sekisho(arguments: &[&str]) -> Output {
    Command::new(program()).args(arguments).current_dir(root()).output().unwrap()
}

/// Beside the agent, where tests of the whole workspace have it built. Those of the agent alone build it, if it is
/// older than what it is made of.
fn program() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| {
        let program = Path::new(env!("CARGO_BIN_EXE_sekisho-agent")).with_file_name("sekisho");
        if !is_fresh(&program) {
            let mut build = Command::new(env!("CARGO"));
            build.args(["build", "--quiet", "--locked", "--package", "sekisho", "--bin", "sekisho"]);
            assert!(build.current_dir(root()).status().unwrap().success(), "`sekisho` does not build");
        }
        program
    })
}

/// Whether everything that Cargo says it is made of is older.
fn is_fresh(program: &Path) -> bool {
    let changed = |path: &Path| fs::metadata(path).and_then(|known| known.modified()).ok();
    let Some(built) = changed(program) else { return false };
    let Ok(made_of) = fs::read_to_string(program.with_extension("d")) else { return false };
    let files = made_of.split_once(": ").map(|(_, files)| files).unwrap_or_default();
    let is_older = |file: &str| changed(Path::new(file)).is_some_and(|at: SystemTime| at <= built);
    files.split_whitespace().all(is_older)
}
