//! `sekisho check` as people run it.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test says what must hold")]

mod known;
#[path = "../ran/mod.rs"]
mod ran;

use ran::Run;
use serde_json::Value;
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};
use tempfile::TempDir;

fn sekisho(folder: &Path, arguments: &[&str]) -> Run {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sekisho"));
    command.args(arguments).current_dir(folder).env_remove("CLICOLOR_FORCE").env_remove("NO_COLOR");
    command.output().unwrap().into()
}

fn check(folder: &Path, arguments: &[&str]) -> Run {
    sekisho(folder, &[&["check"], arguments].concat())
}

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/check")
}

fn examples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/mistakes").canonicalize().unwrap()
}

fn shop() -> String {
    fs::read_to_string(fixtures().join("shop.yaml")).unwrap()
}

/// A folder with `shop.yaml`, changed: each of `changes` is what goes, and what comes in its place.
fn changed(changes: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let mut text = shop();
    for (old, new) in changes {
        assert!(text.contains(old), "{old}");
        text = text.replacen(old, new, 1);
    }
    fs::write(folder.path().join("shop.yaml"), text).unwrap();
    folder
}

/// The codes of what is found in a folder, with the lines.
fn found(folder: &Path, arguments: &[&str]) -> Vec<String> {
    let run = check(folder, &[arguments, &["-o", "json", "."]].concat());
    let json: Value = serde_json::from_str(&run.out).unwrap();
    let shown = |one: &Value| {
        let line = one["origin"].as_str().unwrap().rsplit(':').nth(1).unwrap();
        format!("{}:{line}", one["code"].as_str().unwrap())
    };
    json["findings"].as_array().unwrap().iter().map(shown).collect()
}

#[test]
fn every_form_tells_it() {
    // In a folder of its own, and so in no repository, wherever the tests are run.
    let folder = changed(&[]);
    let form = |form| check(folder.path(), &["-o", form, "shop.yaml"]).out;
    for name in ["human", "json", "github", "gitlab", "junit", "md"] {
        insta::assert_snapshot!(name, form(name));
    }
}

#[test]
fn a_mend_is_shown_as_the_lines_that_it_changes() {
    let run = check(&examples(), &["--select", "SK105", "and-or"]);
    assert_eq!(run.code, Some(1), "{}", run.err);
    assert!(
        run.out.contains("       -         - podSelector:\n       +           podSelector:\n"),
        "{}",
        run.out
    );
}

#[test]
fn the_exit_status_says_whether_it_fails() {
    for (arguments, code) in [
        (&["shop.yaml"][..], 1),
        (&["--fail-on", "error", "shop.yaml"], 0),
        (&["--fail-on", "note", "shop.yaml"], 1),
        (&["--ignore", "SK102,host-bits", "shop.yaml"], 0),
        (&["--ignore", "correctness", "shop.yaml"], 0),
        (&["--select", "least-privilege", "shop.yaml"], 0),
        (&["nowhere.yaml"], 2),
        (&["--select", "SK1O2", "shop.yaml"], 2),
        (&["--baseline", "nowhere.json", "shop.yaml"], 2),
        (&["--write-baseline", "shop.yaml"], 2),
    ] {
        let run = check(&fixtures(), arguments);
        assert_eq!(run.code, Some(code), "{arguments:?} {}", run.err);
        assert_eq!(run.err.is_empty(), code != 2, "{arguments:?} {}", run.err);
    }
    let run = check(&fixtures(), &["--select", "host-bit", "shop.yaml"]);
    assert!(run.err.contains("did you mean `host-bits`?"), "{}", run.err);
}

#[test]
fn what_cannot_be_parsed_is_a_finding() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("a.yaml"), "kind: [").unwrap();
    assert_eq!(check(folder.path(), &["."]).code, Some(1));
    assert_eq!(found(folder.path(), &[]), ["SK100:1"]);
}

#[test]
fn several_forms_in_one_run() {
    let folder = changed(&[]);
    let run = check(
        folder.path(),
        &["-o", "sarif", "--output", "a.sarif", "-o", "human", "--format", "md", "--output", "b.md", "."],
    );
    assert_eq!(run.code, Some(1), "{}", run.err);
    assert!(run.out.contains("2 warnings in 2 policies"), "{}", run.out);
    let read = |name: &str| fs::read_to_string(folder.path().join(name)).unwrap();
    assert!(read("a.sarif").contains("\"2.1.0\"") && read("b.md").starts_with("<!-- sekisho check -->\n"));
    let alone = check(folder.path(), &["--output", "people.txt", "."]);
    assert_eq!((alone.code, alone.out.as_str()), (Some(1), ""), "{}", alone.err);
    assert!(!read("people.txt").contains('\u{1b}') && read("people.txt").contains("SK102"));
    for (arguments, part) in [
        (&["-o", "json", "-o", "md", "."][..], "two formats go to standard output"),
        (&["--output", "x", "-o", "md", "."], "stands before every `--format`"),
        (&["-o", "md", "--output", "no/such/folder", "."], "cannot write `no/such/folder`"),
    ] {
        let run = check(folder.path(), arguments);
        assert_eq!((run.code, run.out.as_str()), (Some(2), ""), "{arguments:?}");
        assert!(run.err.contains(part), "{}", run.err);
    }
}

#[test]
fn sarif_is_what_its_schema_says() {
    let path = fixtures().join("../sarif/sarif-schema-2.1.0.json");
    let mut schema: Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    // Of fields that we do not write: their pattern has a bracket too many, which not every engine lets pass.
    for part in ["run", "toolComponent"] {
        let language = &mut schema["definitions"][part]["properties"]["language"];
        assert!(language.as_object_mut().unwrap().remove("pattern").is_some());
    }
    let schema = jsonschema::validator_for(&schema).unwrap();
    assert!(!schema.is_valid(&serde_json::json!({"version": "2.1.0", "runs": [{"tool": {}}]})));
    let ignored = changed(&[(
        "198.51.100.1/24",
        "198.51.100.1/24 # sekisho: ignore[SK110] as the address plan writes it",
    )]);
    let broken = tempfile::tempdir().unwrap();
    fs::write(broken.path().join("a b.yaml"), "kind: [").unwrap();
    let mut logs = Vec::new();
    for (folder, path) in [
        (fixtures(), "shop.yaml"),
        (examples(), "."),
        (examples(), "and-or"),
        (ignored.path().to_owned(), "."),
        (broken.path().to_owned(), "."),
    ] {
        let run = check(&folder, &["-o", "sarif", path]);
        let log: Value = serde_json::from_str(&run.out).unwrap();
        let errors: Vec<String> = schema.iter_errors(&log).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{path}: {errors:?}");
        for result in log["runs"][0]["results"].as_array().unwrap() {
            let rule =
                &log["runs"][0]["tool"]["driver"]["rules"][result["ruleIndex"].as_u64().unwrap() as usize];
            assert_eq!(rule["id"], result["ruleId"]);
            assert!(rule["help"]["markdown"].as_str().unwrap().contains("## Why"));
        }
        logs.push(log);
    }
    let results = logs[2]["runs"][0]["results"].as_array().unwrap();
    let entries = results.iter().find(|one| one["ruleId"] == "SK105").unwrap();
    let fix = &entries["fixes"][0]["artifactChanges"][0];
    assert!(fix["artifactLocation"]["uri"].as_str().unwrap().ends_with("and-or/policy.yaml"), "{fix}");
    assert_eq!(fix["replacements"][0]["deletedRegion"]["startLine"], 19, "{fix}");
    let results = logs[3]["runs"][0]["results"].as_array().unwrap();
    let quiet: Vec<&Value> =
        results.iter().filter(|one| one["suppressions"] != serde_json::json!([])).collect();
    assert_eq!(quiet.len(), 1);
    assert_eq!(quiet[0]["ruleId"], "SK110");
    assert_eq!(
        quiet[0]["suppressions"],
        serde_json::json!([{"kind": "inSource", "justification": "as the address plan writes it"}])
    );
    let place = &logs[4]["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"];
    assert_eq!(*place, serde_json::json!({"uri": "a%20b.yaml", "uriBaseId": "SRCROOT"}));
}

const BITS: &str = "            cidr: 198.51.100.1/24";
const NAME: &str = "  name: nobody\n";

#[test]
fn a_comment_with_a_reason_keeps_it_quiet() {
    for (old, new, left) in [
        (BITS, "            cidr: 198.51.100.1/24 # sekisho: ignore[SK110] as planned", &["SK102:39"][..]),
        (
            BITS,
            "            # sekisho: ignore[host-bits] as planned\n            cidr: 198.51.100.1/24",
            &["SK102:40"],
        ),
        (
            "---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata:\n  name: web",
            "---\n# sekisho: ignore[correctness] as planned\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata:\n  name: web",
            &["SK102:40"],
        ),
        (NAME, "  name: nobody\n  annotations:\n    sekisho.dev/ignore: \"SK102: to come\"\n", &["SK110:30"]),
        // Without a reason, of another rule, of none, in quotes, and where it is not found.
        (
            BITS,
            "            cidr: 198.51.100.1/24 # sekisho: ignore[SK110]",
            &["SK001:30", "SK110:30", "SK102:39"],
        ),
        (
            BITS,
            "            cidr: 198.51.100.1/24 # sekisho: ignore[SK301] x",
            &["SK002:30", "SK110:30", "SK102:39"],
        ),
        (
            BITS,
            "            cidr: 198.51.100.1/24 # sekisho: ignore[SK1] x",
            &["SK003:30", "SK110:30", "SK102:39"],
        ),
        (
            BITS,
            "            cidr: 198.51.100.1/24 # sekisho: ignore x",
            &["SK003:30", "SK110:30", "SK102:39"],
        ),
        (
            NAME,
            "  name: nobody\n  annotations: {a: \"# sekisho: ignore[SK301] x\"}\n",
            &["SK110:30", "SK102:40"],
        ),
        (
            NAME,
            "  name: nobody\n  annotations:\n    sekisho.dev/ignore: \"SK102; SK301: x\"\n",
            &["SK001:38", "SK002:38", "SK110:30", "SK102:41"],
        ),
    ] {
        let folder = changed(&[(old, new)]);
        let mut left: Vec<String> = left.iter().map(ToString::to_string).collect();
        let mut heard = found(folder.path(), &[]);
        left.sort();
        heard.sort();
        assert_eq!(heard, left, "{new}");
    }
}

#[test]
fn a_policy_in_json_is_ignored_by_its_annotation() {
    let folder = tempfile::tempdir().unwrap();
    let policy = r##"{"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
        "metadata": {"name": "a", "namespace": "shop", "annotations": {
            "note": "# sekisho: ignore[SK110] not a comment", "sekisho.dev/ignore": "SK110: as planned"}},
        "spec": {"podSelector": {}, "ingress": [{"ports": [{"port": 80}],
            "from": [{"ipBlock": {"cidr": "198.51.100.1/24"}}]}]}}"##;
    fs::write(folder.path().join("a.json"), policy).unwrap();
    assert_eq!(found(folder.path(), &[]), [""; 0]);
    let run = check(folder.path(), &["."]);
    assert!(run.out.contains("1 finding ignored where it stands, with a reason"), "{}", run.out);
}

#[test]
fn the_team_has_its_say() {
    let folder = changed(&[]);
    let path = folder.path();
    fs::create_dir(path.join("legacy")).unwrap();
    fs::rename(path.join("shop.yaml"), path.join("legacy/shop.yaml")).unwrap();
    let heard = |settings: &str| {
        fs::write(path.join("sekisho.yaml"), format!("version: 1\ncheck:\n  ignore: [coverage]\n{settings}"))
            .unwrap();
        let run = check(path, &["-o", "github", "legacy"]);
        let lines = run
            .out
            .lines()
            .map(|line| line.split(' ').next().unwrap().to_owned() + &line[line.find("=SK").unwrap()..][..6]);
        (lines.collect::<Vec<_>>().join(" "), run.code)
    };
    for (settings, expected, code) in [
        ("", "::warning=SK110 ::warning=SK102", 1),
        ("  severity: {SK110: error, SK102: note}\n  fail-on: error\n", "::error=SK110 ::notice=SK102", 1),
        ("  fail-on: error\n", "::warning=SK110 ::warning=SK102", 0),
        ("  paths:\n    - paths: [legacy/**]\n      ignore: [host-bits]\n", "::warning=SK102", 1),
        ("  paths:\n    - paths: [other]\n      ignore: [host-bits]\n", "::warning=SK110 ::warning=SK102", 1),
    ] {
        assert_eq!(heard(settings), (expected.to_owned(), Some(code)), "{settings}");
    }
    let wrong = heard_error(path, "  select: [SK11O]\n");
    assert!(wrong.contains("did you mean `SK110`?"), "{wrong}");
}

/// What is said where the settings are wrong.
fn heard_error(path: &Path, settings: &str) -> String {
    fs::write(path.join("sekisho.yaml"), format!("version: 1\ncheck:\n{settings}")).unwrap();
    let run = check(path, &["legacy"]);
    assert_eq!((run.code, run.out.as_str()), (Some(2), ""));
    run.err
}

const OPEN: &str = "\
apiVersion: v1
kind: Pod
metadata: {name: api, namespace: shop, labels: {app: api}}
spec: {containers: [{name: c, ports: [{containerPort: 8080}]}]}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: api, namespace: shop}
spec:
  podSelector: {matchLabels: {app: api}}
  policyTypes: [Ingress]
  ingress:
    - ports: [{port: 8080}]
      from:
        - ipBlock:
            cidr: 0.0.0.0/0
";

/// Of two rules that mean the same mistake the one that says less of it is silent where the other is heard.
#[test]
fn who_is_not_heard_takes_nobodys_word() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let heard = |text: &str, arguments: &[&str]| {
        fs::write(path.join("open.yaml"), text).unwrap();
        let mut found = found(path, arguments);
        found.sort();
        found
    };
    assert_eq!(heard(OPEN, &[]), ["SK307:16"]);
    assert_eq!(heard(OPEN, &["--select", "SK303"]), ["SK303:16"]);
    assert_eq!(heard(OPEN, &["--ignore", "open-to-internet"]), ["SK303:16"]);
    assert_eq!(heard(OPEN, &["--ignore", "SK303,SK307"]), ["SK304:16"]);
    // Who says at the place why it may be so has seen it, and is not told again in other words; and such a comment is of
    // use where the settings leave its rule out.
    let excused = OPEN.replace("0.0.0.0/0", "0.0.0.0/0 # sekisho: ignore[SK307] the shop is for everybody");
    assert_eq!(heard(&excused, &[]), [""; 0]);
    assert_eq!(heard(&excused, &["--ignore", "SK307"]), ["SK303:16"]);
    // Of other rules it says nothing.
    let other = OPEN.replace("0.0.0.0/0", "0.0.0.0/0 # sekisho: ignore[SK303] the shop is for everybody");
    assert_eq!(heard(&other, &[]), ["SK002:16", "SK307:16"]);
    assert_eq!(heard(&other, &["--ignore", "SK307"]), [""; 0]);
    let settings = "version: 1\ncheck:\n  paths: [{paths: [open.yaml], ignore: [SK307]}]\n";
    fs::write(path.join("sekisho.yaml"), settings).unwrap();
    assert_eq!(heard(OPEN, &["--ignore", "coverage"]), ["SK303:16"]);
}

#[test]
fn rules_are_explained() {
    let here = fixtures();
    let all = sekisho(&here, &["rule"]);
    assert!(all.out.contains("SK301  whole-namespace"), "{}", all.out);
    let one = sekisho(&here, &["rule", "sk301"]);
    assert!(one.out.starts_with("SK301 whole-namespace") && !one.out.contains("```"), "{}", one.out);
    assert_eq!(sekisho(&here, &["rule", "whole-namespace"]).out, one.out);
    let json: Value = serde_json::from_str(&sekisho(&here, &["rule", "-o", "json", "SK301"]).out).unwrap();
    assert_eq!((&json["code"], &json["category"]), (&"SK301".into(), &"least-privilege".into()));
    for (name, part) in
        [("SK30l", "did you mean `SK301`?"), ("correctness", "is a category"), ("", "is no code")]
    {
        let run = sekisho(&here, &["rule", name]);
        assert!(run.code == Some(2) && run.err.contains(part), "{name}: {}", run.err);
    }
}

#[test]
fn the_page_of_rules_is_that_of_the_program() {
    let made = sekisho(&fixtures(), &["rule", "-o", "md"]).out;
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/rules.md");
    if std::env::var_os("SEKISHO_UPDATE_RULES").is_some() {
        fs::write(&path, &made).unwrap();
    }
    let published = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        made == published,
        "docs/rules.md is stale: write it anew by `SEKISHO_UPDATE_RULES=1 cargo test -p sekisho --test check`"
    );
}
