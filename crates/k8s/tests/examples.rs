//! The examples of the repository: the reference scenario reads without a word, the mistakes give
//! what their pages say.

#![allow(clippy::unwrap_used, reason = "a test says what must hold")]

use sekisho_k8s::{Options, Reading, read_paths, render};
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples")
}

fn read(path: &str) -> Reading {
    read_paths(&[root().join(path)], &Options::default()).unwrap()
}

fn rendered(reading: &Reading) -> String {
    let texts: Vec<String> =
        reading.diagnostics.iter().map(|found| render(found, &reading.sources, false)).collect();
    texts.join("\n\n").replace(&root().display().to_string(), "examples")
}

#[test]
fn the_reference_scenario_reads_without_a_diagnostic() {
    for environment in ["exchange/development", "exchange/production"] {
        let reading = read(environment);
        assert_eq!(rendered(&reading), "", "{environment}");
        assert!(!reading.cluster.policies.is_empty());
        assert!(!reading.cluster.pods.is_empty());
    }
}

#[test]
fn mistakes_that_the_api_server_refuses_are_refused() {
    let refused = ["key-too-deep", "except-outside"];
    for entry in root().join("mistakes").read_dir().unwrap() {
        let entry = entry.unwrap();
        if !entry.file_type().unwrap().is_dir() {
            continue;
        }
        let name = entry.file_name().into_string().unwrap();
        let reading = read(&format!("mistakes/{name}"));
        let expected = refused.contains(&name.as_str());
        assert_eq!(reading.has_errors(), expected, "{name}:\n{}", rendered(&reading));
    }
    for name in refused {
        insta::assert_snapshot!(name, rendered(&read(&format!("mistakes/{name}"))));
    }
}
