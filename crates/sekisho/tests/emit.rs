//! `sekisho check --emit`: what is printed refuses what it should, and nothing that the catalog gives.
//!
//! The Rego is run by `--rego`, and CEL by an interpreter, on the same policies; a real API server has a test of its own.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test says what must hold")]

mod emitted;
mod ran;
mod support;

use cel::{
    Context, Program, Value as Cel,
    extractors::This,
    objects::{Key, Map},
};
use emitted::{CATALOGS, FIXTURE, RIGHT, Refused, WRONG, documents, emitted, expected, generated};
use sekisho_core::set::Cidr;
use serde_json::Value;
use std::{collections::HashMap, fs, sync::Arc, thread};
use support::{assert_refused, root, run};
use tempfile::TempDir;

/// A catalog and an environment.
type Of<'a> = (&'a str, &'a str);

/// What the Rego of the template refuses.
fn by_gatekeeper((catalog, environment): Of<'_>, manifests: &str) -> Refused {
    let text = documents(&emitted("gatekeeper", catalog, environment));
    let rego = text[0]["spec"]["targets"][0]["rego"].as_str().unwrap();
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("a.rego"), rego).unwrap();
    let run = run(&["check", "-o", "json", "--rego", folder.path().to_str().unwrap(), manifests]);
    assert!(run.code.is_some_and(|code| code < 2), "{}", run.err);
    let json: Value = serde_json::from_str(&run.out).unwrap();
    let findings = json["findings"].as_array().unwrap().iter();
    let own = findings.filter(|one| one["code"] == "sekisho.standard/violation");
    let refused = own.map(|one| {
        let (code, _) = one["message"].as_str().unwrap().split_once(": ").unwrap();
        (code.to_owned(), one["object"].as_str().unwrap().replace("NetworkPolicy ", ""))
    });
    let exempt = text[1]["spec"]["match"]["excludedNamespaces"].as_array().unwrap();
    refused.filter(|(_, policy)| !exempt.iter().any(|one| is_in(policy, one))).collect()
}

/// What the built-in rules of the clauses find.
fn by_the_rules((catalog, environment): Of<'_>, manifests: &str) -> Refused {
    let codes = "SK114,SK301,SK302,SK303,SK305,SK307,SK401,SK402,SK603";
    let run = run(&["check", "-o", "json", "-c", catalog, "-e", environment, "--select", codes, manifests]);
    assert!(run.code.is_some_and(|code| code < 2), "{}", run.err);
    let json: Value = serde_json::from_str(&run.out).unwrap();
    let found = json["findings"].as_array().unwrap().iter();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    found.map(|one| (text(&one["code"]), text(&one["object"]).replace("NetworkPolicy ", ""))).collect()
}

fn is_in(policy: &str, namespace: &Value) -> bool {
    policy.split_once('/').is_some_and(|(of, _)| namespace == of)
}

fn contains(This(one): This<Arc<String>>, other: Arc<String>) -> bool {
    let (one, other): (Cidr, Cidr) = (one.parse().unwrap(), other.parse().unwrap());
    one.contains(other.first()) && one.contains(other.last())
}

fn prefix_length(This(one): This<Arc<String>>) -> i64 {
    i64::from(one.parse::<Cidr>().unwrap().prefix_length())
}

fn sum(This(numbers): This<Arc<Vec<Cel>>>) -> f64 {
    let number = |one: &Cel| match one {
        Cel::Float(number) => *number,
        other => panic!("{other:?} is no number"),
    };
    numbers.iter().map(number).sum()
}

fn join(This(texts): This<Arc<Vec<Cel>>>, with: Arc<String>) -> String {
    let text = |one: &Cel| match one {
        Cel::String(text) => text.to_string(),
        other => panic!("{other:?} is no text"),
    };
    texts.iter().map(text).collect::<Vec<_>>().join(&with)
}

/// What an expression says of an object.
fn says(expression: &str, object: &Value, variables: &HashMap<Key, Cel>) -> Cel {
    let mut context = Context::default();
    context.add_variable("object", object).unwrap();
    context.add_variable_from_value("variables", Cel::Map(Map { map: Arc::new(variables.clone()) }));
    context.add_function("cidr", |text: Arc<String>| text).unwrap();
    context.add_function("isCIDR", |text: Arc<String>| text.parse::<Cidr>().is_ok()).unwrap();
    context.add_function("containsCIDR", contains).unwrap();
    context.add_function("prefixLength", prefix_length).unwrap();
    context.add_function("sum", sum).unwrap();
    context.add_function("join", join).unwrap();
    // What is nested deeply takes more than the stack of a test.
    thread::scope(|scope| {
        let run = || evaluated(expression, &context);
        thread::Builder::new().stack_size(256 << 20).spawn_scoped(scope, run).unwrap().join().unwrap()
    })
}

fn evaluated(expression: &str, context: &Context<'_, '_>) -> Cel {
    let program = Program::compile(expression).unwrap_or_else(|error| panic!("{error}: {expression}"));
    program.execute(context).unwrap_or_else(|error| panic!("{error}: {expression}"))
}

/// What the expressions of the admission policy refuse.
fn by_the_api_server((catalog, environment): Of<'_>, manifests: &str) -> Refused {
    let policy = &documents(&emitted("vap", catalog, environment))[0]["spec"];
    let [variables, validations] = ["variables", "validations"].map(|key| policy[key].as_array().unwrap());
    let exempt = &policy["matchConstraints"]["namespaceSelector"]["matchExpressions"][0]["values"];
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let facts = run(&["rego", "facts", manifests]);
    let mut refused = Refused::new();
    for input in facts.out.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()) {
        let object = &input["review"]["object"];
        let namespace = &object["metadata"]["namespace"];
        if object["kind"] != "NetworkPolicy" || exempt.as_array().unwrap().contains(namespace) {
            continue;
        }
        let mut known = HashMap::new();
        for variable in variables {
            let value = says(&text(&variable["expression"]), object, &known);
            known.insert(Key::from(text(&variable["name"])), value);
        }
        for one in validations {
            if says(&text(&one["expression"]), object, &known) == Cel::Bool(true) {
                continue;
            }
            let told = one.get("messageExpression").map(|told| says(&text(told), object, &known));
            let told = match told {
                Some(Cel::String(told)) => told.to_string(),
                Some(other) => panic!("{other:?} is no message"),
                None => text(&one["message"]),
            };
            let code = told.split(':').next().unwrap().to_owned();
            refused.insert((code, format!("{}/{}", text(namespace), text(&object["metadata"]["name"]))));
        }
    }
    refused
}

#[test]
fn nothing_that_is_generated_is_refused() {
    let folder = TempDir::new().unwrap();
    for (catalog, environments) in CATALOGS {
        for environment in environments {
            let of = (catalog, environment);
            let policies = generated(catalog, environment, folder.path());
            let policies = policies.to_str().unwrap();
            assert_eq!(by_the_rules(of, policies), Refused::new(), "{of:?}");
            assert_eq!(by_gatekeeper(of, policies), Refused::new(), "{of:?}");
            assert_eq!(by_the_api_server(of, policies), Refused::new(), "{of:?}");
        }
    }
}

#[test]
fn what_looks_wrong_and_is_not_is_let_through() {
    let of = (FIXTURE, "production");
    assert_eq!(by_gatekeeper(of, RIGHT), Refused::new());
    assert_eq!(by_the_api_server(of, RIGHT), Refused::new());
}

#[test]
fn both_refuse_what_is_wrong_and_nothing_else() {
    let of = (FIXTURE, "production");
    assert_eq!(by_gatekeeper(of, WRONG), expected());
    assert_eq!(by_the_api_server(of, WRONG), expected());
}

#[test]
fn both_refuse_what_the_rules_find() {
    let of = ("examples/exchange/sekisho.yaml", "production");
    for (code, folder) in [
        ("SK114", "tests/rules/SK114-empty-rule/wrong"),
        ("SK301", "tests/rules/SK301-whole-namespace/wrong"),
        ("SK302", "tests/rules/SK302-every-namespace/wrong"),
        ("SK303", "tests/rules/SK303-any-address/wrong"),
        ("SK305", "tests/rules/SK305-all-ports/wrong"),
        ("SK401", "examples/exchange/development"),
    ] {
        let (one, other) = (by_gatekeeper(of, folder), by_the_api_server(of, folder));
        assert_eq!(one, other, "{folder}");
        assert!(one.iter().any(|(of, _)| of == code), "{folder}: {one:?}");
    }
}

#[test]
fn what_is_left_out_is_said() {
    let run = run(&["check", "--emit", "vap", "-c", FIXTURE]);
    assert!(run.out.contains("# It is of no one environment"), "{}", run.out);
    assert!(!run.out.contains("SK401"), "{}", run.out);
}

#[test]
fn more_than_a_server_takes_is_refused() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("sekisho.yaml");
    let services = (0..2_000).map(|number| {
        let name = format!("a-service-whose-name-is-as-long-as-names-may-be-{number}");
        format!("  {name}: {{ components: {{ frontend: {{ ports: http }}, bff: {{ ports: http }} }} }}\n")
    });
    fs::write(&file, format!("version: 1\nservices:\n{}", services.collect::<String>())).unwrap();
    let run = run(&["check", "--emit", "vap", "-c", file.to_str().unwrap()]);
    assert_refused(&run, &["4000 components", "an API server takes no object as large"]);
}

#[test]
fn a_peer_that_no_expression_holds_is_refused() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("sekisho.yaml");
    let ranges: Vec<String> =
        (0..8_000).map(|at| format!("100.{}.{}.0/24", at / 100, at % 100 * 2)).collect();
    let text = format!(
        "version: 1\npeers: {{ many: {{ ranges: [{}] }} }}\n\
         services: {{ shop: {{ components: {{ backend: {{ ports: http, callers: many }} }} }} }}\n",
        ranges.join(", ")
    );
    fs::write(&file, text).unwrap();
    let run = run(&["check", "--emit", "vap", "-c", file.to_str().unwrap()]);
    assert_refused(
        &run,
        &["`ranges` (named peers: their addresses)", "Kubernetes parses no more than 100000"],
    );
}

#[test]
fn what_is_printed_is_yaml() {
    let folder = TempDir::new().unwrap();
    for what in ["gatekeeper", "vap"] {
        let file = folder.path().join(format!("{what}.yaml"));
        fs::write(&file, emitted(what, FIXTURE, "production")).unwrap();
        // Two objects, of kinds that policies do not see; what is no YAML is an error.
        let run = run(&["reach", file.to_str().unwrap()]);
        assert!(run.err.contains("skipped 2 objects"), "{what}: {}", run.err);
    }
    assert!(root().join(FIXTURE).exists());
}
