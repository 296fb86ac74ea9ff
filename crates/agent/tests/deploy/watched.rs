//! The dashboard and the alerts. That their metrics exist, `node.rs` asks a running agent.

use crate::support::{apiserver::skipped, root};
use serde_json::Value;
use std::{collections::BTreeSet, fs, process::Command};

fn dashboard() -> Value {
    let text = fs::read_to_string(root().join("deploy/grafana/sekisho-agent.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

fn rules() -> Vec<Value> {
    let text = fs::read_to_string(root().join("deploy/prometheus/rules.yaml")).unwrap();
    let file: Value = serde_saphyr::from_str(&text).unwrap();
    let groups = file["groups"].as_array().unwrap().clone();
    groups.iter().flat_map(|group| group["rules"].as_array().unwrap().clone()).collect()
}

fn panels(dashboard: &Value) -> Vec<&Value> {
    dashboard["panels"].as_array().unwrap().iter().filter(|panel| panel["type"] != "row").collect()
}

/// Every expression of the dashboard and of the alerts.
fn expressions() -> Vec<String> {
    let dashboard = dashboard();
    let targets = panels(&dashboard).into_iter().flat_map(|panel| panel["targets"].as_array().unwrap());
    let variables = dashboard["templating"]["list"].as_array().unwrap().iter();
    let variables =
        variables.filter(|variable| variable["type"] == "query").map(|variable| &variable["definition"]);
    let rules = rules();
    let alerts = rules.iter().map(|rule| &rule["expr"]);
    let all = targets.map(|target| &target["expr"]).chain(variables).chain(alerts);
    all.map(|expression| expression.as_str().unwrap().to_owned()).collect()
}

/// The metrics of ours that are named in them.
pub(crate) fn metrics() -> BTreeSet<String> {
    let is_other = |letter: char| !letter.is_ascii_alphanumeric() && letter != '_';
    let expressions = expressions();
    let words = expressions.iter().flat_map(|expression| expression.split(is_other));
    words.filter(|word| word.starts_with("sekisho_")).map(str::to_owned).collect()
}

#[test]
fn every_panel_asks_for_something_of_ours() {
    let dashboard = dashboard();
    let panels = panels(&dashboard);
    assert!(panels.len() > 10);
    let mut titles = BTreeSet::new();
    let mut places = BTreeSet::new();
    for panel in panels {
        let title = panel["title"].as_str().unwrap();
        assert!(titles.insert(title), "two panels are called `{title}`");
        assert!(panel["description"].as_str().is_some_and(|text| text.ends_with('.')), "{title}");
        let at = &panel["gridPos"];
        assert!(at["x"].as_u64().unwrap() + at["w"].as_u64().unwrap() <= 24, "{title}");
        assert!(places.insert((at["x"].as_u64(), at["y"].as_u64())), "{title} lies on another");
        let targets = panel["targets"].as_array().unwrap();
        assert!(!targets.is_empty(), "{title}");
        for target in targets {
            assert!(target["expr"].as_str().unwrap().contains("sekisho_agent_"), "{title}");
            assert!(
                target["expr"].as_str().unwrap().contains("$instance"),
                "{title} does not heed what is chosen"
            );
        }
    }
}

#[test]
fn every_alert_says_what_it_is_and_what_to_do() {
    let rules = rules();
    let mut names = BTreeSet::new();
    for rule in &rules {
        let name = rule["alert"].as_str().unwrap();
        assert!(names.insert(name), "two alerts are called `{name}`");
        assert!(name.starts_with("SekishoAgent"), "{name}");
        assert!(["critical", "warning"].contains(&rule["labels"]["severity"].as_str().unwrap()), "{name}");
        let annotation = |key: &str| rule["annotations"][key].as_str().unwrap_or_default().len();
        assert!((20..100).contains(&annotation("summary")), "{name}");
        assert!(annotation("description") > 100, "{name}");
    }
    assert_eq!(names, crate::documented::documented("Alerts").iter().map(String::as_str).collect());
}

#[test]
fn alerts_fire_when_they_should_and_only_then() {
    let built = root().join(".tools/bin/promtool");
    let program = if built.exists() { built } else { "promtool".into() };
    let run = Command::new(program)
        .args(["test", "rules", "deploy/prometheus/tests.yaml"])
        .current_dir(root())
        .output();
    match run {
        Ok(run) => assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stdout)),
        Err(_) => skipped("promtool is not installed, so no alert is tried"),
    }
}
