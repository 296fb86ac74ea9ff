//! What rules call: functions that exist, that tell the same each time, and that come to an end.

use super::{
    join::Parsed,
    module::{Call, Declared, Module},
};
use sekisho_core::{
    diagnostic::{Diagnostic, Severity},
    object::Origin,
};
use std::collections::{BTreeMap, BTreeSet};

/// Functions whose answer would not be the same tomorrow.
const CHANGING: [&str; 7] =
    ["http.send", "opa.runtime", "rand.intn", "time.now_ns", "uuid.rfc4122", "net.lookup_ip_addr", "trace"];
/// What is no function, but looks like one.
const FORMS: [&str; 1] = ["print"];

/// A function, by its package and name.
type Function = (Vec<String>, String);

/// What is wrong with the calls of all files.
pub(super) fn check(files: &[Parsed]) -> Vec<Diagnostic> {
    let modules = || files.iter().map(|file| &file.module);
    let functions: BTreeSet<Function> = modules()
        .flat_map(|module| {
            let functions = module.rules.iter().filter(|rule| rule.is_function);
            functions.map(|rule| (module.package.clone(), rule.name.clone()))
        })
        .collect();
    let mut found = Vec::new();
    let mut graph: BTreeMap<Function, (Origin, BTreeSet<Function>)> = BTreeMap::new();
    for module in modules() {
        for rule in &module.rules {
            for call in &rule.calls {
                match callee(module, call, &functions) {
                    Callee::Own(function) if rule.is_function => {
                        let own = (module.package.clone(), rule.name.clone());
                        let from = graph.entry(own).or_insert((rule.origin.clone(), BTreeSet::new()));
                        from.1.insert(function);
                    }
                    Callee::Own(_) | Callee::Builtin => {}
                    Callee::Unknown => found.push(unknown(module, rule, call)),
                }
            }
        }
    }
    found.extend(recursive(&graph));
    found
}

enum Callee {
    Own(Function),
    Builtin,
    Unknown,
}

fn callee(module: &Module, call: &Call, functions: &BTreeSet<Function>) -> Callee {
    let written = call.path.join(".");
    let own = resolved(module, &call.path);
    if let Some(own) = own.filter(|own| functions.contains(own)) {
        return Callee::Own(own);
    }
    let is_known = regorus::unstable::BUILTINS.contains_key(written.as_str());
    if (is_known || FORMS.contains(&written.as_str())) && !CHANGING.contains(&written.as_str()) {
        Callee::Builtin
    } else {
        Callee::Unknown
    }
}

/// The function that a call would mean if it were one of a file.
fn resolved(module: &Module, path: &[String]) -> Option<Function> {
    let (first, rest) = path.split_first()?;
    let Some((name, between)) = rest.split_last() else {
        return match module.imports.get(first).and_then(|path| path.split_last()) {
            Some((name, package)) => Some((package.to_vec(), name.clone())),
            None => Some((module.package.clone(), first.clone())),
        };
    };
    let mut package = if first == "data" { Vec::new() } else { module.imports.get(first)?.clone() };
    package.extend(between.iter().cloned());
    Some((package, name.clone()))
}

fn unknown(module: &Module, rule: &Declared, call: &Call) -> Diagnostic {
    let written = call.path.join(".");
    let (message, help) = if CHANGING.contains(&written.as_str()) {
        let message = format!("`{written}` is not to be had: what rules find must not change by itself");
        (message, "decide by what `input` and `data` say")
    } else {
        let rule = format!("{}/{}", module.package.join("."), rule.name);
        let message = format!("there is no function `{written}`, which `{rule}` calls");
        (message, "look for a wrong letter, or a file that is missing; docs/rego.md lists what there is")
    };
    Diagnostic::new(Severity::Error, "rego-call", message, call.origin.clone()).with_help(help)
}

/// The functions that call themselves, directly or through others.
fn recursive(graph: &BTreeMap<Function, (Origin, BTreeSet<Function>)>) -> Vec<Diagnostic> {
    let reaches_itself = |start: &Function| {
        let mut seen = BTreeSet::new();
        let mut open = vec![start];
        while let Some(one) = open.pop() {
            for next in graph.get(one).into_iter().flat_map(|(_, calls)| calls) {
                if next == start {
                    return true;
                }
                if seen.insert(next) {
                    open.push(next);
                }
            }
        }
        false
    };
    let endless = graph.iter().filter(|(function, _)| reaches_itself(function));
    endless
        .map(|((_, name), (origin, _))| {
            let message = format!("`{name}` calls itself, and Rego knows no recursion");
            Diagnostic::new(Severity::Error, "rego-call", message, origin.clone())
                .with_help("use a comprehension, or `graph.reachable`")
        })
        .collect()
}
