//! The alerts about the hub.

use crate::{server::skipped, support::root};
use std::{collections::BTreeSet, fs, process::Command};

/// The alerts about the hub name metrics that it has: those in its documentation, which a running hub is held against.
#[test]
fn alerts_name_metrics_that_are_there_and_fire_when_they_should() {
    let read = |path: &str| fs::read_to_string(root().join(path)).unwrap();
    let (rules, documentation) = (read("deploy/prometheus/hub.yaml"), read("docs/hub.md"));
    let is_other = |letter: char| !letter.is_ascii_alphanumeric() && letter != '_';
    let named: BTreeSet<&str> =
        rules.split(is_other).filter(|word| word.starts_with("sekisho_hub_")).collect();
    assert!(named.len() > 5, "{named:?}");
    for metric in named {
        assert!(documentation.contains(&format!("| `{metric}` |")), "{metric}");
    }
    let alerts = rules.lines().filter_map(|line| line.trim().strip_prefix("- alert: "));
    for alert in alerts {
        assert!(documentation.contains(&format!("`{alert}`")), "{alert}");
    }
    let built = root().join(".tools/bin/promtool");
    let program = if built.exists() { built } else { "promtool".into() };
    let run = Command::new(program)
        .args(["test", "rules", "deploy/prometheus/hub-tests.yaml"])
        .current_dir(root())
        .output();
    match run {
        Ok(run) => assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stdout)),
        Err(_) => skipped("promtool is not installed, so no alert about the hub is tried"),
    }
}
