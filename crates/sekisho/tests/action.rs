//! The GitHub Action, as far as it runs without GitHub: its scripts, on a repository of their own, with a `gh` that writes
//! down what it is asked.

#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test says what must hold")]

mod ran;

use ran::Run;
use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::Command,
};
use tempfile::TempDir;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// A `gh` that knows the comments in `$GH_COMMENTS`, and keeps its arguments and the body in `$GH_SAID`.
const GH: &str = r#"#!/usr/bin/env bash
set -euo pipefail
printf '%s\n' "$*" >>"$GH_SAID"
for argument in "$@"; do
    case $argument in
    --jq) cat "$GH_COMMENTS" ;;
    body=@*) cp "${argument#body=@}" "$GH_SAID.body" ;;
    esac
done
"#;

fn git(folder: &Path, arguments: &[&str]) {
    let settings = ["-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "commit.gpgsign=false"];
    let output = Command::new("git").args(settings).args(arguments).current_dir(folder).output().unwrap();
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
}

/// A repository whose branch adds a policy with a mistake, and that lets somebody in.
fn repository() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let manifests = path.join("repo/deploy");
    fs::create_dir_all(&manifests).unwrap();
    let repo = path.join("repo");
    let shop = root().join("crates/sekisho/tests/fixtures/check/shop.yaml");
    fs::copy(shop, manifests.join("shop.yaml")).unwrap();
    git(&repo, &["init", "--quiet", "--initial-branch=main"]);
    git(&repo, &["add", "--all"]);
    git(&repo, &["commit", "--quiet", "--message", "a"]);
    git(&repo, &["checkout", "--quiet", "-b", "branch"]);
    let policy = "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: open, namespace: shop}\nspec:\n  podSelector: {matchLabels: {app: web}}\n  policyTypes: [Ingress]\n  ingress:\n    - from: [{ipBlock: {cidr: 192.0.2.1/24}}]\n      ports: [{port: 8080}]\n";
    fs::write(manifests.join("open.yaml"), policy).unwrap();
    git(&repo, &["add", "--all"]);
    git(&repo, &["commit", "--quiet", "--message", "b"]);
    let gh = path.join("bin/gh");
    fs::create_dir(path.join("bin")).unwrap();
    fs::write(&gh, GH).unwrap();
    fs::set_permissions(&gh, fs::Permissions::from_mode(0o755)).unwrap();
    fs::write(path.join("comments"), "").unwrap();
    folder
}

fn script(folder: &Path, name: &str, variables: &[(&str, &str)]) -> Run {
    let path = format!("{}:{}", folder.join("bin").display(), std::env::var("PATH").unwrap());
    let mut command = Command::new(root().join("action").join(name));
    command
        .current_dir(folder.join("repo"))
        .env("PATH", path)
        .env("SEKISHO", env!("CARGO_BIN_EXE_sekisho"))
        .env("RUNNER_TEMP", folder)
        .env("GITHUB_OUTPUT", folder.join("output"))
        .env("GITHUB_STEP_SUMMARY", folder.join("summary"))
        .env("GH_SAID", folder.join("said"))
        .env("GH_COMMENTS", folder.join("comments"))
        .envs(variables.iter().copied());
    command.output().unwrap().into()
}

/// What the script said to the next steps.
fn output(folder: &Path, name: &str) -> String {
    let text = fs::read_to_string(folder.join("output")).unwrap_or_default();
    let lines = text.lines().rev().find_map(|line| line.strip_prefix(&format!("{name}=")));
    lines.unwrap_or_default().to_owned()
}

#[test]
fn what_a_change_brought_is_said_in_one_comment() {
    let folder = repository();
    let path = folder.path();
    let since = ("SEKISHO_CHANGED_SINCE", "main");
    let run = script(path, "run.sh", &[("SEKISHO_PATHS", "deploy"), since, ("SEKISHO_SARIF", "a.sarif")]);
    assert_eq!(run.code, Some(0), "{}{}", run.out, run.err);
    assert_eq!(output(path, "status"), "1");
    assert!(run.out.starts_with("::warning file=deploy/open.yaml,line=8,"), "{}", run.out);
    assert_eq!(run.out.lines().count(), 1, "{}", run.out);
    assert!(fs::read_to_string(path.join("repo/a.sarif")).unwrap().contains("SK110"));
    let page = output(path, "comment");
    let comment = fs::read_to_string(&page).unwrap();
    assert!(comment.starts_with("<!-- sekisho -->\n"), "{comment}");
    assert_eq!(comment.matches("<!--").count(), 1, "{comment}");
    for part in ["### NetworkPolicy: 1 connection opened", "### Check of NetworkPolicies: 1 warning"] {
        assert!(comment.contains(part), "{part}: {comment}");
    }
    assert_eq!(fs::read_to_string(path.join("summary")).unwrap(), comment);

    let about =
        [("SEKISHO_REPOSITORY", "a/b"), ("SEKISHO_PULL_REQUEST", "7"), ("SEKISHO_COMMENT", page.as_str())];
    let said = |comments: &str| {
        fs::write(path.join("comments"), comments).unwrap();
        fs::write(path.join("said"), "").unwrap();
        let run = script(path, "comment.sh", &about);
        assert_eq!(run.code, Some(0), "{}", run.err);
        assert_eq!(fs::read_to_string(path.join("said.body")).unwrap(), comment);
        fs::read_to_string(path.join("said")).unwrap().lines().last().unwrap().to_owned()
    };
    assert!(said("").starts_with("api --method POST repos/a/b/issues/7/comments --field body=@"));
    assert!(said("41\n42\n").starts_with("api --method PATCH repos/a/b/issues/comments/41 --field body=@"));
}

#[test]
fn what_is_too_long_is_cut_at_a_line() {
    let folder = repository();
    let path = folder.path();
    let page = path.join("page.md");
    let text = format!("<!-- sekisho -->\n{}", "| a row \u{e9} |\n".repeat(10_000));
    fs::write(&page, text).unwrap();
    let about = [
        ("SEKISHO_REPOSITORY", "a/b"),
        ("SEKISHO_PULL_REQUEST", "7"),
        ("SEKISHO_COMMENT", page.to_str().unwrap()),
    ];
    assert_eq!(script(path, "comment.sh", &about).code, Some(0));
    let body = fs::read_to_string(path.join("said.body")).unwrap();
    assert!(body.chars().count() < 65_536 && body.contains("does not fit into a comment"));
    let rows = body.lines().filter(|line| line.starts_with('|'));
    assert!(rows.clone().count() > 1_000);
    assert!(rows.into_iter().all(|row| row == "| a row \u{e9} |"));
}

#[test]
fn what_could_not_run_fails_and_what_cannot_be_read_is_a_finding() {
    let folder = repository();
    let path = folder.path();
    let missing = script(path, "run.sh", &[("SEKISHO_PATHS", "nowhere")]);
    assert_eq!(missing.code, Some(2), "{}", missing.err);
    assert_eq!(output(path, "status"), "");

    fs::write(path.join("repo/deploy/open.yaml"), "kind: [").unwrap();
    git(&path.join("repo"), &["commit", "--quiet", "--all", "--message", "c"]);
    let since = ("SEKISHO_CHANGED_SINCE", "main");
    let broken = script(path, "run.sh", &[("SEKISHO_PATHS", "deploy"), since]);
    assert_eq!(broken.code, Some(0), "{}{}", broken.out, broken.err);
    assert_eq!(output(path, "status"), "1");
    let comment = fs::read_to_string(output(path, "comment")).unwrap();
    assert!(comment.contains("not compared") && comment.contains("SK100"), "{comment}");
}

#[test]
fn everything_is_told_where_no_branch_is_known() {
    let folder = repository();
    let path = folder.path();
    let run = script(
        path,
        "run.sh",
        &[("SEKISHO_PATHS", "deploy/shop.yaml\ndeploy/open.yaml"), ("SEKISHO_FAIL_ON", "never")],
    );
    assert_eq!(run.code, Some(0), "{}", run.err);
    assert_eq!(run.out.lines().count(), 3, "{}", run.out);
    let comment = fs::read_to_string(output(path, "comment")).unwrap();
    assert!(!comment.contains("opened") && comment.contains("3 warnings"), "{comment}");
}

#[test]
fn the_files_for_services_are_yaml_and_name_what_is_there() {
    let action = fs::read_to_string(root().join("action.yml")).unwrap();
    let hooks = fs::read_to_string(root().join(".pre-commit-hooks.yaml")).unwrap();
    for (name, text) in [("action.yml", &action), (".pre-commit-hooks.yaml", &hooks)] {
        let reading = sekisho_k8s::read_text(name, text.as_bytes(), &sekisho_k8s::Options::default());
        let syntax: Vec<_> = reading.diagnostics.iter().filter(|one| one.code == "syntax").collect();
        assert!(syntax.is_empty(), "{syntax:?}");
    }
    for script in ["run.sh", "comment.sh"] {
        assert!(action.contains(&format!("action/{script}")), "{script}");
        let mode = fs::metadata(root().join("action").join(script)).unwrap().permissions().mode();
        assert_eq!(mode & 0o111, 0o111, "{script} can be run");
    }
    // Every variable that a script reads is given to it, and every input is used.
    let inputs = action.lines().skip_while(|line| *line != "inputs:").skip(1);
    let inputs = inputs.take_while(|line| line.is_empty() || line.starts_with(' '));
    let names = inputs.filter_map(|line| line.strip_prefix("  ").filter(|rest| !rest.starts_with(' ')));
    let names: Vec<&str> = names.filter_map(|line| line.strip_suffix(':')).collect();
    assert!(names.contains(&"paths") && names.len() > 8, "{names:?}");
    for name in names {
        assert!(action.contains(&format!("inputs.{name}")), "{name}");
    }
    assert!(hooks.contains("id: sekisho-check"));
}
