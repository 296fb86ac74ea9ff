//! What is in a set of results.

use super::{Entry, Verb, path};
use crate::{
    facts::Document,
    finding::{Finding, Subject},
    world::World,
};
use regorus::Value;
use sekisho_core::{diagnostic::Severity, object::Origin};
use std::collections::BTreeMap;

/// The findings of the value of a rule.
///
/// # Errors
/// What is wrong with a result that is none.
pub(super) fn findings(
    world: &World<'_>,
    document: &Document,
    (verb, entry): (Verb, &Entry),
    value: &Value,
) -> Result<Vec<Finding>, String> {
    match value {
        Value::Undefined => Ok(Vec::new()),
        _ => match value.as_set() {
            Ok(results) => results.iter().map(|one| finding(world, document, verb, entry, one)).collect(),
            Err(_) => Err(format!("it is {} and no set", short(value))),
        },
    }
}

/// What a result says.
struct Said {
    message: String,
    code: String,
    severity: Severity,
    path: String,
    help: Option<String>,
}

fn finding(
    world: &World<'_>,
    document: &Document,
    verb: Verb,
    entry: &Entry,
    result: &Value,
) -> Result<Finding, String> {
    let said = said(verb, entry, result)?;
    let (origin, field) = place(world, document, &said.path)?;
    let subject = document.subject.clone();
    let found = Finding::own(said.code, said.severity, subject, origin, said.message).field(field);
    Ok(match said.help {
        Some(help) => found.help(help),
        None => found,
    })
}

fn said(verb: Verb, entry: &Entry, result: &Value) -> Result<Said, String> {
    let severity = match verb {
        Verb::Deny => Severity::Error,
        Verb::Warn => Severity::Warning,
    };
    let mut said =
        Said { message: String::new(), code: entry.to_string(), severity, path: String::new(), help: None };
    if let Ok(message) = result.as_string() {
        said.message = message.to_string();
        return Ok(said);
    }
    let fields = result.as_object().map_err(|_| unlike(result))?;
    let mut texts = BTreeMap::new();
    for (key, value) in fields.iter() {
        let key = key.as_string().map_err(|_| unlike(result))?;
        match (&**key, value.as_string()) {
            // What conftest and Gatekeeper users put there is for other programs.
            ("details" | "metadata" | "_loc", _) => {}
            ("msg" | "code" | "severity" | "path" | "help", Ok(text)) => {
                texts.insert(key.to_string(), text.to_string());
            }
            ("msg" | "code" | "severity" | "path" | "help", Err(_)) => {
                return Err(format!("`{key}` of a result is {} and no text", short(value)));
            }
            _ => {}
        }
    }
    let message = texts.remove("msg").ok_or_else(|| unlike(result))?;
    said.message = message;
    said.code = texts.remove("code").unwrap_or(said.code);
    said.path = texts.remove("path").unwrap_or_default();
    said.help = texts.remove("help");
    if let Some(severity) = texts.remove("severity") {
        said.severity = match severity.as_str() {
            "error" => Severity::Error,
            "warning" => Severity::Warning,
            "note" => Severity::Note,
            _ => return Err(format!("`{severity}` is no severity: write `error`, `warning` or `note`")),
        };
    }
    Ok(said)
}

fn unlike(result: &Value) -> String {
    format!("it has {} where a text or `{{\"msg\": ...}}` belongs", short(result))
}

/// A value, as far as one wants to read it.
fn short(value: &Value) -> String {
    let text = value.to_string();
    let mut start: String = text.chars().take(60).collect();
    if start.len() < text.len() {
        start.push_str("...");
    }
    format!("`{start}`")
}

fn place(world: &World<'_>, document: &Document, path: &str) -> Result<(Origin, crate::Field), String> {
    let found = match &document.subject {
        Subject::Policy(key) => {
            let policy = world.cluster.policies.get(key);
            policy.and_then(|policy| path::of_policy(policy, path))
        }
        _ => path::field(path).map(|field| (document.origin.clone(), field)),
    };
    found.ok_or_else(|| {
        let object = document.subject.to_string();
        format!("it names `{path}`, and `{object}` has no such place; paths are in `input.sekisho.rules`")
    })
}
