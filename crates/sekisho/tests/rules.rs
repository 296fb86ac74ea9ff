//! Each rule against manifests that it should report, and manifests that it should not.
//!
//! `tests/rules/CODE-name/wrong*` are folders in which every line that something is found at ends with a comment that
//! says what: `# <- SK104`. In `right*` folders the rule finds nothing. Whatever else a folder has must be marked just
//! so. `tests/rules/false-alarms` is what other linters are known to be wrong about.

#![allow(clippy::unwrap_used, reason = "a test says what must hold")]

mod ran;

use ran::Run;
use sekisho_lint::{Category, Rule};
use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// Rules that hold policies against a standard: without `sekisho.yaml` they say nothing. They are tested where they
/// are written.
const OF_A_STANDARD: [&str; 9] =
    ["SK202", "SK203", "SK204", "SK205", "SK401", "SK402", "SK403", "SK504", "SK603"];

/// What a comment begins with that says what is found at its line.
const MARK: &str = "# <- ";

/// Something at a line of a file: the file, the line, the code.
type Found = BTreeSet<(String, usize, String)>;

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/rules").canonicalize().unwrap()
}

/// The folders in `folder`, sorted.
fn folders(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let folders: BTreeSet<PathBuf> = entries.filter(|path| path.is_dir()).collect();
    folders.into_iter().collect()
}

fn name(path: &Path) -> String {
    path.file_name().unwrap().to_str().unwrap().to_owned()
}

/// What the comments in `folder` say is found there, by paths from `root`.
fn marked(folder: &Path, root: &Path, marks: &mut Found) {
    for entry in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        if entry.is_dir() {
            marked(&entry, root, marks);
            continue;
        }
        let file = entry.strip_prefix(root).unwrap().to_str().unwrap();
        for (at, line) in fs::read_to_string(&entry).unwrap().lines().enumerate() {
            let codes = line.split_once(MARK).map(|(_, codes)| codes).unwrap_or_default();
            marks.extend(codes.split_whitespace().map(|code| (file.to_owned(), at + 1, code.to_owned())));
        }
    }
}

/// What the program finds in `folder`, by paths from `root`.
fn found(folder: &Path, root: &Path, arguments: &[&str]) -> Found {
    let folder = folder.strip_prefix(root).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_sekisho"));
    command.args(["check", "-o", "json"]).args(arguments).arg(folder).current_dir(root);
    let run: Run = command.output().unwrap().into();
    assert!(run.code.is_some_and(|code| code < 2), "{}: {}", folder.display(), run.err);
    let json: serde_json::Value = serde_json::from_str(&run.out).unwrap();
    let findings = json.get("findings").unwrap().as_array().unwrap();
    let text =
        |finding: &serde_json::Value, key: &str| finding.get(key).unwrap().as_str().unwrap().to_owned();
    let at = |finding: &serde_json::Value| {
        let origin = text(finding, "origin");
        let mut parts = origin.rsplitn(3, ':').skip(1);
        let (line, file) = (parts.next().unwrap(), parts.next().unwrap());
        (file.to_owned(), line.parse().unwrap(), text(finding, "code"))
    };
    let places: Found = findings.iter().map(at).collect();
    assert_eq!(places.len(), findings.len(), "{}: something is told twice: {}", folder.display(), run.out);
    places
}

/// Holds what is found in each folder of `rule` against what is marked there; what differs.
fn compare(rule: &Path, arguments: &[&str]) -> Vec<String> {
    let root = fixtures();
    let mut wrong = Vec::new();
    for case in folders(rule) {
        let mut marks = Found::new();
        marked(&case, &root, &mut marks);
        let found = found(&case, &root, arguments);
        let tell = |what: &str, (file, line, code): &(String, usize, String)| {
            format!("{file}:{line}: {code} {what}")
        };
        wrong.extend(marks.difference(&found).map(|one| tell("is not found", one)));
        wrong.extend(found.difference(&marks).map(|one| tell("is found and not marked", one)));
        let code = name(rule).split('-').next().unwrap().to_owned();
        let is_marked = marks.iter().any(|(_, _, marked)| *marked == code);
        if name(&case).starts_with("wrong") != is_marked && code.starts_with("SK") {
            wrong.push(format!("{}: {code} stands on the wrong side", case.display()));
        }
    }
    wrong
}

#[test]
fn every_rule_finds_what_it_should_and_nothing_else() {
    let mut wrong = Vec::new();
    for folder in folders(&fixtures()) {
        let name = name(&folder);
        let rule = name.split('-').next().and_then(sekisho_lint::find);
        let is_coverage = rule.is_some_and(|rule| rule.category == Category::Coverage);
        let arguments: &[&str] = if is_coverage { &[] } else { &["--ignore", "coverage"] };
        wrong.extend(compare(&folder, arguments));
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn every_rule_has_manifests_of_both_answers() {
    let is_shown = |rule: &&&Rule| {
        !matches!(rule.category, Category::Ignoring | Category::Own) && !OF_A_STANDARD.contains(&rule.code)
    };
    for rule in sekisho_lint::rules().iter().filter(is_shown) {
        let folder = fixtures().join(format!("{}-{}", rule.code, rule.name));
        for side in ["wrong", "right"] {
            assert!(folder.join(side).is_dir(), "{}: {side}", folder.display());
        }
    }
}
