//! Running the program against clusters, real ones and others.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

pub(crate) struct Run {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

/// Runs the program in the root of the repository, away from the settings of whoever runs the tests.
pub(crate) fn run(arguments: &[&str]) -> Run {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sekisho"));
    command.args(arguments).current_dir(root());
    command.env_remove("KUBECONFIG").env("HOME", "/nonexistent");
    for proxy in ["HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"] {
        command.env_remove(proxy);
    }
    let output = command.output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Run { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
}

/// Asserts that nothing was answered, and that the one error says all of `parts`.
pub(crate) fn assert_refused(run: &Run, parts: &[&str]) {
    assert_eq!(run.code, Some(2), "{}{}", run.out, run.err);
    assert_eq!(run.out, "", "nothing may pass for an answer");
    assert!(run.err.starts_with("error: "), "{}", run.err);
    assert!(!run.err.contains("panicked"), "{}", run.err);
    for part in parts {
        assert!(run.err.contains(part), "`{part}` is not in: {}", run.err);
    }
}
