//! The real Helm. Tests of the program use it as well.

use crate::support::root;
use sekisho_core::testing::skipped;
use serde_json::Value;
use std::{
    path::{Path, PathBuf},
    process::{Command, Output},
};

/// Helm, as `scripts/setup` built it or as it is installed. `None`, said aloud, where there is none.
pub(crate) fn helm() -> Option<PathBuf> {
    let built = root().join(".tools/bin/helm");
    let program = if built.exists() { built } else { "helm".into() };
    let found = Command::new(&program).arg("version").output();
    let found = found.is_ok_and(|output| output.status.success()).then_some(program);
    if found.is_none() {
        skipped("helm is not installed (scripts/helm builds it), so no chart is rendered");
    }
    found
}

/// What it makes of the chart of this name.
pub(crate) fn template(helm: &Path, chart: &str, namespace: &str, options: &[&str]) -> Output {
    let folder = format!("deploy/helm/{chart}");
    let mut command = Command::new(helm);
    command.args(["template", chart, &folder, "--namespace", namespace]).args(options);
    command.current_dir(root()).output().unwrap()
}

/// The documents of a manifest.
pub(crate) fn documents(text: &str) -> Vec<Value> {
    serde_saphyr::from_multiple(text).unwrap()
}

/// The one object of a kind.
pub(crate) fn of_kind<'a>(documents: &'a [Value], kind: &str) -> &'a Value {
    let mut found = documents.iter().filter(|document| document["kind"] == kind);
    let one = found.next().unwrap();
    assert!(found.next().is_none(), "{kind}");
    one
}
