//! `sekisho test`, as people and CI systems run it.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test says what must hold")]

mod ran;

use ran::Run;
use sekisho_k8s::promise::{FILE_FIELDS, GROUP_FIELDS, PROMISE_FIELDS, read_promises_text};
use std::{collections::BTreeSet, fs, path::Path, process::Command};

fn sekisho(arguments: &[&str]) -> Run {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut command = Command::new(env!("CARGO_BIN_EXE_sekisho"));
    command.args(arguments).current_dir(root).env_remove("CLICOLOR_FORCE").output().unwrap().into()
}

const BROKEN: [&str; 2] = ["examples/promises/no-debugging.yaml", "examples/exchange/development"];

#[test]
fn junit_has_a_case_for_each_promise() {
    let run = sekisho(&["test", "-o", "junit", BROKEN[0], BROKEN[1]]);
    assert_eq!(run.code, Some(1), "{}", run.err);
    insta::assert_snapshot!(run.out);
}

#[test]
fn promises_that_are_kept_make_it_zero() {
    let (promises, folder) = ("examples/exchange/promises.yaml", "examples/exchange/production");
    for format in ["table", "json", "junit"] {
        let run = sekisho(&["test", "-o", format, promises, folder]);
        assert_eq!(run.code, Some(0), "{format}: {}{}", run.out, run.err);
        assert!(!run.out.contains("failure ") && !run.out.contains('✗'), "{}", run.out);
    }
    // A file of promises may lie among the manifests.
    assert_eq!(sekisho(&["test", promises, folder, promises]).code, Some(0));
}

#[test]
fn what_cannot_be_read_makes_it_two_and_answers_nothing() {
    for (promises, manifests, told) in [
        ("examples/promises/mistyped.yaml", "examples/exchange/production", "3 errors in the promises"),
        ("examples/exchange/promises.yaml", "examples/mistakes/key-too-deep", "in the manifests"),
        ("examples/promises/nowhere.yaml", "examples/exchange/production", "cannot read"),
        ("examples/exchange/promises.yaml", "examples/nowhere", "cannot read"),
        ("examples/exchange/production/platform", "examples/exchange/production", "has no field `kind`"),
    ] {
        let run = sekisho(&["test", "-o", "json", promises, manifests]);
        assert_eq!((run.code, run.out.as_str()), (Some(2), ""), "{promises} {manifests}");
        assert!(run.err.contains(told), "{}", run.err);
    }
}

#[test]
fn the_schema_knows_the_keys_that_the_reader_knows() {
    let schema: serde_json::Value = serde_json::from_str(&sekisho(&["schema", "promises"]).out).unwrap();
    let keys = |of: &serde_json::Value| -> BTreeSet<String> {
        of["properties"].as_object().unwrap().keys().cloned().collect()
    };
    let known =
        |fields: &[&str]| -> BTreeSet<String> { fields.iter().map(|field| (*field).to_owned()).collect() };
    assert_eq!(keys(&schema), known(&FILE_FIELDS));
    assert_eq!(keys(&schema["$defs"]["Group"]), known(&GROUP_FIELDS));
    assert_eq!(keys(&schema["$defs"]["Promise"]), known(&PROMISE_FIELDS));
}

#[test]
fn the_schema_says_no_where_the_reader_does() {
    let schema = serde_json::from_str(&sekisho(&["schema", "promises"]).out).unwrap();
    let schema = jsonschema::validator_for(&schema).unwrap();
    let whole =
        fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/promises.json"))
            .unwrap();
    let is_read = |text: &str| !read_promises_text("promises.json", text.as_bytes()).has_errors();
    let is_valid = |text: &str| schema.is_valid(&serde_json::from_str(text).unwrap());
    assert!(is_read(&whole) && is_valid(&whole));
    for (from, to) in [
        ("\"version\": 1", "\"version\": 2"),
        ("\"groups\"", "\"group\""),
        ("\"pods\": \"app=web\"", "\"pod\": \"app=web\""),
        ("\"cannot reach\"", "\"can not reach\""),
        ("\"only\"", "\"cannot reach\": \"web\", \"only\""),
        ("\"on ports\": \"declared\",", ""),
        ("\"may match nothing\": true", "\"may match nothing\": 1"),
        ("[\"shop/api\", \"internet\"]", "[]"),
    ] {
        let changed = whole.replacen(from, to, 1);
        assert_ne!(changed, whole, "{from}");
        assert!(!is_read(&changed), "the reader takes {to}");
        assert!(!is_valid(&changed), "the schema takes {to}");
    }
}
