//! Every case of `tests/corpus`, by the plain evaluator and by the index.

#![allow(clippy::unwrap_used, reason = "a test says what must hold")]

use sekisho_core::diagnostic::Severity;
use sekisho_core::{eval, index::Index};
use sekisho_k8s::{
    Options,
    expectation::{Expectation, read_expectations},
    read_paths, render,
};
use std::{
    fs,
    path::{Path, PathBuf},
};

fn cases() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/corpus");
    let mut cases: Vec<PathBuf> = fs::read_dir(root).unwrap().map(|entry| entry.unwrap().path()).collect();
    cases.sort();
    cases
}

/// What the case at `folder` has wrong.
fn run(folder: &Path) -> Vec<String> {
    let reading = read_paths(&[folder.join("input")], &Options::default()).unwrap();
    // A warning may be what the case is about (S19).
    let errors = reading.diagnostics.iter().filter(|found| found.severity == Severity::Error);
    let mut wrong: Vec<String> = errors.map(|found| render(found, &reading.sources, false)).collect();
    let expected = read_expectations("expect.yaml", &fs::read(folder.join("expect.yaml")).unwrap());
    wrong.extend(expected.diagnostics.iter().map(|found| format!("{}: {}", found.origin, found.message)));
    if expected.expectations.is_empty() {
        wrong.push("the case has no packets".to_owned());
    }
    let mut index = Index::new();
    for change in reading.cluster.changes() {
        index.apply(change);
    }
    for expectation in &expected.expectations {
        let packets = expectation.packets(&reading.cluster);
        if packets.is_empty() {
            wrong
                .push(format!("{}: `{}` is no packet of this cluster", expectation.origin, expectation.text));
        }
        for packet in packets {
            let verdict = eval::decide(&reading.cluster, &packet);
            let indexed = index.decide(&packet);
            if verdict.decision != expectation.decision || indexed != expectation.decision {
                let found = (verdict.decision, indexed);
                wrong.push(differs(expectation, &format!("eval says {}, the index {}", found.0, found.1)));
            }
            if expectation.because.as_ref().is_some_and(|because| *because != verdict.because()) {
                wrong.push(differs(expectation, &verdict.because()));
            }
        }
    }
    wrong
}

fn differs(expectation: &Expectation, found: &str) -> String {
    format!("{}: `{}`: {found}", expectation.origin, expectation.text)
}

#[test]
fn the_engines_say_what_the_corpus_says() {
    let cases = cases();
    assert!(cases.len() >= 30, "only {} cases", cases.len());
    let wrong: Vec<String> = cases
        .iter()
        .flat_map(|case| {
            let name = case.file_name().unwrap().to_string_lossy().into_owned();
            run(case).into_iter().map(move |wrong| format!("{name}: {wrong}"))
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
