//! The mistakes of the examples: each is found once, at its line, and nothing else is; what can be mended is, and then
//! nothing is found.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test says what must hold")]

use serde_json::Value;
use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// Folder, rule, and the lines of `policy.yaml`. `true` where a program can mend it.
const MISTAKES: [(&str, &str, &[u64], bool); 19] = [
    ("and-or", "SK105", &[16], true),
    ("balancer-not-admitted", "SK502", &[14], true),
    ("cloud-nat-range", "SK402", &[17], true),
    ("debug-range-in-production", "SK401", &[22, 24], true),
    ("dns-forgotten", "SK501", &[14], true),
    ("egress-not-closed", "SK113", &[7], true),
    ("empty-rule", "SK114", &[11], true),
    ("except-is-no-deny", "SK112", &[20], true),
    ("except-outside", "SK108", &[19], false),
    ("key-too-deep", "SK101", &[21], true),
    ("label-mistyped", "SK206", &[16], true),
    ("named-port-missing", "SK106", &[22], true),
    ("namespace-instead-of-pods", "SK301", &[16, 19], true),
    ("namespace-label-missing", "SK103", &[16], true),
    ("one-side-only", "SK503", &[53], true),
    ("own-namespace-only", "SK104", &[16], true),
    ("policy-in-wrong-namespace", "SK102", &[5], true),
    ("protocol-forgotten", "SK501", &[19], true),
    ("service-port", "SK107", &[22], true),
];

fn examples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/mistakes")
}

fn check(folder: &Path, more: &[&str]) -> (Value, i32) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sekisho"));
    let output = command.args(["check", "-o", "json"]).args(more).arg(folder).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let found = serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {said}"));
    (found, output.status.code().unwrap())
}

/// The code of each finding, and its line.
fn found(answer: &Value) -> Vec<(String, u64)> {
    let line = |one: &Value| one["origin"].as_str().unwrap().rsplit(':').nth(1).unwrap().parse().unwrap();
    let findings = answer["findings"].as_array().unwrap();
    findings.iter().map(|one| (one["code"].as_str().unwrap().to_owned(), line(one))).collect()
}

#[test]
fn each_mistake_is_found_once_and_nothing_else_is() {
    let folders: BTreeSet<String> = fs::read_dir(examples())
        .unwrap()
        .map(|entry| entry.unwrap())
        .filter(|entry| entry.path().is_dir())
        .map(|entry| entry.file_name().into_string().unwrap())
        .collect();
    let listed: BTreeSet<String> = MISTAKES.iter().map(|(folder, ..)| (*folder).to_owned()).collect();
    assert_eq!(folders, listed);
    for (folder, code, lines, _) in MISTAKES {
        let (answer, status) = check(&examples().join(folder), &[]);
        let expected: Vec<(String, u64)> = lines.iter().map(|line| (code.to_owned(), *line)).collect();
        assert_eq!(found(&answer), expected, "{folder}");
        assert_eq!(status, 1, "{folder}");
    }
}

#[test]
fn what_is_mended_is_clean() {
    let copy = tempfile::tempdir().unwrap();
    fs::copy(examples().join("sekisho.yaml"), copy.path().join("sekisho.yaml")).unwrap();
    for (folder, code, _, is_mended) in MISTAKES {
        let to = copy.path().join(folder);
        fs::create_dir(&to).unwrap();
        for entry in fs::read_dir(examples().join(folder)).unwrap() {
            let path = entry.unwrap().path();
            fs::copy(&path, to.join(path.file_name().unwrap())).unwrap();
        }
        let before = fs::read_to_string(to.join("policy.yaml")).unwrap();
        // None of them can be mended without changing a connection, and so none is by `--fix` alone.
        check(&to, &["--fix"]);
        assert_eq!(fs::read_to_string(to.join("policy.yaml")).unwrap(), before, "{folder}");
        let (_, status) = check(&to, &["--fix", "--unsafe-fixes"]);
        let (after, again) = check(&to, &[]);
        let left: Vec<String> = found(&after).into_iter().map(|(code, _)| code).collect();
        assert_eq!(left.is_empty(), is_mended, "{folder}: {left:?}");
        assert_eq!((status, again), (i32::from(!is_mended), i32::from(!is_mended)), "{folder} {code}");
    }
}
