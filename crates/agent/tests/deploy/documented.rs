//! What the documentation says of values, options and metrics: all of them, and no other.

use crate::{chart::CHART, support::root};
use serde_json::Value;
use std::{collections::BTreeSet, fs, process::Command};

/// The first cells of the tables under a heading of the agent's page, each of which is code.
pub(crate) fn documented(heading: &str) -> BTreeSet<String> {
    let page = fs::read_to_string(root().join("docs/agent.md")).unwrap();
    let section = page.lines().skip_while(|line| *line != format!("## {heading}")).skip(1);
    let section = section.take_while(|line| !line.starts_with("## "));
    let cell = |line: &str| Some(line.strip_prefix("| `")?.split_once('`')?.0.to_owned());
    let found: BTreeSet<String> = section.filter_map(cell).collect();
    assert!(!found.is_empty(), "there is no table under `{heading}`");
    found
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap()
}

/// The values that the schema knows: those of an object whose fields it names are these fields.
fn leaves(schema: &Value, path: &str, into: &mut BTreeSet<String>) {
    let described = schema["description"].as_str().unwrap_or_default();
    assert!(described.ends_with('.'), "`{path}` is not described");
    match schema["properties"].as_object() {
        Some(fields) => {
            assert_eq!(schema["additionalProperties"], false, "`{path}`");
            let dot = if path.is_empty() { "" } else { "." };
            fields.iter().for_each(|(name, field)| leaves(field, &format!("{path}{dot}{name}"), into));
        }
        None => drop(into.insert(path.to_owned())),
    }
}

#[test]
fn every_value_is_in_the_schema_and_in_the_documentation() {
    let schema: Value = serde_json::from_str(&read(&format!("{CHART}/values.schema.json"))).unwrap();
    let mut known = BTreeSet::new();
    leaves(&schema, "", &mut known);
    // Helm gives it to every chart.
    assert!(known.remove("global"));
    let values: Value = serde_saphyr::from_str(&read(&format!("{CHART}/values.yaml"))).unwrap();
    for path in &known {
        let pointer = format!("/{}", path.replace('.', "/"));
        assert!(values.pointer(&pointer).is_some(), "values.yaml does not have `{path}`");
    }
    assert_eq!(documented("Values of the chart"), known);
}

#[test]
fn every_option_is_in_the_documentation() {
    let help = Command::new(env!("CARGO_BIN_EXE_sekisho-agent")).args(["run", "--help"]).output().unwrap();
    let help = String::from_utf8(help.stdout).unwrap();
    let option =
        |line: &str| Some(format!("--{}", line.trim_start().strip_prefix("--")?.split_once([' ', '\n'])?.0));
    let options = help.lines().filter_map(|line| option(&format!("{line}\n")));
    assert_eq!(documented("Options of `run`"), options.map(|option| option.trim().to_owned()).collect());
}

#[test]
fn the_agent_of_the_chart_is_this_one() {
    let chart: Value = serde_saphyr::from_str(&read(&format!("{CHART}/Chart.yaml"))).unwrap();
    assert_eq!(chart["appVersion"], env!("CARGO_PKG_VERSION"));
}
