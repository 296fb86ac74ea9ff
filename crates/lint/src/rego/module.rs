//! A file of rules, as regorus has parsed it: which rules it declares, and what they call.
//!
//! Read from the syntax tree that regorus gives as JSON.

use super::place;
use sekisho_core::object::Origin;
use serde_json::Value;
use std::{collections::BTreeMap, sync::Arc};

/// A file of rules.
pub(super) struct Module {
    pub(super) package: Vec<String>,
    /// What its imports call what.
    pub(super) imports: BTreeMap<String, Vec<String>>,
    /// Where its package and its imports are written, in bytes.
    pub(super) heads: Vec<(usize, usize)>,
    pub(super) rules: Vec<Declared>,
}

/// A rule as a file declares it.
pub(super) struct Declared {
    pub(super) name: String,
    pub(super) is_function: bool,
    /// Whether it is a set, as `contains` makes it.
    pub(super) is_set: bool,
    pub(super) origin: Origin,
    pub(super) calls: Vec<Call>,
    /// The codes that its results give themselves.
    pub(super) codes: Vec<String>,
}

/// A function that a rule calls.
pub(super) struct Call {
    /// Its name, in its parts.
    pub(super) path: Vec<String>,
    pub(super) origin: Origin,
}

impl Module {
    /// Reads a syntax tree; `None` where it is not of the form that we know.
    pub(super) fn of(tree: &Value, name: &Arc<str>, text: &str) -> Option<Self> {
        let tree = tree.get("ast")?;
        let package = components(tree.get("package")?.get("refr")?)?;
        let imports = tree.get("imports")?.as_array()?;
        let heads = [tree.get("package")?].into_iter().chain(imports);
        let heads: Option<Vec<(usize, usize)>> = heads.map(|head| bytes(head.get("span")?)).collect();
        let imports = imports.iter().filter_map(|import| alias(import, text)).collect();
        let rules = tree.get("rules")?.as_array()?.iter();
        let rules: Option<Vec<Declared>> = rules.map(|rule| declared(rule, name, text)).collect();
        Some(Self { package, imports, heads: heads?, rules: rules? })
    }
}

fn alias(import: &Value, text: &str) -> Option<(String, Vec<String>)> {
    let mut path = components(import.get("refr")?)?;
    let renamed = import.get("as").and_then(bytes).and_then(|(start, end)| text.get(start..end));
    let name = renamed.map(str::to_owned).or_else(|| path.last().cloned())?;
    if path.first().is_some_and(|root| root == "data") {
        path.remove(0);
        Some((name, path))
    } else {
        None
    }
}

fn declared(rule: &Value, name: &Arc<str>, text: &str) -> Option<Declared> {
    let (form, inner) = rule.as_object()?.iter().next()?;
    let (kind, refr) = match form.as_str() {
        "Spec" => {
            let (kind, head) = inner.get("head")?.as_object()?.iter().next()?;
            (kind.as_str(), head.get("refr")?)
        }
        _ => ("Default", inner.get("refr")?),
    };
    let (mut calls, mut codes) = (Vec::new(), Vec::new());
    gather(inner, &mut calls, name, text);
    gather_codes(inner, &mut codes);
    let path = components(refr);
    Some(Declared {
        name: path.and_then(|path| path.into_iter().next()).or_else(|| root(refr))?,
        is_function: kind == "Func",
        is_set: kind == "Set",
        origin: origin(refr, name, text)?,
        calls,
        codes,
    })
}

/// The texts that objects in a tree have as their `code`.
fn gather_codes(tree: &Value, codes: &mut Vec<String>) {
    match tree {
        Value::Array(items) => {
            let text = |at: usize| items.get(at)?.get("String")?.get("value")?.as_str();
            if let (Some("code"), Some(code), 3) = (text(1), text(2), items.len()) {
                codes.push(code.to_owned());
            }
            items.iter().for_each(|item| gather_codes(item, codes));
        }
        Value::Object(fields) => fields.values().for_each(|field| gather_codes(field, codes)),
        _ => {}
    }
}

/// The calls in a tree, in the order of the text.
fn gather(tree: &Value, calls: &mut Vec<Call>, name: &Arc<str>, text: &str) {
    // Not deeper than the parser was let go.
    match tree {
        Value::Array(items) => items.iter().for_each(|item| gather(item, calls, name, text)),
        Value::Object(fields) => {
            if let Some(function) = fields.get("Call").and_then(|call| call.get("fcn"))
                && let (Some(path), Some(origin)) = (components(function), origin(function, name, text))
            {
                calls.push(Call { path, origin });
            }
            fields.values().for_each(|field| gather(field, calls, name, text));
        }
        _ => {}
    }
}

/// The parts of a reference that names something outright; `None` where a part is worked out.
fn components(expression: &Value) -> Option<Vec<String>> {
    let (form, inner) = expression.as_object()?.iter().next()?;
    match form.as_str() {
        "Var" => Some(vec![inner.get("value")?.as_str()?.to_owned()]),
        "RefDot" => {
            let mut path = components(inner.get("refr")?)?;
            path.push(inner.get("field")?.get(1)?.as_str()?.to_owned());
            Some(path)
        }
        "RefBrack" => {
            let mut path = components(inner.get("refr")?)?;
            path.push(inner.get("index")?.get("String")?.get("value")?.as_str()?.to_owned());
            Some(path)
        }
        _ => None,
    }
}

/// The name that a reference begins with.
fn root(expression: &Value) -> Option<String> {
    let (_, inner) = expression.as_object()?.iter().next()?;
    match inner.get("refr") {
        Some(refr) => root(refr),
        None => inner.get("value")?.as_str().map(str::to_owned),
    }
}

fn bytes(span: &Value) -> Option<(usize, usize)> {
    let number = |field: &str| usize::try_from(span.get(field)?.as_u64()?).ok();
    Some((number("start")?, number("end")?))
}

fn origin(expression: &Value, name: &Arc<str>, text: &str) -> Option<Origin> {
    let (_, inner) = expression.as_object()?.iter().next()?;
    let (start, end) = bytes(inner.get("span")?)?;
    Some(place::of_bytes(name, text, start, end))
}
