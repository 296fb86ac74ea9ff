//! What `sekisho check --emit` prints, and the policies that it is tried on.

use crate::{ran::Run, support::run};
use serde_json::Value;
use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

/// The catalogs that things are emitted of, with their environments.
pub(crate) const CATALOGS: [(&str, [&str; 2]); 2] = [
    ("examples/exchange/sekisho.yaml", ["development", "production"]),
    (FIXTURE, ["development", "production"]),
];

/// A catalog whose policies have what is hard to tell from what is wrong.
pub(crate) const FIXTURE: &str = "crates/sekisho/tests/fixtures/emit/sekisho.yaml";
/// Policies that look wrong, and are not.
pub(crate) const RIGHT: &str = "crates/sekisho/tests/fixtures/emit/right.yaml";
/// Policies with the code of what is wrong in their names.
pub(crate) const WRONG: &str = "crates/sekisho/tests/fixtures/emit/wrong.yaml";

/// What is refused: the code, and the policy.
pub(crate) type Refused = BTreeSet<(String, String)>;

/// What is printed for `what`.
pub(crate) fn emitted(what: &str, catalog: &str, environment: &str) -> String {
    let run = run(&["check", "--emit", what, "-c", catalog, "-e", environment]);
    assert_eq!(run.code, Some(0), "{}", run.err);
    run.out
}

/// The policies that the catalog gives, in a folder.
pub(crate) fn generated(catalog: &str, environment: &str, folder: &Path) -> PathBuf {
    let folder = folder.join("generated").join(catalog.replace('/', "-")).join(environment);
    let run: Run = run(&["generate", "-c", catalog, "-e", environment, "-o", folder.to_str().unwrap()]);
    assert_eq!(run.code, Some(0), "{}", run.err);
    folder
}

/// The documents of a file.
pub(crate) fn documents(text: &str) -> Vec<Value> {
    text.split("\n---\n").map(|text| serde_saphyr::from_str(text).unwrap()).collect()
}

/// What must be refused of `WRONG`.
pub(crate) fn expected() -> Refused {
    let text = std::fs::read_to_string(crate::support::root().join(WRONG)).unwrap();
    let policies = documents(&text).into_iter();
    let expected: Refused = policies
        .map(|policy| {
            let name = policy["metadata"]["name"].as_str().unwrap().to_owned();
            let at = name.find("sk").unwrap();
            (name[at..at + 5].to_uppercase(), format!("shop/{name}"))
        })
        .collect();
    assert!(expected.len() > 20, "{expected:?}");
    expected
}
