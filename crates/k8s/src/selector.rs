//! Label selectors as people type them, in the form of `kubectl --selector`:
//! `app=web,tier!=db,env in (a, b),!debug`.

use crate::syntax;
use sekisho_core::object::{LabelSelector, Requirement};
use std::{collections::BTreeSet, sync::Arc};

/// The selector that `text` is.
///
/// # Errors
/// When it is none: why not, as a sentence without its full stop.
pub fn parse_selector(text: &str) -> Result<LabelSelector, String> {
    let terms = split(text)?;
    terms.into_iter().map(|term| requirement(term.trim())).collect()
}

/// The terms between the commas that stand outside of brackets.
fn split(text: &str) -> Result<Vec<&str>, String> {
    let (mut terms, mut start, mut open) = (Vec::new(), 0, false);
    for (at, letter) in text.char_indices() {
        match letter {
            '(' if !open => open = true,
            ')' if open => open = false,
            '(' | ')' => return Err(format!("`{text}` has a `{letter}` too many")),
            ',' if !open => {
                terms.push(text.get(start..at).unwrap_or_default());
                start = at + 1;
            }
            _ => {}
        }
    }
    if open {
        return Err(format!("`{text}` lacks a `)`"));
    }
    terms.push(text.get(start..).unwrap_or_default());
    Ok(terms)
}

fn requirement(term: &str) -> Result<Requirement, String> {
    if let Some(key) = term.strip_prefix('!') {
        return Ok(Requirement::DoesNotExist(label_key(key)?));
    }
    if let Some(inner) = term.strip_suffix(')') {
        return listed(term, inner);
    }
    // The longer operators first: each of them has the shorter one in it.
    if let Some((key, value)) = term.split_once("!=") {
        return Ok(Requirement::NotIn(label_key(key)?, values(value)?));
    }
    if let Some((key, value)) = term.split_once("==").or_else(|| term.split_once('=')) {
        return Ok(Requirement::In(label_key(key)?, values(value)?));
    }
    Ok(Requirement::Exists(label_key(term)?))
}

/// `key in (a, b` or `key notin (a, b`.
fn listed(term: &str, inner: &str) -> Result<Requirement, String> {
    let unclear = || format!("`{term}` is neither `key in (a, b)` nor `key notin (a, b)`");
    let (before, list) = inner.split_once('(').ok_or_else(unclear)?;
    let (key, operator) = before.trim().rsplit_once(char::is_whitespace).ok_or_else(unclear)?;
    let mut all = BTreeSet::new();
    for value in list.split(',') {
        all.append(&mut values(value)?);
    }
    match operator {
        "in" => Ok(Requirement::In(label_key(key)?, all)),
        "notin" => Ok(Requirement::NotIn(label_key(key)?, all)),
        _ => Err(unclear()),
    }
}

fn label_key(text: &str) -> Result<Arc<str>, String> {
    let key = text.trim();
    if key.is_empty() {
        return Err("a label selector is written as `app=web`, `app in (web, api)` or `!app`".to_owned());
    }
    syntax::qualified_name(key).map_err(|reason| format!("the label key {reason}"))?;
    Ok(key.into())
}

fn values(text: &str) -> Result<BTreeSet<Arc<str>>, String> {
    let value = text.trim();
    syntax::label_value(value).map_err(|reason| format!("the value {reason}"))?;
    Ok(BTreeSet::from([value.into()]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn selectors_are_what_kubectl_takes() {
        for (text, read) in [
            ("app=web", "app=web"),
            ("app == web, tier!=db", "app=web,tier notin (db)"),
            ("env in (b, a),!debug", "env in (a, b),!debug"),
            ("example.com/app notin (web,api),tier", "example.com/app notin (api, web),tier"),
            ("app=", "app="),
        ] {
            assert_eq!(parse_selector(text).map(|selector| selector.to_string()).as_deref(), Ok(read));
            // What is printed is read as what it was.
            let again = parse_selector(read).map(|selector| selector.to_string());
            assert_eq!(again.as_deref(), Ok(read));
        }
    }

    #[test]
    fn what_is_no_selector_is_told() {
        for (text, reason) in [
            ("", "a label selector is written as `app=web`, `app in (web, api)` or `!app`"),
            ("app=web,", "a label selector is written as `app=web`, `app in (web, api)` or `!app`"),
            ("app in (a", "`app in (a` lacks a `)`"),
            ("app in a)", "`app in a)` has a `)` too many"),
            ("app im (a)", "`app im (a)` is neither `key in (a, b)` nor `key notin (a, b)`"),
            ("(a)", "`(a)` is neither `key in (a, b)` nor `key notin (a, b)`"),
            (
                "a b=c",
                "the label key `a b` must be letters, digits, `-`, `_` and `.`, with a letter or digit at both ends",
            ),
            (
                "a=b c",
                "the value `b c` must be letters, digits, `-`, `_` and `.`, with a letter or digit at both ends",
            ),
        ] {
            assert_eq!(parse_selector(text).unwrap_err(), reason);
        }
    }
}
