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

/// What the program says of `folder`.
fn check(folder: &Path, root: &Path, arguments: &[&str]) -> serde_json::Value {
    let folder = folder.strip_prefix(root).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_sekisho"));
    command.args(["check", "-o", "json"]).args(arguments).arg(folder).current_dir(root);
    let run: Run = command.output().unwrap().into();
    assert!(run.code.is_some_and(|code| code < 2), "{}: {}", folder.display(), run.err);
    serde_json::from_str(&run.out).unwrap()
}

/// The findings of a code.
fn of<'j>(code: &str, json: &'j serde_json::Value) -> Vec<&'j serde_json::Value> {
    let findings = json.get("findings").unwrap().as_array().unwrap().iter();
    findings.filter(|one| one.get("code").unwrap() == code).collect()
}

/// What the program finds in `folder`, by paths from `root`.
fn found(folder: &Path, root: &Path, arguments: &[&str]) -> Found {
    let json = check(folder, root, arguments);
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
    assert_eq!(places.len(), findings.len(), "{}: something is told twice: {json:#}", folder.display());
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

/// The files of `folder` and those below it, with their texts, by paths from `root`.
fn texts(folder: &Path, root: &Path) -> Vec<(PathBuf, String)> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let of = |path: PathBuf| {
        if path.is_dir() {
            return texts(&path, root);
        }
        let text = fs::read_to_string(&path).unwrap();
        vec![(path.strip_prefix(root).unwrap().to_owned(), text)]
    };
    entries.flat_map(of).collect()
}

/// Makes the edits of a mend, each a stretch of bytes of a text and what comes in its place.
fn mended(mut texts: Vec<(PathBuf, String)>, mend: &serde_json::Value) -> Vec<(PathBuf, String)> {
    let edits = mend.get("edits").unwrap().as_array().unwrap();
    let number = |edit: &serde_json::Value, key: &str| {
        usize::try_from(edit.get(key).unwrap().as_u64().unwrap()).unwrap()
    };
    // The last first, so that those before it stay where they are.
    for edit in edits.iter().rev() {
        let file = Path::new(edit.get("file").unwrap().as_str().unwrap());
        let (_, text) = texts.iter_mut().find(|(path, _)| path == file).unwrap();
        let range = number(edit, "start")..number(edit, "end");
        text.replace_range(range, edit.get("with").unwrap().as_str().unwrap());
    }
    texts
}

/// Each mend, made alone, takes away what it is for, and leaves manifests that can be read.
#[test]
fn mends_mend() {
    let root = fixtures();
    let scratch = Path::new(env!("CARGO_TARGET_TMPDIR")).join("mends");
    let mut made = BTreeSet::new();
    for case in
        folders(&root).iter().flat_map(|rule| folders(rule)).filter(|case| name(case).starts_with("wrong"))
    {
        let code = name(case.parent().unwrap()).split('-').next().unwrap().to_owned();
        let unmended = check(&case, &root, &[]);
        let before = of(&code, &unmended);
        for mend in before.iter().filter_map(|one| one.get("mend")) {
            let place = format!("{}: {}", case.display(), mend.get("title").unwrap());
            let after = mended(texts(&case, &root), mend);
            assert_ne!(after, texts(&case, &root), "{place}: nothing is changed");
            let _ = fs::remove_dir_all(&scratch);
            for (path, text) in after {
                let path = scratch.join(path);
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                fs::write(path, text).unwrap();
            }
            let json = check(&scratch.join(case.strip_prefix(&root).unwrap()), &scratch, &[]);
            assert!(of(&code, &json).len() < before.len(), "{place}: {json:#}");
            assert_eq!(of("SK100", &json).len(), of("SK100", &unmended).len(), "{place}: {json:#}");
            made.insert(code.clone());
        }
    }
    assert!(made.len() > 10, "{made:?}");
}
