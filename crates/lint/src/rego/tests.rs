//! What is told of texts, and what their tests come to.

use super::*;
use sekisho_core::diagnostic::{Diagnostic, Severity};

fn texts(files: &[(&str, &str)]) -> BTreeMap<Arc<str>, Arc<str>> {
    files.iter().map(|(name, text)| (Arc::from(*name), Arc::from(*text))).collect()
}

fn load(text: &str) -> Result<Rules, Vec<Diagnostic>> {
    Rules::load(&texts(&[("a.rego", text)])).map(|(rules, _)| rules)
}

/// The place and the words of the one thing that is wrong.
fn wrong(text: &str) -> String {
    let found = load(text).unwrap_err();
    let [one] = found.as_slice() else { panic!("{found:?}") };
    assert_eq!(one.severity, Severity::Error);
    format!("{}: {}", one.origin, one.message)
}

#[test]
fn what_is_wrong_with_a_text_is_told_at_its_place() {
    for (text, expected) in [
        ("", "a.rego:1:1: expecting `package` Missing package declaration"),
        ("package a\n\ndeny contains m if {\n\tm := ü\n}\n", "a.rego:4:7: invalid character"),
        (
            "package a\ndeny contains m if { m := foo(1) }\n",
            "a.rego:2:27: there is no function `foo`, which `a/deny` calls",
        ),
        (
            "package a\ndeny contains m if { m := time.now_ns() }\n",
            "a.rego:2:27: `time.now_ns` is not to be had: what rules find must not change by itself",
        ),
        ("package a\nf(x) := f(x)\ny := f(1)\n", "a.rego:2:1: `f` calls itself, and Rego knows no recursion"),
        ("package a\ndeny := true\n", "a.rego:2:1: `deny` is no set, so there is nothing in it to report"),
        (
            "package a\ndeny[m] if { m := \"x\" }\n",
            "a.rego:2:1: `deny` is no set, so there is nothing in it to report",
        ),
        (
            "package a\nexception contains [\"x\"] if true\n",
            "a.rego:2:1: `exception` is conftest's, and is not looked at: nothing is excepted by it",
        ),
    ] {
        assert_eq!(wrong(text), expected);
    }
    assert!(wrong(&format!("package a\nx := {}", "[".repeat(40))).ends_with("too deep in one another here"));
}

#[test]
fn functions_of_other_files_are_found() {
    let lib = ("lib.rego", "package lib.names\n\nlong(x) if count(x) > 3\n");
    for call in ["import data.lib.names\n\ny if names.long(1)", "y if data.lib.names.long(1)"] {
        let text = format!("package a\n\n{call}\n");
        assert!(Rules::load(&texts(&[lib, ("a.rego", &text)])).is_ok(), "{call}");
        assert!(Rules::load(&texts(&[("a.rego", &text)])).is_err(), "{call}");
    }
    // Two functions that call each other, in two files.
    let [a, b] = [
        ("a.rego", "package a\n\nf(x) := data.b.g(x)\n"),
        ("b.rego", "package b\n\nimport data.a.f\n\ng(x) := f(x)\n"),
    ];
    let found = Rules::load(&texts(&[a, b])).unwrap_err();
    assert_eq!(found.len(), 2, "{found:?}");
}

#[test]
fn rules_of_either_form_are_found_by_their_names() {
    let old = load("package k8s\nviolation[{\"msg\": msg}] { msg := \"if\" }\n").unwrap();
    let new = load(
        "package main\ndeny contains \"a\"\ndeny contains \"b\"\nwarn_names contains \"c\" if true\n\
         denying contains \"d\"\ntest_a if true\nhelper if true\ndeny_of(x) := x\n",
    )
    .unwrap();
    let named = |rules: &Rules| -> Vec<String> {
        rules.checks.iter().map(|(verb, entry)| format!("{verb:?} {entry}")).collect()
    };
    assert_eq!(named(&old), ["Deny k8s/violation"]);
    assert_eq!(named(&new), ["Deny main/deny", "Warn main/warn_names"]);
    assert_eq!(new.tests.len(), 1);
}

#[test]
fn tests_pass_fail_or_break() {
    let rules = load(
        "package a\n\ndeny contains m if { m := input.m }\n\
         test_right if { deny == {\"x\"} with input as {\"m\": \"x\"} }\n\
         test_wrong if { print(\"seen\", deny); deny == {\"y\"} with input as {\"m\": \"x\"} }\n\
         test_false := false\n\
         test_broken if { 1 + data.a.text == 2 }\ntext := \"x\"\n",
    )
    .unwrap();
    let trials = rules.test();
    let [right, wrong, no, broken] = trials.as_slice() else { panic!("{trials:?}") };
    assert_eq!(right.outcome, Outcome::Passed);
    assert_eq!((&wrong.outcome, wrong.prints.len()), (&Outcome::Failed, 1));
    assert_eq!(wrong.origin.to_string(), "a.rego:5:1");
    assert_eq!(no.outcome, Outcome::Failed);
    let Outcome::Broken(found) = &broken.outcome else { panic!("{broken:?}") };
    assert!(found.message.starts_with("`a/test_broken` cannot be evaluated: "), "{}", found.message);
    assert_eq!(found.origin.span.line, 7);
}

#[test]
fn data_is_one_document() {
    let rules = |files: &[(&str, &str)]| Rules::load(&texts(files)).map(|(rules, _)| rules);
    let test = ("a.rego", "package a\n\ntest_a if { data.one == 1; data.two == 2 }\n");
    let both = rules(&[("one.json", "{\"one\": 1}"), ("two.json", "{\"two\": 2}"), test]).unwrap();
    assert_eq!(both.test()[0].outcome, Outcome::Passed);
    for (text, expected) in [
        ("{\n  \"a\": }", "one.json:2:8: expected value"),
        ("[]", "one.json:1:1: data must be an object, `{\"name\": ...}`"),
    ] {
        let found = rules(&[("one.json", text)]).unwrap_err();
        assert_eq!(format!("{}: {}", found[0].origin, found[0].message), expected);
    }
}

#[test]
fn what_takes_too_long_is_stopped() {
    let rules = load(
        "package a\ntest_a if { n := numbers.range(1, 100000); \
         count([1 | some i in n; some j in n; i == j]) == 1 }\n",
    )
    .unwrap();
    let trials = rules.test();
    let Outcome::Broken(found) = &trials[0].outcome else { panic!("{trials:?}") };
    assert!(found.message.ends_with("it takes too long"), "{found:?}");
}

#[test]
fn a_package_may_lie_in_several_files() {
    let one = "package a\n\nimport data.names\n\ndeny contains m if { some m in all }\n\ny := names.x\n";
    let two = "package a\n\nall contains m if { some m in input.m }\n\nbroken contains 1 + input.bad\n";
    let test = "package a_test\n\nimport data.a\n\n\
         test_a if { a.deny == {\"x\"} with input as {\"m\": [\"x\"]} }\n\
         test_b if { print(a.y); count(a.broken) == 1 with input as {\"bad\": \"x\"} }\n";
    let files =
        [("one.rego", one), ("0.rego", two), ("test.rego", test), ("d.json", "{\"names\": {\"x\": \"x\"}}")];
    let (rules, _) = Rules::load(&texts(&files)).unwrap();
    let trials = rules.test();
    assert_eq!(trials[0].outcome, Outcome::Passed);
    let Outcome::Broken(found) = &trials[1].outcome else { panic!("{trials:?}") };
    assert_eq!((&*found.origin.source, found.origin.span.line), ("0.rego", 5));
    assert_eq!(trials[1].prints, ["test.rego:6: x"]);
}
