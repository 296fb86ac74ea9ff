//! `sekisho diff` as people run it: on folders, and on revisions of git.

#![allow(clippy::unwrap_used, reason = "a test says what must hold")]

mod ran;

use ran::Run;
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};
use tempfile::TempDir;

/// Runs `command`, without colours that whoever runs the tests may have asked for.
fn run(command: &mut Command) -> Run {
    command.env_remove("CLICOLOR_FORCE").env_remove("NO_COLOR").output().unwrap().into()
}

fn sekisho(folder: &Path, arguments: &[&str]) -> Run {
    run(Command::new(env!("CARGO_BIN_EXE_sekisho")).arg("diff").args(arguments).current_dir(folder))
}

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/diff")
}

const OLD_AND_NEW: [&str; 2] = ["old", "new"];

#[test]
fn a_state_is_the_same_as_itself() {
    let run = sekisho(&fixtures(), &["old", "old"]);
    assert_eq!((run.code, run.out.as_str()), (Some(0), "no connection differs\n"), "{}", run.err);
}

#[test]
fn what_is_opened_from_the_internet_is_told_first() {
    let run = sekisho(&fixtures(), &OLD_AND_NEW);
    assert_eq!(run.code, Some(1), "{}", run.err);
    insta::assert_snapshot!(run.out);
}

#[test]
fn every_form_tells_it() {
    let form = |form| sekisho(&fixtures(), &["-o", form, "old", "new"]).out;
    insta::assert_snapshot!("as_markdown", form("md"));
    insta::assert_snapshot!("as_csv", form("csv").replace("\r\n", "\n"));
    insta::assert_snapshot!("as_dot", form("dot"));
    insta::assert_snapshot!("as_json", form("json"));
}

#[test]
fn what_cannot_be_compared_is_said_in_a_sentence() {
    for (arguments, expected) in [
        (&[][..], "what is to be compared?"),
        (&["old"], "`old` is to be compared with what?"),
        (&["old", "new", "old"], "3 paths are given, and two can be compared"),
        (&["-", "-"], "standard input can be read once"),
        (&["old", "nowhere"], "cannot read `nowhere`"),
    ] {
        let run = sekisho(&fixtures(), arguments);
        assert_eq!(run.code, Some(2), "{arguments:?}");
        assert!(run.err.contains(expected), "{arguments:?}: {}", run.err);
        assert!(run.out.is_empty(), "{}", run.out);
    }
}

#[test]
fn errors_of_both_states_are_told_and_nothing_is_answered() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("a.yaml"), "kind: [").unwrap();
    fs::write(folder.path().join("b.yaml"), "kind: {").unwrap();
    let run = sekisho(folder.path(), &["a.yaml", "b.yaml"]);
    assert_eq!((run.code, run.out.as_str()), (Some(2), ""));
    assert!(run.err.contains("a.yaml") && run.err.contains("b.yaml"), "{}", run.err);
}

/// A repository whose first commit has the old state in `manifests`, and whose second the new one; a
/// branch `side` has left it at the first.
fn repository() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    git(&folder, &["init", "--quiet", "--initial-branch=main"]);
    commit(&folder, "old", "first");
    git(&folder, &["branch", "side"]);
    commit(&folder, "new", "second");
    folder
}

fn commit(folder: &TempDir, state: &str, message: &str) {
    let manifests = folder.path().join("manifests");
    fs::create_dir_all(&manifests).unwrap();
    for file in fs::read_dir(fixtures().join(state)).unwrap() {
        let file = file.unwrap();
        fs::copy(file.path(), manifests.join(file.file_name())).unwrap();
    }
    git(folder, &["add", "-A"]);
    git(folder, &["commit", "--quiet", "-m", message]);
}

fn git(folder: &TempDir, arguments: &[&str]) {
    let settings =
        ["-c", "user.name=test", "-c", "user.email=test@example.com", "-c", "commit.gpgsign=false"];
    let status = Command::new("git").args(settings).args(arguments).current_dir(folder.path()).status();
    assert!(status.unwrap().success(), "git {arguments:?}");
}

#[test]
fn revisions_of_git_are_compared() {
    let folder = repository();
    let expected = sekisho(&fixtures(), &OLD_AND_NEW).out;
    let folders = expected.replace("  old/", "  main^:manifests/").replace("  new/", "  main:manifests/");
    for revisions in ["main^..main", "main^.."] {
        let run = sekisho(folder.path(), &["--git", revisions, "--", "manifests"]);
        assert_eq!(run.code, Some(1), "{}", run.err);
        let out = run.out.replace("HEAD:", "main:");
        assert_eq!(out, folders, "{revisions}");
    }
    let from_within = sekisho(&folder.path().join("manifests"), &["--git", "main^..main"]);
    assert_eq!(from_within.out, folders.replace(":manifests/", ":"));
    assert_eq!(sekisho(folder.path(), &["--git", "main..main"]).code, Some(0));
}

#[test]
fn three_dots_begin_where_a_branch_left() {
    let folder = repository();
    git(&folder, &["checkout", "--quiet", "side"]);
    git(&folder, &["commit", "--quiet", "--allow-empty", "-m", "third"]);
    assert_eq!(sekisho(folder.path(), &["--git", "main...side", "manifests"]).code, Some(0));
    assert_eq!(sekisho(folder.path(), &["--git", "main..side", "manifests"]).code, Some(1));
}

#[test]
fn one_revision_is_compared_with_the_work_tree() {
    let folder = repository();
    assert_eq!(sekisho(folder.path(), &["--git", "HEAD", "manifests"]).code, Some(0));
    fs::remove_file(folder.path().join("manifests/policies.yaml")).unwrap();
    let run = sekisho(folder.path(), &["--git", "HEAD", "manifests"]);
    assert_eq!(run.code, Some(1), "{}", run.err);
    assert!(run.out.contains("HEAD:manifests/policies.yaml"), "{}", run.out);
}

#[test]
fn what_one_revision_lacks_is_told_and_is_empty() {
    let folder = repository();
    let pods = fs::read_to_string(fixtures().join("new/pods.yaml")).unwrap();
    fs::create_dir(folder.path().join("more")).unwrap();
    fs::write(folder.path().join("more/pods.yaml"), pods).unwrap();
    git(&folder, &["add", "-A"]);
    git(&folder, &["commit", "--quiet", "-m", "third"]);
    let run = sekisho(folder.path(), &["--git", "HEAD^..HEAD", "more"]);
    assert_eq!(run.code, Some(1), "{}", run.err);
    assert!(run.err.contains("`more` is not in `HEAD^`: nothing is read of it there"), "{}", run.err);
    assert!(run.out.contains("CAME"), "{}", run.out);
}

#[test]
fn what_git_cannot_read_is_said_in_a_sentence() {
    let folder = repository();
    for (arguments, expected) in [
        (&["--git", "nowhere..HEAD"][..], "`nowhere` is no revision of this repository"),
        (&["--git=--output=x"], "`--output=x` is no revision of this repository"),
        (&["--git", "HEAD", "nowhere"], "`nowhere` is neither in `HEAD` nor in the work tree"),
        (&["--git", "HEAD", "-"], "standard input has no revisions"),
    ] {
        let run = sekisho(folder.path(), arguments);
        assert_eq!((run.code, run.out.as_str()), (Some(2), ""), "{arguments:?}");
        assert!(run.err.contains(expected), "{arguments:?}: {}", run.err);
    }
}

#[test]
fn no_repository_and_no_git_are_said_in_a_sentence() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_sekisho"));
    command.args(["diff", "--git", "HEAD"]).current_dir(folder.path());
    let outside = run(command.env("GIT_CEILING_DIRECTORIES", folder.path().parent().unwrap()));
    assert_eq!(outside.code, Some(2));
    assert!(outside.err.contains("the current folder is in no git repository"), "{}", outside.err);
    let without = run(command.env("PATH", folder.path()));
    assert_eq!(without.code, Some(2));
    assert!(without.err.contains("the program `git`, which is not installed"), "{}", without.err);
}
