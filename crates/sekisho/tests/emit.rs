//! `sekisho check --emit`: what is printed refuses what it should, and nothing of the exchange.
//!
//! The Rego is run by `--rego`, and CEL by an interpreter, on the same policies.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test says what must hold")]

mod ran;

use cel::{Context, Program, extractors::This};
use ran::Run;
use sekisho_core::set::Cidr;
use serde_json::Value;
use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::Arc,
};
use tempfile::TempDir;

const EXCHANGE: [&str; 4] = ["-c", "examples/exchange/sekisho.yaml", "-e", "production"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

fn sekisho(arguments: &[&str]) -> Run {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sekisho"));
    command.args(arguments).current_dir(root()).output().unwrap().into()
}

fn emitted(what: &str) -> String {
    let run = sekisho(&[&["check", "--emit", what], EXCHANGE.as_slice()].concat());
    assert_eq!(run.code, Some(0), "{}", run.err);
    run.out
}

/// What is refused: the code, and the policy.
type Refused = BTreeSet<(String, String)>;

/// What the Rego of the template refuses.
fn by_gatekeeper(manifests: &str) -> Refused {
    let text = emitted("gatekeeper");
    let (_, rego) = text.split_once("rego: |\n").unwrap();
    let (rego, _) = rego.split_once("---\n").unwrap();
    let folder = TempDir::new().unwrap();
    let rego: Vec<&str> = rego.lines().map(|line| line.strip_prefix("        ").unwrap_or(line)).collect();
    fs::write(folder.path().join("a.rego"), rego.join("\n")).unwrap();
    let run = sekisho(&["check", "-o", "json", "--rego", folder.path().to_str().unwrap(), manifests]);
    assert!(run.code.is_some_and(|code| code < 2), "{}", run.err);
    let json: Value = serde_json::from_str(&run.out).unwrap();
    let findings = json["findings"].as_array().unwrap().iter();
    let own = findings.filter(|one| one["code"] == "sekisho.standard/violation");
    own.map(|one| {
        let (code, _) = one["message"].as_str().unwrap().split_once(": ").unwrap();
        (code.to_owned(), one["object"].as_str().unwrap().replace("NetworkPolicy ", ""))
    })
    .collect()
}

fn contains(This(one): This<Arc<String>>, other: Arc<String>) -> bool {
    let (one, other): (Cidr, Cidr) = (one.parse().unwrap(), other.parse().unwrap());
    one.contains(other.first()) && one.contains(other.last())
}

/// What is between single quotes behind `key`.
fn single(line: &str, key: &str) -> Option<String> {
    let text = line.trim_start().strip_prefix("- ").unwrap_or(line.trim_start()).strip_prefix(key)?;
    Some(text.trim().strip_prefix('\'')?.strip_suffix('\'')?.replace("''", "'"))
}

/// What the expressions of the admission policy refuse.
fn by_the_api_server(manifests: &str) -> Refused {
    let text = emitted("vap");
    let (variables, validations) = text.split_once("  validations:\n").unwrap();
    let ingress = variables.lines().find_map(|line| single(line, "expression:")).unwrap();
    let lines: Vec<&str> = validations.lines().take_while(|line| *line != "---").collect();
    let clauses: Vec<(Program, String)> = lines
        .chunks(2)
        .map(|pair| {
            let program = Program::compile(&single(pair[0], "expression:").unwrap()).unwrap();
            let (_, message) = pair[1].split_once("message: \"").unwrap();
            (program, message.split(':').next().unwrap().to_owned())
        })
        .collect();
    assert!(clauses.len() >= 8, "{text}");
    let facts = sekisho(&["rego", "facts", manifests]);
    let mut refused = Refused::new();
    for input in facts.out.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()) {
        let object = &input["review"]["object"];
        if object["kind"] != "NetworkPolicy" {
            continue;
        }
        let mut context = Context::default();
        context.add_variable("object", object).unwrap();
        context.add_function("cidr", |text: Arc<String>| text).unwrap();
        context.add_function("containsCIDR", contains).unwrap();
        let ingress = Program::compile(&ingress).unwrap().execute(&context).unwrap();
        let ingress = ingress.json().unwrap();
        context.add_variable("variables", serde_json::json!({ "ingress": ingress })).unwrap();
        for (program, code) in &clauses {
            if program.execute(&context).unwrap() != cel::Value::Bool(true) {
                let of = |key: &str| object["metadata"][key].as_str().unwrap().to_owned();
                refused.insert((code.clone(), format!("{}/{}", of("namespace"), of("name"))));
            }
        }
    }
    refused
}

#[test]
fn nothing_of_the_exchange_is_refused() {
    let production = "examples/exchange/production";
    assert_eq!(by_gatekeeper(production), Refused::new());
    assert_eq!(by_the_api_server(production), Refused::new());
}

#[test]
fn both_refuse_what_is_wrong_and_the_same() {
    for (code, folder) in [
        ("SK114", "tests/rules/SK114-empty-rule/wrong"),
        ("SK301", "tests/rules/SK301-whole-namespace/wrong"),
        ("SK302", "tests/rules/SK302-every-namespace/wrong"),
        ("SK303", "tests/rules/SK303-any-address/wrong"),
        ("SK305", "tests/rules/SK305-all-ports/wrong"),
        ("SK401", "examples/exchange/development"),
    ] {
        let (one, other) = (by_gatekeeper(folder), by_the_api_server(folder));
        assert_eq!(one, other, "{folder}");
        assert!(one.iter().any(|(of, _)| of == code), "{folder}: {one:?}");
    }
}

#[test]
fn a_policy_of_another_name_is_refused() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("policy.yaml");
    let text = "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: x, namespace: a}\n\
                spec: {podSelector: {matchLabels: {app.kubernetes.io/name: other}}, policyTypes: [Egress]}\n";
    fs::write(&file, text).unwrap();
    let expected: Refused = [("SK603".to_owned(), "a/x".to_owned())].into();
    assert_eq!(by_gatekeeper(file.to_str().unwrap()), expected);
    assert_eq!(by_the_api_server(file.to_str().unwrap()), expected);
}

#[test]
fn what_is_printed_is_yaml() {
    let folder = TempDir::new().unwrap();
    for what in ["gatekeeper", "vap"] {
        let file = folder.path().join(format!("{what}.yaml"));
        fs::write(&file, emitted(what)).unwrap();
        // Two objects, of kinds that policies do not see; what is no YAML is an error.
        let run = sekisho(&["reach", file.to_str().unwrap()]);
        assert!(run.err.contains("skipped 2 objects"), "{what}: {}", run.err);
    }
}
