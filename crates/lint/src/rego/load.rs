//! Reading texts of rules.

use super::{
    Entry, Rules, Verb, calls,
    join::{Given, Joined, Parsed},
    module::{Declared, Module},
    place, shape,
};
use regorus::Engine;
use sekisho_core::{
    diagnostic::{Diagnostic, Severity},
    object::{Origin, Span},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

impl Rules {
    /// Reads rules: texts by name, those that end in `.json` as data. What is worth knowing of rules that can be
    /// used is told beside them.
    ///
    /// # Errors
    /// Everything that is wrong with the texts, each at its place.
    pub fn load(texts: &BTreeMap<Arc<str>, Arc<str>>) -> Result<(Self, Vec<Diagnostic>), Vec<Diagnostic>> {
        let mut engine = Engine::new();
        engine.set_gather_prints(true);
        let (mut files, mut found) = (Vec::new(), Vec::new());
        for (name, text) in texts {
            let read = if name.ends_with(".json") {
                data(&mut engine, name, text)
            } else {
                parsed(name, text, texts).map(|file| files.push(file))
            };
            found.extend(read.err().map(|one| *one));
        }
        if found.is_empty() {
            // Of a file that is not parsed nobody knows what it declares.
            found.extend(calls::check(&files));
        }
        let (joined, given) = Joined::of(&files);
        let (checks, tests, codes) = (Vec::new(), Vec::new(), BTreeSet::new());
        let mut rules = Self { engine, checks, tests, codes, joined, sources: texts.clone() };
        for file in &files {
            for rule in &file.module.rules {
                found.extend(rules.take(&file.module, rule));
            }
        }
        if found.is_empty() {
            found.extend(rules.prepare(given).err().map(|one| *one));
        }
        rules.checks.sort_by(|(_, a), (_, b)| (&a.package, &a.name).cmp(&(&b.package, &b.name)));
        rules.tests.sort_by(|a, b| (&a.package, &a.origin).cmp(&(&b.package, &b.origin)));
        Diagnostic::sort(&mut found);
        let is_wrong = found.iter().any(|one| one.severity == Severity::Error);
        if is_wrong { Err(found) } else { Ok((rules, found)) }
    }

    /// Gives the texts to the engine.
    fn prepare(&mut self, given: Vec<Given>) -> Result<(), Box<Diagnostic>> {
        let origin = self.sources.keys().next().map(start).unwrap_or_default();
        let given_all = || {
            for (name, text, is_old) in given {
                self.engine.set_rego_v0(is_old);
                self.engine.add_policy(name, text)?;
            }
            self.engine.eval_bool_query("true".to_owned(), false)
        };
        given_all().map(drop).map_err(|error| -> Box<Diagnostic> {
            let known = (&self.sources, &self.joined);
            place::diagnostic(&error.to_string(), "rego-rule", &origin, known).into()
        })
    }

    /// Takes a rule, if it is one that is evaluated.
    fn take(&mut self, module: &Module, rule: &Declared) -> Option<Diagnostic> {
        let entry =
            Entry { package: module.package.clone(), name: rule.name.clone(), origin: rule.origin.clone() };
        let is_there = |known: &Entry| (&known.package, &known.name) == (&entry.package, &entry.name);
        self.codes.extend(rule.codes.iter().cloned());
        if let Some(verb) = verb(&rule.name).filter(|_| !rule.is_function) {
            if !rule.is_set {
                return Some(no_set(rule));
            }
            if !self.checks.iter().any(|(_, known)| is_there(known)) {
                self.codes.insert(entry.to_string());
                self.checks.push((verb, entry));
            }
        } else if rule.name.starts_with("test_") && !rule.is_function {
            if !self.tests.iter().any(is_there) {
                self.tests.push(entry);
            }
        } else if rule.name == "exception" {
            let message = "`exception` is conftest's, and is not looked at: nothing is excepted by it";
            let found = Diagnostic::new(Severity::Error, "rego-rule", message, rule.origin.clone());
            return Some(found.with_help("say in the rule itself what it is not about, or ignore its code"));
        }
        None
    }
}

/// What a rule is by its name: `deny`, `warn` or `violation`, or one of them with `_` and more.
fn verb(name: &str) -> Option<Verb> {
    let verb = name.split_once('_').map_or(name, |(verb, _)| verb);
    match verb {
        "deny" | "violation" => Some(Verb::Deny),
        "warn" => Some(Verb::Warn),
        _ => None,
    }
}

fn no_set(rule: &Declared) -> Diagnostic {
    let message = format!("`{}` is no set, so there is nothing in it to report", rule.name);
    let help = format!("write `{} contains message if {{ ... }}`", rule.name);
    Diagnostic::new(Severity::Error, "rego-rule", message, rule.origin.clone()).with_help(help)
}

/// The beginning of a text.
fn start(name: &Arc<str>) -> Origin {
    Origin { source: Arc::clone(name), span: Span { line: 1, column: 1, start: 0, end: 0 } }
}

fn data(engine: &mut Engine, name: &Arc<str>, text: &str) -> Result<(), Box<Diagnostic>> {
    let wrong =
        |message: String, origin| Box::new(Diagnostic::new(Severity::Error, "rego-data", message, origin));
    let value: serde_json::Value = serde_json::from_str(text).map_err(|error| {
        let line = text.split_inclusive('\n').take(error.line().saturating_sub(1));
        let at = line.map(str::len).sum::<usize>() + error.column().saturating_sub(1);
        let said = error.to_string();
        let said = said.split(" at line ").next().unwrap_or(&said).to_owned();
        wrong(said, place::of_bytes(name, text, at.min(text.len()), (at + 1).min(text.len())))
    })?;
    if !value.is_object() {
        return Err(wrong("data must be an object, `{\"name\": ...}`".to_owned(), start(name)));
    }
    let added = regorus::Value::from_json_str(text).and_then(|value| engine.add_data(value));
    added.map_err(|error| {
        let said = place::message(&error.to_string());
        wrong(format!("this cannot be joined with the data of the other files: {said}"), start(name))
    })
}

fn parsed(
    name: &Arc<str>,
    text: &Arc<str>,
    texts: &BTreeMap<Arc<str>, Arc<str>>,
) -> Result<Parsed, Box<Diagnostic>> {
    if let Some(at) = shape::too_deep(text) {
        let origin = place::of_bytes(name, text, at, at + 1);
        let message = "brackets lie too deep in one another here";
        let found = Diagnostic::new(Severity::Error, "rego-syntax", message, origin);
        return Err(found.with_help("give the inner ones a name of their own").into());
    }
    let (is_old, tree) = parse(name, text).map_err(|error| -> Box<Diagnostic> {
        place::diagnostic(&error, "rego-syntax", &start(name), (texts, &Joined::default()))
            .with_help("rules are Rego v1, as OPA 1.0 takes them, or wholly Rego v0")
            .into()
    })?;
    let module = Module::of(&tree, name, text).ok_or_else(|| {
        let message = "this is parsed, but what it declares is not understood";
        Box::new(Diagnostic::new(Severity::Error, "rego-syntax", message, start(name)))
    })?;
    Ok(Parsed { name: Arc::clone(name), text: Arc::clone(text), is_old, module })
}

/// The syntax tree of a text, and whether it is of the old form. What is neither has the error of the new one.
fn parse(name: &Arc<str>, text: &Arc<str>) -> Result<(bool, serde_json::Value), String> {
    let tree = |is_old: bool| -> Result<serde_json::Value, String> {
        let mut engine = Engine::new();
        engine.set_rego_v0(is_old);
        engine.add_policy(name.to_string(), text.to_string()).map_err(|error| error.to_string())?;
        let json = engine.get_ast_as_json().map_err(|error| error.to_string())?;
        let trees: serde_json::Value = serde_json::from_str(&json).map_err(|error| error.to_string())?;
        Ok(trees.get(0).cloned().unwrap_or_default())
    };
    match tree(false) {
        Ok(new) => Ok((false, new)),
        Err(error) if is_old(text) => tree(true).map(|old| (true, old)).map_err(|_| error),
        Err(error) => Err(error),
    }
}

/// Whether a text may be of the old form, where `if` is no word of the language unless it was asked for. (regorus
/// would warn of each of them, on standard error.)
fn is_old(text: &str) -> bool {
    text.contains("future.keywords") || !shape::has_word(text, "if")
}
