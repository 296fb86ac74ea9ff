//! `docs/manifests.md` lists every code that the reader uses, and no other.

#![allow(clippy::unwrap_used, reason = "a test says what must hold")]

use std::{collections::BTreeSet, fs, path::Path};

/// The codes in the source: kebab-case literals where a finding is made.
fn used(folder: &Path, codes: &mut BTreeSet<String>) {
    const BEFORE: [&str; 6] = [
        "Problem::new(",
        "cx.error(",
        "cx.error_help(",
        "Severity::Error,",
        "Severity::Warning,",
        "Severity::Note,",
    ];
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            used(&path, codes);
            continue;
        }
        // What is wrong with a case of the corpus is told to whoever writes one, and to no user.
        if path.ends_with("expectation.rs") {
            continue;
        }
        let text = fs::read_to_string(&path).unwrap();
        for before in BEFORE {
            for (at, _) in text.match_indices(before) {
                let rest = text[at + before.len()..].trim_start();
                if let Some(code) = rest.strip_prefix('"').and_then(|rest| rest.split('"').next()) {
                    codes.insert(code.to_owned());
                }
            }
        }
    }
}

#[test]
fn every_code_is_documented() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut codes = BTreeSet::new();
    used(&root.join("src"), &mut codes);
    assert!(codes.len() > 20, "{codes:?}");
    let page = fs::read_to_string(root.join("../../docs/manifests.md")).unwrap();
    let table = page.split("| code |").nth(1).unwrap().split("\n\n").next().unwrap();
    let listed: BTreeSet<String> = table
        .lines()
        .filter_map(|line| line.split('|').nth(1))
        .flat_map(|cell| cell.split('`').skip(1).step_by(2).map(str::to_owned))
        .collect();
    assert_eq!(codes, listed);
}
