//! Every folder of `tests/promises`: manifests, promises, and what becomes of these.

#![allow(clippy::unwrap_used, reason = "a test says what must hold")]

use sekisho_core::promise::{Claim, Promise, State, World};
use sekisho_k8s::{Options, promise::read_promises, read_paths};
use std::{
    fs,
    path::{Path, PathBuf},
};

/// What became of a promise, as `expect.txt` has it.
fn shown(promise: &Promise, state: &State) -> String {
    let mut lines = Vec::new();
    match state {
        State::Kept => lines.push(format!("kept: {}", promise.name)),
        State::Broken { breaches, unnamed, .. } => {
            lines.push(format!("broken: {}", promise.name));
            let can = if promise.claim == Claim::Can { "cannot" } else { "can" };
            lines
                .extend(breaches.iter().map(|b| format!("  {} {can} reach {} on {}", b.from, b.to, b.ports)));
            lines.extend(unnamed.iter().map(|(workload, port)| format!("  {} has no {port}", workload.key)));
        }
        State::MatchesNothing(groups) => {
            let names: Vec<&str> = groups.iter().map(|group| &*group.name).collect();
            lines.push(format!("about nothing: {} [{}]", promise.name, names.join(", ")));
        }
    }
    lines.join("\n")
}

#[test]
fn promises_become_what_their_folder_says() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/promises");
    let mut cases: Vec<PathBuf> = fs::read_dir(root).unwrap().map(|entry| entry.unwrap().path()).collect();
    cases.sort();
    assert!(cases.len() >= 8, "only {} cases", cases.len());
    for case in cases {
        let read = read_paths(&[case.join("input.yaml")], &Options::default()).unwrap();
        let promises = read_promises(&[case.join("promises.yaml")]).unwrap();
        assert!(read.diagnostics.is_empty(), "{}: {:?}", case.display(), read.diagnostics);
        assert!(promises.diagnostics.is_empty(), "{}: {:?}", case.display(), promises.diagnostics);
        let world = World::of(&read.cluster);
        let state = |promise: &Promise| shown(promise, &world.judge(promise).state);
        let found: Vec<String> = promises.promises.iter().map(state).collect();
        let expected = fs::read_to_string(case.join("expect.txt")).unwrap_or_default();
        assert_eq!(found.join("\n"), expected.trim_end(), "{}", case.display());
    }
}
