//! Running the program against clusters, real ones and others.

use crate::ran::Run;
use std::{
    path::{Path, PathBuf},
    process::Command,
};

pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// Runs the program in the root of the repository, away from the settings of whoever runs the tests.
pub(crate) fn run(arguments: &[&str]) -> Run {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sekisho"));
    command.args(arguments).current_dir(root());
    command.env_remove("KUBECONFIG").env("HOME", "/nonexistent");
    for proxy in ["HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"] {
        command.env_remove(proxy);
    }
    command.output().unwrap().into()
}

/// Asserts that nothing was answered, and that the one error says all of `parts`.
#[allow(dead_code, reason = "not every test that shares this is refused something")]
pub(crate) fn assert_refused(run: &Run, parts: &[&str]) {
    assert_eq!(run.code, Some(2), "{}{}", run.out, run.err);
    assert_eq!(run.out, "", "nothing may pass for an answer");
    assert!(run.err.starts_with("error: "), "{}", run.err);
    assert!(!run.err.contains("panicked"), "{}", run.err);
    for part in parts {
        assert!(run.err.contains(part), "`{part}` is not in: {}", run.err);
    }
}
