//! Rules in Rego: the standard as an example, held equal to the built-in rules; what is found, and what is refused.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test says what must hold")]

mod ran;

use ran::Run;
use serde_json::Value;
use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    process::Command,
};
use tempfile::TempDir;

/// The rules of the example, each called as the built-in one that it says again, and whether that one asks for a
/// standard: without `sekisho.yaml` the built-in one says nothing.
const RULES: [(&str, bool); 16] = [
    ("all-ports", false),
    ("any-address", false),
    ("cloud-nat", true),
    ("component-without-policy", true),
    ("empty-rule", false),
    ("every-namespace", false),
    ("labels-missing", true),
    ("name-not-standard", true),
    ("no-baseline", true),
    ("peer-in-another-namespace", false),
    ("pod-not-isolated", false),
    ("port-name-missing", false),
    ("range-outside-environment", true),
    ("selects-no-pod", false),
    ("two-entries", false),
    ("whole-namespace", false),
];

const EXAMPLE: &str = "examples/standard-rego";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

fn sekisho(arguments: &[&str]) -> Run {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sekisho"));
    command.args(arguments).current_dir(root()).output().unwrap().into()
}

/// What is found: the name of the rule, without that of the package, and the object.
type Found = BTreeSet<(String, String)>;

/// The findings of the built-in rules, and of those of the example.
fn found(arguments: &[&str]) -> (Found, Found) {
    let run = sekisho(&[&["check", "-o", "json", "--rego", EXAMPLE], arguments].concat());
    assert!(run.code.is_some_and(|code| code < 2), "{arguments:?}: {}", run.err);
    let json: Value = serde_json::from_str(&run.out).unwrap();
    let (mut builtin, mut own) = (Found::new(), Found::new());
    for finding in json["findings"].as_array().unwrap() {
        let object = finding["object"].as_str().unwrap_or_default().to_owned();
        let name = finding["name"].as_str().unwrap();
        match name.strip_prefix("standard/") {
            Some(name) => own.insert((name.to_owned(), object)),
            None => builtin.insert((name.to_owned(), object)),
        };
    }
    (builtin, own)
}

/// Asserts that the example refuses what the built-in rules find, but for what another of them says better.
fn assert_equal(arguments: &[&str], has_standard: bool) -> usize {
    let (builtin, own) = found(arguments);
    let mut compared = 0;
    for (name, of_standard) in RULES {
        if of_standard && !has_standard {
            continue;
        }
        let of = |found: &Found| -> BTreeSet<String> {
            found.iter().filter(|(rule, _)| rule == name).map(|(_, object)| object.clone()).collect()
        };
        let (builtin_of, own_of) = (of(&builtin), of(&own));
        compared += builtin_of.len();
        let missed: Vec<_> = builtin_of.difference(&own_of).collect();
        assert!(missed.is_empty(), "{arguments:?}: `{name}` misses {missed:?}");
        for object in own_of.difference(&builtin_of) {
            let better = sekisho_lint::find(name).unwrap().yields_to.iter();
            let is_said = better
                .filter_map(|code| sekisho_lint::find(code))
                .any(|better| builtin.contains(&(better.name.to_owned(), object.clone())));
            assert!(is_said, "{arguments:?}: `{name}` finds {object}, which the built-in rule does not");
        }
    }
    compared
}

#[test]
fn the_example_finds_nothing_in_the_exchange() {
    for environment in ["production", "development"] {
        let (builtin, own) = found(&[
            "-e",
            environment,
            "-c",
            "examples/exchange/sekisho.yaml",
            &format!("examples/exchange/{environment}"),
        ]);
        assert_eq!((builtin, own), (Found::new(), Found::new()), "{environment}");
    }
}

/// Copies a folder, with `change` made of each text.
fn copy(from: &Path, to: &Path, change: &dyn Fn(String) -> String) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let (path, name) = (entry.as_ref().unwrap().path(), entry.as_ref().unwrap().file_name());
        if path.is_dir() {
            copy(&path, &to.join(name), change);
        } else {
            fs::write(to.join(name), change(fs::read_to_string(&path).unwrap())).unwrap();
        }
    }
}

/// Every kind of mistake, made in the whole of the exchange's production: what it changes, and what is found by it.
#[test]
fn the_example_is_equal_to_the_built_in_rules_on_an_exchange_with_mistakes() {
    let production = root().join("examples/exchange/production");
    let catalog = fs::read_to_string(root().join("examples/exchange/sekisho.yaml")).unwrap();
    let nat = "  cicd: { ranges: 192.0.2.8/30, role: nat }\n";
    let catalog = catalog.replacen("peers:\n", &format!("peers:\n{nat}"), 1);
    let mistakes: [(&str, &str, &str); 8] = [
        ("range-outside-environment", "cidr: 35.191.0.0/16", "cidr: 203.0.113.0/24"),
        ("cloud-nat", "cidr: 35.191.0.0/16", "cidr: 192.0.2.8/32"),
        ("any-address", "cidr: 35.191.0.0/16", "cidr: 0.0.0.0/0"),
        ("no-baseline", "  podSelector: {}\n", "  podSelector: {matchLabels: {x: other}}\n"),
        ("selects-no-pod", "  podSelector: {}\n", "  podSelector: {matchLabels: {x: other}}\n"),
        ("port-name-missing", "          port: grpc\n", "          port: rpc\n"),
        (
            "name-not-standard",
            "kind: NetworkPolicy\nmetadata:\n  name: ",
            "kind: NetworkPolicy\nmetadata:\n  name: x-",
        ),
        (
            "peer-in-another-namespace",
            "        - namespaceSelector:\n            matchLabels:\n              kubernetes.io/metadata.name: trading\n          podSelector:",
            "        - podSelector:",
        ),
    ];
    for (rule, from, to) in mistakes {
        let folder = TempDir::new().unwrap();
        let manifests = folder.path().join("production");
        copy(&production, &manifests, &|text| text.replace(from, to));
        let file = folder.path().join("sekisho.yaml");
        fs::write(&file, &catalog).unwrap();
        let (file, manifests) = (file.to_str().unwrap(), manifests.to_str().unwrap());
        let arguments = ["-e", "production", "-c", file, manifests];
        assert_equal(&arguments, true);
        let (_, own) = found(&arguments);
        assert!(own.iter().any(|(name, _)| name == rule), "{rule}: {own:?}");
    }
}

/// The examples of mistakes, and those that the built-in rules are tested with.
#[test]
fn the_example_is_equal_to_the_built_in_rules_on_their_own_fixtures() {
    let mut compared = 0;
    for of in ["examples/mistakes", "tests/rules"] {
        let mut open = vec![root().join(of)];
        while let Some(folder) = open.pop() {
            let entries: Vec<PathBuf> =
                fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
            let has_manifests = entries.iter().any(|path| path.extension().is_some_and(|end| end == "yaml"));
            if has_manifests && !entries.iter().any(|path| path.ends_with("sekisho.yaml")) {
                // Whatever the examples leave out for themselves.
                let all = "correctness,coverage,least-privilege,environment,breakage,hygiene,own";
                compared += assert_equal(&["--select", all, folder.to_str().unwrap()], false);
            } else {
                open.extend(entries.into_iter().filter(|path| path.is_dir()));
            }
        }
    }
    assert!(compared > 20, "{compared}");
}

#[test]
fn the_tests_of_the_example_pass() {
    let run = sekisho(&["rego", "test", EXAMPLE]);
    assert_eq!(run.code, Some(0), "{}{}", run.out, run.err);
    let junit = sekisho(&["rego", "test", "-o", "junit", EXAMPLE]);
    assert!(junit.out.contains("<testsuite name=\"standard_test\""), "{}", junit.out);
}

fn rules(text: &str) -> (TempDir, String) {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("a.rego"), text).unwrap();
    let path = folder.path().to_str().unwrap().to_owned();
    (folder, path)
}

#[test]
fn what_a_result_says_is_what_is_found() {
    let (_folder, path) = rules(
        "package main\n\nwarn contains {\"msg\": \"seen\", \"code\": \"OWN-1\", \"path\": \"spec.ingress[0].from[0]\", \
         \"severity\": \"note\", \"help\": \"look\", \"details\": {\"x\": 1}} if \
         input.review.object.kind == \"NetworkPolicy\"\n\n\
         violation contains {\"msg\": \"old\"} if input.kind == \"Deployment\"\n",
    );
    let run =
        sekisho(&["check", "-o", "json", "--rego", &path, "examples/mistakes/namespace-instead-of-pods"]);
    assert_eq!(run.code, Some(1), "{}", run.err);
    let json: Value = serde_json::from_str(&run.out).unwrap();
    let own = |code: &str| -> Vec<Value> {
        let findings = json["findings"].as_array().unwrap().iter();
        findings.filter(|one| one["code"] == code).cloned().collect()
    };
    let seen = own("OWN-1");
    assert_eq!((&seen[0]["severity"], &seen[0]["help"]), (&"note".into(), &"look".into()));
    let origin = seen[0]["origin"].as_str().unwrap();
    let (file, line) = (origin.split(':').next().unwrap(), origin.split(':').nth(1).unwrap());
    let text = fs::read_to_string(root().join(file)).unwrap();
    let line = text.lines().nth(line.parse::<usize>().unwrap() - 1).unwrap();
    assert!(line.trim_start().starts_with("- namespaceSelector"), "{line}");
    assert_eq!(own("main/violation")[0]["severity"], "error");
    // Its codes may be chosen by, as those of any rule.
    let chosen = sekisho(&["check", "--select", "OWN-1", "--rego", &path, "examples/mistakes/and-or"]);
    assert_eq!(chosen.code, Some(0), "{}{}", chosen.out, chosen.err);
}

#[test]
fn what_cannot_be_evaluated_is_an_error() {
    for (text, expected) in [
        ("package a\n\ndeny contains m if { m := 1 + input.kind }\n", "`a/deny` cannot be evaluated, of "),
        (
            "package a\n\ndeny contains 1 if input.kind\n",
            "it has `1` where a text or `{\"msg\": ...}` belongs",
        ),
        (
            "package a\n\ndeny contains {\"msg\": \"x\", \"path\": \"spec.ingress[9]\"} if input.kind == \"NetworkPolicy\"\n",
            "has no such place",
        ),
        ("package a\n\ndeny contains m if { m := oops(1) }\n", "there is no function `oops`"),
    ] {
        let (_folder, path) = rules(text);
        let run = sekisho(&["check", "--rego", &path, "examples/mistakes/and-or"]);
        assert_eq!((run.code, run.out.as_str()), (Some(2), ""), "{text}");
        assert!(run.err.contains(expected) && run.err.contains("a.rego:3:"), "{text}: {}", run.err);
    }
}

#[test]
fn facts_are_what_their_schema_says() {
    let schema: Value = serde_json::from_str(&sekisho(&["schema", "facts"]).out).unwrap();
    let published = root().join("docs/schema/facts.json");
    if std::env::var_os("SEKISHO_UPDATE_SCHEMAS").is_some() {
        fs::write(&published, sekisho(&["schema", "facts"]).out).unwrap();
        let of_test = sekisho(&["schema", "rego-test"]).out;
        fs::write(root().join("docs/schema/rego-test.json"), of_test).unwrap();
    }
    let text = fs::read_to_string(&published).unwrap_or_default();
    assert_eq!(
        text,
        sekisho(&["schema", "facts"]).out,
        "write it anew: SEKISHO_UPDATE_SCHEMAS=1 cargo test -p sekisho"
    );
    let schema = jsonschema::validator_for(&schema).unwrap();
    let run = sekisho(&["rego", "facts", "examples/exchange/production"]);
    let inputs: Vec<Value> = run.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(inputs.len() > 20);
    for input in &inputs {
        let errors: Vec<String> = schema.iter_errors(input).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{errors:?}\n{input}");
    }
    assert!(!schema.is_valid(&serde_json::json!({"facts": 1})), "a schema that says no");
    let of_test = root().join("docs/schema/rego-test.json");
    let of_test: Value = serde_json::from_str(&fs::read_to_string(of_test).unwrap()).unwrap();
    let of_test = jsonschema::validator_for(&of_test).unwrap();
    let run = sekisho(&["rego", "test", "-o", "json", EXAMPLE]);
    assert!(of_test.is_valid(&serde_json::from_str(&run.out).unwrap()), "{}", run.out);
    let one = sekisho(&[
        "rego",
        "facts",
        "--object",
        "NetworkPolicy/trading/trading-bff",
        "examples/exchange/production",
    ]);
    assert_eq!((one.code, one.out.lines().count()), (Some(0), 1));
    let none = sekisho(&["rego", "facts", "--object", "trading/nobody", "examples/exchange/production"]);
    assert_eq!(none.code, Some(2), "{}", none.out);
}

#[test]
fn rules_that_can_find_nothing_are_no_answer() {
    let manifests = "examples/exchange/production";
    let empty = TempDir::new().unwrap();
    let path = empty.path().to_str().unwrap();
    let (_helpers, helpers) = rules("package own\n\nhelp := 1\n");
    fs::create_dir(empty.path().join("deep")).unwrap();
    for data in [false, true] {
        if data {
            fs::write(empty.path().join("deep/data.json"), "{}").unwrap();
        }
        for verb in [&["check", "--rego", path, manifests][..], &["rego", "test", path]] {
            let run = sekisho(verb);
            assert_eq!((run.code, run.out.as_str()), (Some(2), ""), "{verb:?}");
            assert!(
                run.err.contains("has no `.rego` file: a folder without rules checks nothing"),
                "{}",
                run.err
            );
        }
        // Beside another folder, too: it is misspelt all the same.
        let run = sekisho(&["check", "--rego", EXAMPLE, "--rego", path, manifests]);
        assert_eq!(run.code, Some(2), "{}", run.out);
    }
    let run = sekisho(&["check", "--rego", &helpers, manifests]);
    assert_eq!((run.code, run.out.as_str()), (Some(2), ""));
    assert!(run.err.contains("none of the rules in Rego is called `deny`"), "{}", run.err);
    // What rules share may lie in a folder of its own.
    let run = sekisho(&["check", "--rego", &helpers, "--rego", EXAMPLE, manifests]);
    assert_eq!(run.code, Some(0), "{}", run.err);
}

#[test]
fn facts_know_the_standard_of_the_team() {
    let facts = |arguments: &[&str]| {
        let object = ["rego", "facts", "--object", "NetworkPolicy/trading/trading-bff"];
        let run = sekisho(&[&object[..], arguments].concat());
        assert_eq!(run.code, Some(0), "{}", run.err);
        serde_json::from_str::<Value>(&run.out).unwrap()
    };
    // That of the nearest sekisho.yaml and of the environment that it says, as `check` sees it.
    let production = facts(&["examples/exchange/production"]);
    assert_eq!(production["sekisho"]["environment"], "production");
    assert_eq!(production["sekisho"]["component"]["tier"], "bff");
    let development = facts(&["-e", "development", "examples/exchange/production"]);
    assert_eq!(development["sekisho"]["environment"], "development");
    let folder = TempDir::new().unwrap();
    let bff = folder.path().join("bff.yaml");
    fs::copy(root().join("examples/exchange/production/trading/bff.yaml"), &bff).unwrap();
    let bff = bff.to_str().unwrap();
    let named = facts(&["-c", "examples/exchange/sekisho.yaml", "-e", "production", bff]);
    assert_eq!(named["sekisho"]["component"], production["sekisho"]["component"]);
    assert_eq!(facts(&[bff])["sekisho"].get("component"), None);
    let wrong = sekisho(&["rego", "facts", "-c", "examples/catalog/mistyped.yaml", bff]);
    assert_eq!((wrong.code, wrong.out.as_str()), (Some(2), ""));
}
