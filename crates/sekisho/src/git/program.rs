//! Running `git`.

use anyhow::{Context, bail};
use std::{
    io::{ErrorKind, Write},
    path::Path,
    process::{Command, Output, Stdio},
    thread,
};

/// A command of git. What it prints is not changed by the user's settings or language.
fn git(arguments: &[&str]) -> Command {
    let mut command = Command::new("git");
    command.args(["--no-optional-locks", "--literal-pathspecs"]).args(arguments);
    command.env("LC_ALL", "C").stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Runs git, whatever it says.
pub(super) fn output(arguments: &[&str]) -> anyhow::Result<Output> {
    git(arguments).output().map_err(|error| not_run(&error))
}

/// What git prints; an error with its own words where it fails.
pub(super) fn stdout(arguments: &[&str]) -> anyhow::Result<Vec<u8>> {
    let output = output(arguments)?;
    if !output.status.success() {
        bail!("git could not say: {}", words(&output));
    }
    Ok(output.stdout)
}

/// Runs git with an index of its own, and so without touching that of the repository.
pub(super) fn with_index(index: &Path, arguments: &[&str]) -> anyhow::Result<()> {
    let output = git(arguments).env("GIT_INDEX_FILE", index).output().map_err(|error| not_run(&error))?;
    if !output.status.success() {
        bail!("git could not check the revision out: {}", words(&output));
    }
    Ok(())
}

/// What git prints when it reads `input`.
pub(super) fn filter(arguments: &[&str], input: String) -> anyhow::Result<Vec<u8>> {
    let mut child = git(arguments).stdin(Stdio::piped()).spawn().map_err(|error| not_run(&error))?;
    let mut stdin = child.stdin.take().context("git has no input")?;
    // Written beside the reading: git answers before it has read everything, and would wait for us.
    let writer = thread::spawn(move || stdin.write_all(input.as_bytes()));
    let output = child.wait_with_output()?;
    // Where git went away early, its own words tell more than the broken pipe.
    let _ = writer.join();
    if !output.status.success() {
        bail!("git could not say: {}", words(&output));
    }
    Ok(output.stdout)
}

/// # Errors
/// Where the current folder is in no repository.
pub(super) fn in_a_repository() -> anyhow::Result<()> {
    let output = output(&["rev-parse", "--show-prefix"])?;
    if output.status.success() {
        return Ok(());
    }
    match words(&output) {
        words if words.contains("not a git repository") => {
            bail!("the current folder is in no git repository: run sekisho in one, or compare two folders")
        }
        words => bail!("git cannot read this repository: {words}"),
    }
}

fn not_run(error: &std::io::Error) -> anyhow::Error {
    match error.kind() {
        ErrorKind::NotFound => {
            anyhow::anyhow!(
                "--git needs the program `git`, which is not installed: install it, or compare two folders"
            )
        }
        _ => anyhow::anyhow!("git could not be run: {error}"),
    }
}

/// What git says is wrong: its first line, without its own prefix.
pub(super) fn words(output: &Output) -> String {
    let text = String::from_utf8_lossy(&output.stderr);
    let line = text.lines().find(|line| !line.trim().is_empty()).unwrap_or("it failed without a word");
    line.strip_prefix("fatal: ").unwrap_or(line).to_owned()
}
