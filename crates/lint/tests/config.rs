//! Settings of the check: what is left of findings, and how bad it is.

#![allow(clippy::unwrap_used, reason = "a test says what must hold")]

use sekisho_core::{
    diagnostic::{Diagnostic, Severity},
    object::{Origin, Span},
};
use sekisho_lint::{Finding, config::Config, of_reader};
use std::collections::BTreeSet;

fn config(json: serde_json::Value) -> Config {
    serde_json::from_value(json).unwrap()
}

/// A finding of each severity that the reader knows: SK100 and SK110, in two files.
fn findings() -> Vec<Finding> {
    let read = |severity, code: &'static str, source: &str| {
        let span = Span { line: 1, column: 1, start: 0, end: 1 };
        Diagnostic::new(severity, code, "x", Origin { source: source.into(), span })
    };
    of_reader(&[
        read(Severity::Error, "syntax", "new/a.yaml"),
        read(Severity::Warning, "host-bits", "new/a.yaml"),
        read(Severity::Warning, "host-bits", "legacy/old/b.yaml"),
    ])
}

/// What is left, by code, file and severity.
fn left(config: &Config, environment: Option<&str>) -> Vec<String> {
    let left = config.apply(findings(), environment, str::to_owned);
    let shown = |one: &Finding| {
        let told = &one.diagnostic;
        format!("{} {} {:?}", told.code, told.origin.source, told.severity)
    };
    left.iter().map(shown).collect()
}

const ALL: [&str; 3] =
    ["SK100 new/a.yaml Error", "SK110 new/a.yaml Warning", "SK110 legacy/old/b.yaml Warning"];

#[test]
fn nothing_said_changes_nothing() {
    assert_eq!(left(&Config::default(), None), ALL);
    assert_eq!(left(&config(serde_json::json!({})), Some("development")), ALL);
}

#[test]
fn rules_are_selected_and_ignored() {
    for (settings, expected) in [
        (serde_json::json!({"select": ["sk110"]}), &ALL[1..]),
        (serde_json::json!({"select": ["unreadable"]}), &ALL[..1]),
        (serde_json::json!({"ignore": ["SK110"]}), &ALL[..1]),
        (serde_json::json!({"ignore": ["correctness"]}), &[]),
        (serde_json::json!({"select": ["correctness"], "ignore": ["host-bits"]}), &ALL[..1]),
        (serde_json::json!({"paths": [{"paths": ["legacy/**"], "ignore": ["SK110"]}]}), &ALL[..2]),
        (serde_json::json!({"paths": [{"paths": ["legacy"], "ignore": ["SK110"]}]}), &ALL[..2]),
        (serde_json::json!({"paths": [{"paths": ["./legacy/"], "ignore": ["SK110"]}]}), &ALL[..2]),
        (serde_json::json!({"paths": [{"paths": ["legacy/*.yaml"], "ignore": ["SK110"]}]}), &ALL[..]),
        (serde_json::json!({"environments": {"production": {"ignore": ["SK110"]}}}), &ALL[..]),
        (serde_json::json!({"environments": {"development": {"ignore": ["SK110"]}}}), &ALL[..1]),
    ] {
        assert_eq!(left(&config(settings.clone()), Some("development")), expected, "{settings}");
    }
}

#[test]
fn what_is_nearer_says_how_bad_it_is() {
    let settings = serde_json::json!({
        "severity": {"correctness": "note", "SK110": "error"},
        "environments": {"development": {"severity": {"host-bits": "warning"}}},
        "paths": [{"paths": ["legacy/**"], "severity": {"SK110": "note"}}],
    });
    let expected = ["SK100 new/a.yaml Note", "SK110 new/a.yaml Error", "SK110 legacy/old/b.yaml Note"];
    assert_eq!(left(&config(settings.clone()), None), expected, "the rule before its category");
    let expected = ["SK100 new/a.yaml Note", "SK110 new/a.yaml Warning", "SK110 legacy/old/b.yaml Note"];
    assert_eq!(left(&config(settings), Some("development")), expected);
}

#[test]
fn the_command_line_has_the_last_word() {
    let file = config(serde_json::json!({"select": ["SK100"], "ignore": ["SK110"]}));
    let host_bits = ["host-bits".into()];
    assert_eq!(left(&file.clone().overridden(&host_bits, &[]), None), &ALL[1..]);
    assert_eq!(left(&file.clone().overridden(&[], &["SK100".into()]), None), [""; 0]);
    assert_eq!(left(&file.overridden(&[], &[]), None), &ALL[..1]);
}

#[test]
fn what_is_wrong_with_settings_is_said() {
    let settings = config(serde_json::json!({
        "select": ["SK11O"],
        "ignore": ["corectness", "OWN-1", "zzz"],
        "severity": {"host-bit": "error"},
        "environments": {"development": {"ignore": ["SK999"]}},
        "paths": [{"paths": ["a/{b"], "ignore": ["SK110"]}, {"paths": []}],
    }));
    let own = BTreeSet::from(["OWN-1".to_owned()]);
    let complaints = settings.validate(&own);
    let expected = [
        "`check.select`: `SK11O` is no code, name or category of a rule; did you mean `SK110`?",
        "`check.ignore`: `corectness` is no code, name or category of a rule; did you mean `correctness`?",
        "`check.ignore`: `zzz` is no code, name or category of a rule: `sekisho rule` lists them",
        "`check.severity`: `host-bit` is no code, name or category of a rule; did you mean `host-bits`?",
        "`check.environments.development.ignore`: `SK999` is no code",
        "`check.paths[0].paths`: `a/{b` is no pattern of paths",
        "`check.paths[1].paths` is empty: name files",
    ];
    assert_eq!(complaints.len(), expected.len(), "{complaints:#?}");
    for (complaint, expected) in complaints.iter().zip(expected) {
        assert!(complaint.starts_with(expected), "{complaint}");
    }
    assert_eq!(Config::default().validate(&own), [""; 0]);
}

#[test]
fn what_is_no_setting_is_refused() {
    for wrong in [
        serde_json::json!({"selct": []}),
        serde_json::json!({"fail-on": "never"}),
        serde_json::json!({"severity": {"SK110": "fatal"}}),
        serde_json::json!({"paths": [{"ignore": []}]}),
        serde_json::json!({"environments": {"a": {"select": []}}}),
    ] {
        assert!(serde_json::from_value::<Config>(wrong.clone()).is_err(), "{wrong}");
    }
}

#[test]
fn the_schema_knows_every_setting() {
    let schema = serde_json::to_value(schemars::schema_for!(Config)).unwrap();
    let properties: Vec<&str> =
        schema["properties"].as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(
        properties,
        ["baseline", "environments", "fail-on", "ignore", "paths", "rego", "select", "severity"]
    );
}
